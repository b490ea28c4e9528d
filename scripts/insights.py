"""Write the insights page: one HTML file of answers, from the marts of any target."""

from pathlib import Path

import click
from command_line.options import target_option
from common.settings import PROJECT
from common.signals import PlainCommand
from dbt_project.runner import Dbt
from insights_page.page import page


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
    default=PROJECT / "data" / "insights.html",
    show_default="data/insights.html",
    help="The file to write.",
)
def main(target: str | None, out: Path) -> None:
    """Write a page of answers about the marts; print its path."""
    out = out.absolute()  # dbt changes the working directory
    dbt = Dbt(target)
    with dbt.read_only():
        text = page(dbt)
    out.write_text(text, encoding="utf-8", newline="\n")
    click.echo(out)


if __name__ == "__main__":
    main()
