"""What a cluster costs: an estimate, with the place and the day of its prices."""

from datetime import UTC, datetime, timedelta

from common.settings import Cluster

# Dollars an hour and node, on demand: https://aws.amazon.com/redshift/pricing/
NODE_HOUR = {
    "ra3.large": 0.543,
    "ra3.xlplus": 1.086,
    "ra3.4xlarge": 3.26,
    "ra3.16xlarge": 13.04,
}
ADDRESS_HOUR = 0.005  # a public IPv4 address: https://aws.amazon.com/vpc/pricing/
SECRET_MONTH = 0.40  # https://aws.amazon.com/secrets-manager/pricing/
STORAGE_MONTH = 0.024  # a GB that Redshift keeps
PRICES_OF = "us-west-2, March 2026"
RPU_HOUR = 0.375  # https://aws.amazon.com/redshift/pricing/, seen at second hand
RPU_PRICE_OF = "May 2026"
MONTH_HOURS = 730
STORED = (
    f"${SECRET_MONTH:.2f} a month for the secret and ${STORAGE_MONTH} a month for each"
    " GB stored, snapshots too"
)


def dollars_an_hour(node_type: str, nodes: int, public: bool) -> float | None:
    """The price of a running cluster, or None where it is not known."""
    price = NODE_HOUR.get(node_type)
    return price and (price + ADDRESS_HOUR * public) * nodes


def next_pause(pause_at: str, now: datetime) -> datetime | None:
    """When a cluster that runs from now on pauses by itself; None for never."""
    if not pause_at:
        return None
    hour, minute = map(int, pause_at.split(":"))
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today + timedelta(days=today <= now)


def cost_of(cluster: Cluster) -> list[str]:
    """What it will cost, for people; for Serverless the most that a day can cost."""
    if cluster.kind == "provisioned":
        want = cluster
        return cost_lines(want.node_type, want.nodes, want.public, want.pause_at)
    hours = cluster.rpu_hours_a_day
    return [
        f"cost: at most about ${hours * RPU_HOUR:.2f} a day: {hours} RPU-hours at"
        f" ${RPU_HOUR} ({RPU_PRICE_OF}), then AWS turns queries off until the next day",
        f"cost: about ${cluster.rpu * RPU_HOUR:.2f} an hour of work at {cluster.rpu}"
        " RPU, 60 seconds at least, and nothing while idle",
        f"cost: {STORED}",
    ]


def cost_lines(node_type: str, nodes: int, public: bool, pause_at: str) -> list[str]:
    """What it will cost from now until it pauses, and a month if it did not."""
    price = dollars_an_hour(node_type, nodes, public)
    if price is None:
        return [f"cost: {nodes} x {node_type}; see aws.amazon.com/redshift/pricing"]
    month = f"about ${price * MONTH_HOURS + SECRET_MONTH:,.0f} a month"
    until = f"{month}: pause_at is off, so it runs until `pause` or `down`"
    now = datetime.now(UTC)
    if pause := next_pause(pause_at, now):
        dollars = price * (pause - now).total_seconds() / 3600
        until = (
            f"about ${dollars:.2f} until it pauses at {pause:%H:%M} UTC;"
            f" {month} without pause_at"
        )
    address = "and public IPv4 address" if public else "without a public address"
    return [
        f"cost: about ${price:.2f} an hour for {nodes} x {node_type} {address}"
        f" (on demand, {PRICES_OF})",
        f"cost: {until}",
        f"cost: paused or not, {STORED}",
    ]
