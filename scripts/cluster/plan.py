"""What differs between the settings and the account, as steps that repair it."""

import json
from collections.abc import Iterable

from common.errors import Refused
from common.settings import Cluster, Settings

from cluster import wanted
from cluster.existing import Existing
from cluster.look import KINDS
from cluster.steps import OUR_GROUP, Step, Steps, step
from cluster.wanted import BOUNDARY, LABELS, TAG, Document


def plan(goal: Settings, found: Existing, snapshot: str = "") -> list[Step]:
    """What to do, in order; empty when all is as it should be.

    A missing warehouse is restored from `snapshot`, if that is given. Raises Refused
    for a network that does not fit, WarehouseError for a state that does not pass.
    """
    want = goal.cluster
    KINDS[want.kind].check_network(want, found)
    for one in found.groups:
        if one["VpcId"] != found.vpc:
            raise Refused(
                f"security group {one['GroupId']} is in {one['VpcId']}, the"
                f" {LABELS[want.kind]} belongs in {found.vpc}; run `down`, then `up`"
            )
    # A group that is still to be made has no id.
    group = next((one["GroupId"] for one in found.groups), OUR_GROUP)
    return [
        *_roles(goal, found),
        *_group(want, found, group),
        *KINDS[want.kind].steps(goal, found, group, snapshot),
        *_unwanted_roles(goal, found),
    ]


def removals(want: Cluster, found: Existing, snapshot: str) -> list[Step]:
    """What to remove, in order; `snapshot` is kept."""
    steps = list(KINDS[want.kind].removals(want, found, snapshot))
    for group in found.groups:
        line = f"- security group {wanted.group_name(want)}"
        steps.append(step(line, "ec2.delete_security_group", GroupId=group["GroupId"]))
    return steps + [one for name in found.roles for one in _remove_role(name, found)]


def _remove_role(name: str, found: Existing) -> Steps:
    role = found.roles[name]
    yield from _drop_policies(name, role["policies"], role["attached"])
    yield step(f"- role {name}", "iam.delete_role", RoleName=name)


def _unwanted_roles(goal: Settings, found: Existing) -> Steps:
    kept = {role.name for role in wanted.roles(goal, found.owner)}
    for name in found.roles.keys() - kept:
        yield from _remove_role(name, found)


def _drop_policies(name: str, inline: Iterable[str], attached: list[str]) -> Steps:
    for one in sorted(inline):
        line, call = f"- policy {one} of role {name}", "iam.delete_role_policy"
        yield step(line, call, RoleName=name, PolicyName=one)
    for one in attached:
        line, call = f"- policy {one} of role {name}", "iam.detach_role_policy"
        yield step(line, call, RoleName=name, PolicyArn=one)


def _roles(goal: Settings, found: Existing) -> Steps:
    for want in wanted.roles(goal, found.owner):
        name, role = want.name, found.roles.get(want.name)
        line = f"role {name}, for {' and '.join(want.services)} alone"
        trust, policies = json.dumps(want.trust), dict(role["policies"]) if role else {}
        if role is None:
            yield step(
                f"+ {line}",
                "iam.create_role",
                RoleName=name,
                AssumeRolePolicyDocument=trust,
                Tags=wanted.tags(goal.cluster),
                PermissionsBoundary=found.owner.arn("iam", f"policy/{BOUNDARY}"),
            )
        elif role["AssumeRolePolicyDocument"] != want.trust:
            call = "iam.update_assume_role_policy"
            yield step(f"~ {line}", call, RoleName=name, PolicyDocument=trust)
        if (have := policies.pop(name, None)) != want.policy:
            line = f"{'~' if have else '+'} policy of role {name}: {want.what}"
            put = {"PolicyName": name, "PolicyDocument": json.dumps(want.policy)}
            yield step(line, "iam.put_role_policy", RoleName=name, **put)
        yield from _drop_policies(name, policies, role["attached"] if role else [])


def _group(want: Cluster, found: Existing, group: str) -> Steps:
    name, missing = wanted.group_name(want), wanted.cidrs(want)
    port = ((found.cluster or {}).get("Endpoint") or {}).get("Port")
    if want.kind == "serverless" or not port:  # Serverless can change it
        port = want.port
    if group == OUR_GROUP:
        tags = {"ResourceType": "security-group", "Tags": wanted.tags(want)}
        yield step(
            f"+ security group {name} in {found.vpc}",
            "ec2.create_security_group",
            GroupName=name,
            VpcId=found.vpc,
            Description="Who may connect to the Redshift cluster",
            TagSpecifications=[tags],
        )
    # What is open and should not be is closed first.
    for rule in [rule for item in found.groups for rule in item["rules"]]:
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
    protocol = "all" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    low, high = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "all ports" if low == -1 else str(low) if low == high else f"{low}-{high}"
    return f"{protocol} {ports} from {source or group}"
