"""Serverless: a namespace that holds the data, a workgroup that computes, its limit."""

import re
from contextlib import suppress

from common import aws
from common.aws import Clients, listed
from common.errors import Refused
from common.settings import Cluster, Settings

from cluster import provisioned, wanted
from cluster.existing import (
    SNAPSHOT_DAYS,
    Existing,
    Step,
    Steps,
    difference,
    role_arns,
    step,
    wait,
    wanted_role_arns,
    with_data,
)
from cluster.wanted import ADMIN, TAG, Document, Owner, has_tag

RESTORE_TAG = f"{TAG}-restore"  # of a namespace: the snapshot still to be restored
ALONE = "without a workgroup"  # the state of a namespace that has none
EMPTY: Document = {"Workgroup": None, "Namespace": None, "Limits": [], "Limit": None}
COMPUTE, DAILY, STOP = "serverless-compute", "daily", "deactivate"
RPU_HOUR = 0.375  # https://aws.amazon.com/redshift/pricing/, seen at second hand
RPU_PRICE_OF = "May 2026"
FREE_ADDRESSES = 3  # that AWS wants in each subnet, before it makes a workgroup


def find(
    clients: Clients, name: str, policy: str = aws.OPERATOR_POLICY
) -> Document | None:
    """All of it in the words of DescribeClusters; a loader sees the workgroup alone."""
    loads, limits = policy == aws.LOADER_POLICY, []
    with aws.plain_errors(policy=policy), aws.passing("ResourceNotFoundException"):
        workgroup = _part(clients, "workgroup", name)
        namespace = None if loads else _part(clients, "namespace", name)
        if workgroup and not loads:
            of = {"resourceArn": workgroup["workgroupArn"], "usageType": COMPUTE}
            limits = listed(clients.serverless, "list_usage_limits", **of)
    work, data = workgroup or {}, namespace or {}
    if not (parts := [part for part in (work, data) if part]):
        return None
    states = [part["status"].lower() for part in parts]
    if namespace and _deleting(workgroup):  # its data may stay
        states = ["removing the workgroup"]
    busy = [state for state in states if state != "available"]
    limit = next((one for one in limits if one["breachAction"] == STOP), None)
    usable = "Available" if limit or loads else "Without a daily limit"
    tags = {tag["Key"]: tag["Value"] for tag in data.get("Tags", [])}
    endpoint = work.get("endpoint", {})
    return {
        "ClusterIdentifier": name,
        "ClusterStatus": [*busy, "available" if workgroup else ALONE][0],
        "ClusterAvailabilityStatus": usable,
        "Endpoint": {"Address": endpoint.get("address"), "Port": endpoint.get("port")},
        "DBName": data.get("dbName", ""),
        "IamRoles": [_role(text) for text in data.get("iamRoles", [])],
        "DefaultIamRoleArn": data.get("defaultIamRoleArn"),
        "VpcSecurityGroups": [],
        "Tags": [tag for tag in parts[0]["Tags"] if tag in parts[-1]["Tags"]],
        "Workgroup": workgroup,
        "Namespace": namespace,
        "Limits": limits,
        "Limit": limit,  # the one that turns queries off
        "Restoring": tags.get(RESTORE_TAG, ""),  # the snapshot still to be restored
    }


def tagged(clients: Clients) -> set[str]:
    """The workgroups and namespaces in this region that carry our tag."""
    from botocore.exceptions import EndpointConnectionError

    names = set()
    with suppress(EndpointConnectionError):  # a region that has no Serverless
        for what in ("workgroup", "namespace"):
            for part in listed(clients.serverless, f"list_{what}s"):
                name = part[f"{what}Name"]
                if has_tag(_part(clients, what, name) or {}):
                    names.add(name)
    return names


def network(clients: Clients, want: Cluster, _: Document | None) -> list[Document]:
    """The named subnets, or those of the default VPC."""
    by = {"Name": "default-for-az", "Values": ["true"]}
    if want.subnets:
        by = {"Name": "subnet-id", "Values": want.subnets}
    return listed(clients.ec2, "describe_subnets", Filters=[by])


def check_network(want: Cluster, existing: Existing) -> None:
    """Raise Refused where AWS could not make a workgroup, before anything is made."""
    subnets = existing.networks
    room = {one["SubnetId"]: one["AvailableIpAddressCount"] for one in subnets}
    workgroup = (existing.cluster or {}).get("Workgroup")
    free = 0 if workgroup else FREE_ADDRESSES  # its own addresses are not free
    full = ", ".join(sorted(name for name in room if room[name] < free))
    zones = {subnet["AvailabilityZone"] for subnet in subnets}
    needed = 3 if workgroup and workgroup.get("enhancedVpcRouting") else 2
    if missing := sorted(set(want.subnets) - room.keys()):
        reason = f"there is no subnet {', '.join(missing)}"
    elif not room:
        reason = "there is no default VPC with subnets"
    elif existing.vpc is None:
        reason = f"the subnets {', '.join(room)} are in several VPCs"
    elif full:
        reason = f"fewer than {free} free addresses in {full}"
    elif len(zones) < needed:
        reason = f"the subnets are in {len(zones)} zones, and AWS wants {needed}"
    else:
        return
    raise Refused(f"{reason} ({want.region}); set [cluster] subnets to others")


def find_snapshots(clients: Clients, want: Cluster, owner: Owner) -> dict[str, str]:
    """Ours, and by their ARN those of a provisioned cluster of this name."""
    every = listed(clients.serverless, "list_snapshots")
    ours = [one["snapshotName"] for one in every if one["namespaceName"] == want.name]
    return {
        name: owner.arn("redshift", f"snapshot:{want.name}/{name}", want.region)
        for name in provisioned.find_snapshots(clients, want, owner)
    } | {name: name for name in ours}


def cost(want: Cluster) -> str:
    """The most that a day can cost."""
    hours = want.rpu_hours_a_day
    return (
        f"at most about ${hours * RPU_HOUR:.2f} a day: {hours} RPU-hours at ${RPU_HOUR}"
        f" ({RPU_PRICE_OF}), then AWS turns queries off until the next day"
    )


def capacity(cluster: Document) -> Document:
    """What `status` has of this kind: RPU, and the most that a day can cost."""
    workgroup, limit = cluster["Workgroup"] or {}, cluster["Limit"] or {}
    base = workgroup.get("baseCapacity", 0)
    hours = limit["amount"] if limit.get("period") == DAILY else 0
    return {
        "rpu": base,
        "rpu_max": workgroup.get("maxCapacity", 0),
        "rpu_hours_a_day": hours,
        "dollars_an_hour": base * RPU_HOUR,
        "dollars_a_day": hours * RPU_HOUR if hours else None,
    }


def steps(goal: Settings, existing: Existing, group: str, snapshot: str) -> Steps:
    """What makes or repairs namespace, workgroup and limit, in this order."""
    want, cluster = goal.cluster, existing.cluster or EMPTY
    namespace, workgroup = cluster["Namespace"], cluster["Workgroup"]
    label = f"namespace {want.name}"
    if _deleting(namespace):
        yield wait(label, "gone")
        namespace = None
    elif namespace:
        snapshot = cluster["Restoring"]
    if _deleting(workgroup):
        yield wait(wanted.label(want), ALONE)
        workgroup = None
    if not namespace:
        roles = wanted_role_arns(goal, existing)
        yield step(
            f"+ {label}: encrypted, database {want.database}",
            "serverless.create_namespace",
            namespaceName=want.name,
            dbName=want.database,
            adminUsername=ADMIN,
            manageAdminPassword=True,
            iamRoles=roles,
            defaultIamRoleArn=roles[0],
            tags=_tags(want, {RESTORE_TAG: snapshot} if snapshot else {}),
        )
    if not workgroup:
        line = f"+ {wanted.label(want)}: {want.rpu} RPU, at most {want.rpu_max}, port"
        line += f" {want.port}, {'public' if want.public else 'private'} address"
        params = _workgroup_params(want, group) | {"tags": _tags(want, {})}
        params |= {"workgroupName": want.name, "namespaceName": want.name}
        yield step(line, "serverless.create_workgroup", **params)
    yield from _limit(want, workgroup, cluster["Limit"] if workgroup else None)
    if namespace and workgroup:
        if (state := cluster["ClusterStatus"]) != "available":
            yield wait(wanted.label(want), "usable", state)
        yield from _updates(goal, existing, group)
    if snapshot:
        key = "snapshotArn" if snapshot.startswith("arn:") else "snapshotName"
        params = {"namespaceName": want.name, "workgroupName": want.name, key: snapshot}
        line = f"~ {label}: restore {snapshot}"
        call = "serverless.restore_from_snapshot"
        yield step(line, call, "usable", manageAdminPassword=True, **params)
        arn = namespace["namespaceArn"] if namespace else "<namespace.namespaceArn>"
        line, call = f"~ {label}: restored", "serverless.untag_resource"
        yield step(line, call, resourceArn=arn, tagKeys=[RESTORE_TAG])


def removals(want: Cluster, existing: Existing, snapshot: str) -> Steps:
    """What removes the limit, the workgroup, and then the namespace."""
    cluster = existing.cluster or EMPTY
    yield from map(_remove_limit, cluster["Limits"])
    if workgroup := cluster["Workgroup"]:
        call = "" if _deleting(workgroup) else "serverless.delete_workgroup"
        line = f"- {wanted.label(want)}"
        yield step(line, call, ALONE, workgroupName=want.name)
    if namespace := cluster["Namespace"]:
        call = "" if _deleting(namespace) else "serverless.delete_namespace"
        params: Document = {"namespaceName": want.name}
        if snapshot:
            params["finalSnapshotName"] = snapshot
            params["finalSnapshotRetentionPeriod"] = SNAPSHOT_DAYS
        line = with_data(f"namespace {want.name}", snapshot)
        yield step(line, call, "gone", **params)


def _deleting(part: Document | None) -> bool:
    return part is not None and part["status"] == "DELETING"


def _part(clients: Clients, what: str, name: str) -> Document | None:
    """A workgroup or namespace with its tags, which AWS's description lacks."""
    with aws.passing("ResourceNotFoundException"):
        get = getattr(clients.serverless, f"get_{what}")
        part = get(**{f"{what}Name": name})[what]
        arn = part[f"{what}Arn"]
        tags = clients.serverless.list_tags_for_resource(resourceArn=arn)["tags"]
        pairs = [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]
        return dict(part) | {"Tags": pairs}
    return None


def _role(text: str) -> dict[str, str]:
    """A role as AWS writes it: `IamRole(applyStatus=in-sync, iamRoleArn=arn:...)`."""
    pairs = dict(re.findall(r"(\w+)=([^,)\s]+)", text))
    status = pairs.get("applyStatus", "in-sync")
    return {"IamRoleArn": pairs.get("iamRoleArn", text), "ApplyStatus": status}


def _tags(want: Cluster, more: dict[str, str]) -> list[dict[str, str]]:
    pairs = {TAG: want.name} | more
    return [{"key": key, "value": value} for key, value in pairs.items()]


def _workgroup_params(want: Cluster, group: str) -> Document:
    """What the settings say of the workgroup; AWS chooses the default VPC's subnets."""
    capacity = {"maxCapacity": want.rpu_max, "baseCapacity": want.rpu}
    chosen = {"subnetIds": want.subnets} if want.subnets else {}
    reached = {"port": want.port, "publiclyAccessible": want.public}
    return capacity | chosen | reached | {"securityGroupIds": [group]}


def _remove_limit(limit: Document) -> Step:
    line = f"- limit of {limit['amount']} RPU-hours {limit['period']}"
    call = "serverless.delete_usage_limit"
    return step(line, call, usageLimitId=limit["usageLimitId"])


def _limit(want: Cluster, workgroup: Document | None, has: Document | None) -> Steps:
    """AWS takes one limit that turns queries off, and cannot change its period."""
    amount: Document = {"amount": want.rpu_hours_a_day}
    line = f"limit of {want.rpu_hours_a_day} RPU-hours a day, then no queries"
    if has and has["period"] == DAILY:
        if not amount.items() <= has.items():
            amount["usageLimitId"] = has["usageLimitId"]
            yield step(f"~ {line}", "serverless.update_usage_limit", "usable", **amount)
        return
    if has:
        yield _remove_limit(has)
    arn = workgroup["workgroupArn"] if workgroup else "<workgroup.workgroupArn>"
    new = amount | {"resourceArn": arn, "usageType": COMPUTE}
    new |= {"period": DAILY, "breachAction": STOP}
    yield step(f"+ {line}", "serverless.create_usage_limit", "usable", **new)


def _updates(goal: Settings, existing: Existing, group: str) -> Steps:
    """What differs: AWS takes one change of a workgroup in each request."""
    want, cluster = goal.cluster, existing.cluster or {}
    have, call = cluster["Workgroup"], "serverless.update_workgroup"
    pairs = list(_workgroup_params(want, group).items())
    if want.rpu_max < have.get("baseCapacity", 0):  # the base must not be above it
        pairs.reverse()
    for key, wish in pairs:
        old, new = _text(have.get(key)), _text(wish)
        if old != new:
            line = f"~ workgroup {want.name}: {key} {old} becomes {new}"
            changed = {"workgroupName": want.name, key: wish}
            yield step(line, call, "usable", **changed)
    roles, default = wanted_role_arns(goal, existing), cluster["DefaultIamRoleArn"]
    if sorted(role_arns(cluster)) != sorted(roles) or default != roles[0]:
        line = f"~ namespace {want.name}: role {' and '.join(roles)}"
        change = {"iamRoles": roles, "defaultIamRoleArn": roles[0]}
        name, call = {"namespaceName": want.name}, "serverless.update_namespace"
        yield step(line, call, "usable", **name | change)
    label, database = f"namespace {want.name}", cluster["DBName"]
    yield from difference(label, "database", database, want.database)


def _text(value: object) -> str:
    return ", ".join(sorted(value)) if isinstance(value, list) else str(value)
