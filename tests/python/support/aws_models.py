"""Requests and answers by botocore's models of the services, as AWS would hold them.

botocore itself refuses what a model does not know, before it sends anything.
"""

import re
import warnings
from collections.abc import Iterator
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

# Classes of characters that Java's patterns know and Python's do not.
CLASSES = {r"\p{L}": r"\w", r"\p{Z}": " ", r"\p{N}": r"\d"}
Answer = tuple[int, str]


class Refusal(Exception):
    """AWS's code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def parsed(service: str, action: str, body: str, form: dict[str, str]) -> Any:
    """The parameters of a request as the model nests them."""
    model = get_service_model(service)
    parser = PROTOCOL_PARSERS[model.protocol](model.operation_model(action))
    request: Any = {"values": form, "body": body.encode(), "headers": {}}
    return parser.parse(request)


def written(service: str, action: str, result: Any) -> Answer:
    """Status and text of an answer: a document by the model, or a Refusal."""
    if service == "s3":  # says no more than this to a HEAD
        return int(result.code), ""
    model = get_service_model(service)
    operation = model.operation_model(action)
    serializer = get_serializer_class(service, model.protocol)(operation)
    with warnings.catch_warnings():  # models lack the errors that all services have
        warnings.simplefilter("ignore")
        answer: Any = serializer.serialize(result)
    return answer["status_code"], answer["body"]


def faults(service: str, action: str, params: dict[str, Any]) -> list[str]:
    """What the service would refuse: lengths, patterns, enumerations."""
    shape = get_service_model(service).operation_model(action).input_shape
    return list(_limits(params, shape, action))


def _limits(value: Any, shape: Any, place: str) -> Iterator[str]:
    """What botocore leaves to the service to refuse."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _limits(item, shape.members[key], f"{place}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _limits(item, shape.member, place)
    elif shape.type_name == "string":
        limits, pattern = shape.metadata, shape.metadata.get("pattern", "(?s).*")
        for java, python in CLASSES.items():
            pattern = pattern.replace(java, python)
        fits = limits.get("min", 0) <= len(value) <= limits.get("max", 2**31)
        listed = value in (limits.get("enum") or [value])
        if not (fits and listed and re.fullmatch(pattern, value)):
            yield f"{place}: {value!r} does not fit {limits}"
