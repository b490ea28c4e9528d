"""Requests held against botocore's models of the services, as AWS would hold them.

botocore itself refuses what a model does not know, before it sends anything.
"""

import re
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.utils import get_service_model

# Classes of characters that Java's patterns know and Python's do not.
CLASSES = {r"\p{L}": r"\w", r"\p{Z}": " ", r"\p{N}": r"\d"}
# The others of ours speak `query`, but for S3.
PROTOCOLS = {"ec2": "ec2", "redshift-serverless": "json"}


def nested(service: str, action: str, flat: dict[str, str]) -> dict[str, Any]:
    """The parameters of a request as the model nests them."""
    protocol = PROTOCOLS.get(service, "query")
    if protocol == "json":
        return flat
    model = get_service_model(service).operation_model(action)
    request: Any = {"values": flat}
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](model).parse(request)
    return parsed


def faults(service: str, action: str, flat: dict[str, Any]) -> list[str]:
    """What the service would refuse: lengths, patterns, enumerations."""
    shape = get_service_model(service).operation_model(action).input_shape
    if shape is None:
        return []
    return list(_limits(nested(service, action, flat), shape, action))


def _limits(value: Any, shape: Any, place: str) -> list[str]:
    """What botocore leaves to the service to refuse."""
    if shape.type_name == "structure":
        return [
            fault
            for key, item in value.items()
            for fault in _limits(item, shape.members[key], f"{place}.{key}")
        ]
    if shape.type_name == "list":
        return [fault for item in value for fault in _limits(item, shape.member, place)]
    limits = shape.metadata
    wrong = []
    if shape.type_name == "string":
        if limits.get("enum") and value not in limits["enum"]:
            wrong.append(f"{place}: {value!r} is none of {limits['enum']}")
        if "pattern" in limits and not re.fullmatch(_python(limits["pattern"]), value):
            wrong.append(f"{place}: {value!r} does not match {limits['pattern']}")
        if not limits.get("min", 0) <= len(value) <= limits.get("max", 2**31):
            wrong.append(f"{place}: {len(value)} letters")
    return wrong


def _python(pattern: str) -> str:
    for java, python in CLASSES.items():
        pattern = pattern.replace(java, python)
    return pattern
