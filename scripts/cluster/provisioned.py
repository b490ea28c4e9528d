"""A provisioned cluster: nodes by the hour, and a scheduled action that pauses them."""

from common import aws
from common.aws import Clients, listed
from common.errors import Refused
from common.settings import Cluster, Settings

from cluster import wanted
from cluster.existing import (
    Existing,
    Network,
    Snapshots,
    not_usable,
    refuse_hopeless,
    role_arns,
    wanted_role_arns,
)
from cluster.steps import SNAPSHOT_DAYS, Step, Steps, differences, step, wait, with_data
from cluster.wanted import ADMIN, TAG, Document, Owner

OPERATOR = aws.OPERATOR_POLICY


def find(clients: Clients, name: str, policy: str = OPERATOR) -> Document | None:
    """AWS's description of the cluster, or None."""
    with aws.plain_errors(policy=policy), aws.passing("ClusterNotFound"):
        answer = clients.redshift.describe_clusters(ClusterIdentifier=name)
        return dict(answer["Clusters"][0])
    return None


def tagged(clients: Clients) -> set[str]:
    """The clusters in this region that carry our tag."""
    return {
        item["ClusterIdentifier"]
        for item in listed(clients.redshift, "describe_clusters")
        if TAG in {tag["Key"] for tag in item.get("Tags", [])}
    }


def foreign(want: Cluster, cluster: Document, ours: bool) -> list[str]:
    """What has our name and not our tag; `ours` says that our role is there.

    A restored cluster gets its tag a moment after it was made, but has our role.
    """
    name = f":role/{wanted.role_name(want)}"
    has_role = any(arn.endswith(name) for arn in role_arns(cluster))
    mine = wanted.is_ours(cluster, want) or (ours and has_role)
    return [] if mine else [wanted.label(want)]


def network(clients: Clients, want: Cluster, cluster: Document | None) -> Network:
    """The VPC that the cluster is in, or belongs in; its subnets are AWS's affair."""
    if cluster and cluster.get("VpcId"):
        return str(cluster["VpcId"]), []
    if not want.subnet_group:
        default = [{"Name": "is-default", "Values": ["true"]}]
        vpcs = listed(clients.ec2, "describe_vpcs", Filters=default)
        return (str(vpcs[0]["VpcId"]) if vpcs else None), []
    with aws.passing("ClusterSubnetGroupNotFoundFault"):
        answer = clients.redshift.describe_cluster_subnet_groups(
            ClusterSubnetGroupName=want.subnet_group
        )
        return str(answer["ClusterSubnetGroups"][0]["VpcId"]), []
    return None, []


def check_network(want: Cluster, found: Existing) -> None:
    """Raise Refused where there is no network for the cluster."""
    region, named = want.region, want.subnet_group
    line = (
        f"there is no subnet group {named} in {region}; make it, or correct [cluster]"
    )
    if not named:
        line = f"there is no default VPC in {region}; run `aws ec2 create-default-vpc"
        line += f" --region {region}`, or set [cluster]"
    if found.vpc is None:
        raise Refused(f"{line} subnet_group")


def find_schedule(clients: Clients, want: Cluster) -> Document | None:
    """The scheduled action that pauses, or None."""
    named = {"ScheduledActionName": wanted.pause_name(want)}
    with aws.passing("ScheduledActionNotFound"):
        found = listed(clients.redshift, "describe_scheduled_actions", **named)
        return dict(found[0]) if found else None
    return None


def find_snapshots(clients: Clients, want: Cluster, _: Owner) -> Snapshots:
    """The snapshots of this cluster that outlive it, by name."""
    of = {"ClusterIdentifier": want.name, "SnapshotType": "manual"}
    with aws.plain_errors(), aws.passing("ClusterNotFound"):
        found = listed(clients.redshift, "describe_cluster_snapshots", **of)
        return {snapshot["SnapshotIdentifier"]: snapshot for snapshot in found}
    return {}


def steps(goal: Settings, found: Existing, group: str, snapshot: str) -> Steps:
    """What makes or repairs the cluster and its pause."""
    yield from _cluster(goal, found, group, snapshot)
    want, have = goal.cluster, found.schedule or {}
    name = wanted.pause_name(want)
    if not (when := wanted.schedule(want)):
        yield from _remove_schedule(want, found)
        return
    pauses = {"PauseCluster": {"ClusterIdentifier": want.name}}
    params: Document = {"TargetAction": pauses, "Schedule": when}
    params["IamRole"] = found.owner.role(name)
    if have.get("State") != "ACTIVE" or not params.items() <= have.items():
        line = f"scheduled action {name}: pause at {want.pause_at} UTC every day"
        call = f"redshift.{'modify' if have else 'create'}_scheduled_action"
        params |= {"ScheduledActionName": name, "Enable": True}
        yield step(f"{'~' if have else '+'} {line}", call, **params)


def removals(want: Cluster, found: Existing, snapshot: str) -> Steps:
    """What removes the cluster and its pause."""
    line = with_data(wanted.label(want), snapshot)
    if found.cluster and not wanted.is_ours(found.cluster, want):
        yield _tag(want, found)
    if found.there:
        params: Document = {"ClusterIdentifier": want.name}
        params["SkipFinalClusterSnapshot"] = not snapshot
        if snapshot:
            params["FinalClusterSnapshotIdentifier"] = snapshot
            params["FinalClusterSnapshotRetentionPeriod"] = SNAPSHOT_DAYS
        yield step(line, "redshift.delete_cluster", "gone", **params)
    elif found.cluster:
        yield step(f"{line} (going already)", until="gone")
    # Not before: if AWS refuses to remove the cluster, it still pauses by itself.
    yield from _remove_schedule(want, found)


def _tag(want: Cluster, found: Existing) -> Step:
    """Tag a cluster that was restored, for nobody may remove what has no tag."""
    line = f"+ cluster {want.name}: tag {TAG} = {want.name}"
    arn = found.owner.arn("redshift", f"cluster:{want.name}", want.region)
    return step(line, "redshift.create_tags", ResourceName=arn, Tags=wanted.tags(want))


def _remove_schedule(want: Cluster, found: Existing) -> Steps:
    name, call = wanted.pause_name(want), "redshift.delete_scheduled_action"
    if found.schedule:
        yield step(f"- scheduled action {name}", call, ScheduledActionName=name)


def _cluster(goal: Settings, found: Existing, group: str, snapshot: str) -> Steps:
    want, cluster = goal.cluster, found.cluster
    label, named = wanted.label(want), {"ClusterIdentifier": want.name}
    if cluster and not found.there:
        yield wait(label, "gone")
    if not cluster or not found.there:
        yield from _make(goal, found, group, snapshot)
        return
    refuse_hopeless(cluster)
    if cluster["ClusterStatus"] in {"paused", "pausing"}:
        yield step(f"> {label}: resume", "redshift.resume_cluster", "usable", **named)
    elif reason := not_usable(cluster):
        yield wait(label, "usable", reason)
    else:
        yield from _left_alone(want, cluster)
    if not wanted.is_ours(cluster, want):
        yield _tag(want, found)
    groups = [item["VpcSecurityGroupId"] for item in cluster["VpcSecurityGroups"]]
    if groups != [group]:
        line = f"~ {label}: security group {', '.join(groups) or 'none'} becomes ours"
        attach: Document = named | {"VpcSecurityGroupIds": [group]}
        yield step(line, "redshift.modify_cluster", "usable", **attach)
    roles, have = wanted_role_arns(goal, found), role_arns(cluster)
    add = [arn for arn in roles if arn not in have]
    drop = [arn for arn in have if arn not in roles]
    if add or drop or cluster.get("DefaultIamRoleArn") != roles[0]:
        line = f"~ {label}: role {' and '.join(roles)}"
        line += f", without {', '.join(drop)}" if drop else ""
        change: Document = named | {"DefaultIamRoleArn": roles[0]}
        change |= {"AddIamRoles": add} if add else {}
        change |= {"RemoveIamRoles": drop} if drop else {}
        yield step(line, "redshift.modify_cluster_iam_roles", "usable", **change)


def _left_alone(want: Cluster, cluster: Document) -> Steps:
    """What takes hours, or cannot be done in place."""
    advice = "`down`, then `up`: the next `run` loads all files from S3 again"
    resize = f"resize it in the console (classic resize), or {advice}"
    subnets = cluster.get("ClusterSubnetGroupName") or "default"
    pairs = [
        ("node_type", cluster["NodeType"], want.node_type, resize),
        ("nodes", cluster["NumberOfNodes"], want.nodes, resize),
        ("port", cluster["Endpoint"].get("Port"), want.port, advice),
        ("public", cluster["PubliclyAccessible"], want.public, advice),
        ("encrypted", cluster["Encrypted"], True, advice),
        ("database", cluster.get("DBName"), want.database, advice),
        ("subnet_group", subnets, want.subnet_group or "default", advice),
    ]
    return differences(wanted.label(want), pairs)


def _make(goal: Settings, found: Existing, group: str, snapshot: str) -> Steps:
    want, roles = goal.cluster, wanted_role_arns(goal, found)
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
        yield _tag(want, found)
        return
    params |= {"NodeType": want.node_type, "DBName": want.database}
    params |= {"MasterUsername": ADMIN, "Encrypted": True, "Tags": wanted.tags(want)}
    params["ClusterType"] = "single-node"
    if want.nodes > 1:  # AWS takes a number only here
        params |= {"ClusterType": "multi-node", "NumberOfNodes": want.nodes}
    yield step(line, "redshift.create_cluster", **params)
