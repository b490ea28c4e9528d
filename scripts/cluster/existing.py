"""What there is under our names, and the steps that change it: both as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from common.settings import Settings

from cluster.wanted import Document, Owner, role_name


@dataclass(frozen=True)
class Existing:
    """All that there is under our names; `others` have our tag and other names.

    `networks` are the subnets, or the VPC, where the warehouse would go. Roles, by
    name, also hold their `policies` (inline, by name) and the ARNs `attached`, groups
    their `rules` for what comes in. `cluster` is the warehouse, of either kind, as
    Redshift's DescribeClusters words it; `snapshots` are by name what AWS calls them.
    """

    owner: Owner
    vpc: str | None
    networks: list[Document]
    roles: dict[str, Document]
    groups: list[Document]
    cluster: Document | None
    schedule: Document | None
    others: list[str]
    snapshots: dict[str, str]

    @property
    def nothing(self) -> bool:
        return not (self.roles or self.groups or self.cluster or self.schedule)

    @property
    def there(self) -> Document | None:
        """The cluster, unless it is being deleted."""
        state = self.cluster and self.cluster["ClusterStatus"]
        return None if state in {"deleting", "final-snapshot"} else self.cluster


def role_arns(cluster: Document) -> list[str]:
    """The roles that a cluster has."""
    return [item["IamRoleArn"] for item in cluster.get("IamRoles", [])]


def wanted_role_arns(goal: Settings, existing: Existing) -> list[str]:
    """Ours, which is the default, and the one that the user names."""
    ours = existing.owner.role(role_name(goal.cluster))
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
    late = {f"but {available.lower()}"} - {"but available"}
    if not cluster.get("Endpoint", {}).get("Address"):
        late.add("but without an endpoint")
    late |= {f"role {one['ApplyStatus']}" for one in cluster.get("IamRoles", [])}
    late |= {f"security group {one['Status']}" for one in cluster["VpcSecurityGroups"]}
    late -= {"role in-sync", "security group active"}
    return ", ".join([state, *sorted(late)]) if late else ""


OUR_GROUP = "<GroupId>"  # from AWS's answer to an earlier step; or `<key.key>`
SNAPSHOT_DAYS = 30  # how long AWS keeps a final snapshot
AGAIN = "`down`, then `up`: the next `run` loads all files from S3 again"


class Step(NamedTuple):
    """One change, as data: what to ask of AWS, and how to say it.

    `line` begins with `+` for what makes, `~` changes, `-` removes, `>` waits or
    resumes, `!` only informs. `call` is a client and its method, such as
    `iam.create_role`, or empty. `until` is what the warehouse has to be afterwards:
    `usable`, `gone`, or one of its states.
    """

    line: str
    call: str
    until: str
    params: Document


Steps = Iterator[Step]


def step(line: str, call: str = "", until: str = "", **params: Any) -> Step:
    """A step, with AWS's own names of parameters."""
    return Step(line, call, until, params)


def wait(what: str, until: str, now: str = "") -> Step:
    """A step that only waits, because AWS has begun to do it."""
    state = f" (now {now})" if now else ""
    return step(f"> {what}: wait until it is {until}{state}", until=until)


def difference(label: str, key: str, has: Any, wish: Any, advice: str = AGAIN) -> Steps:
    """What `up` leaves alone, and what to do about it."""
    if has != wish:
        line = f"{key} is {has}, the settings say {wish}; set it back, or {advice}"
        yield step(f"! {label}: {line}")


def with_data(what: str, snapshot: str) -> str:
    """How to say that data goes."""
    kept = f"after snapshot {snapshot}, kept {SNAPSHOT_DAYS} days" if snapshot else ""
    return f"- {what} with all its data, {kept or 'without a snapshot'}"
