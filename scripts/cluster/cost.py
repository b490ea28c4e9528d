"""What a cluster costs: an estimate, with the place and the day of its prices."""

from common.settings import Cluster

# Dollars an hour and node, on demand: https://aws.amazon.com/redshift/pricing/
NODE_HOUR = {
    "ra3.large": 0.543,
    "ra3.xlplus": 1.086,
    "ra3.4xlarge": 3.26,
    "ra3.16xlarge": 13.04,
}
ADDRESS_HOUR = 0.005  # a public IPv4 address: https://aws.amazon.com/vpc/pricing/
PRICES_OF = "us-west-2, March 2026"
RPU_HOUR = 0.375  # https://aws.amazon.com/redshift/pricing/, seen at second hand
RPU_PRICE_OF = "May 2026"
# https://aws.amazon.com/secrets-manager/pricing/, and a GB that Redshift keeps
STORED = (
    "cost: always $0.40 a month for the secret and $0.024 a month for each GB stored,"
    " snapshots too"
)


def dollars_an_hour(node_type: str, nodes: int, public: bool) -> float | None:
    """The price of a running cluster, or None where it is not known."""
    price = NODE_HOUR.get(node_type)
    return price and (price + ADDRESS_HOUR * public) * nodes


def cost_of(want: Cluster) -> list[str]:
    """What it will cost, for people; for Serverless the most that a day can cost."""
    if want.kind == "serverless":
        hours = want.rpu_hours_a_day
        return [
            f"cost: at most about ${hours * RPU_HOUR:.2f} a day: {hours} RPU-hours at"
            f" ${RPU_HOUR} ({RPU_PRICE_OF}), then AWS turns queries off until the next"
            " day",
            f"cost: about ${want.rpu * RPU_HOUR:.2f} an hour of work at {want.rpu} RPU,"
            " 60 seconds at least, and nothing while idle",
            STORED,
        ]
    price = dollars_an_hour(want.node_type, want.nodes, want.public)
    hour = (
        f"about ${price:.2f} an hour"
        if price
        else "see aws.amazon.com/redshift/pricing"
    )
    until = "`pause` or `down`, because pause_at is off"
    if want.pause_at:
        until = f"it pauses at {want.pause_at} UTC"
    return [
        f"cost: {hour} for {want.nodes} x {want.node_type} with its address"
        f" (on demand, {PRICES_OF}), until {until}",
        STORED,
    ]
