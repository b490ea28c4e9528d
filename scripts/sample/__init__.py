"""Invent logs and songs that look like the real ones."""

MARK = ".sample."  # in a file's name, which stays with copies and is in the ledger


def is_sample(path: str) -> bool:
    """Whether a file or an object was made by sample_data.py."""
    return MARK in path.rpartition("/")[2]
