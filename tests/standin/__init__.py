"""A Redshift to test against, where there is none.

A real PostgreSQL, moto's S3 and IAM, and between dbt-redshift's own driver and
PostgreSQL a proxy that speaks the wire protocol: it refuses what Redshift documents as
unsupported (`rules`), takes out what PostgreSQL has no word for and remembers
distribution and sort keys (`rewrite`), runs COPY itself (`copy_*`), notes every
statement and fails on request (`faults`). Redshift's functions and catalog views are
PostgreSQL's (`redshift.pgsql`). Tests take the fixture `redshift` (`fixtures`);
`serve.py` runs it by hand.

A green run says that the real adapter, driver and SQL path work and that the documented
refusals hold. It does not say that Redshift agrees. What the stand-in does not know it
refuses by name: `[stand-in] not emulated: ..`. It knows of no passwords, no table locks
by writers, no plans, no widths of expressions in CREATE TABLE AS, and not how Redshift
words errors other than COPY's.
"""
