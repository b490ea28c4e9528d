"""What is in the AWS account: read only, and what of it carries our tag."""

from typing import Any

from common import aws
from common.aws import Clients, listed
from common.errors import Refused
from common.settings import Cluster

from cluster import provisioned, serverless, wanted
from cluster.existing import Existing
from cluster.wanted import TAG, Document, Owner, is_ours

# What the kinds differ in: two modules with the same functions.
KINDS: dict[str, Any] = {"provisioned": provisioned, "serverless": serverless}


def look(clients: Clients, want: Cluster) -> Existing:
    """Look at everything of our names.

    Raises Refused where one of the names belongs to something without our tags, or to
    a warehouse of the other kind.
    """
    kind = KINDS[want.kind]
    with aws.plain_errors():
        caller = clients.sts.get_caller_identity()
        cluster = kind.find(clients, want.name)
        names = (wanted.role_name(want), wanted.pause_name(want))
        roles = {name: _find_role(clients, name) for name in names}
        vpc, subnets = kind.network(clients, want, cluster)
        groups = _find_groups(clients, want)
        pauses = want.kind == "provisioned"
        schedule = provisioned.find_schedule(clients, want) if pauses else None
        tagged = {name: one.tagged(clients) for name, one in KINDS.items()}
    found = Existing(
        owner=Owner(caller["Account"], caller["Arn"]),
        vpc=vpc,
        subnets=subnets,
        roles={name: role for name, role in roles.items() if role},
        # A group's name counts within its VPC only: elsewhere it is nothing to us.
        groups=[one for one in groups if is_ours(one, want) or one["VpcId"] == vpc],
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


def _find_role(clients: Clients, name: str) -> Document | None:
    iam, of = clients.iam, {"RoleName": name}
    with aws.passing("NoSuchEntity"):
        attached = listed(iam, "list_attached_role_policies", **of)
        return iam.get_role(**of)["Role"] | {
            "attached": [item["PolicyArn"] for item in attached],
            "policies": {
                one: iam.get_role_policy(**of, PolicyName=one)["PolicyDocument"]
                for one in listed(iam, "list_role_policies", **of)
            },
        }
    return None


def _find_groups(clients: Clients, want: Cluster) -> list[Document]:
    found = []
    named = [{"Name": "group-name", "Values": [wanted.group_name(want)]}]
    for group in listed(clients.ec2, "describe_security_groups", Filters=named):
        of = [{"Name": "group-id", "Values": [group["GroupId"]]}]
        rules = listed(clients.ec2, "describe_security_group_rules", Filters=of)
        found.append(group | {"rules": [one for one in rules if not one["IsEgress"]]})
    return found


def _refuse_others(kind: Any, found: Existing, want: Cluster) -> None:
    ours = [name for name, role in found.roles.items() if is_ours(role, want)]
    others = [f"role {name}" for name in found.roles.keys() - {*ours}]
    others += [
        f"security group {wanted.group_name(want)} ({group['GroupId']})"
        for group in found.groups
        if not is_ours(group, want)
    ]
    if found.cluster:
        others += kind.foreign(want, found.cluster, wanted.role_name(want) in ours)
    if others:
        raise Refused(
            f"{' and '.join(others)} exists and is not ours (no tag {TAG} ="
            f" {want.name}); choose another [cluster] name"
        )
