"""What differs between the settings and the account, as steps that mend it."""

import json
from functools import partial
from typing import Any

import aws
from aws import Clients
from errors import Refused

from cluster.change import cluster_steps
from cluster.found import Found
from cluster.step import Step
from cluster.wait import GOING, Clock, state_of
from cluster.wanted import (
    TAG,
    Wanted,
    resource_name,
    role_policy,
    tags,
    trust_policy,
)


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
        *cluster_steps(clients, goal, found, group, clock),
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


def _make_group(clients: Clients, name: str, vpc: str | None, group: list[str]) -> None:
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
