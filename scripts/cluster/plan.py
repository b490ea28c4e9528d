"""What differs between the settings and the account, as steps that repair it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from errors import Refused
from settings import Cluster, Settings

from cluster import wanted
from cluster.found import Found, not_usable, refuse_hopeless, role_arns
from cluster.wanted import ADMIN, BOUNDARY, TAG, Document

OUR_GROUP = "<our security group>"  # its id, where a step before this one makes it


class Step(NamedTuple):
    """One change, as data: what to ask of AWS, and how to say it.

    `told` begins with `+` for what makes, `~` changes, `-` removes, `>` waits or
    resumes, `!` only tells. `call` is a client and its method, such as
    `iam.create_role`; it is empty where there is nothing to do but wait. `until` is
    what the cluster has to be afterwards: `usable`, `paused` or `gone`.
    """

    told: str
    call: str
    until: str
    params: Document

    def __str__(self) -> str:
        return self.told


def step(told: str, call: str = "", until: str = "", **params: Any) -> Step:
    """A step, with AWS's own names of parameters."""
    return Step(told, call, until, params)


def plan(goal: Settings, found: Found, snapshot: str = "") -> list[Step]:
    """What to do, in order; empty when all is as it should be.

    A missing cluster is restored from `snapshot`, if that is given. Raises Refused for
    a network that does not fit, WarehouseError for a cluster whose state does not pass.
    """
    _check_network(goal.cluster, found)
    # A group that is still to be made has no id.
    group = next((one.id for one in found.groups if one.vpc == found.vpc), OUR_GROUP)
    return [
        *_roles(goal, found),
        *_group(goal.cluster, found, group),
        *_cluster(goal, found, group, snapshot),
        *_schedule(goal.cluster, found),
    ]


def tag_cluster(want: Cluster, found: Found) -> Step:
    """Tag a cluster that was restored, for nobody may remove what has no tag."""
    told = f"+ cluster {want.name}: tag {TAG} = {want.name}"
    arn = found.owner.arn("redshift", f"cluster:{want.name}", want.region)
    return step(told, "redshift.create_tags", ResourceName=arn, Tags=wanted.tags(want))


def remove_role(name: str, found: Found) -> Iterator[Step]:
    """Remove a role and all that belongs to it, if it is there."""
    if role := found.roles.get(name):
        yield from _drop_policies(name, role.policies, role.attached)
        yield step(f"- role {name}", "iam.delete_role", RoleName=name)


def remove_schedule(want: Cluster, found: Found) -> Iterator[Step]:
    """Remove the scheduled action that pauses the cluster, if it is there."""
    name, call = wanted.pause_name(want), "redshift.delete_scheduled_action"
    if found.schedule:
        yield step(f"- scheduled action {name}", call, ScheduledActionName=name)


def _drop_policies(
    name: str, inline: Iterable[str], attached: Iterable[str]
) -> Iterator[Step]:
    for one in sorted(inline):
        told, call = f"- policy {one} of role {name}", "iam.delete_role_policy"
        yield step(told, call, RoleName=name, PolicyName=one)
    for one in attached:
        told, call = f"- policy {one} of role {name}", "iam.detach_role_policy"
        yield step(told, call, RoleName=name, PolicyArn=one)


def _check_network(want: Cluster, found: Found) -> None:
    region, subnets = want.region, want.subnet_group
    if found.vpc is None:
        raise Refused(
            f"there is no subnet group {subnets} in {region};"
            " make it, or correct [cluster] subnet_group"
            if subnets
            else f"there is no default VPC in {region}; run `aws ec2"
            f" create-default-vpc --region {region}`, or set [cluster] subnet_group"
        )
    for group in found.groups:
        if group.vpc != found.vpc:
            raise Refused(
                f"security group {group.id} is in {group.vpc}, the cluster belongs in"
                f" {found.vpc}; run `down`, then `up`"
            )


def _roles(goal: Settings, found: Found) -> Iterator[Step]:
    for want in wanted.roles(goal, found.owner):
        name, role = want.name, found.roles.get(want.name)
        told, trust = f"role {name}, for {want.service} alone", json.dumps(want.trust)
        policies = dict(role.policies) if role else {}
        if role is None:
            yield step(
                f"+ {told}",
                "iam.create_role",
                RoleName=name,
                AssumeRolePolicyDocument=trust,
                Tags=wanted.tags(goal.cluster, region=True),
                PermissionsBoundary=found.owner.arn("iam", f"policy/{BOUNDARY}"),
            )
        elif role.trust != want.trust:
            call = "iam.update_assume_role_policy"
            yield step(f"~ {told}", call, RoleName=name, PolicyDocument=trust)
        if (have := policies.pop(name, None)) != want.policy:
            told = f"{'~' if have else '+'} policy of role {name}: {want.what}"
            put = {"PolicyName": name, "PolicyDocument": json.dumps(want.policy)}
            yield step(told, "iam.put_role_policy", RoleName=name, **put)
        yield from _drop_policies(name, policies, role.attached if role else [])


def _group(want: Cluster, found: Found, group: str) -> Iterator[Step]:
    name, missing = wanted.group_name(want), wanted.cidrs(want)
    port = ((found.cluster or {}).get("Endpoint") or {}).get("Port") or want.port
    if group == OUR_GROUP:
        tags = {"ResourceType": "security-group", "Tags": wanted.tags(want)}
        yield step(
            f"+ security group {name} in {found.vpc}",
            "ec2.create_security_group",
            GroupName=name,
            VpcId=found.vpc,
            Description="Who may connect to the Redshift cluster",
            TagSpecifications=[tags],
        )
    # What is open and should not be is closed first.
    for rule in [rule for item in found.groups for rule in item.rules]:
        ports = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        if ports == ("tcp", port, port) and rule.get("CidrIpv4") in missing:
            missing.remove(rule["CidrIpv4"])
            continue
        told, of = f"- rule of {name}: {_rule_text(rule)}", rule["GroupId"]
        call, ids = "ec2.revoke_security_group_ingress", [rule["SecurityGroupRuleId"]]
        yield step(told, call, GroupId=of, SecurityGroupRuleIds=ids)
    for cidr in missing:
        told = f"+ rule of {name}: tcp {port} from {cidr}"
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        rule["IpRanges"] = [{"CidrIp": cidr, "Description": TAG}]
        call = "ec2.authorize_security_group_ingress"
        yield step(told, call, GroupId=group, IpPermissions=[rule])


def _rule_text(rule: Document) -> str:
    group = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    source = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId")
    protocol = "all" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    low, high = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "all ports" if low == -1 else str(low) if low == high else f"{low}-{high}"
    return f"{protocol} {ports} from {source or group}"


def _cluster(goal: Settings, found: Found, group: str, snapshot: str) -> Iterator[Step]:
    want, cluster = goal.cluster, found.cluster
    label, named = f"cluster {want.name}", {"ClusterIdentifier": want.name}
    if cluster and not found.there:
        yield step(f"> {label}: wait until the old one is gone", until="gone")
    if not cluster or not found.there:
        yield from _make(goal, found, group, snapshot)
        return
    refuse_hopeless(cluster)
    if cluster["ClusterStatus"] in {"paused", "pausing"}:
        yield step(f"> {label}: resume", "redshift.resume_cluster", "usable", **named)
    elif reason := not_usable(cluster):
        yield step(f"> {label}: wait until it is usable (now {reason})", until="usable")
    else:
        yield from _differences(want, cluster)
    if not wanted.is_ours(cluster, want):
        yield tag_cluster(want, found)
    groups = [item["VpcSecurityGroupId"] for item in cluster["VpcSecurityGroups"]]
    if groups != [group]:
        told = f"~ {label}: security group {', '.join(groups) or 'none'} becomes ours"
        attach: Document = named | {"VpcSecurityGroupIds": [group]}
        yield step(told, "redshift.modify_cluster", "usable", **attach)
    roles, have = _role_arns(goal, found), role_arns(cluster)
    add = [arn for arn in roles if arn not in have]
    drop = [arn for arn in have if arn not in roles]
    if add or drop or cluster.get("DefaultIamRoleArn") != roles[0]:
        told = f"~ {label}: role {' and '.join(roles)}"
        told += f", without {', '.join(drop)}" if drop else ""
        change: Document = named | {"DefaultIamRoleArn": roles[0]}
        change |= {"AddIamRoles": add} if add else {}
        change |= {"RemoveIamRoles": drop} if drop else {}
        yield step(told, "redshift.modify_cluster_iam_roles", "usable", **change)


def _differences(want: Cluster, cluster: Document) -> Iterator[Step]:
    """What `up` leaves alone, because it takes hours or cannot be done in place."""
    advice = "`down`, then `up`: the next `run` loads all files from S3 again"
    resize = f"resize it in the console (classic resize), or {advice}"
    subnets = cluster.get("ClusterSubnetGroupName") or "default"
    pairs = [
        ("node_type", cluster["NodeType"], want.node_type, resize),
        ("nodes", cluster["NumberOfNodes"], want.nodes, resize),
        ("port", cluster["Endpoint"].get("Port"), want.port, advice),
        ("public", cluster["PubliclyAccessible"], want.public, advice),
        ("encrypted", cluster["Encrypted"], True, advice),
        ("database", cluster.get("DBName"), want.database, advice),
        ("subnet_group", subnets, want.subnet_group or "default", advice),
    ]
    for key, have, wish, what in pairs:
        if have != wish:
            told = f"{key} is {have}, the settings say {wish}; set it back, or {what}"
            yield step(f"! cluster {want.name}: {told}")


def _role_arns(goal: Settings, found: Found) -> list[str]:
    """Ours, which is the default, and the one that the user names."""
    ours = found.owner.role(wanted.role_name(goal.cluster))
    return [ours] if goal.data.role in {"default", ours} else [ours, goal.data.role]


def _make(goal: Settings, found: Found, group: str, snapshot: str) -> Iterator[Step]:
    want, roles = goal.cluster, _role_arns(goal, found)
    address = "public" if want.public else "private"
    told = (
        f"+ cluster {want.name}: {want.nodes} x {want.node_type}, encrypted, port"
        f" {want.port}, database {want.database}, {address} address"
    )
    params: Document = {
        "ClusterIdentifier": want.name,
        "Port": want.port,
        "PubliclyAccessible": want.public,
        "VpcSecurityGroupIds": [group],
        "IamRoles": roles,
        "DefaultIamRoleArn": roles[0],
        "ManageMasterPassword": True,
    }
    if want.subnet_group:
        params["ClusterSubnetGroupName"] = want.subnet_group
    if snapshot:
        told, call = f"{told}, from {snapshot}", "restore_from_cluster_snapshot"
        params["SnapshotIdentifier"] = snapshot
        params["SnapshotClusterIdentifier"] = want.name
        yield step(told, f"redshift.{call}", **params)
        yield tag_cluster(want, found)
        return
    params |= {
        "NodeType": want.node_type,
        "DBName": want.database,
        "MasterUsername": ADMIN,
        "Encrypted": True,
        "Tags": wanted.tags(want),
        "ClusterType": "single-node",
    }
    if want.nodes > 1:  # AWS takes a number only here
        params |= {"ClusterType": "multi-node", "NumberOfNodes": want.nodes}
    yield step(told, "redshift.create_cluster", **params)


def _schedule(want: Cluster, found: Found) -> Iterator[Step]:
    name, have = wanted.pause_name(want), found.schedule or {}
    if not (when := wanted.schedule(want)):
        yield from remove_schedule(want, found)
        yield from remove_role(name, found)
        return
    params: Document = {
        "TargetAction": {"PauseCluster": {"ClusterIdentifier": want.name}},
        "Schedule": when,
        "IamRole": found.owner.role(name),
    }
    if have.get("State") != "ACTIVE" or not params.items() <= have.items():
        told = f"scheduled action {name}: pause at {want.pause_at} UTC every day"
        call = f"redshift.{'modify' if have else 'create'}_scheduled_action"
        params |= {"ScheduledActionName": name, "Enable": True}
        yield step(f"{'~' if have else '+'} {told}", call, **params)
