"""Fixtures that several test files share."""

from cluster_account import account, aws_server

__all__ = ["account", "aws_server"]
