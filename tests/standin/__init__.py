"""A Redshift to test against: see README.md.

`stack` puts it together: `postgres` starts PostgreSQL, `proxy` speaks the wire protocol
(`wire`), refuses what Redshift refuses (`rules`), translates the rest (`rewrite`,
`queries`), runs COPY itself (`copy_*`), records statements and injects faults
(`faults`). `redshift.pgsql` has Redshift's functions and catalog views.
"""
