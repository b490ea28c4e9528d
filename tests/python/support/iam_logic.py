"""IAM's decision on a request, written from its documentation.

moto checks the names of actions and resources but no conditions. Here a request is what
AWS would check it as: action, resource and condition keys. A call may be checked as
several: a new role with tags also needs `iam:TagRole`, a cluster with a role also
`iam:PassRole`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase as like
from typing import Any

from cluster.wanted import allow, document
from common.settings import PROJECT
from moto.backends import get_backend

from support.aws_server import ACCOUNT, AwsServer, Call
from support.aws_serverless import NAME as SERVERLESS

Document = dict[str, Any]


FOLDER = PROJECT / "scripts" / "cluster"
# What an administrator writes into the three files before using them.
OURS = {
    "EVENTS-BUCKET": "sparkify-data",
    "SONGS-BUCKET": "sparkify-data",
    "MANIFESTS-BUCKET": "sparkify-work",
    "EVENTS-PREFIX": "log_data",
    "SONGS-PREFIX": "song_data",
    "MANIFESTS-PREFIX": "manifests",
}
# What a new resource with tags needs besides.
TAGGING = {
    "iam": "iam:TagRole",
    "ec2": "ec2:CreateTags",
    "redshift": "redshift:CreateTags",
    SERVERLESS: f"{SERVERLESS}:TagResource",
}


def policy_of(name: str) -> Any:
    """A policy as it is shipped, for our buckets."""
    text = (FOLDER / f"{name}_policy.json").read_text()
    for placeholder, name_of_ours in OURS.items():
        text = text.replace(placeholder, name_of_ours)
    return json.loads(text)


OPERATOR = policy_of("operator")
LOADER = policy_of("loader")
RESTORER = policy_of("restore")
EVERYTHING = json.dumps(document(allow("*", Resource="*")))
ANYBODY = json.dumps(document(allow("sts:AssumeRole", Principal={"AWS": "*"})))


@dataclass(frozen=True)
class Check:
    """What AWS asks of the policies for one call."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


def listed(value: str | list[str]) -> list[str]:
    """A policy writes one thing as it is, and several as a list."""
    return [value] if isinstance(value, str) else value


def allows(policy: Document, check: Check) -> bool:
    """Whether a statement allows it; ours have no other effect."""
    return any(_fits(statement, check) for statement in policy["Statement"])


def _fits(statement: Document, check: Check) -> bool:
    return (
        check.action in listed(statement["Action"])
        and any(like(check.resource, one) for one in listed(statement["Resource"]))
        and all(
            _holds(operator, listed(values), check.context.get(key))
            for operator, pairs in statement.get("Condition", {}).items()
            for key, values in pairs.items()
        )
    )


def _holds(operator: str, values: list[str], found: str | None) -> bool:
    if found is None:  # a key that the request lacks never matches
        return False
    return {
        "StringEquals": found in values,
        "StringLike": any(like(found, value) for value in values),
    }[operator]


def checks(call: Call, server: AwsServer) -> Iterator[Check]:
    """What AWS checks for a call, with the account as it is before it."""
    params, action, service = call.params, str(call), call.service
    if service == "s3":
        yield _of_s3(call)
        return
    if call.action == "GetClusterCredentials":
        for kind, key in (("dbuser", "DbUser"), ("dbname", "DbName")):
            named = f"{kind}:{params['ClusterIdentifier']}/{params[key]}"
            yield Check(action, f"arn:aws:redshift:{call.region}:{ACCOUNT}:{named}")
        return
    arn, context = _resource(call, server)
    tags = params.get("Tags") or params.get("tags") or []
    for specified in params.get("TagSpecifications", []):
        tags = specified["Tags"]
    asked = _tags("Request", tags)
    makes = call.action.startswith("Create") and call.action != "CreateTags"
    if makes and service == SERVERLESS:  # it has the tags of its request
        context |= _tags("Resource", tags)
    yield Check(action, arn, context | asked)
    if makes and tags:
        made = {"ec2:CreateAction": call.action}
        yield Check(TAGGING[service], arn, context | asked | made)
    if "VpcId" in params:
        yield Check(action, f"arn:aws:ec2:{call.region}:{ACCOUNT}:vpc/new")
    snapshots = f"arn:aws:redshift:{call.region}:{ACCOUNT}:snapshot"
    for key, needed in (
        ("SnapshotIdentifier", action),
        ("FinalClusterSnapshotIdentifier", "redshift:CreateClusterSnapshot"),
    ):
        if key in params:
            name = f"{params['ClusterIdentifier']}/{params[key]}"
            yield Check(needed, f"{snapshots}:{name}")
    passed_to = "scheduler.redshift" if "IamRole" in params else service
    roles = [params["IamRole"]] if "IamRole" in params else []
    for key in ("IamRoles", "AddIamRoles", "iamRoles"):
        roles += params.get(key, [])
    for role in roles:
        handed = {"iam:PassedToService": f"{passed_to}.amazonaws.com"}
        yield Check("iam:PassRole", role, handed)


def _tags(kind: str, tags: Any) -> dict[str, str]:
    pairs = ({key.lower(): text for key, text in tag.items()} for tag in tags)
    return {f"aws:{kind}Tag/{tag['key']}": tag["value"] for tag in pairs}


def _of_s3(call: Call) -> Check:
    arn = f"arn:aws:s3:::{call.params['Bucket']}"
    if call.action in {"HeadBucket", "ListObjectsV2"}:
        prefix = call.params.get("prefix")
        return Check("s3:ListBucket", arn, {"s3:prefix": prefix} if prefix else {})
    action = {"PUT": "PutObject"}.get(call.action, call.action)
    return Check(f"s3:{action}", f"{arn}/{call.params['Key']}")


def _resource(call: Call, server: AwsServer) -> tuple[str, dict[str, str]]:
    """What a call is about, and what the conditions may ask of that."""
    params, place = call.params, f"arn:aws:{call.service}:{call.region}:{ACCOUNT}"
    if call.service == "iam" and (name := params.get("RoleName")):
        roles = get_backend("iam")[ACCOUNT]["aws"].roles.values()
        role = next((one for one in roles if one.name == name), None)
        boundary = params.get("PermissionsBoundary")
        if role:
            boundary = role.permissions_boundary_arn
        context = {"iam:PermissionsBoundary": boundary} if boundary else {}
        context |= _tags("Resource", role.tags if role else [])
        return f"arn:aws:iam::{ACCOUNT}:role/{name}", context
    if call.service == "ec2" and call.mutating:
        ec2, group = get_backend("ec2")[ACCOUNT][call.region], params.get("GroupId", "")
        tags = ec2.describe_tags({"resource-id": [group]}) if group else []
        named = [{"key": tag["key"], "value": tag["value"]} for tag in tags]
        return f"{place}:security-group/{group}", _tags("Resource", named)
    if call.service == "redshift" and call.mutating and "Schedule" not in call.action:
        arn = f"{place}:cluster:{params.get('ClusterIdentifier')}"
        arn = params.get("ResourceName", arn)
        cluster = server.clusters(call.region).get(arn.split(":")[-1])
        return arn, _tags("Resource", cluster.tags if cluster else [])
    if call.service == SERVERLESS:
        return _of_serverless(call, server, place)
    return params.get("PolicyArn", "*"), {}


def _of_serverless(
    call: Call, server: AwsServer, place: str
) -> tuple[str, dict[str, str]]:
    """Limits and lists have no resource; a restore authorizes the snapshot alone."""
    params, there = call.params, server.serverless
    if call.action == "RestoreFromSnapshot":
        return f"{place}:snapshot/1", {}
    arn = params.get("resourceArn", "*") if "tag" in call.action.lower() else "*"
    for kind, made, name in (
        ("Namespace", there.namespaces, "namespaceName"),
        ("Workgroup|Credentials", there.workgroups, "workgroupName"),
    ):
        if re.search(f"({kind})$", call.action):
            what = name.removesuffix("Name")
            described = made.get((call.region, params[name]), {})
            arn = described.get(f"{what}Arn", f"{place}:{what}/new")
    tags = there.tags.get(arn, {}).items()
    return arn, {f"aws:ResourceTag/{key}": value for key, value in tags}
