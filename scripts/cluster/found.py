"""What is in the AWS account: read only, and told apart by our tag."""

from dataclasses import dataclass, field
from typing import Any

import aws
from aws import Clients
from errors import Refused
from settings import Cluster

from cluster.wanted import TAG, Document, is_ours, resource_name


@dataclass(frozen=True)
class Role:
    """The role that the cluster reads S3 with."""

    arn: str
    ours: bool
    trust: Document
    policies: dict[str, Document]  # inline, by name
    attached: list[str]  # managed policies, by ARN


@dataclass(frozen=True)
class Group:
    """A security group of our name, with its rules for what comes in."""

    id: str
    vpc: str
    ours: bool
    rules: list[dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """All that there is under our names. `vpc` is where a cluster would go."""

    account: str
    partition: str
    vpc: str | None
    role: Role | None
    groups: list[Group] = field(default_factory=list)
    cluster: dict[str, Any] | None = None

    def role_arn(self, name: str) -> str:
        """The ARN that the role has, or will have."""
        return f"arn:{self.partition}:iam::{self.account}:role/{resource_name(name)}"

    @property
    def nothing(self) -> bool:
        return not (self.role or self.groups or self.cluster)


def look(clients: Clients, settings: Cluster) -> Found:
    """Look at everything of our names.

    Raises Refused where one of the names belongs to something without our tag.
    """
    name = settings.name
    with aws.plain_errors():
        caller = clients.sts.get_caller_identity()
        cluster = find_cluster(clients, name)
        role = _find_role(clients, name)
        vpc = cluster["VpcId"] if cluster and cluster.get("VpcId") else None
        vpc = vpc or _find_vpc(clients, settings)
        groups = _find_groups(clients, name)
    # A group's name counts within its VPC only: elsewhere it is nothing to us.
    groups = [group for group in groups if group.ours or group.vpc == vpc]
    found = Found(
        account=caller["Account"],
        partition=caller["Arn"].split(":")[1],
        vpc=vpc,
        role=role,
        groups=groups,
        cluster=cluster,
    )
    _refuse_others(found, name)
    return found


def find_cluster(clients: Clients, name: str) -> dict[str, Any] | None:
    """AWS's description of the cluster, or None."""
    with aws.passing("ClusterNotFound"):
        answer = clients.redshift.describe_clusters(ClusterIdentifier=name)
        return dict(answer["Clusters"][0])
    return None


def _find_role(clients: Clients, name: str) -> Role | None:
    role_name = resource_name(name)
    with aws.passing("NoSuchEntity"):
        role = clients.iam.get_role(RoleName=role_name)["Role"]
        names = clients.iam.list_role_policies(RoleName=role_name)["PolicyNames"]
        attached = clients.iam.list_attached_role_policies(RoleName=role_name)
        return Role(
            arn=role["Arn"],
            ours=is_ours(role.get("Tags", []), name),
            trust=role["AssumeRolePolicyDocument"],
            policies={
                policy: clients.iam.get_role_policy(
                    RoleName=role_name, PolicyName=policy
                )["PolicyDocument"]
                for policy in names
            },
            attached=[item["PolicyArn"] for item in attached["AttachedPolicies"]],
        )
    return None


def _find_groups(clients: Clients, name: str) -> list[Group]:
    named = [{"Name": "group-name", "Values": [resource_name(name)]}]
    groups = clients.ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    return [
        Group(
            id=group["GroupId"],
            vpc=group.get("VpcId", ""),
            ours=is_ours(group.get("Tags", []), name),
            rules=_find_rules(clients, group["GroupId"]),
        )
        for group in groups
    ]


def _find_rules(clients: Clients, group_id: str) -> list[dict[str, Any]]:
    of_group = [{"Name": "group-id", "Values": [group_id]}]
    pages = clients.ec2.get_paginator("describe_security_group_rules")
    return [
        rule
        for page in pages.paginate(Filters=of_group)
        for rule in page["SecurityGroupRules"]
        if not rule["IsEgress"]
    ]


def _find_vpc(clients: Clients, settings: Cluster) -> str | None:
    if settings.subnet_group:
        with aws.passing("ClusterSubnetGroupNotFoundFault"):
            answer = clients.redshift.describe_cluster_subnet_groups(
                ClusterSubnetGroupName=settings.subnet_group
            )
            return str(answer["ClusterSubnetGroups"][0]["VpcId"])
        return None
    default = [{"Name": "is-default", "Values": ["true"]}]
    vpcs = clients.ec2.describe_vpcs(Filters=default)["Vpcs"]
    return str(vpcs[0]["VpcId"]) if vpcs else None


def _refuse_others(found: Found, name: str) -> None:
    others = []
    if found.cluster and not is_ours(found.cluster.get("Tags", []), name):
        others.append(f"cluster {name}")
    if found.role and not found.role.ours:
        others.append(f"role {resource_name(name)}")
    others += [
        f"security group {resource_name(name)} ({group.id})"
        for group in found.groups
        if not group.ours
    ]
    if others:
        raise Refused(
            f"{' and '.join(others)} exists and is not ours (no tag {TAG} = {name});"
            " choose another [cluster] name"
        )
