"""The rules' own lists: small text files beside this module."""

from pathlib import Path

HERE = Path(__file__).parent


def table(name: str) -> list[list[str]]:
    """The rows of a small text file; columns by tabs, # begins a comment."""
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line[0] != "#"]


RESERVED = {name.lower() for (name,) in table("reserved")}
