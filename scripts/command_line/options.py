"""The options that several commands share."""

from collections.abc import Callable
from pathlib import Path

import click
from common.settings import PROJECT

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=PROJECT / "warehouse.toml",
    show_default="warehouse.toml of the project",
    help="The settings file.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="The result as one JSON object."
)
target_option = click.option(
    "--target",
    envvar="DBT_TARGET",
    help="A target of profiles.yml; its default target otherwise.",
)


def common_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that asks or fills a warehouse."""
    return config_option(target_option(json_option(command)))


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that `run` and `load` share."""
    for option in (
        click.option(
            "--reload",
            is_flag=True,
            help="Replace all of staging by the files, in one transaction.",
        ),
        click.option(
            "--max-errors",
            type=click.IntRange(min=0),
            default=0,
            metavar="N",
            help="Set up to N bad lines aside in rejected_rows and load the rest.",
        ),
        click.option("--songs", metavar="URI", help="Song files: a folder or s3://."),
        click.option("--events", metavar="URI", help="Log files: a folder or s3://."),
        common_options,
    ):
        command = option(command)
    return command
