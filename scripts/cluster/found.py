"""What there is under our names, whatever the kind; `cluster.look` finds it."""

from dataclasses import dataclass

from common.errors import WarehouseError
from common.settings import Settings

from cluster.wanted import Document, Owner, role_name

Network = tuple[str | None, list[Document]]  # a VPC and its subnets
Snapshots = dict[str, Document]  # by name
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
    """All that there is under our names; `others` have our tag and other names.

    `vpc` and `subnets` are where the warehouse would go. `cluster` is the warehouse, of
    either kind, as Redshift's DescribeClusters words it.
    """

    owner: Owner
    vpc: str | None
    subnets: list[Document]
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


def role_arns(cluster: Document) -> list[str]:
    """The roles that a cluster has."""
    return [item["IamRoleArn"] for item in cluster.get("IamRoles", [])]


def wanted_role_arns(goal: Settings, found: Found) -> list[str]:
    """Ours, which is the default, and the one that the user names."""
    ours = found.owner.role(role_name(goal.cluster))
    return [ours] if goal.data.role in {"default", ours} else [ours, goal.data.role]


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
