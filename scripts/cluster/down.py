"""`pause` and `down`: stop paying, and leave nothing behind."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import aws
from aws import Clients
from errors import OutOfTime, Refused, WarehouseError
from settings import Settings

from cluster.found import Found, find_cluster, look
from cluster.step import Step, apply, changed
from cluster.wait import (
    GOING,
    Clock,
    refuse_hopeless,
    state_of,
    wait,
    wait_gone,
    when_free,
)
from cluster.wanted import TAG, checked_name, missing_message, resource_name

# AWS lets go of a group a few minutes after the cluster is gone.
GROUP_MINUTES = 10.0


@dataclass(frozen=True)
class FinalSnapshot:
    """A snapshot that is to outlive the cluster."""

    name: str
    days: int  # how long AWS keeps it


def pause(settings: Settings, *, minutes: float) -> bool:
    """Pause the cluster and wait for it; False when it was paused already.

    Raises Refused where there is no cluster to pause.
    """
    name, clients = checked_name(settings.cluster), Clients(settings.cluster.region)
    clock = Clock(minutes)
    cluster = look(clients, settings.cluster).cluster
    if cluster is None or state_of(cluster) in GOING:
        raise Refused(missing_message(settings.cluster))
    refuse_hopeless(cluster)
    if state_of(cluster) == "paused":
        return False

    def reason() -> str | None:
        found = find_cluster(clients, name)
        state = state_of(found) if found else "gone"
        return None if state == "paused" else state

    with aws.plain_errors():
        if state_of(cluster) != "pausing":
            stop = partial(clients.redshift.pause_cluster, ClusterIdentifier=name)
            when_free(stop, f"cluster {name}", clock)
        wait(reason, f"cluster {name}", clock)
    return True


def down_plan(
    settings: Settings, final: FinalSnapshot | None, *, minutes: float
) -> list[Step]:
    """What `down` would remove, in order; changes nothing."""
    checked_name(settings.cluster)
    clients = Clients(settings.cluster.region)
    found = look(clients, settings.cluster)
    if final:
        _check_snapshot(clients, settings, found, final.name)
    return _down_steps(clients, settings.cluster.name, found, final, Clock(minutes))


def down(settings: Settings, steps: list[Step]) -> None:
    """Take the steps of `down_plan`, then look again that nothing is left."""
    apply(steps)
    with changed():
        left = look(Clients(settings.cluster.region), settings.cluster)
    if not left.nothing:
        raise WarehouseError(
            f"something tagged {TAG} = {settings.cluster.name} is left;"
            " run the same command again"
        )


def kept_snapshots(settings: Settings) -> list[str]:
    """The names of the snapshots that outlive the cluster, and cost."""
    clients = Clients(settings.cluster.region)
    with aws.plain_errors(), aws.passing("ClusterNotFound"):
        pages = clients.redshift.get_paginator("describe_cluster_snapshots")
        return [
            str(snapshot["SnapshotIdentifier"])
            for page in pages.paginate(
                ClusterIdentifier=settings.cluster.name, SnapshotType="manual"
            )
            for snapshot in page["Snapshots"]
        ]
    return []


def _check_snapshot(
    clients: Clients, settings: Settings, found: Found, snapshot: str
) -> None:
    if not re.fullmatch(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,254}", snapshot):
        raise Refused(
            f'"{snapshot}" cannot name a snapshot: lower case letters, digits and'
            " single hyphens, a letter first"
        )
    running = found.cluster and state_of(found.cluster) not in GOING
    if running and snapshot in kept_snapshots(settings):
        raise Refused(f"snapshot {snapshot} exists; choose another name")
    if not found.cluster and snapshot not in kept_snapshots(settings):
        raise Refused(
            f"{missing_message(settings.cluster)}, so there is nothing to take a"
            " snapshot of; leave --snapshot out"
        )


def _down_steps(
    clients: Clients,
    name: str,
    found: Found,
    final: FinalSnapshot | None,
    clock: Clock,
) -> list[Step]:
    steps = []
    if found.cluster:
        state = state_of(found.cluster)
        what = f"cluster {name} with all its data"
        if state in GOING:
            what += " (going already)"
        elif final:
            what += f", after snapshot {final.name}, kept {final.days} days"
        else:
            what += ", without a snapshot"
        remove = partial(_remove_cluster, clients, name, state, final, clock)
        steps.append(Step("-", what, remove))
    for group in found.groups:
        remove = partial(_remove_group, clients, group.id, clock)
        steps.append(Step("-", f"security group {resource_name(name)}", remove))
    if found.role:
        role = found.role
        for policy in role.policies:
            remove = partial(
                _remove,
                clients.iam.delete_role_policy,
                RoleName=resource_name(name),
                PolicyName=policy,
            )
            what = f"policy {policy} of role {resource_name(name)}"
            steps.append(Step("-", what, remove))
        for arn in role.attached:
            remove = partial(
                _remove,
                clients.iam.detach_role_policy,
                RoleName=resource_name(name),
                PolicyArn=arn,
            )
            what = f"policy {arn} of role {resource_name(name)}"
            steps.append(Step("-", what, remove))
        remove = partial(_remove, clients.iam.delete_role, RoleName=resource_name(name))
        steps.append(Step("-", f"role {resource_name(name)}", remove))
    return steps


def _remove(call: Any, **names: str) -> None:
    with aws.passing("NoSuchEntity"):
        call(**names)


def _remove_cluster(
    clients: Clients, name: str, state: str, final: FinalSnapshot | None, clock: Clock
) -> None:
    last: dict[str, Any] = {"SkipFinalClusterSnapshot": True}
    if final:
        last = {
            "SkipFinalClusterSnapshot": False,
            "FinalClusterSnapshotIdentifier": final.name,
            "FinalClusterSnapshotRetentionPeriod": final.days,
        }
    delete = partial(clients.redshift.delete_cluster, ClusterIdentifier=name, **last)
    if state not in GOING:
        with aws.passing("ClusterNotFound"):
            when_free(delete, f"cluster {name}", clock)
    wait_gone(clients, name, clock)


def _remove_group(clients: Clients, group: str, clock: Clock) -> None:
    from botocore.exceptions import ClientError

    def attempt() -> str | None:
        try:
            with aws.passing("InvalidGroup.NotFound"):
                clients.ec2.delete_security_group(GroupId=group)
        except ClientError as error:
            if aws.code_of(error) not in {"DependencyViolation", "InvalidGroup.InUse"}:
                raise
            return "in use"
        return None

    try:
        wait(attempt, f"security group {group}", clock.at_most(GROUP_MINUTES))
    except OutOfTime as error:
        holders = clients.ec2.describe_network_interfaces(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )["NetworkInterfaces"]
        named = ", ".join(
            f"{item['NetworkInterfaceId']} ({item.get('Description') or 'no name'})"
            for item in holders
        )
        raise OutOfTime(
            f"{error.message}; it is held by {named or 'another security group'}"
        ) from None
