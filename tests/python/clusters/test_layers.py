"""What each command imports, and which module alone may do what."""

import re
import subprocess
import sys

from common import aws, s3_address
from common.settings import PROJECT

SCRIPTS = PROJECT / "scripts"


def test_a_command_on_duckdb_imports_no_code_of_aws() -> None:
    program = "import sys, warehouse; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = set(done.stdout.split())
    assert {"load.loading", "export.exporting", "command_line.report"} <= found
    assert not found & {"cluster", "check", "boto3", "botocore", "dbt"}


def test_commands_are_on_top_and_boto3_makes_clients_in_one_place_only() -> None:
    assert len([*SCRIPTS.glob("*.py")]) <= 8
    makers = [
        path.name
        for path in SCRIPTS.rglob("*.py")
        if "import boto3" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["aws.py"]


def test_what_python_lets_into_copy_cannot_end_a_literal() -> None:
    for pattern, widest in (
        (s3_address.PLAIN_PREFIX, "aZ0_.=+@-/b/"),
        (aws.REGION, "us-gov-west-1"),
        (aws.ROLE_ARN, "arn:aws-cn:iam::123456789012:role/aZ0+=,.@_/-"),
        (s3_address.ADDRESS.pattern, "s3://a-bucket.0/prefix"),
    ):
        assert re.fullmatch(pattern, widest)
        for end in "'\\":
            assert not re.fullmatch(pattern, widest.replace("-", end))
