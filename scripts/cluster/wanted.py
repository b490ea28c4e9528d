"""What the settings ask for: names, policies, rules. Nothing here talks to AWS."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

import aws
import s3_address
from errors import Refused
from s3_address import S3Address
from settings import Cluster, Settings

TAG = "sparkify-warehouse"
ADMIN = "awsuser"  # AWS keeps its password; dbt asks for passing ones through IAM

# Dollars an hour and node, on demand, us-east-1 and us-west-2:
# https://aws.amazon.com/redshift/pricing/, as of March 2026. An estimate, no more.
DOLLARS_AN_HOUR = {
    "ra3.large": 0.543,
    "ra3.xlplus": 1.086,
    "ra3.4xlarge": 3.26,
    "ra3.16xlarge": 13.04,
}
# The two ranges that AWS allows for RA3 and RG nodes.
PORTS = [range(5431, 5456), range(8191, 8216)]
WIDEST = 8  # the widest range that may connect: a /8, as private networks have

Document = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """The cluster and what belongs to it, as the settings want them."""

    cluster: Cluster
    places: tuple[S3Address, ...]
    data_region: str
    cidrs: tuple[str, ...]

    @property
    def size(self) -> dict[str, Any]:
        """The nodes as AWS wants them: a number only where there are several."""
        if self.cluster.nodes == 1:
            return {"ClusterType": "single-node"}
        return {"ClusterType": "multi-node", "NumberOfNodes": self.cluster.nodes}


def resource_name(name: str) -> str:
    """The name of the role, of its policy and of the security group."""
    return f"{name}-redshift"


def tags(name: str) -> list[dict[str, str]]:
    """The tag that tells ours from others'."""
    return [{"Key": TAG, "Value": name}]


def is_ours(found_tags: list[dict[str, str]], name: str) -> bool:
    """Whether a resource with these tags was made by `up` for this cluster name."""
    return tags(name)[0] in [
        {"Key": tag["Key"], "Value": tag["Value"]} for tag in found_tags
    ]


def trust_policy() -> Document:
    """Only Redshift may assume the role."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "redshift.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def role_policy(places: tuple[S3Address, ...], partition: str = "aws") -> Document:
    """List, locate and get, in these places and nowhere else.

    `partition` is the first part of this account's ARNs (`aws`, `aws-cn`).
    """
    arn = f"arn:{partition}:s3:::"
    buckets = sorted({place.bucket for place in places})
    statements: list[Document] = []
    for bucket in buckets:
        prefixes = sorted(place.prefix for place in places if place.bucket == bucket)
        listing: Document = {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": arn + bucket,
        }
        if "" not in prefixes:
            allowed = [
                form for prefix in prefixes for form in (prefix[:-1], f"{prefix}*")
            ]
            listing["Condition"] = {"StringLike": {"s3:prefix": allowed}}
        statements.append(listing)
    statements.append(
        {
            "Effect": "Allow",
            "Action": "s3:GetBucketLocation",
            "Resource": [arn + bucket for bucket in buckets],
        }
    )
    statements.append(
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": sorted(
                f"{arn}{place.bucket}/{place.prefix}*" for place in places
            ),
        }
    )
    return {"Version": "2012-10-17", "Statement": statements}


def dollars_an_hour(node_type: str, nodes: int) -> float | None:
    """The price of the nodes, or None where it is not known."""
    price = DOLLARS_AN_HOUR.get(node_type)
    return None if price is None else price * nodes


def missing_message(cluster: Cluster) -> str:
    """What to say where there is no cluster."""
    return f"there is no cluster {cluster.name} in {cluster.region}; `up` makes it"


def checked_name(cluster: Cluster) -> str:
    """The cluster's name, if AWS would take it for all that is named after it."""
    # 54 letters leave room for "-redshift" in a role's 64; a security group
    # must not be called "sg-...".
    if not re.fullmatch(r"(?!sg-)[a-z]([a-z0-9]|-(?=[a-z0-9])){0,53}", cluster.name):
        raise Refused(
            f'[cluster] name "{cluster.name}" cannot be used: lower case letters,'
            " digits and single hyphens, a letter first, at most 54, not sg-..."
        )
    if not re.fullmatch(aws.REGION, cluster.region):
        raise Refused(
            f'[cluster] region "{cluster.region}" is not a region of AWS;'
            ' write it like "us-west-2"'
        )
    return cluster.name


def wanted(settings: Settings) -> Wanted:
    """What `up` has to make. Raises Refused for a setting that cannot be right."""
    cluster = settings.cluster
    checked_name(cluster)
    family = cluster.node_type.partition(".")[0]
    if family in {"dc1", "dc2", "ds1", "ds2"}:
        raise Refused(
            f"[cluster] node_type {cluster.node_type} is retired by AWS;"
            ' use "ra3.large", the smallest that is left'
        )
    if not re.fullmatch(r"(ra3|rg)\.[a-z0-9]+", cluster.node_type):
        raise Refused(
            f'[cluster] node_type "{cluster.node_type}" is not a node type of Redshift;'
            f" use one of {', '.join(DOLLARS_AN_HOUR)}"
        )
    if cluster.nodes < 1:
        raise Refused(f"[cluster] nodes is {cluster.nodes}; use 1 or more")
    if not any(cluster.port in ports for ports in PORTS):
        raise Refused(
            f"[cluster] port {cluster.port} is not allowed;"
            " AWS takes 5431-5455 and 8191-8215"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", cluster.database):
        raise Refused(
            f'[cluster] database "{cluster.database}" cannot be used:'
            " lower case letters, digits and _, a letter first, at most 64"
        )
    return Wanted(
        cluster=cluster,
        places=_places(settings),
        data_region=settings.data.region,
        cidrs=_cidrs(cluster.allow_cidrs),
    )


def _places(settings: Settings) -> tuple[S3Address, ...]:
    data = settings.data
    places = []
    for key, uri in (("events", data.events), ("songs", data.songs)):
        if not s3_address.is_s3(uri):
            raise Refused(
                f'[data] {key} is "{uri}", but Redshift reads from S3 only;'
                f' set {key} to "s3://bucket/prefix"'
            )
        places.append(s3_address.parse_plain(key, uri))
    if data.manifests:
        places.append(s3_address.parse_plain("manifests", data.manifests))
    return tuple(dict.fromkeys(places))


def _cidrs(given: list[str]) -> tuple[str, ...]:
    if not given:
        raise Refused(
            "[cluster] allow_cidrs is empty, so nobody could connect; set it to"
            ' ["your.own.address/32"] (`curl https://checkip.amazonaws.com` tells it)'
        )
    networks = set()
    for text in given:
        if not isinstance(text, str):
            raise Refused(f"[cluster] allow_cidrs: {text!r} is not a text in quotes")
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            raise Refused(
                f'[cluster] allow_cidrs: {error}; write a range like "203.0.113.7/32"'
            ) from None
        if network.prefixlen == 0:
            raise Refused(
                f"[cluster] allow_cidrs: {text} is the whole world; name the addresses"
                " that connect, such as your own with /32"
            )
        if not isinstance(network, ipaddress.IPv4Network):
            raise Refused(
                f"[cluster] allow_cidrs: {text} is IPv6, the endpoint is IPv4;"
                " name IPv4 ranges"
            )
        if network.prefixlen < WIDEST:
            raise Refused(
                f"[cluster] allow_cidrs: {text} is wider than a /{WIDEST};"
                " name the addresses that connect"
            )
        networks.add(network)
    return tuple(str(network) for network in sorted(networks))
