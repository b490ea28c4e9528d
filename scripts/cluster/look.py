"""What is in the AWS account: read only, and told apart by our tags."""

from typing import Any

from common import aws
from common.aws import Clients, listed
from common.errors import Refused
from common.settings import Cluster

from cluster import provisioned, serverless, wanted
from cluster.found import Found, Group, Role
from cluster.wanted import TAG, Owner

# What the kinds differ in: two modules with the same functions.
KINDS: dict[str, Any] = {"provisioned": provisioned, "serverless": serverless}


def look(clients: Clients, want: Cluster) -> Found:
    """Look at everything of our names.

    Raises Refused where one of the names belongs to something without our tags, or to
    a warehouse of the other kind.
    """
    kind = KINDS[want.kind]
    with aws.plain_errors():
        caller = clients.sts.get_caller_identity()
        cluster = kind.find(clients, want.name)
        names = (wanted.role_name(want), wanted.pause_name(want))
        roles = {name: _find_role(clients, want, name) for name in names}
        vpc, subnets = kind.network(clients, want, cluster)
        groups = _find_groups(clients, want)
        pauses = want.kind == "provisioned"
        schedule = provisioned.find_schedule(clients, want) if pauses else None
        tagged = {name: one.tagged(clients) for name, one in KINDS.items()}
    found = Found(
        owner=Owner(caller["Account"], caller["Arn"]),
        vpc=vpc,
        subnets=subnets,
        roles={name: role for name, role in roles.items() if role},
        # A group's name counts within its VPC only: elsewhere it is nothing to us.
        groups=[group for group in groups if group.ours or group.vpc == vpc],
        cluster=cluster,
        schedule=schedule,
        others=sorted(set().union(*tagged.values()) - {want.name}),
    )
    for name, names_of_it in tagged.items():
        if name != want.kind and want.name in names_of_it:
            raise Refused(
                f"{wanted.LABELS[name]} {want.name} exists in {want.region} and is"
                f' {name}, but [cluster] kind is "{want.kind}"; set kind to "{name}",'
                ' or read "From one to the other" in docs/redshift.md'
            )
    _refuse_others(kind, found, want)
    return found


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


def _refuse_others(kind: Any, found: Found, want: Cluster) -> None:
    role = found.roles.get(wanted.role_name(want))
    others = []
    if found.cluster:
        others += kind.foreign(want, found.cluster, bool(role and role.ours))
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
