"""What differs between the settings and the account, as steps that repair it."""

import json
from typing import Any

from errors import Refused
from settings import Cluster, Settings

from cluster import wanted
from cluster.found import Found, Role, role_arns
from cluster.step import OUR_GROUP, Step, step
from cluster.wait import GOING, not_usable, refuse_hopeless, state_of
from cluster.wanted import ADMIN, BOUNDARY, TAG, Document


def plan(goal: Settings, found: Found, snapshot: str = "") -> list[Step]:
    """What to do, in order; empty when all is as it should be.

    A missing cluster is restored from `snapshot`, if that is given. Raises Refused for
    a network that does not fit, WarehouseError for a cluster whose state does not pass.
    """
    _check_network(goal, found)
    # A group that is still to be made has no id.
    group = next((one.id for one in found.groups if one.vpc == found.vpc), OUR_GROUP)
    return [
        *_roles(goal, found),
        *_group(goal, found, group),
        *_cluster(goal, found, group, snapshot),
        *_schedule(goal, found),
    ]


def tag_cluster(want: Cluster, found: Found) -> Step:
    """Tag a cluster that was restored, for nobody may remove what has no tag."""
    arn = found.arn("redshift", f"cluster:{want.name}", want.region)
    told, call = (
        f"+ cluster {want.name}: tag {TAG} = {want.name}",
        "redshift.create_tags",
    )
    return step(told, call, ResourceName=arn, Tags=wanted.tags(want))


def remove_role(name: str, role: Role) -> list[Step]:
    """Remove a role and all that belongs to it."""
    gone = step(f"- role {name}", "iam.delete_role", RoleName=name)
    return [*_drop_policies(name, role, role.policies), gone]


def remove_schedule(name: str) -> Step:
    """Remove the scheduled action that pauses the cluster."""
    call = "redshift.delete_scheduled_action"
    return step(f"- scheduled action {name}", call, ScheduledActionName=name)


def _drop_policies(name: str, role: Role, inline: dict[str, Document]) -> list[Step]:
    drop, detach = "iam.delete_role_policy", "iam.detach_role_policy"
    told = f"of role {name}"
    return [
        *(
            step(f"- policy {one} {told}", drop, RoleName=name, PolicyName=one)
            for one in sorted(inline)
        ),
        *(
            step(f"- policy {arn} {told}", detach, RoleName=name, PolicyArn=arn)
            for arn in role.attached
        ),
    ]


def _check_network(goal: Settings, found: Found) -> None:
    region, subnets = goal.cluster.region, goal.cluster.subnet_group
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


def _roles(goal: Settings, found: Found) -> list[Step]:
    steps, boundary = [], found.arn("iam", f"policy/{BOUNDARY}")
    for want in wanted.roles(goal, found.arn):
        name, role = want.name, found.roles.get(want.name)
        trust, trusts = json.dumps(want.trust), f"role {name}, for {want.service} alone"
        policies = dict(role.policies) if role else {}
        params: dict[str, Any] = {"RoleName": name}
        if role is None:
            made = params | {"AssumeRolePolicyDocument": trust}
            made["Tags"] = wanted.tags(goal.cluster, region=True)
            made["PermissionsBoundary"] = boundary
            steps.append(step(f"+ {trusts}", "iam.create_role", **made))
        elif role.trust != want.trust:
            put = params | {"PolicyDocument": trust}
            steps.append(step(f"~ {trusts}", "iam.update_assume_role_policy", **put))
        if (have := policies.pop(name, None)) != want.policy:
            put = {"PolicyName": name, "PolicyDocument": json.dumps(want.policy)}
            told = f"{'~' if have else '+'} policy of role {name}: {want.what}"
            steps.append(step(told, "iam.put_role_policy", **params | put))
        steps += _drop_policies(name, role, policies) if role else []
    return steps


def _group(goal: Settings, found: Found, group: str) -> list[Step]:
    name, missing = wanted.group_name(goal.cluster), wanted.cidrs(goal.cluster)
    endpoint, steps = (found.cluster or {}).get("Endpoint") or {}, []
    port = endpoint.get("Port") or goal.cluster.port
    if group == OUR_GROUP:
        made: dict[str, Any] = {"GroupName": name, "VpcId": found.vpc}
        made["Description"] = "Who may connect to the Redshift cluster"
        tagged = {"ResourceType": "security-group", "Tags": wanted.tags(goal.cluster)}
        made["TagSpecifications"] = [tagged]
        told = f"+ security group {name} in {found.vpc}"
        steps.append(step(told, "ec2.create_security_group", **made))
    # What is open and should not be is closed first.
    for rule in [rule for item in found.groups for rule in item.rules]:
        ports = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        if ports == ("tcp", port, port) and rule.get("CidrIpv4") in missing:
            missing.remove(rule["CidrIpv4"])
            continue
        told, close = _rule_text(rule), "ec2.revoke_security_group_ingress"
        rules = {"SecurityGroupRuleIds": [rule["SecurityGroupRuleId"]]}
        closed: dict[str, Any] = {"GroupId": rule["GroupId"], **rules}
        steps.append(step(f"- rule of {name}: {told}", close, **closed))
    for cidr in missing:
        told, allow = f"tcp {port} from {cidr}", "ec2.authorize_security_group_ingress"
        opened: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        opened["IpRanges"] = [{"CidrIp": cidr, "Description": TAG}]
        params: dict[str, Any] = {"GroupId": group, "IpPermissions": [opened]}
        steps.append(step(f"+ rule of {name}: {told}", allow, **params))
    return steps


def _rule_text(rule: dict[str, Any]) -> str:
    group = rule.get("ReferencedGroupInfo") or {}
    sources = (rule.get("CidrIpv4"), rule.get("CidrIpv6"), rule.get("PrefixListId"))
    source = next(filter(None, sources), group.get("GroupId"))
    protocol = "all" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    low, high = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "all ports" if low == -1 else str(low) if low == high else f"{low}-{high}"
    return f"{protocol} {ports} from {source}"


def _cluster(goal: Settings, found: Found, group: str, snapshot: str) -> list[Step]:
    want, cluster = goal.cluster, found.cluster
    label, make = f"cluster {want.name}", _make(goal, found, group, snapshot)
    if cluster is None:
        return make
    if (state := state_of(cluster)) in GOING:
        what = f"~ {label}: wait until the old one is gone"
        return [step(what, until="gone", drift=False), *make]
    refuse_hopeless(cluster)
    named: dict[str, Any] = {"ClusterIdentifier": want.name}
    steps = []
    if state in {"paused", "pausing"}:
        call = "redshift.resume_cluster"
        steps.append(step(f"~ {label}: resume", call, "usable", drift=False, **named))
    elif reason := not_usable(cluster):
        what = f"~ {label}: wait until it is usable (now {reason})"
        steps.append(step(what, until="usable", drift=False))
    else:
        steps += _differences(goal, cluster)
    if not wanted.is_ours(cluster, want):
        steps.append(tag_cluster(goal.cluster, found))
    groups = [item["VpcSecurityGroupId"] for item in cluster["VpcSecurityGroups"]]
    if groups != [group]:
        what = f"~ {label}: security group {', '.join(groups) or 'none'} becomes ours"
        attach = named | {"VpcSecurityGroupIds": [group]}
        steps.append(step(what, "redshift.modify_cluster", "usable", **attach))
    roles, have = _role_arns(goal, found), role_arns(cluster)
    add, drop = (
        [arn for arn in one if arn not in other]
        for one, other in ((roles, have), (have, roles))
    )
    if add or drop or cluster.get("DefaultIamRoleArn") != roles[0]:
        what = f"~ {label}: role {' and '.join(roles)}"
        what += f", without {', '.join(drop)}" if drop else ""
        lists = {"AddIamRoles": add, "RemoveIamRoles": drop}
        params = named | {key: arns for key, arns in lists.items() if arns}
        params["DefaultIamRoleArn"] = roles[0]
        call = "redshift.modify_cluster_iam_roles"
        steps.append(step(what, call, "usable", **params))
    return steps


def _differences(goal: Settings, cluster: dict[str, Any]) -> list[Step]:
    """What `up` leaves alone, because it takes hours or cannot be done in place."""
    want = goal.cluster
    advice = "`down`, then `up`: the next `run` loads all files from S3 again"
    resize = f"resize it in the console (classic resize), or {advice}"
    pairs: dict[str, tuple[Any, Any]] = {
        "node_type": (cluster["NodeType"], want.node_type),
        "nodes": (cluster["NumberOfNodes"], want.nodes),
        "port": (cluster["Endpoint"].get("Port"), want.port),
        "public": (cluster["PubliclyAccessible"], want.public),
        "encrypted": (cluster["Encrypted"], True),
        "database": (cluster.get("DBName"), want.database),
        "subnet_group": (
            cluster.get("ClusterSubnetGroupName") or "default",
            want.subnet_group or "default",
        ),
    }
    return [
        step(
            f"! cluster {want.name}: {key} is {have}, the settings say {wish}; set it"
            f" back, or {resize if key in {'node_type', 'nodes'} else advice}"
        )
        for key, (have, wish) in pairs.items()
        if have != wish
    ]


def _role_arns(goal: Settings, found: Found) -> list[str]:
    """Ours, which is the default, and the one that the user names."""
    ours, named = (
        found.arn("iam", f"role/{wanted.role_name(goal.cluster)}"),
        goal.data.role,
    )
    return [ours] if named in {"default", ours} else [ours, named]


def _make(goal: Settings, found: Found, group: str, snapshot: str) -> list[Step]:
    want, roles = goal.cluster, _role_arns(goal, found)
    address = "public" if want.public else "private"
    what = (
        f"+ cluster {want.name}: {want.nodes} x {want.node_type}, encrypted, port"
        f" {want.port}, database {want.database}, {address} address"
    )
    params: dict[str, Any] = {
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
        call, what = (
            "redshift.restore_from_cluster_snapshot",
            f"{what}, from {snapshot}",
        )
        params["SnapshotIdentifier"] = snapshot
        params["SnapshotClusterIdentifier"] = want.name
        made = step(what, call, drift=False, **params)
        return [made, tag_cluster(goal.cluster, found)]
    params |= {
        "NodeType": want.node_type,
        "DBName": want.database,
        "MasterUsername": ADMIN,
        "Encrypted": True,
        "Tags": wanted.tags(want),
        "ClusterType": "single-node" if want.nodes == 1 else "multi-node",
    }
    if want.nodes > 1:  # AWS takes a number only here
        params["NumberOfNodes"] = want.nodes
    return [step(what, "redshift.create_cluster", drift=False, **params)]


def _schedule(goal: Settings, found: Found) -> list[Step]:
    name, have = wanted.pause_name(goal.cluster), found.schedule or {}
    if not (when := wanted.schedule(goal.cluster)):
        role = found.roles.get(name)
        steps = [remove_schedule(name)] if have else []
        return steps + (remove_role(name, role) if role else [])
    params: dict[str, Any] = {
        "TargetAction": {"PauseCluster": {"ClusterIdentifier": goal.cluster.name}},
        "Schedule": when,
        "IamRole": found.arn("iam", f"role/{name}"),
    }
    if have.get("State") == "ACTIVE" and params.items() <= have.items():
        return []
    params |= {"ScheduledActionName": name, "Enable": True}
    what = f"scheduled action {name}: pause at {goal.cluster.pause_at} UTC every day"
    call = f"redshift.{'modify' if have else 'create'}_scheduled_action"
    return [step(f"{'~' if have else '+'} {what}", call, **params)]
