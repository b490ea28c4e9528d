"""A provisioned cluster: nodes by the hour, and a scheduled action that pauses them."""

from common import aws
from common.aws import Clients, listed
from common.errors import Refused
from common.settings import Cluster, Settings

from cluster import wanted
from cluster.existing import (
    AGAIN,
    SNAPSHOT_DAYS,
    Existing,
    Step,
    Steps,
    difference,
    not_usable,
    role_arns,
    step,
    wait,
    wanted_role_arns,
    with_data,
)
from cluster.wanted import ADMIN, TAG, Document, Owner, has_tag

# Dollars an hour and node, on demand: https://aws.amazon.com/redshift/pricing/
NODE_HOUR = {
    "ra3.large": 0.543,
    "ra3.xlplus": 1.086,
    "ra3.4xlarge": 3.26,
    "ra3.16xlarge": 13.04,
}
ADDRESS_HOUR = 0.005  # a public IPv4 address: https://aws.amazon.com/vpc/pricing/
PRICES_OF = "us-west-2, March 2026"


def find(
    clients: Clients, name: str, policy: str = aws.OPERATOR_POLICY
) -> Document | None:
    """AWS's description of the cluster, or None."""
    with aws.plain_errors(policy=policy), aws.passing("ClusterNotFound"):
        answer = clients.redshift.describe_clusters(ClusterIdentifier=name)
        return dict(answer["Clusters"][0])
    return None


def tagged(clients: Clients) -> set[str]:
    """The clusters in this region that carry our tag."""
    clusters = listed(clients.redshift, "describe_clusters")
    return {item["ClusterIdentifier"] for item in clusters if has_tag(item)}


def network(clients: Clients, want: Cluster, has: Document | None) -> list[Document]:
    """What names the VPC that the cluster is in, or belongs in."""
    if has and has.get("VpcId"):
        return [has]
    if not want.subnet_group:
        default = [{"Name": "is-default", "Values": ["true"]}]
        return listed(clients.ec2, "describe_vpcs", Filters=default)
    named = {"ClusterSubnetGroupName": want.subnet_group}
    with aws.passing("ClusterSubnetGroupNotFoundFault"):
        return listed(clients.redshift, "describe_cluster_subnet_groups", **named)
    return []


def check_network(want: Cluster, existing: Existing) -> None:
    """Raise Refused where there is no network for the cluster."""
    line = f"there is no subnet group {want.subnet_group} in {want.region}; make it, or"
    if not want.subnet_group:
        line = f"there is no default VPC in {want.region}; run `aws ec2"
        line += f" create-default-vpc --region {want.region}`, or"
    if existing.vpc is None:
        raise Refused(f"{line} set [cluster] subnet_group")


def find_schedule(clients: Clients, want: Cluster) -> Document | None:
    """The scheduled action that pauses, or None."""
    named = {"ScheduledActionName": wanted.pause_name(want)}
    with aws.passing("ScheduledActionNotFound"):
        actions = listed(clients.redshift, "describe_scheduled_actions", **named)
        return dict(actions[0]) if actions else None
    return None


def find_snapshots(clients: Clients, want: Cluster, _: Owner) -> dict[str, str]:
    """The snapshots of this cluster that outlive it, and how AWS refers to each."""
    of = {"ClusterIdentifier": want.name, "SnapshotType": "manual"}
    with aws.passing("ClusterNotFound"):
        kept = listed(clients.redshift, "describe_cluster_snapshots", **of)
        return {one["SnapshotIdentifier"]: one["SnapshotIdentifier"] for one in kept}
    return {}


def cost(want: Cluster) -> str:
    """An estimate of what the cluster will cost."""
    price = _dollars_an_hour(want.node_type, want.nodes, want.public)
    hour = f"about ${price:.2f} an hour" if price else "see AWS's prices"
    until = f"it pauses at {want.pause_at} UTC"
    if not want.pause_at:
        until = "`pause` or `down`, because pause_at is off"
    return (
        f"{hour} for {want.nodes} x {want.node_type} with its address"
        f" (on demand, {PRICES_OF}), until {until}"
    )


def capacity(cluster: Document) -> Document:
    """What `status` has of this kind."""
    node_type, nodes = cluster["NodeType"], cluster["NumberOfNodes"]
    price = _dollars_an_hour(node_type, nodes, cluster["PubliclyAccessible"])
    return {"node_type": node_type, "nodes": nodes, "dollars_an_hour": price}


def _dollars_an_hour(node_type: str, nodes: int, public: bool) -> float | None:
    price = NODE_HOUR.get(node_type)
    return price and (price + ADDRESS_HOUR * public) * nodes


def steps(goal: Settings, existing: Existing, group: str, snapshot: str) -> Steps:
    """What makes or repairs the cluster and its pause."""
    yield from _cluster(goal, existing, group, snapshot)
    want, has = goal.cluster, existing.schedule or {}
    name = wanted.pause_name(want)
    if not (when := wanted.schedule(want)):
        yield from _remove_schedule(want, existing)
        return
    pauses = {"PauseCluster": {"ClusterIdentifier": want.name}}
    params: Document = {"TargetAction": pauses, "Schedule": when}
    params["IamRole"] = existing.owner.role(name)
    if has.get("State") != "ACTIVE" or not params.items() <= has.items():
        line = f"scheduled action {name}: pause at {want.pause_at} UTC every day"
        call = f"redshift.{'modify' if has else 'create'}_scheduled_action"
        params |= {"ScheduledActionName": name, "Enable": True}
        yield step(f"{'~' if has else '+'} {line}", call, **params)


def removals(want: Cluster, existing: Existing, snapshot: str) -> Steps:
    """What removes the cluster and its pause."""
    if existing.cluster and not wanted.is_ours(existing.cluster, want):
        yield _tag(want, existing)
    if existing.cluster:
        call = "redshift.delete_cluster" if existing.there else ""
        params: Document = {"ClusterIdentifier": want.name}
        params["SkipFinalClusterSnapshot"] = not snapshot
        if snapshot:
            params["FinalClusterSnapshotIdentifier"] = snapshot
            params["FinalClusterSnapshotRetentionPeriod"] = SNAPSHOT_DAYS
        line = with_data(wanted.label(want), snapshot)
        yield step(line, call, "gone", **params)
    # Not before: if AWS refuses to remove the cluster, it still pauses by itself.
    yield from _remove_schedule(want, existing)


def _tag(want: Cluster, existing: Existing) -> Step:
    """Tag a cluster that was restored, for nobody may remove what has no tag."""
    line = f"+ cluster {want.name}: tag {TAG} = {want.name}"
    arn = existing.owner.arn("redshift", f"cluster:{want.name}", want.region)
    return step(line, "redshift.create_tags", ResourceName=arn, Tags=wanted.tags(want))


def _remove_schedule(want: Cluster, existing: Existing) -> Steps:
    name, call = wanted.pause_name(want), "redshift.delete_scheduled_action"
    if existing.schedule:
        yield step(f"- scheduled action {name}", call, ScheduledActionName=name)


def _cluster(goal: Settings, existing: Existing, group: str, snapshot: str) -> Steps:
    want, cluster = goal.cluster, existing.there
    label, named = wanted.label(want), {"ClusterIdentifier": want.name}
    if not cluster:
        if existing.cluster:
            yield wait(label, "gone")
        yield from _make(goal, existing, group, snapshot)
        return
    if cluster["ClusterStatus"] in {"paused", "pausing"}:
        yield step(f"> {label}: resume", "redshift.resume_cluster", "usable", **named)
    elif reason := not_usable(cluster):
        yield wait(label, "usable", reason)
    else:
        yield from _left_alone(want, cluster)
    if not wanted.is_ours(cluster, want):
        yield _tag(want, existing)
    groups = [item["VpcSecurityGroupId"] for item in cluster["VpcSecurityGroups"]]
    if groups != [group]:
        line = f"~ {label}: security group {', '.join(groups) or 'none'} becomes ours"
        attach: Document = named | {"VpcSecurityGroupIds": [group]}
        yield step(line, "redshift.modify_cluster", "usable", **attach)
    roles, has = wanted_role_arns(goal, existing), role_arns(cluster)
    add = [arn for arn in roles if arn not in has]
    drop = [arn for arn in has if arn not in roles]
    if add or drop or cluster.get("DefaultIamRoleArn") != roles[0]:
        line = f"~ {label}: role {' and '.join(roles)}"
        line += f", without {', '.join(drop)}" if drop else ""
        change: Document = named | {"DefaultIamRoleArn": roles[0]}
        change |= {"AddIamRoles": add} if add else {}
        change |= {"RemoveIamRoles": drop} if drop else {}
        yield step(line, "redshift.modify_cluster_iam_roles", "usable", **change)


def _left_alone(want: Cluster, cluster: Document) -> Steps:
    """What takes hours, or cannot be done in place."""
    resize = f"resize it in the console (classic resize), or {AGAIN}"
    subnets = cluster.get("ClusterSubnetGroupName") or "default"
    for key, has, wish, *advice in (
        ("node_type", cluster["NodeType"], want.node_type, resize),
        ("nodes", cluster["NumberOfNodes"], want.nodes, resize),
        ("port", cluster["Endpoint"].get("Port"), want.port),
        ("public", cluster["PubliclyAccessible"], want.public),
        ("encrypted", cluster["Encrypted"], True),
        ("database", cluster.get("DBName"), want.database),
        ("subnet_group", subnets, want.subnet_group or "default"),
    ):
        yield from difference(wanted.label(want), key, has, wish, *advice)


def _make(goal: Settings, existing: Existing, group: str, snapshot: str) -> Steps:
    want, roles = goal.cluster, wanted_role_arns(goal, existing)
    address = "public" if want.public else "private"
    line = f"+ {wanted.label(want)}: {want.nodes} x {want.node_type}, encrypted, port"
    line += f" {want.port}, database {want.database}, {address} address"
    params: Document = {"ClusterIdentifier": want.name, "Port": want.port}
    params |= {"PubliclyAccessible": want.public, "VpcSecurityGroupIds": [group]}
    params |= {"IamRoles": roles, "DefaultIamRoleArn": roles[0]}
    params["ManageMasterPassword"] = True
    if want.subnet_group:
        params["ClusterSubnetGroupName"] = want.subnet_group
    if snapshot:
        line, call = f"{line}, from {snapshot}", "restore_from_cluster_snapshot"
        params["SnapshotIdentifier"] = snapshot
        params["SnapshotClusterIdentifier"] = want.name
        yield step(line, f"redshift.{call}", **params)
        yield _tag(want, existing)
        return
    params |= {"NodeType": want.node_type, "DBName": want.database}
    params |= {"MasterUsername": ADMIN, "Encrypted": True, "Tags": wanted.tags(want)}
    params["ClusterType"] = "single-node"
    if want.nodes > 1:  # AWS takes a number only here
        params |= {"ClusterType": "multi-node", "NumberOfNodes": want.nodes}
    yield step(line, "redshift.create_cluster", **params)
