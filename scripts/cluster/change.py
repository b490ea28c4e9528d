"""Making the cluster itself, resuming it, and changing what differs in it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import aws
from aws import Clients
from errors import OutOfTime, WarehouseError

from cluster.found import Found
from cluster.step import Step
from cluster.wait import (
    GOING,
    Clock,
    not_usable,
    refuse_hopeless,
    state_of,
    wait,
    wait_gone,
    wait_usable,
    when_free,
)
from cluster.wanted import ADMIN, Wanted, resource_name, tags

# IAM tells the world of a new role within seconds, but not at once.
ROLE_MINUTES = 0.5


def cluster_steps(
    clients: Clients, goal: Wanted, found: Found, group: list[str], clock: Clock
) -> list[Step]:
    """The steps for the cluster; `group` holds our group's id by the time of the call.

    Raises WarehouseError for a state that no waiting mends.
    """
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
        # What it looks like meanwhile is no drift: `up` looks again after waiting.
        return [Step("~", what, ready, drift=False)]
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
        resize = partial(
            redshift.resize_cluster,
            ClusterIdentifier=want.name,
            NodeType=want.node_type,
            **goal.size,
        )
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
    network = {}
    if want.subnet_group:
        network["ClusterSubnetGroupName"] = want.subnet_group
    create = partial(
        clients.redshift.create_cluster,
        ClusterIdentifier=want.name,
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
        **goal.size,
        **network,
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
