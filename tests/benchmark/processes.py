"""Run a process and let the kernel report what it cost."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import click


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of CPU (user and system) and wall, peak MB."""

    cpu: float
    wall: float
    memory: float


def cost_of(
    words: Sequence[object],
    environment: Mapping[str, str] | None = None,
    cores: int = 0,
) -> Cost:
    """Run a command to its end, on some cores only; 0 for all.

    Raises click.ClickException with the command's own words if it fails.
    """
    pinned = ("taskset", "-c", f"0-{cores - 1}") if cores else ()
    started = time.perf_counter()
    process = subprocess.Popen(
        [*pinned, *(str(word) for word in words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (environment or {}),
    )
    with process:
        said = process.stderr.read() if process.stderr else ""
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{' '.join(map(str, words))}: {said.strip()}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.wall for cost in costs),
        median(cost.memory for cost in costs),
    )
