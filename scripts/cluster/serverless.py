"""Serverless: a namespace that holds the data, a workgroup that computes, its limit."""

import re
from contextlib import suppress
from typing import Any

from common import aws
from common.aws import Clients, listed
from common.errors import Refused
from common.settings import Cluster, Settings

from cluster import provisioned, wanted
from cluster.existing import Existing, Network, Snapshots, role_arns, wanted_role_arns
from cluster.steps import SNAPSHOT_DAYS, Step, Steps, differences, step, wait, with_data
from cluster.wanted import ADMIN, TAG, Document, Owner, is_ours

NO_LIMIT = "Without a daily limit"
RESTORE_TAG = f"{TAG}-restore"  # of a namespace: the snapshot still to be restored
ALONE = "without a workgroup"  # the state of a namespace that has none
EMPTY: Document = {"Workgroup": None, "Namespace": None, "Limits": [], "Limit": None}
PARTS = ("workgroup", "namespace")
DEFAULT_SUBNETS = ("default-for-az", ["true"])
COMPUTE, DAILY, STOP = "serverless-compute", "daily", "deactivate"
OPERATOR = aws.OPERATOR_POLICY
FREE_ADDRESSES = 3  # that AWS wants in each subnet, before it makes a workgroup


def find(clients: Clients, name: str, policy: str = OPERATOR) -> Document | None:
    """All of it in the words of DescribeClusters; a loader sees the workgroup alone."""
    loads, limits = policy == aws.LOADER_POLICY, []
    with aws.plain_errors(policy=policy):
        workgroup = _part(clients, "workgroup", name)
        namespace = None if loads else _part(clients, "namespace", name)
        if workgroup and not loads:
            of = {"resourceArn": workgroup["workgroupArn"], "usageType": COMPUTE}
            with aws.passing("ResourceNotFoundException"):
                limits = listed(clients.serverless, "list_usage_limits", **of)
    work, data = workgroup or {}, namespace or {}
    if not (parts := [part for part in (work, data) if part]):
        return None
    states = [part["status"].lower() for part in parts]
    if namespace and _deleting(workgroup):  # its data may stay
        states = ["removing the workgroup"]
    busy = [state for state in states if state != "available"]
    limit = next((one for one in limits if one["breachAction"] == STOP), None)
    restoring = [
        tag["Value"] for tag in data.get("Tags", []) if tag["Key"] == RESTORE_TAG
    ]
    endpoint = work.get("endpoint", {})
    return {
        "ClusterIdentifier": name,
        "ClusterStatus": [*busy, "available" if workgroup else ALONE][0],
        "ClusterAvailabilityStatus": "Available" if limit or loads else NO_LIMIT,
        "ClusterCreateTime": parts[0]["creationDate"],
        "Endpoint": {"Address": endpoint.get("address"), "Port": endpoint.get("port")},
        "DBName": data.get("dbName", ""),
        "MasterUsername": data.get("adminUsername", ""),
        "IamRoles": [_role(text) for text in data.get("iamRoles", [])],
        "DefaultIamRoleArn": data.get("defaultIamRoleArn"),
        "VpcSecurityGroups": [],
        "Tags": [tag for tag in parts[0]["Tags"] if tag in parts[-1]["Tags"]],
        "Workgroup": workgroup,
        "Namespace": namespace,
        "Limits": limits,
        "Limit": limit,  # the one that turns queries off
        "Restoring": "".join(restoring),  # the snapshot that is still to be restored
    }


def tagged(clients: Clients) -> set[str]:
    """The workgroups and namespaces in this region that carry our tag."""
    from botocore.exceptions import EndpointConnectionError

    found = set()
    with suppress(EndpointConnectionError):  # a region that has no Serverless
        for what in PARTS:
            for part in listed(clients.serverless, f"list_{what}s"):
                if TAG in {tag["Key"] for tag in _tags(clients, what, part)}:
                    found.add(part[f"{what}Name"])
    return found


def foreign(want: Cluster, cluster: Document, _: bool) -> list[str]:
    """What has our name and not our tag."""
    parts = {f"{what} {want.name}": cluster[what.title()] for what in PARTS}
    return [what for what, part in parts.items() if part and not is_ours(part, want)]


def network(clients: Clients, want: Cluster, _: Document | None) -> Network:
    """The VPC and its subnets: the named ones, or those of the default VPC."""
    name, values = ("subnet-id", want.subnets) if want.subnets else DEFAULT_SUBNETS
    by = [{"Name": name, "Values": values}]
    subnets = listed(clients.ec2, "describe_subnets", Filters=by)
    vpcs = {subnet["VpcId"] for subnet in subnets}
    return (vpcs.pop() if len(vpcs) == 1 else None), subnets


def check_network(want: Cluster, found: Existing) -> None:
    """Raise Refused where AWS could not make a workgroup, before anything is made."""
    room = {one["SubnetId"]: one["AvailableIpAddressCount"] for one in found.subnets}
    workgroup = (found.cluster or {}).get("Workgroup")
    free = 0 if workgroup else FREE_ADDRESSES  # its own addresses are not free
    full = ", ".join(sorted(name for name in room if room[name] < free))
    zones = {subnet["AvailabilityZone"] for subnet in found.subnets}
    needed = 3 if workgroup and workgroup.get("enhancedVpcRouting") else 2
    reason = ""
    if missing := sorted(set(want.subnets) - room.keys()):
        reason = f"there is no subnet {', '.join(missing)}"
    elif not room:
        reason = "there is no default VPC with subnets"
    elif found.vpc is None:
        reason = f"the subnets {', '.join(room)} are in several VPCs"
    elif full:
        reason = f"fewer than {free} free addresses in {full}"
    elif len(zones) < needed:
        reason = f"the subnets are in {len(zones)} zones, and AWS wants {needed}"
    if reason:
        raise Refused(f"{reason} ({want.region}); set [cluster] subnets to others")


def find_snapshots(clients: Clients, want: Cluster, owner: Owner) -> Snapshots:
    """Ours, and by their ARN those of a provisioned cluster of this name."""
    found = provisioned.find_snapshots(clients, want, owner)
    for name, snapshot in found.items():
        arn = owner.arn("redshift", f"snapshot:{want.name}/{name}", want.region)
        snapshot["Reference"] = arn
    with aws.plain_errors():
        every = listed(clients.serverless, "list_snapshots")
    ours = [one for one in every if one["namespaceName"] == want.name]
    return found | {one["snapshotName"]: one for one in ours}


def daily_limit(cluster: Document) -> int:
    """The RPU-hours after which AWS turns queries off for the day, or 0."""
    limit = cluster["Limit"]
    return int(limit["amount"]) if limit and limit["period"] == DAILY else 0


def steps(goal: Settings, found: Existing, group: str, snapshot: str) -> Steps:
    """What makes or repairs namespace, workgroup and limit, in this order."""
    want, cluster = goal.cluster, found.cluster or EMPTY
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
        yield _make_namespace(goal, found, snapshot)
    if not workgroup:
        yield _make_workgroup(want, group)
    yield from _limit(want, workgroup, cluster["Limit"] if workgroup else None)
    if namespace and workgroup:
        if (state := cluster["ClusterStatus"]) != "available":
            yield wait(wanted.label(want), "usable", state)
        yield from _updates(goal, found, group)
    if snapshot:
        key = "snapshotArn" if snapshot.startswith("arn:") else "snapshotName"
        params = {"namespaceName": want.name, "workgroupName": want.name, key: snapshot}
        line = f"~ {label}: restore {snapshot}"
        call = "serverless.restore_from_snapshot"
        yield step(line, call, "usable", manageAdminPassword=True, **params)
        arn = namespace["namespaceArn"] if namespace else "<namespace.namespaceArn>"
        line, call = f"~ {label}: restored", "serverless.untag_resource"
        yield step(line, call, resourceArn=arn, tagKeys=[RESTORE_TAG])


def removals(want: Cluster, found: Existing, snapshot: str) -> Steps:
    """What removes the limit, the workgroup, and then the namespace."""
    cluster = found.cluster or EMPTY
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
    """AWS's description of a workgroup or namespace, with its tags, or None."""
    with aws.passing("ResourceNotFoundException"):
        get = getattr(clients.serverless, f"get_{what}")
        part = dict(get(**{f"{what}Name": name})[what])
        return part | {"Tags": _tags(clients, what, part)}
    return None


def _tags(clients: Clients, what: str, part: Document) -> list[dict[str, str]]:
    """The tags as the other services write them; descriptions have none."""
    with aws.passing("ResourceNotFoundException"):
        arn = part[f"{what}Arn"]
        found = clients.serverless.list_tags_for_resource(resourceArn=arn)["tags"]
        return [{"Key": tag["key"], "Value": tag["value"]} for tag in found]
    return []


def _role(text: str) -> dict[str, str]:
    """A role as AWS writes it: `IamRole(applyStatus=in-sync, iamRoleArn=arn:...)`."""
    found = dict(re.findall(r"(\w+)=([^,)\s]+)", text))
    arn, status = found.get("iamRoleArn", text), found.get("applyStatus", "in-sync")
    return {"IamRoleArn": arn, "ApplyStatus": status}


def _tags_for(want: Cluster, **more: str) -> list[dict[str, str]]:
    made = {tag["Key"]: tag["Value"] for tag in wanted.tags(want)} | more
    return [{"key": key, "value": value} for key, value in made.items()]


def _make_namespace(goal: Settings, found: Existing, snapshot: str) -> Step:
    want, roles = goal.cluster, wanted_role_arns(goal, found)
    return step(
        f"+ namespace {want.name}: encrypted, database {want.database}",
        "serverless.create_namespace",
        namespaceName=want.name,
        dbName=want.database,
        adminUsername=ADMIN,
        manageAdminPassword=True,
        iamRoles=roles,
        defaultIamRoleArn=roles[0],
        tags=_tags_for(want, **({RESTORE_TAG: snapshot} if snapshot else {})),
    )


def _workgroup_params(want: Cluster, group: str) -> Document:
    """What the settings say of the workgroup; AWS chooses the default VPC's subnets."""
    capacity = {"maxCapacity": want.rpu_max, "baseCapacity": want.rpu}
    chosen = {"subnetIds": want.subnets} if want.subnets else {}
    reached = {"port": want.port, "publiclyAccessible": want.public}
    return capacity | chosen | reached | {"securityGroupIds": [group]}


def _make_workgroup(want: Cluster, group: str) -> Step:
    line = f"+ {wanted.label(want)}: {want.rpu} RPU, at most {want.rpu_max}, port"
    line += f" {want.port}, {'public' if want.public else 'private'} address"
    names = {"workgroupName": want.name, "namespaceName": want.name}
    params = _workgroup_params(want, group) | names | {"tags": _tags_for(want)}
    return step(line, "serverless.create_workgroup", **params)


def _remove_limit(limit: Document) -> Step:
    line = f"- limit of {limit['amount']} RPU-hours {limit['period']}"
    call = "serverless.delete_usage_limit"
    return step(line, call, usageLimitId=limit["usageLimitId"])


def _limit(want: Cluster, workgroup: Document | None, have: Document | None) -> Steps:
    """AWS takes one limit that turns queries off, and cannot change its period."""
    line, amount = "limit of {} RPU-hours a day, then no queries", want.rpu_hours_a_day
    if have and have["period"] != DAILY:
        yield _remove_limit(have)
        have = None
    arn = workgroup["workgroupArn"] if workgroup else "<workgroup.workgroupArn>"
    new = {"resourceArn": arn, "usageType": COMPUTE}
    new |= {"period": DAILY, "breachAction": STOP, "amount": amount}
    if not have:
        call = "serverless.create_usage_limit"
        yield step(f"+ {line.format(amount)}", call, "usable", **new)
    elif have["amount"] != amount:
        change = {"usageLimitId": have["usageLimitId"], "amount": amount}
        call = "serverless.update_usage_limit"
        yield step(f"~ {line.format(amount)}", call, "usable", **change)


def _updates(goal: Settings, found: Existing, group: str) -> Steps:
    """What differs: AWS takes one change of a workgroup in each request."""
    want, cluster = goal.cluster, found.cluster or {}
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
    roles, default = wanted_role_arns(goal, found), cluster["DefaultIamRoleArn"]
    if sorted(role_arns(cluster)) != sorted(roles) or default != roles[0]:
        line = f"~ namespace {want.name}: role {' and '.join(roles)}"
        change = {"iamRoles": roles, "defaultIamRoleArn": roles[0]}
        name, call = {"namespaceName": want.name}, "serverless.update_namespace"
        yield step(line, call, "usable", **name | change)
    advice = "`down`, then `up`: the next `run` loads all files from S3 again"
    names = [("database", cluster["DBName"], want.database, advice)]
    yield from differences(f"namespace {want.name}", names)


def _text(value: Any) -> str:
    return ", ".join(sorted(value)) if isinstance(value, list) else str(value)
