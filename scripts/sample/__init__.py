"""Invent logs and songs that look like the real ones.

Each file has a mark in its name, and so the ledger has it. The mark stays with a file
that is copied to another folder or to S3, and both engines list and note names.
"""

MARK = ".sample."


def is_sample(path: str) -> bool:
    """Whether a file or an object was made by sample_data.py."""
    return MARK in path.rpartition("/")[2]
