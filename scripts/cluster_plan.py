"""What differs between the settings and the account, as steps that mend it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import aws
from cluster_found import Clients, Found, find_cluster
from cluster_wait import Clock, not_usable, refuse_hopeless, state_of, wait, when_free
from cluster_wanted import (
    ADMIN,
    TAG,
    Wanted,
    resource_name,
    role_policy,
    tags,
    trust_policy,
)
from errors import OutOfTime, Refused, WarehouseError

GOING = {"deleting", "final-snapshot"}
# IAM tells the world of a new role within seconds, but not at once.
ROLE_MINUTES = 0.5


@dataclass(frozen=True)
class Step:
    """One change: `+` makes, `~` changes or waits, `-` takes away."""

    sign: str
    what: str
    do: Callable[[], object]
    drift: bool = True  # False: to wait, to resume or to make the cluster is none

    def __str__(self) -> str:
        return f"{self.sign} {self.what}"


def plan(clients: Clients, goal: Wanted, found: Found, clock: Clock) -> list[Step]:
    """What to do, in order; empty when all is as it should be.

    Raises Refused for what cannot be changed in place, WarehouseError for a cluster
    in a state that no waiting mends.
    """
    _refuse_fixed(goal, found)
    # Filled with the group's id by the step that makes the group.
    group = [item.id for item in found.groups if item.vpc == found.vpc]
    return [
        *_role_steps(clients, goal, found),
        *_group_steps(clients, goal, found, group),
        *_cluster_steps(clients, goal, found, group, clock),
    ]


def _refuse_fixed(goal: Wanted, found: Found) -> None:
    cluster = goal.cluster
    if found.vpc is None and cluster.subnet_group:
        raise Refused(
            f"there is no subnet group {cluster.subnet_group} in {cluster.region};"
            " make it, or mend [cluster] subnet_group"
        )
    if found.vpc is None:
        raise Refused(
            f"there is no default VPC in {cluster.region}; run `aws ec2"
            f" create-default-vpc --region {cluster.region}`,"
            " or set [cluster] subnet_group"
        )
    for group in found.groups:
        if group.vpc != found.vpc:
            raise Refused(
                f"security group {group.id} is in {group.vpc}, the cluster belongs in"
                f" {found.vpc}; run `down`, then `up`"
            )
    if found.cluster and state_of(found.cluster) not in GOING:
        fixed = {
            "database": (cluster.database, found.cluster.get("DBName")),
            "subnet_group": (
                cluster.subnet_group or "default",
                found.cluster.get("ClusterSubnetGroupName") or "default",
            ),
        }
        for key, (want, have) in fixed.items():
            if want != have:
                raise Refused(
                    f"cluster {cluster.name} has {key} {have}, the settings say {want},"
                    " and AWS cannot change it; set it back, or run `down`, then `up`"
                )


def _role_steps(clients: Clients, goal: Wanted, found: Found) -> list[Step]:
    name, role, iam = resource_name(goal.cluster.name), found.role, clients.iam
    policy = role_policy(goal.places, found.partition)
    reads = f"list, locate and get in {', '.join(map(str, goal.places))}"
    put = partial(
        iam.put_role_policy,
        RoleName=name,
        PolicyName=name,
        PolicyDocument=json.dumps(policy),
    )
    trust, trusts = json.dumps(trust_policy()), "only Redshift may assume it"
    steps = []
    if role is None:
        make = partial(
            iam.create_role,
            RoleName=name,
            AssumeRolePolicyDocument=trust,
            Description="Lets the Redshift cluster read its files",
            Tags=tags(goal.cluster.name),
        )
        steps.append(Step("+", f"role {name}: {trusts}", make))
    elif role.trust != trust_policy():
        mend = partial(
            iam.update_assume_role_policy, RoleName=name, PolicyDocument=trust
        )
        steps.append(Step("~", f"role {name}: {trusts}", mend))
    policies = role.policies if role else {}
    if policies.get(name) != policy:
        sign = "~" if name in policies else "+"
        steps.append(Step(sign, f"policy of role {name}: {reads}", put))
    for other in sorted(policies.keys() - {name}):
        drop = partial(iam.delete_role_policy, RoleName=name, PolicyName=other)
        steps.append(Step("-", f"policy {other} of role {name}", drop))
    for arn in role.attached if role else []:
        drop = partial(iam.detach_role_policy, RoleName=name, PolicyArn=arn)
        steps.append(Step("-", f"policy {arn} of role {name}", drop))
    return steps


def _group_steps(
    clients: Clients, goal: Wanted, found: Found, group: list[str]
) -> list[Step]:
    name, port = resource_name(goal.cluster.name), goal.cluster.port
    steps = []
    if not group:
        make = partial(_make_group, clients, goal.cluster.name, found.vpc, group)
        steps.append(Step("+", f"security group {name} in {found.vpc}", make))
    rules = [rule for item in found.groups for rule in item.rules]
    right = {_sources(rule): rule for rule in rules if _is_right(rule, goal)}
    # What is open and should not be is closed first.
    for rule in rules:
        if not _is_right(rule, goal):
            drop = partial(
                clients.ec2.revoke_security_group_ingress,
                GroupId=rule["GroupId"],
                SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]],
            )
            steps.append(Step("-", f"rule of {name}: {_rule_text(rule)}", drop))
    for cidr in goal.cidrs:
        if cidr not in right:
            allow = partial(_allow, clients, group, port, cidr)
            what = f"rule of {name}: tcp {port} from {cidr}"
            steps.append(Step("+", what, allow))
    return steps


def _is_right(rule: dict[str, Any], goal: Wanted) -> bool:
    ports = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
    wanted_ports = ("tcp", goal.cluster.port, goal.cluster.port)
    return ports == wanted_ports and _sources(rule) in goal.cidrs


def _sources(rule: dict[str, Any]) -> str:
    group = rule.get("ReferencedGroupInfo") or {}
    return str(
        rule.get("CidrIpv4")
        or rule.get("CidrIpv6")
        or rule.get("PrefixListId")
        or group.get("GroupId")
    )


def _rule_text(rule: dict[str, Any]) -> str:
    protocol = "all" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    low, high = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "all ports" if low == -1 else str(low) if low == high else f"{low}-{high}"
    return f"{protocol} {ports} from {_sources(rule)}"


def _make_group(
    clients: Clients, name: str, vpc: str | None, group: list[str]
) -> None:
    made = clients.ec2.create_security_group(
        GroupName=resource_name(name),
        Description="Who may connect to the Redshift cluster",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags(name)}],
    )
    group.append(made["GroupId"])
    # A new group is not known to all of EC2 at once.
    clients.ec2.get_waiter("security_group_exists").wait(GroupIds=group)


def _allow(clients: Clients, group: list[str], port: int, cidr: str) -> None:
    with aws.passing("InvalidPermission.Duplicate"):
        clients.ec2.authorize_security_group_ingress(
            GroupId=group[0],
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "IpRanges": [{"CidrIp": cidr, "Description": TAG}],
                }
            ],
        )


def _cluster_steps(
    clients: Clients, goal: Wanted, found: Found, group: list[str], clock: Clock
) -> list[Step]:
    want, cluster, redshift = goal.cluster, found.cluster, clients.redshift
    role = found.role_arn(want.name)
    label = f"cluster {want.name}"
    create = Step(
        "+",
        f"{label}: {want.nodes} x {want.node_type}, encrypted, port {want.port},"
        f" database {want.database}, {'public' if want.public else 'private'} address",
        partial(_create, clients, goal, role, group, clock),
        drift=False,
    )
    if cluster is None:
        return [create]
    state = state_of(cluster)
    if state in GOING:
        gone = partial(wait_gone, clients, want.name, clock)
        what = f"{label}: wait until the old one is gone"
        return [Step("~", what, gone, drift=False), create]
    refuse_hopeless(cluster)
    steps = []
    if state in {"paused", "pausing"}:
        resume = partial(redshift.resume_cluster, ClusterIdentifier=want.name)
        free = partial(when_free, resume, label, clock)
        steps.append(Step("~", f"{label}: resume", free, drift=False))
    elif reason := not_usable(cluster):
        ready = partial(wait_usable, clients, want.name, clock)
        what = f"{label}: wait until it is usable (now {reason})"
        steps.append(Step("~", what, ready, drift=False))
    for what, change in _changes(clients, goal, cluster, role, group):
        after = partial(_change, clients, want.name, change, clock)
        steps.append(Step("~", f"{label}: {what}", after))
    return steps


def _changes(
    clients: Clients,
    goal: Wanted,
    cluster: dict[str, Any],
    role: str,
    group: list[str],
) -> list[tuple[str, Callable[[], object]]]:
    want, redshift = goal.cluster, clients.redshift
    changes: list[tuple[str, Callable[[], object]]] = []
    nodes = f"{cluster['NumberOfNodes']} x {cluster['NodeType']}"
    if nodes != (target := f"{want.nodes} x {want.node_type}"):
        size = {"NodeType": want.node_type, "ClusterType": goal.cluster_type}
        if want.nodes > 1:
            size["NumberOfNodes"] = want.nodes
        resize = partial(redshift.resize_cluster, ClusterIdentifier=want.name, **size)
        changes.append((f"{nodes} becomes {target}", resize))
    groups = [item["VpcSecurityGroupId"] for item in cluster["VpcSecurityGroups"]]
    # AWS takes these one by one.
    settings: list[tuple[str, Any, Any, str]] = [
        ("Port", cluster.get("Endpoint", {}).get("Port", want.port), want.port, "port"),
        ("PubliclyAccessible", cluster["PubliclyAccessible"], want.public, "public"),
        ("Encrypted", cluster["Encrypted"], True, "encrypted"),
    ]
    for key, have, wanted, word in settings:
        if have != wanted:
            modify = partial(
                redshift.modify_cluster, ClusterIdentifier=want.name, **{key: wanted}
            )
            changes.append((f"{word} {have} becomes {wanted}", modify))
    if groups != group:
        attach = partial(_attach_group, clients, want.name, group)
        what = f"security group {', '.join(groups) or 'none'} becomes ours"
        changes.append((what, attach))
    roles = [item["IamRoleArn"] for item in cluster.get("IamRoles", [])]
    if roles != [role] or cluster.get("DefaultIamRoleArn") != role:
        others = [other for other in roles if other != role]
        lists = {
            "AddIamRoles": [role] if role not in roles else [],
            "RemoveIamRoles": others,
        }
        modify = partial(
            redshift.modify_cluster_iam_roles,
            ClusterIdentifier=want.name,
            DefaultIamRoleArn=role,
            **{key: arns for key, arns in lists.items() if arns},
        )
        without = f", without {', '.join(others)}" if others else ""
        changes.append((f"role {resource_name(want.name)} as default{without}", modify))
    return changes


def _attach_group(clients: Clients, name: str, group: list[str]) -> None:
    clients.redshift.modify_cluster(ClusterIdentifier=name, VpcSecurityGroupIds=group)


def _change(
    clients: Clients, name: str, change: Callable[[], object], clock: Clock
) -> None:
    wait_usable(clients, name, clock)
    when_free(partial(_once_role_known, change, name, clock), f"cluster {name}", clock)


def _create(
    clients: Clients, goal: Wanted, role: str, group: list[str], clock: Clock
) -> None:
    want = goal.cluster
    optional: dict[str, Any] = {}
    if want.nodes > 1:
        optional["NumberOfNodes"] = want.nodes
    if want.subnet_group:
        optional["ClusterSubnetGroupName"] = want.subnet_group
    create = partial(
        clients.redshift.create_cluster,
        ClusterIdentifier=want.name,
        ClusterType=goal.cluster_type,
        NodeType=want.node_type,
        DBName=want.database,
        Port=want.port,
        MasterUsername=ADMIN,
        ManageMasterPassword=True,
        Encrypted=True,
        PubliclyAccessible=want.public,
        VpcSecurityGroupIds=group,
        IamRoles=[role],
        DefaultIamRoleArn=role,
        Tags=tags(want.name),
        **optional,
    )
    _once_role_known(create, want.name, clock)


def _once_role_known(change: Callable[[], object], name: str, clock: Clock) -> None:
    from botocore.exceptions import ClientError

    role = resource_name(name)
    answer = ""

    def attempt() -> str | None:
        nonlocal answer
        try:
            change()
        except ClientError as error:
            answer = aws.message_of(error)
            if "iam role" not in answer.lower() or aws.code_of(error) in aws.DENIED:
                raise
            return "is not known to Redshift yet"
        return None

    try:
        wait(attempt, f"role {role}", clock.at_most(ROLE_MINUTES))
    except OutOfTime:
        raise WarehouseError(
            f"Redshift does not accept role {role} ({answer}); check the role's trust"
            " policy, then run the same command again"
        ) from None


def wait_usable(clients: Clients, name: str, clock: Clock) -> dict[str, Any]:
    """Wait until somebody can work with the cluster; gives its description."""
    cluster: dict[str, Any] = {}

    def reason() -> str | None:
        found = find_cluster(clients, name)
        if found is None:
            return "not known yet"
        refuse_hopeless(found)
        cluster.update(found)
        return not_usable(found)

    with aws.plain_errors():
        wait(reason, f"cluster {name}", clock)
    return cluster


def wait_gone(clients: Clients, name: str, clock: Clock) -> None:
    """Wait until AWS has removed the cluster."""

    def reason() -> str | None:
        found = find_cluster(clients, name)
        return state_of(found) if found else None

    wait(reason, f"cluster {name}", clock)
