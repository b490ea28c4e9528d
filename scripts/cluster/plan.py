"""What is there, read only, and what differs from the settings, as steps."""

import json
from collections.abc import Iterable
from typing import Any

from common import aws
from common.aws import Clients, listed
from common.errors import Refused
from common.messages import say
from common.settings import Cluster, Settings

from cluster import provisioned, serverless, wanted
from cluster.existing import OUR_GROUP, Existing, Step, Steps, role_arns, step
from cluster.wanted import BOUNDARY, LABELS, TAG, Document, Owner, is_ours

# What the kinds differ in: two modules with the same functions.
KINDS: dict[str, Any] = {"provisioned": provisioned, "serverless": serverless}


def look(clients: Clients, want: Cluster, announce: bool = False) -> Existing:
    """Look at everything of our names; `announce` prints whose account this is.

    Raises Refused where one of the names belongs to something without our tags, or to
    a warehouse of the other kind.
    """
    kind = KINDS[want.kind]
    with aws.plain_errors():
        caller = clients.sts.get_caller_identity()
        cluster = kind.find(clients, want.name)
        names = (wanted.role_name(want), wanted.pause_name(want))
        roles = {name: _find_role(clients, name) for name in names}
        networks = kind.network(clients, want, cluster)
        groups = _find_groups(clients, want)
        pauses = want.kind == "provisioned"
        schedule = provisioned.find_schedule(clients, want) if pauses else None
        tagged = {name: one.tagged(clients) for name, one in KINDS.items()}
        owner = Owner(caller["Account"], caller["Arn"])
        snapshots = kind.find_snapshots(clients, want, owner)
    vpcs = {one["VpcId"] for one in networks}
    vpc = vpcs.pop() if len(vpcs) == 1 else None
    existing = Existing(
        owner=owner,
        vpc=vpc,
        networks=networks,
        roles={name: role for name, role in roles.items() if role},
        # A group's name counts within its VPC only: elsewhere it is nothing to us.
        groups=[one for one in groups if is_ours(one, want) or one["VpcId"] == vpc],
        cluster=cluster,
        schedule=schedule,
        others=sorted(set().union(*tagged.values()) - {want.name}),
        snapshots=snapshots,
    )
    for name in KINDS.keys() - {want.kind}:
        if want.name in tagged[name]:
            raise Refused(
                f"{LABELS[name]} {want.name} exists in {want.region} and is"
                f' {name}, but [cluster] kind is "{want.kind}"; set kind to "{name}",'
                ' or read "From one to the other" in docs/redshift.md'
            )
    _refuse_others(existing, want)
    if announce:
        say(f"account {owner.account} in {want.region}, as {owner.caller}")
    if announce and existing.others:
        say(
            f"`up` made these, too, under other names: {', '.join(existing.others)};"
            " each costs until `down` with that [cluster] name"
        )
    return existing


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
    groups = []
    named = [{"Name": "group-name", "Values": [wanted.group_name(want)]}]
    for group in listed(clients.ec2, "describe_security_groups", Filters=named):
        of = [{"Name": "group-id", "Values": [group["GroupId"]]}]
        rules = listed(clients.ec2, "describe_security_group_rules", Filters=of)
        groups.append(group | {"rules": [one for one in rules if not one["IsEgress"]]})
    return groups


def _refuse_others(existing: Existing, want: Cluster) -> None:
    ours = [name for name, role in existing.roles.items() if is_ours(role, want)]
    others = [f"role {name}" for name in existing.roles.keys() - {*ours}]
    others += [
        f"security group {wanted.group_name(want)} ({group['GroupId']})"
        for group in existing.groups
        if not is_ours(group, want)
    ]
    cluster, role = existing.cluster, existing.owner.role(wanted.role_name(want))
    if cluster and not is_ours(cluster, want):
        # A restored cluster gets its tag a moment after it was made, but has our role.
        has_role = want.kind == "provisioned" and role in role_arns(cluster)
        if not (has_role and wanted.role_name(want) in ours):
            is_alone = cluster["ClusterStatus"] == serverless.ALONE
            others.append(f"namespace {want.name}" if is_alone else wanted.label(want))
    if others:
        raise wanted.not_ours(" and ".join(others), want)


def plan(goal: Settings, existing: Existing, snapshot: str = "") -> list[Step]:
    """What to do, in order; empty when all is as it should be.

    A missing warehouse is restored from `snapshot`, if that is given. Raises Refused
    for a network that does not fit, WarehouseError for a state that does not pass.
    """
    want = goal.cluster
    KINDS[want.kind].check_network(want, existing)
    for one in existing.groups:
        if one["VpcId"] != existing.vpc:
            raise Refused(
                f"security group {one['GroupId']} is in {one['VpcId']}, the"
                f" {LABELS[want.kind]} belongs in {existing.vpc}; run `down`, then `up`"
            )
    # A group that is still to be made has no id.
    group = next((one["GroupId"] for one in existing.groups), OUR_GROUP)
    kept = {role.name for role in wanted.roles(goal, existing.owner)}
    return [
        *_roles(goal, existing),
        *_group(want, existing, group),
        *KINDS[want.kind].steps(goal, existing, group, snapshot),
        *_remove_roles(existing, existing.roles.keys() - kept),
    ]


def removals(want: Cluster, existing: Existing, snapshot: str) -> list[Step]:
    """What to remove, in order; `snapshot` is kept."""
    steps = list(KINDS[want.kind].removals(want, existing, snapshot))
    for group in existing.groups:
        line = f"- security group {wanted.group_name(want)}"
        steps.append(step(line, "ec2.delete_security_group", GroupId=group["GroupId"]))
    return [*steps, *_remove_roles(existing, existing.roles)]


def _remove_roles(existing: Existing, names: Iterable[str]) -> Steps:
    for name in names:
        role = existing.roles[name]
        yield from _drop_policies(name, role["policies"], role["attached"])
        yield step(f"- role {name}", "iam.delete_role", RoleName=name)


def _drop_policies(name: str, inline: Iterable[str], attached: list[str]) -> Steps:
    for key, call, policies in (
        ("PolicyName", "iam.delete_role_policy", sorted(inline)),
        ("PolicyArn", "iam.detach_role_policy", attached),
    ):
        for one in policies:
            line = f"- policy {one} of role {name}"
            yield step(line, call, RoleName=name, **{key: one})


def _roles(goal: Settings, existing: Existing) -> Steps:
    for want in wanted.roles(goal, existing.owner):
        name, role = want.name, existing.roles.get(want.name)
        line = f"role {name}, for {' and '.join(want.services)} alone"
        trust, policies = json.dumps(want.trust), dict(role["policies"]) if role else {}
        if role is None:
            yield step(
                f"+ {line}",
                "iam.create_role",
                RoleName=name,
                AssumeRolePolicyDocument=trust,
                Tags=wanted.tags(goal.cluster),
                PermissionsBoundary=existing.owner.arn("iam", f"policy/{BOUNDARY}"),
            )
        elif role["AssumeRolePolicyDocument"] != want.trust:
            call = "iam.update_assume_role_policy"
            yield step(f"~ {line}", call, RoleName=name, PolicyDocument=trust)
        if (has := policies.pop(name, None)) != want.policy:
            line = f"{'~' if has else '+'} policy of role {name}: {want.what}"
            put = {"PolicyName": name, "PolicyDocument": json.dumps(want.policy)}
            yield step(line, "iam.put_role_policy", RoleName=name, **put)
        yield from _drop_policies(name, policies, role["attached"] if role else [])


def _group(want: Cluster, existing: Existing, group: str) -> Steps:
    name, missing = wanted.group_name(want), wanted.cidrs(want)
    port = ((existing.cluster or {}).get("Endpoint") or {}).get("Port")
    if want.kind == "serverless" or not port:  # Serverless can change it
        port = want.port
    if group == OUR_GROUP:
        tags = {"ResourceType": "security-group", "Tags": wanted.tags(want)}
        yield step(
            f"+ security group {name} in {existing.vpc}",
            "ec2.create_security_group",
            GroupName=name,
            VpcId=existing.vpc,
            Description="Who may connect to the Redshift cluster",
            TagSpecifications=[tags],
        )
    # What is open and should not be is closed first.
    for rule in [rule for item in existing.groups for rule in item["rules"]]:
        ports = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        if ports == ("tcp", port, port) and rule.get("CidrIpv4") in missing:
            missing.remove(rule["CidrIpv4"])
            continue
        line, of = f"- rule of {name}: {_rule_text(rule)}", rule["GroupId"]
        call, ids = "ec2.revoke_security_group_ingress", [rule["SecurityGroupRuleId"]]
        yield step(line, call, GroupId=of, SecurityGroupRuleIds=ids)
    for cidr in missing:
        line = f"+ rule of {name}: tcp {port} from {cidr}"
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        rule["IpRanges"] = [{"CidrIp": cidr, "Description": TAG}]
        call = "ec2.authorize_security_group_ingress"
        yield step(line, call, GroupId=group, IpPermissions=[rule])


def _rule_text(rule: Document) -> str:
    group = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    source = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId")
    low, high = rule.get("FromPort", -1), rule.get("ToPort", -1)
    what = f"{rule['IpProtocol']} {low if low == high else f'{low}-{high}'}"
    return f"{'all' if what == '-1 -1' else what} from {source or group}"
