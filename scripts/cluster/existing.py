"""What there is under our names, whatever the kind; `cluster.look` finds it."""

import re
from dataclasses import dataclass

from common.errors import WarehouseError
from common.settings import Settings

from cluster.wanted import Document, Owner, role_name

Network = tuple[str | None, list[Document]]  # a VPC and its subnets
Snapshots = dict[str, Document]  # by name
# States of a cluster that is on its way out.
GOING = {"deleting", "final-snapshot"}
# States that do not pass.
HOPELESS = "hardware-failure|incompatible-.+|storage-full"


@dataclass(frozen=True)
class Existing:
    """All that there is under our names; `others` have our tag and other names.

    `vpc` and `subnets` are where the warehouse would go. Roles, by name, also hold
    their `policies` (inline, by name) and the ARNs `attached`, groups their `rules` for
    what comes in. `cluster` is the warehouse, of either kind, as Redshift's
    DescribeClusters words it.
    """

    owner: Owner
    vpc: str | None
    subnets: list[Document]
    roles: dict[str, Document]
    groups: list[Document]
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


def wanted_role_arns(goal: Settings, found: Existing) -> list[str]:
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
    state = cluster["ClusterStatus"]
    failed = cluster.get("ClusterAvailabilityStatus") == "Failed"
    if failed or re.fullmatch(HOPELESS, state):
        raise WarehouseError(
            f"cluster {cluster['ClusterIdentifier']} is {state}, which does not pass;"
            " look at it in the AWS console, or run `down`, then `up`"
        )
