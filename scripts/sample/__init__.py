"""Invent logs and songs that look like the real ones."""
