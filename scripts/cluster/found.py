"""What is in the AWS account: read only, and told apart by our tags."""

from dataclasses import dataclass

import aws
from aws import Clients, listed
from errors import Refused, WarehouseError
from settings import Cluster

from cluster import wanted
from cluster.wanted import TAG, Document, Owner

# States of a cluster that is on its way out.
GOING = {"deleting", "final-snapshot"}
# States that do not pass, and what to do.
HOPELESS = {
    "hardware-failure": "AWS is replacing the hardware; look at the console",
    "incompatible-hsm": "its key store cannot be reached; `down`, then `up`",
    "incompatible-network": "its subnet or address is gone; `down`, then `up`",
    "incompatible-parameters": "its parameter group does not fit; `down`, then `up`",
    "incompatible-restore": "it could not be restored; `down`, then `up`",
    "storage-full": "its disks are full; set more nodes in the console",
}


@dataclass(frozen=True)
class Role:
    """A role of one of our names."""

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
    rules: list[Document]


@dataclass(frozen=True)
class Found:
    """All that there is under our names; others' `names` are clusters with our tag.

    `vpc` is where a cluster would go.
    """

    owner: Owner
    vpc: str | None
    roles: dict[str, Role]
    groups: list[Group]
    cluster: Document | None
    schedule: Document | None
    others: list[str]

    @property
    def nothing(self) -> bool:
        return not (self.roles or self.groups or self.cluster or self.schedule)

    @property
    def there(self) -> Document | None:
        """The cluster, unless it is on its way out."""
        going = self.cluster and self.cluster["ClusterStatus"] in GOING
        return None if going else self.cluster


def look(clients: Clients, want: Cluster) -> Found:
    """Look at everything of our names.

    Raises Refused where one of the names belongs to something without our tags.
    """
    with aws.plain_errors():
        caller = clients.sts.get_caller_identity()
        clusters = {
            item["ClusterIdentifier"]: item
            for item in listed(clients.redshift, "describe_clusters")
        }
        cluster = clusters.pop(want.name, None)
        names = (wanted.role_name(want), wanted.pause_name(want))
        roles = {name: _find_role(clients, want, name) for name in names}
        vpc = (cluster or {}).get("VpcId") or _find_vpc(clients, want)
        groups = _find_groups(clients, want)
        schedule = _find_schedule(clients, want)
    found = Found(
        owner=Owner(caller["Account"], caller["Arn"]),
        vpc=vpc,
        roles={name: role for name, role in roles.items() if role},
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
    _refuse_others(found, want)
    return found


def find_cluster(
    clients: Clients, name: str, policy: str = aws.OPERATOR_POLICY
) -> Document | None:
    """AWS's description of the cluster, or None."""
    with aws.plain_errors(policy=policy), aws.passing("ClusterNotFound"):
        answer = clients.redshift.describe_clusters(ClusterIdentifier=name)
        return dict(answer["Clusters"][0])
    return None


def find_snapshots(clients: Clients, want: Cluster) -> dict[str, Document]:
    """The snapshots of this cluster that outlive it, by name."""
    of = {"ClusterIdentifier": want.name, "SnapshotType": "manual"}
    with aws.plain_errors(), aws.passing("ClusterNotFound"):
        found = listed(clients.redshift, "describe_cluster_snapshots", **of)
        return {snapshot["SnapshotIdentifier"]: snapshot for snapshot in found}
    return {}


def role_arns(cluster: Document) -> list[str]:
    """The roles that a cluster has."""
    return [item["IamRoleArn"] for item in cluster.get("IamRoles", [])]


def not_usable(cluster: Document) -> str:
    """Why nobody can work with the cluster yet; empty when it is usable.

    `available` is not enough: it may be modifying all the same, have no endpoint
    yet, or not have taken over its role.
    """
    state: str = cluster["ClusterStatus"]
    if not state.startswith("available"):
        return state
    available = cluster.get("ClusterAvailabilityStatus", "Available")
    if available != "Available":
        return f"{state}, but {available.lower()}"
    if not cluster.get("Endpoint", {}).get("Address"):
        return f"{state}, but without an endpoint"
    roles = {f"role {one['ApplyStatus']}" for one in cluster.get("IamRoles", [])}
    groups = {f"security group {one['Status']}" for one in cluster["VpcSecurityGroups"]}
    late = sorted((roles | groups) - {"role in-sync", "security group active"})
    return f"{state}, {', '.join(late)}" if late else ""


def refuse_hopeless(cluster: Document) -> None:
    """Raise WarehouseError for a state that does not pass."""
    state, name = cluster["ClusterStatus"], cluster["ClusterIdentifier"]
    if state in HOPELESS:
        raise WarehouseError(f"cluster {name} is {state}: {HOPELESS[state]}")
    if cluster.get("ClusterAvailabilityStatus") == "Failed":
        raise WarehouseError(f"cluster {name} has failed ({state}); `down`, then `up`")


def _find_role(clients: Clients, want: Cluster, name: str) -> Role | None:
    iam, of = clients.iam, {"RoleName": name}
    with aws.passing("NoSuchEntity"):
        role = iam.get_role(**of)["Role"]
        attached = listed(iam, "list_attached_role_policies", **of)
        return Role(
            ours=wanted.is_ours(role, want, region=True),
            trust=role["AssumeRolePolicyDocument"],
            policies={
                one: iam.get_role_policy(**of, PolicyName=one)["PolicyDocument"]
                for one in listed(iam, "list_role_policies", **of)
            },
            attached=[item["PolicyArn"] for item in attached],
        )
    return None


def _find_groups(clients: Clients, want: Cluster) -> list[Group]:
    found = []
    named = [{"Name": "group-name", "Values": [wanted.group_name(want)]}]
    for group in listed(clients.ec2, "describe_security_groups", Filters=named):
        of = [{"Name": "group-id", "Values": [group["GroupId"]]}]
        rules = listed(clients.ec2, "describe_security_group_rules", Filters=of)
        incoming = [rule for rule in rules if not rule["IsEgress"]]
        ours, vpc = wanted.is_ours(group, want), group.get("VpcId", "")
        found.append(Group(group["GroupId"], vpc, ours, incoming))
    return found


def _find_vpc(clients: Clients, want: Cluster) -> str | None:
    if not want.subnet_group:
        default = [{"Name": "is-default", "Values": ["true"]}]
        vpcs = listed(clients.ec2, "describe_vpcs", Filters=default)
        return str(vpcs[0]["VpcId"]) if vpcs else None
    with aws.passing("ClusterSubnetGroupNotFoundFault"):
        answer = clients.redshift.describe_cluster_subnet_groups(
            ClusterSubnetGroupName=want.subnet_group
        )
        return str(answer["ClusterSubnetGroups"][0]["VpcId"])
    return None


def _find_schedule(clients: Clients, want: Cluster) -> Document | None:
    named = {"ScheduledActionName": wanted.pause_name(want)}
    with aws.passing("ScheduledActionNotFound"):
        found = listed(clients.redshift, "describe_scheduled_actions", **named)
        return dict(found[0]) if found else None
    return None


def _refuse_others(found: Found, want: Cluster) -> None:
    others = []
    if found.cluster and not wanted.is_ours(found.cluster, want):
        # A restored cluster gets its tag a moment after it was made, but has our role.
        name = wanted.role_name(want)
        ours = name in found.roles and found.roles[name].ours
        if not ours or found.owner.role(name) not in role_arns(found.cluster):
            others.append(f"cluster {want.name}")
    others += [f"role {name}" for name, role in found.roles.items() if not role.ours]
    others += [
        f"security group {wanted.group_name(want)} ({group.id})"
        for group in found.groups
        if not group.ours
    ]
    if others:
        raise Refused(
            f"{' and '.join(others)} exists and is not ours (no tag {TAG} ="
            f" {want.name}); choose another [cluster] name"
        )
