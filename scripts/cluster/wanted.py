"""What the settings ask for: names, roles, policies, ranges. Nothing here calls AWS."""

import ipaddress
import re
from typing import Any, NamedTuple

from common import aws, s3_address
from common.errors import Refused
from common.s3_address import S3Address
from common.settings import Cluster, Data, Settings

TAG = "sparkify-warehouse"
ADMIN = "awsuser"  # AWS keeps its password
BOUNDARY = "sparkify-boundary"  # the policy that an administrator makes once

# The two ranges that AWS allows for RA3 and RG nodes.
PORTS = {*range(5431, 5456), *range(8191, 8216)}
WIDEST = 16  # the widest public range that may connect: a /16
# What a setting has to look like, and what to write. A role's name, of at most 64
# letters, holds the cluster's and its region's.
NAMES = {
    "[cluster] region": (aws.REGION, 'a region such as "us-west-2"'),
    "[cluster] name": (
        r"(?!sg-)(?=.{3,32}$)[a-z](-?[a-z0-9])+",
        "3 to 32 lower case letters, digits and single hyphens, a letter first, not"
        " sg-...",
    ),
}
KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+"
AT_LEAST_ONE = (r"[1-9]\d*", "1 or more")
FORMS = NAMES | {
    "[cluster] nodes": AT_LEAST_ONE,
    "[cluster] rpu_hours_a_day": AT_LEAST_ONE,
    "[cluster] database": (
        "[a-z][a-z0-9_]{0,63}",
        "lower case letters, digits and _, a letter first, at most 64",
    ),
    "[cluster] pause_at": (
        r"(([01]\d|2[0-3]):[0-5]\d)?",
        'a time of day in UTC, such as "20:00", or "" for never',
    ),
    "[data] role": (f"default|{aws.ROLE_ARN}", '"default", or an ARN'),
    "[data] kms_key": (f"({KEY_ARN})?", "the ARN of a key"),
}

Document = dict[str, Any]
# What each kind is called, and the services that may use its role.
LABELS = {"provisioned": "cluster", "serverless": "workgroup"}
SERVICES = {
    "provisioned": ["redshift"],
    "serverless": ["redshift", "redshift-serverless"],
}


class Owner(NamedTuple):
    """The AWS account, and who calls (an ARN)."""

    account: str
    caller: str

    def arn(self, service: str, name: str, region: str = "") -> str:
        """The ARN that something has, or will have, in this account."""
        account = "" if service == "s3" else self.account
        return f"arn:{self.caller.split(':')[1]}:{service}:{region}:{account}:{name}"

    def role(self, name: str) -> str:
        return self.arn("iam", f"role/{name}")


class RoleWanted(NamedTuple):
    """A role: what it is for, the services that may assume it, its inline policy."""

    name: str
    what: str
    services: list[str]
    policy: Document

    @property
    def trust(self) -> Document:
        named = [f"{service}.amazonaws.com" for service in self.services]
        principal = {"Service": named if len(named) > 1 else named[0]}
        return document(allow("sts:AssumeRole", Principal=principal))


def group_name(cluster: Cluster) -> str:
    """The name of the security group."""
    return f"{cluster.name}-redshift"


def role_name(cluster: Cluster) -> str:
    """The name of the role that reads S3; roles belong to no region, so it says one."""
    return f"{cluster.name}-{cluster.region}-redshift"


def pause_name(cluster: Cluster) -> str:
    """The name of the scheduled action that pauses, and of its role."""
    return f"{role_name(cluster)}-pause"


def tags(cluster: Cluster) -> list[dict[str, str]]:
    """The tag of all that `up` makes for a cluster."""
    return [{"Key": TAG, "Value": cluster.name}]


def has_tag(described: Document) -> bool:
    """Whether AWS describes something that `up` made for any cluster."""
    return TAG in {tag["Key"] for tag in described.get("Tags", [])}


def is_ours(described: Document, cluster: Cluster) -> bool:
    """Whether AWS describes something that `up` made for this cluster, by its tag."""
    return tags(cluster)[0] in described.get("Tags", [])


def label(cluster: Cluster) -> str:
    """What to call it: `cluster sparkify`, or `workgroup sparkify`."""
    return f"{LABELS[cluster.kind]} {cluster.name}"


def not_ours(what: str, cluster: Cluster) -> Refused:
    """What to raise for something of our name without our tag."""
    return Refused(
        f"{what} exists and is not ours (no tag {TAG} = {cluster.name}); choose another"
        " [cluster] name"
    )


def missing_message(cluster: Cluster) -> str:
    """What to say where there is no cluster."""
    return f"there is no {label(cluster)} in {cluster.region}; `up` makes it"


def locations(data: Data) -> dict[str, S3Address]:
    """Where the files and the manifests are, by the key in [data]."""
    keys = ("events", "songs", "manifests")
    return {key: s3_address.parse_plain(key, getattr(data, key)) for key in keys}


def schedule(cluster: Cluster) -> str:
    """When to pause, as AWS writes it; empty for never, and for Serverless."""
    hour, _, minute = cluster.pause_at.partition(":")
    pauses = cluster.kind == "provisioned" and hour
    return f"cron({int(minute)} {int(hour)} * * ? *)" if pauses else ""


def roles(settings: Settings, owner: Owner) -> list[RoleWanted]:
    """The role that reads S3, and the one that pauses where that is wanted."""
    want, named = settings.cluster, sorted(set(locations(settings.data).values()))
    reads = f"lets Redshift read {', '.join(map(str, named))}"
    policy = role_policy(named, owner.arn("s3", ""), settings.data.kms_key)
    made = [RoleWanted(role_name(want), reads, SERVICES[want.kind], policy)]
    if schedule(want):
        pauses = f"lets Redshift's scheduler pause cluster {want.name}"
        cluster = owner.arn("redshift", f"cluster:{want.name}", want.region)
        policy = document(allow("redshift:PauseCluster", Resource=cluster))
        name = pause_name(want)
        made.append(RoleWanted(name, pauses, ["scheduler.redshift"], policy))
    return made


def role_policy(found: list[S3Address], arn: str, kms_key: str) -> Document:
    """List, locate and get, in these locations and nowhere else.

    `arn` is what S3's ARNs begin with; `kms_key` is the ARN of the key that the buckets
    are encrypted with, or empty.
    """
    statements = []
    for location in found:
        listing = allow("s3:ListBucket", Resource=arn + location.bucket)
        if location.prefix:
            named = [location.prefix[:-1], f"{location.prefix}*"]
            listing["Condition"] = {"StringLike": {"s3:prefix": named}}
        statements.append(listing)
    located = sorted({arn + location.bucket for location in found})
    got = [f"{arn}{location.bucket}/{location.prefix}*" for location in found]
    statements.append(allow("s3:GetBucketLocation", Resource=located))
    statements.append(allow("s3:GetObject", Resource=got))
    if kms_key:
        statements.append(allow("kms:Decrypt", Resource=kms_key))
    return document(*statements)


def document(*statements: Document) -> Document:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str, **rest: Any) -> Document:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": action, **rest}


def checked(settings: Settings) -> Cluster:
    """[cluster], if AWS would take name and region for all that they name."""
    _match(settings, NAMES)
    return settings.cluster


def wanted(settings: Settings) -> Settings:
    """The settings, if `up` can make what they ask for. Raises Refused if not."""
    cluster = settings.cluster
    _match(settings, FORMS)
    for key, least in (("rpu", 4), ("rpu_max", cluster.rpu)):
        number = getattr(cluster, key)
        _check(
            number == least or (number > least and number % 8 == 0),
            f"[cluster] {key} is {number}; use 4 where the region has it, or a multiple"
            " of 8, and for rpu_max not less than rpu",
        )
    _check(
        cluster.port in PORTS,
        f"[cluster] port {cluster.port} is not allowed; AWS takes 5431-5455, 8191-8215",
    )
    locations(settings.data)
    cidrs(cluster)
    return settings


def cidrs(cluster: Cluster) -> list[str]:
    """The ranges that may connect. Raises Refused for what amounts to the world."""
    key = "[cluster] allow_cidrs"
    _check(
        cluster.allow_cidrs,
        f"{key} is empty, so nobody could connect; set it to"
        ' ["your.own.address/32"] (`curl https://checkip.amazonaws.com` tells it)',
    )
    try:
        networks = {ipaddress.IPv4Network(f"{text}") for text in cluster.allow_cidrs}
    except ValueError as error:
        raise Refused(
            f'{key}: {error}; write an IPv4 range like "203.0.113.7/32"'
        ) from None
    # Neighbours count as the range that they make together.
    for network in ipaddress.collapse_addresses(networks):
        _check(network.prefixlen, f"{key}: {network} is the whole world; name yours")
        narrow = network.is_private or network.prefixlen >= WIDEST
        _check(
            narrow or cluster.allow_wide_cidrs,
            f"{key}: {network} is wider than a /{WIDEST}; name the addresses that"
            " connect, or set allow_wide_cidrs = true",
        )
    return [str(network) for network in sorted(networks)]


def _match(settings: Settings, forms: dict[str, tuple[str, str]]) -> None:
    for setting, (pattern, advice) in forms.items():
        table, key = setting.strip("[").split("] ")
        value = getattr(getattr(settings, table), key)
        right = re.fullmatch(pattern, str(value))
        _check(right, f'{setting} "{value}" cannot be used; write {advice}')


def _check(right: object, message: str) -> None:
    if not right:
        raise Refused(message)
