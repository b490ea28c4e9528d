"""What there is to ask: the analyses' names and questions, as they are documented."""

import re
from collections.abc import Callable
from typing import TypeVar

import yaml
from common.errors import Refused, WarehouseError
from common.settings import PROJECT
from dbt_project.runner import Dbt

T = TypeVar("T")

NOT_BUILT = re.compile(
    r"(?:table with name|relation) \W?([\w.]+)\W? does not exist", re.IGNORECASE
)


def questions() -> dict[str, str]:
    """The question of each analysis by its name."""
    path = PROJECT / "analyses" / "_analyses.yml"
    documented = yaml.safe_load(path.read_text(encoding="utf-8"))["analyses"]
    return {entry["name"]: entry["description"].strip() for entry in documented}


def answer(dbt: Dbt, ask: Callable[[], T]) -> T:
    """What a reader asks; raises Refused where nothing is loaded or built yet."""
    try:
        with dbt.read_only():
            return ask()
    except WarehouseError as error:
        if missing := NOT_BUILT.search(error.message):
            raise Refused(
                f"{dbt.place} has no {missing[1]} yet; build it with `warehouse.py run`"
            ) from None
        raise
