"""Requests held against botocore's models of the services, as AWS would hold them."""

import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import botocore.session
from botocore.exceptions import ParamValidationError
from botocore.serialize import create_serializer
from botocore.validate import validate_parameters
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.utils import get_service_model

# Classes of characters that Java's patterns know and Python's do not.
CLASSES = {r"\p{L}": r"\w", r"\p{Z}": " ", r"\p{N}": r"\d"}
# The others of ours speak `query`, but for S3.
PROTOCOLS = {"ec2": "ec2", "redshift-serverless": "json"}


@cache
def operation(service: str, action: str) -> Any:
    """botocore's model of an operation."""
    session = botocore.session.get_session()
    return session.get_service_model(service).operation_model(action)


def nested(service: str, action: str, flat: dict[str, str]) -> dict[str, Any]:
    """The parameters of a request as the model nests them; what is unknown is lost."""
    protocol = PROTOCOLS.get(service, "query")
    model = get_service_model(service).operation_model(action)
    request: Any = {"values": flat}
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](model).parse(request)
    return parsed


def faults(service: str, action: str, flat: dict[str, Any]) -> list[str]:
    """What is wrong with a request: names, types, lengths, patterns, enumerations."""
    model, protocol = operation(service, action), PROTOCOLS.get(service, "query")
    if protocol == "json":  # as it is sent; botocore names what is unknown
        return _wrong(flat, model, action)
    found = nested(service, action, flat)
    sent = create_serializer(protocol, include_validation=False).serialize_to_request(
        found, model
    )["body"]
    known = sent.keys() | {"Action", "Version"}
    wrong = [f"unknown parameter {key}" for key in flat.keys() - known]
    return wrong + _wrong(found, model, action)


def _wrong(found: dict[str, Any], model: Any, action: str) -> list[str]:
    if model.input_shape is None:
        return []
    try:
        validate_parameters(found, model.input_shape)
    except ParamValidationError as error:
        return [str(error)]
    return list(_limits(found, model.input_shape, action))


def query_faults(action: str, query: str) -> list[str]:
    """What is wrong with the query of a request to S3: names and numbers."""
    known = {
        shape.serialization["name"]: shape.type_name
        for shape in operation("s3", action).input_shape.members.values()
        if shape.serialization.get("location") == "querystring"
    }
    known |= {"list-type": "integer", "x-id": "string"}  # of the operation itself
    return [
        f"{key}={value} is no {known.get(key, 'parameter')}"
        for key, value in parse_qsl(query, keep_blank_values=True)
        if key not in known or (known[key] == "integer" and not value.isdecimal())
    ]


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
