"""Write the insights page: one HTML file of answers, from the marts of any target."""

from pathlib import Path

import click
from command_line.options import target_option
from command_line.questions import questions
from common.errors import WarehouseError
from common.settings import PROJECT
from common.signals import PlainCommand
from dbt_project.runner import Dbt
from insights_page.page import answer, page
from insights_page.sections import sections

OUT = PROJECT / "data" / "insights.html"
ANALYSES = PROJECT / "analyses"

ENGINES = {"duckdb": "DuckDB", "redshift": "Amazon Redshift"}


@click.command(
    cls=PlainCommand,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  python scripts/insights.py
  python scripts/insights.py --target redshift --out insights.html""",
)
@target_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=OUT,
    show_default="data/insights.html",
    help="The file to write.",
)
def main(target: str | None, out: Path) -> None:
    """Write a page of answers about the marts; print its path."""
    out = out.absolute()  # dbt changes the working directory
    dbt = Dbt(target)
    with dbt.read_only():
        text = insights(dbt)
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise WarehouseError(
            f"{out}: {error.strerror}; name another file with --out"
        ) from None
    click.echo(out)


def insights(dbt: Dbt) -> str:
    """The page of a warehouse."""
    rows = dbt.analyses(["headline"])
    shown = sections(rows["headline"][0]["days"] or 0)
    # One call of dbt for each limit: a call costs more than most of the queries.
    for limit in {section.limit for section in shown}:
        rows |= dbt.analyses(
            [
                section.analysis
                for section in shown
                if section.limit == limit and section.analysis not in rows
            ],
            limit,
        )
    answered = [
        answer(
            section,
            rows[section.analysis],
            (ANALYSES / f"{section.analysis}.sql").read_text(encoding="utf-8"),
        )
        for section in shown
    ]
    credentials = dbt.profile.credentials
    warehouse = {
        "name": f"{credentials.database}.{credentials.schema}",
        "engine": ENGINES[dbt.engine],
        "target": dbt.profile.target_name,
    }
    return page(answered, rows, questions(), warehouse)


if __name__ == "__main__":
    main()
