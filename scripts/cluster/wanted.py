"""What the settings ask for: names, roles, policies, ranges. Nothing here calls AWS."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import aws
import s3_address
from errors import Refused
from s3_address import S3Address
from settings import Cluster, Data, Settings

TAG = "sparkify-warehouse"
REGION_TAG = "sparkify-warehouse-region"
ADMIN = "awsuser"  # AWS keeps its password; dbt asks for passing ones through IAM
BOUNDARY = "sparkify-boundary"  # the policy that an administrator makes once

# The two ranges that AWS allows for RA3 and RG nodes.
PORTS = [range(5431, 5456), range(8191, 8216)]
WIDEST = 16  # the widest public range that may connect: a /16
NODE_TYPE = r"(ra3|rg)\.[a-z0-9]+"
NODE_ADVICE = '"ra3.large" or a larger ra3: AWS makes no other nodes now'
DATABASE = "[a-z][a-z0-9_]{0,63}"
DATABASE_ADVICE = "lower case letters, digits and _, a letter first, at most 64"
TIME = r"([01]\d|2[0-3]):[0-5]\d"
TIME_ADVICE = 'a time of day in UTC, such as "20:00", or "" for never'
KMS_KEY = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+"

Document = dict[str, Any]


class RoleWanted(NamedTuple):
    """A role: the service that may assume it, and its one inline policy."""

    name: str
    what: str
    service: str
    policy: Document

    @property
    def trust(self) -> Document:
        principal = {"Service": f"{self.service}.amazonaws.com"}
        return document(allow("sts:AssumeRole", Principal=principal))


def places(data: Data) -> dict[str, S3Address]:
    """Where the files and the manifests are, by the key in [data]."""
    found = {}
    for key in ("events", "songs", "manifests"):
        uri = getattr(data, key)
        _check(
            s3_address.is_s3(uri),
            f'[data] {key} is "{uri}", but Redshift loads from S3 only;'
            f' set {key} to "s3://bucket/prefix"',
        )
        found[key] = s3_address.parse_plain(key, uri)
    return found


def schedule(cluster: Cluster) -> str:
    """When to pause, as AWS writes it; empty for never."""
    hour, _, minute = cluster.pause_at.partition(":")
    return f"cron({int(minute)} {int(hour)} * * ? *)" if hour else ""


def roles(settings: Settings, arn: Callable[..., str]) -> list[RoleWanted]:
    """The role that reads S3, and the one that pauses where that is wanted.

    `arn` makes an ARN of this account from service, name and region.
    """
    want, named = settings.cluster, places(settings.data)
    cluster_arn = arn("redshift", f"cluster:{want.name}", want.region)
    reads = f"lets Redshift read {', '.join(map(str, dict.fromkeys(named.values())))}"
    policy = role_policy(set(named.values()), arn("s3", ""), settings.data.kms_key)
    reader = RoleWanted(role_name(want), reads, "redshift", policy)
    if not want.pause_at:
        return [reader]
    pauses = f"lets Redshift's scheduler pause cluster {want.name}"
    policy = document(allow("redshift:PauseCluster", Resource=cluster_arn))
    return [reader, RoleWanted(pause_name(want), pauses, "scheduler.redshift", policy)]


def group_name(cluster: Cluster) -> str:
    """The name of the security group."""
    return f"{cluster.name}-redshift"


def role_name(cluster: Cluster) -> str:
    """The name of the role that reads S3; roles belong to no region, so it says one."""
    return f"{cluster.name}-{cluster.region}-redshift"


def pause_name(cluster: Cluster) -> str:
    """The name of the scheduled action that pauses, and of its role."""
    return f"{role_name(cluster)}-pause"


def tags(cluster: Cluster, region: bool = False) -> list[dict[str, str]]:
    """The tags that tell ours from others'; a role's say the region, too."""
    made = {TAG: cluster.name} | ({REGION_TAG: cluster.region} if region else {})
    return [{"Key": key, "Value": value} for key, value in made.items()]


def is_ours(described: Document, cluster: Cluster, region: bool = False) -> bool:
    """Whether AWS describes something that `up` made for this cluster, by its tags."""
    found = [(tag["Key"], tag["Value"]) for tag in described.get("Tags", [])]
    return all((tag["Key"], tag["Value"]) in found for tag in tags(cluster, region))


def document(*statements: Document) -> Document:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str, **rest: Any) -> Document:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": action, **rest}


def role_policy(found: set[S3Address], arn: str, kms_key: str) -> Document:
    """List, locate and get, in these places and nowhere else.

    `arn` is what S3's ARNs begin with; `kms_key` is the ARN of the key that the buckets
    are encrypted with, or empty.
    """
    statements, buckets = [], sorted({place.bucket for place in found})
    for bucket in buckets:
        listing = allow("s3:ListBucket", Resource=arn + bucket)
        prefixes = sorted(place.prefix for place in found if place.bucket == bucket)
        if "" not in prefixes:
            named = [form for one in prefixes for form in (one[:-1], f"{one}*")]
            listing["Condition"] = {"StringLike": {"s3:prefix": named}}
        statements.append(listing)
    got = sorted(f"{arn}{place.bucket}/{place.prefix}*" for place in found)
    located = [arn + bucket for bucket in buckets]
    statements.append(allow("s3:GetBucketLocation", Resource=located))
    statements.append(allow("s3:GetObject", Resource=got))
    if kms_key:
        statements.append(allow("kms:Decrypt", Resource=kms_key))
    return document(*statements)


def missing_message(cluster: Cluster) -> str:
    """What to say where there is no cluster."""
    return f"there is no cluster {cluster.name} in {cluster.region}; `up` makes it"


def checked(cluster: Cluster) -> Cluster:
    """The settings, if AWS would take name and region for all that they name."""
    _check(
        re.fullmatch(aws.REGION, cluster.region),
        f'[cluster] region "{cluster.region}" is not a region; write "us-west-2"',
    )
    # The longest name made of it is a role's, of at most 64 letters; a security group
    # must not be called "sg-...".
    longest = 64 - len(pause_name(cluster)) + len(cluster.name)
    _check(
        re.fullmatch(r"(?!sg-)[a-z]([a-z0-9]|-(?=[a-z0-9]))*", cluster.name)
        and len(cluster.name) <= longest,
        f'[cluster] name "{cluster.name}" cannot be used: lower case letters, digits'
        f" and single hyphens, a letter first, at most {longest}, not sg-...",
    )
    return cluster


def wanted(settings: Settings) -> Settings:
    """The settings, if `up` can make what they ask for. Raises Refused if not."""
    cluster, data = checked(settings.cluster), settings.data
    _check(cluster.nodes >= 1, f"[cluster] nodes is {cluster.nodes}; use 1 or more")
    _check(
        any(cluster.port in ports for ports in PORTS),
        f"[cluster] port {cluster.port} is not allowed; AWS takes 5431-5455, 8191-8215",
    )
    for table, key, pattern, advice in (
        (cluster, "node_type", NODE_TYPE, NODE_ADVICE),
        (cluster, "database", DATABASE, DATABASE_ADVICE),
        (cluster, "pause_at", f"({TIME})?", TIME_ADVICE),
        (data, "role", f"default|{aws.ROLE_ARN}", '"default", or an ARN'),
        (data, "kms_key", f"({KMS_KEY})?", "the ARN of a key"),
    ):
        value, name = getattr(table, key), type(table).__name__.lower()
        told = f'[{name}] {key} "{value}" cannot be used; write {advice}'
        _check(re.fullmatch(pattern, value), told)
    places(data)
    cidrs(cluster)
    return settings


def _check(right: object, message: str) -> None:
    if not right:
        raise Refused(message)


def cidrs(cluster: Cluster) -> list[str]:
    """The ranges that may connect. Raises Refused for what amounts to the world."""
    key = "[cluster] allow_cidrs"
    _check(
        cluster.allow_cidrs,
        f"{key} is empty, so nobody could connect; set it to"
        ' ["your.own.address/32"] (`curl https://checkip.amazonaws.com` tells it)',
    )
    networks = set()
    for text in cluster.allow_cidrs:
        try:
            _check(isinstance(text, str), f"{key}: {text!r} must be a text in quotes")
            networks.add(ipaddress.IPv4Network(text))
        except ValueError as error:
            raise Refused(
                f'{key}: {error}; write an IPv4 range like "203.0.113.7/32"'
            ) from None
    # Neighbours count as the range that they make together.
    for network in ipaddress.collapse_addresses(networks):
        _check(network.prefixlen, f"{key}: {network} is the whole world; name yours")
        _check(
            network.is_private
            or network.prefixlen >= WIDEST
            or cluster.allow_wide_cidrs,
            f"{key}: {network} is wider than a /{WIDEST}; name the addresses that"
            " connect, or set allow_wide_cidrs = true",
        )
    return [str(network) for network in sorted(networks)]
