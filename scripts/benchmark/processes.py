"""Run a process and let the kernel say what it cost."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from errors import WarehouseError


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of CPU (user and system) and wall, peak MB."""

    cpu: float
    wall: float
    memory: float


def cost_of(words: Sequence[object], environment: Mapping[str, str]) -> Cost:
    """Run a command to its end. Raises WarehouseError with its words if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    with process:
        said = process.stderr.read() if process.stderr else ""
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise WarehouseError(f"{' '.join(map(str, words))} failed: {said.strip()}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def total(costs: Sequence[Cost]) -> Cost:
    """Several processes, one after the other, as one cost."""
    return Cost(
        sum(cost.cpu for cost in costs),
        sum(cost.wall for cost in costs),
        max(cost.memory for cost in costs),
    )


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.wall for cost in costs),
        median(cost.memory for cost in costs),
    )
