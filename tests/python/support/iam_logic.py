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

from support.aws_server import ACCOUNT, Call
from support.aws_serverless import NAME as SERVERLESS
from support.aws_serverless import Serverless

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


def policy_of(name: str) -> Any:
    """A policy as it is shipped, for our buckets."""
    text = (FOLDER / f"{name}_policy.json").read_text()
    for placeholder, name_of_ours in OURS.items():
        text = text.replace(placeholder, name_of_ours)
    return json.loads(text)


OPERATOR = policy_of("operator")
LOADER = policy_of("loader")
RESTORER = policy_of("restore")
NOTHING = json.dumps(document(allow("s3:*", Resource="*") | {"Effect": "Deny"}))
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


def checks(call: Call, there: Serverless) -> Iterator[Check]:
    """What AWS checks for a call, with the account as it is before it."""
    if call.service == SERVERLESS:
        yield from _of_serverless(call, there)
    elif call.service == "iam":
        yield from _of_iam(call)
    elif call.service == "redshift":
        yield from _of_redshift(call)
    elif call.service == "ec2":
        yield from _of_ec2(call)
    elif call.service == "s3":
        bucket, _, key = call.body.partition("?")[0].strip("/").partition("/")
        if call.action in {"HeadBucket", "ListObjectsV2"}:
            prefix = re.search(r"[?&]prefix=([^&]*)", call.body)
            context = {"s3:prefix": prefix[1].replace("%2F", "/")} if prefix else {}
            yield Check("s3:ListBucket", f"arn:aws:s3:::{bucket}", context)
        else:
            action = {"PUT": "PutObject"}.get(call.action, call.action)
            yield Check(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}")
    else:
        yield Check(str(call), "*")


def _tags(tags: list[dict[str, str]], kind: str) -> dict[str, str]:
    return {f"aws:{kind}Tag/{tag['Key']}": tag["Value"] for tag in tags}


def _of_iam(call: Call) -> Iterator[Check]:
    backend, name = get_backend("iam")[ACCOUNT]["aws"], call.params.get("RoleName", "")
    if not name:
        yield Check(str(call), call.params.get("PolicyArn", "*"))
        return
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    found = [role for role in backend.roles.values() if role.name == name]
    context: dict[str, str] = {}
    boundary = call.params.get("PermissionsBoundary")
    for role in found:
        boundary = role.permissions_boundary_arn
        context |= _tags(role.tags, "Resource")
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    asked = _tags(call.nested.get("Tags", []), "Request")
    yield Check(str(call), arn, context | asked)
    if asked and call.action == "CreateRole":
        yield Check("iam:TagRole", arn, asked)


def _of_redshift(call: Call) -> Iterator[Check]:
    place = f"arn:aws:redshift:{call.region}:{ACCOUNT}"
    name, params = call.params.get("ClusterIdentifier", ""), call.nested
    if "ScheduledAction" in call.action or call.action.startswith("Describe"):
        yield Check(str(call), "*")
    else:
        asked = _tags(params.get("Tags", []), "Request")
        arn = params.get("ResourceName") or f"{place}:cluster:{name}"
        clusters = get_backend("redshift")[ACCOUNT][call.region].clusters
        if cluster := clusters.get(arn.split(":")[-1]):
            asked |= _tags(cluster.tags, "Resource")
        yield Check(str(call), arn, asked)
        if params.get("Tags") and call.action == "CreateCluster":
            yield Check("redshift:CreateTags", arn, asked)
    for key, action in (
        ("SnapshotIdentifier", str(call)),
        ("FinalClusterSnapshotIdentifier", "redshift:CreateClusterSnapshot"),
    ):
        if key in params and not call.action.startswith("Describe"):
            yield Check(action, f"{place}:snapshot:{name}/{params[key]}")
    for role in [*params.get("IamRoles", []), *params.get("AddIamRoles", [])]:
        service = {"iam:PassedToService": "redshift.amazonaws.com"}
        yield Check("iam:PassRole", role, service)
    if "IamRole" in params:
        service = {"iam:PassedToService": "scheduler.redshift.amazonaws.com"}
        yield Check("iam:PassRole", params["IamRole"], service)


def _of_serverless(call: Call, there: Serverless) -> Iterator[Check]:
    """A new resource has the tags of its request, as IAM's user guide has it.

    Limits and lists know no resource, and a restore authorizes the snapshot alone.
    """
    params, place = call.params, f"arn:aws:{SERVERLESS}:{call.region}:{ACCOUNT}"
    named: dict[str, Any] = {"Namespace": there.namespaces}
    named |= {"Workgroup": there.workgroups, "Credentials": there.workgroups}
    (kind,) = [one for one in named if call.action.endswith(one)] or [""]
    name = params.get("namespaceName" if kind == "Namespace" else "workgroupName", "")
    described = named.get(kind, {}).get((call.region, name), {})
    what = "namespace" if kind == "Namespace" else "workgroup"
    arn = described.get(f"{what}Arn", f"{place}:{what}/none" if kind else "*")
    if "tag" in call.action.lower():
        arn = params["resourceArn"]
    if call.action.startswith("Create") and kind:
        asked = {tag["key"]: tag["value"] for tag in params.get("tags", [])}
        arn = f"{place}:{kind.lower()}/new"
        request = {f"aws:RequestTag/{key}": asked[key] for key in asked}
        resource = {f"aws:ResourceTag/{key}": asked[key] for key in asked}
        yield Check(str(call), arn, request | resource)
        yield Check(f"{SERVERLESS}:TagResource", arn, request | resource)
    elif "Snapshot" in call.action and call.action.startswith("Restore"):
        yield Check(str(call), f"{place}:snapshot/1")
    else:
        tags = there.tags.get(arn, {})
        context = {f"aws:ResourceTag/{key}": tags[key] for key in tags}
        asked = {tag["key"]: tag["value"] for tag in params.get("tags", [])}
        context |= {f"aws:RequestTag/{key}": asked[key] for key in asked}
        yield Check(str(call), arn, context)
    for role in params.get("iamRoles", []):
        service = {"iam:PassedToService": f"{SERVERLESS}.amazonaws.com"}
        yield Check("iam:PassRole", role, service)


def _of_ec2(call: Call) -> Iterator[Check]:
    if not call.mutating:
        yield Check(str(call), "*")
        return
    place, group = f"arn:aws:ec2:{call.region}:{ACCOUNT}", call.params.get("GroupId")
    arn = f"{place}:security-group/{group or 'sg-new'}"
    specified = call.nested.get("TagSpecifications", [])
    context = _tags([tag for one in specified for tag in one["Tags"]], "Request")
    if group:
        tags = get_backend("ec2")[ACCOUNT][call.region].describe_tags(
            {"resource-id": [group]}
        )
        named = [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]
        context |= _tags(named, "Resource")
    yield Check(str(call), arn, context)
    if call.action == "CreateSecurityGroup":
        yield Check(str(call), f"{place}:vpc/{call.params['VpcId']}")
        if specified:
            made = {"ec2:CreateAction": "CreateSecurityGroup"}
            yield Check("ec2:CreateTags", arn, context | made)
