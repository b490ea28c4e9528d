"""What is in the AWS account: read only, and told apart by our tags."""

from dataclasses import dataclass, field
from typing import Any

import aws
from aws import Clients
from errors import Refused
from settings import Cluster

from cluster.wanted import TAG, Document, group_name, is_ours, pause_name, role_name


@dataclass(frozen=True)
class Role:
    """A role of one of our names."""

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
    caller: str  # an ARN
    vpc: str | None
    roles: dict[str, Role] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    cluster: dict[str, Any] | None = None
    schedule: dict[str, Any] | None = None
    others: list[str] = field(
        default_factory=list
    )  # clusters of other names, made by `up`

    @property
    def nothing(self) -> bool:
        return not (self.roles or self.groups or self.cluster or self.schedule)

    def arn(self, service: str, name: str, region: str = "") -> str:
        """The ARN that something has, or will have, in this account."""
        account = "" if service == "s3" else self.account
        return f"arn:{self.caller.split(':')[1]}:{service}:{region}:{account}:{name}"


def look(clients: Clients, settings: Cluster) -> Found:
    """Look at everything of our names.

    Raises Refused where one of the names belongs to something without our tags.
    """
    with aws.plain_errors():
        caller = clients.sts.get_caller_identity()
        clusters = {
            item["ClusterIdentifier"]: item
            for page in clients.redshift.get_paginator("describe_clusters").paginate()
            for item in page["Clusters"]
        }
        cluster = clusters.pop(settings.name, None)
        roles = {
            name: role
            for name in (role_name(settings), pause_name(settings))
            if (role := _find_role(clients, settings, name))
        }
        vpc = (cluster or {}).get("VpcId") or _find_vpc(clients, settings)
        groups = _find_groups(clients, settings)
        schedule = _find_schedule(clients, settings)
    found = Found(
        account=caller["Account"],
        caller=caller["Arn"],
        vpc=vpc,
        roles=roles,
        # A group's name counts within its VPC only: elsewhere it is nothing to us.
        groups=[group for group in groups if group.ours or group.vpc == vpc],
        cluster=cluster,
        schedule=schedule,
        others=[
            name
            for name, item in clusters.items()
            if TAG in {tag["Key"] for tag in item.get("Tags", [])}
        ],
    )
    _refuse_others(found, settings)
    return found


def find_cluster(clients: Clients, name: str) -> dict[str, Any] | None:
    """AWS's description of the cluster, or None."""
    with aws.passing("ClusterNotFound"):
        answer = clients.redshift.describe_clusters(ClusterIdentifier=name)
        return dict(answer["Clusters"][0])
    return None


def role_arns(cluster: dict[str, Any]) -> list[str]:
    """The roles that a cluster has."""
    return [item["IamRoleArn"] for item in cluster.get("IamRoles", [])]


def find_snapshots(clients: Clients, settings: Cluster) -> dict[str, dict[str, Any]]:
    """The snapshots of this cluster that outlive it, by name."""
    with aws.plain_errors(), aws.passing("ClusterNotFound"):
        pages = clients.redshift.get_paginator("describe_cluster_snapshots")
        return {
            snapshot["SnapshotIdentifier"]: snapshot
            for page in pages.paginate(
                ClusterIdentifier=settings.name, SnapshotType="manual"
            )
            for snapshot in page["Snapshots"]
        }
    return {}


def _find_role(clients: Clients, settings: Cluster, name: str) -> Role | None:
    iam = clients.iam
    with aws.passing("NoSuchEntity"):
        role = iam.get_role(RoleName=name)["Role"]
        names = iam.list_role_policies(RoleName=name)["PolicyNames"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return Role(
            arn=role["Arn"],
            ours=is_ours(role, settings, region=True),
            trust=role["AssumeRolePolicyDocument"],
            policies={
                policy: iam.get_role_policy(RoleName=name, PolicyName=policy)[
                    "PolicyDocument"
                ]
                for policy in names
            },
            attached=[item["PolicyArn"] for item in attached],
        )
    return None


def _find_groups(clients: Clients, settings: Cluster) -> list[Group]:
    ec2 = clients.ec2
    named = [{"Name": "group-name", "Values": [group_name(settings)]}]
    groups = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    pages = ec2.get_paginator("describe_security_group_rules")
    return [
        Group(
            id=group["GroupId"],
            vpc=group.get("VpcId", ""),
            ours=is_ours(group, settings),
            rules=[
                rule
                for page in pages.paginate(
                    Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
                )
                for rule in page["SecurityGroupRules"]
                if not rule["IsEgress"]
            ],
        )
        for group in groups
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


def _find_schedule(clients: Clients, settings: Cluster) -> dict[str, Any] | None:
    with aws.passing("ScheduledActionNotFound"):
        answer = clients.redshift.describe_scheduled_actions(
            ScheduledActionName=pause_name(settings)
        )
        return next(iter(answer["ScheduledActions"]), None)
    return None


def _refuse_others(found: Found, settings: Cluster) -> None:
    others = []
    if found.cluster and not is_ours(found.cluster, settings):
        # A restored cluster gets its tag a moment after it was made, but has our role.
        ours = [role.arn for role in found.roles.values() if role.ours]
        if not set(ours) & set(role_arns(found.cluster)):
            others.append(f"cluster {settings.name}")
    others += [f"role {name}" for name, role in found.roles.items() if not role.ours]
    others += [
        f"security group {group_name(settings)} ({group.id})"
        for group in found.groups
        if not group.ours
    ]
    if others:
        raise Refused(
            f"{' and '.join(others)} exists and is not ours (no tag {TAG} ="
            f" {settings.name}); choose another [cluster] name"
        )
