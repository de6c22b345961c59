"""How many messages a second go from customers to one operator, and how long one takes, beside a bare relay."""

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median

from bench.lab import TARGETS, Lab, cells, measure_in_turn, warning
from bench.load import Figures, Phase
from bench.report import Goal, Round, Row
from bench.targets import Target

CUSTOMERS = 50
IN_FLIGHT, SWEEP = (1, 8), (2, 4, 16, 64)  # the sweep is for the chart
GOALS = {  # of the relay's rate
    ("sqlite", 1): 0.9,
    ("mariadb", 1): 0.7,
    ("sqlite", 8): 2.5,
    ("mariadb", 8): 1.8,
}
LONE_GOALS = {"sqlite": 1.5, "mariadb": 2.0}  # of one wait for the disk and the relay's median
SYNCS = 200


def run(lab: Lab) -> list[Round]:
    """Rounds of a table for each number of messages in flight, and one of a lone sender. Raises Wrong."""
    return [_round(lab, number) for number in lab.rounds("throughput", 5)]


def _round(lab: Lab, number: int) -> Round:
    seconds = lab.seconds(1.5)
    plans = [[lab.warm_up(CUSTOMERS, 8), Phase(CUSTOMERS, in_flight, seconds)] for in_flight in IN_FLIGHT]
    if not (lab.is_quick or number):  # the sweep is in the first round alone
        plans += [[lab.warm_up(CUSTOMERS, 8), *(Phase(CUSTOMERS, in_flight, 1.0) for in_flight in SWEEP)]]
    with contextlib.ExitStack() as stack:
        targets = [stack.enter_context(lab.start(name, CUSTOMERS)) for name in TARGETS]
        before = measure_sync(lab.folder)  # a disk may take twice as long a minute later
        (lone,) = _measure(targets, [Phase(1, 1, 0.3), Phase(1, 1, lab.seconds(1.0))])
        sync = fmean((before, measure_sync(lab.folder)))
        loaded = [phase for plan in plans for phase in _measure(targets, plan)]
    tables = {
        f"{CUSTOMERS} customers, {in_flight} in flight": [
            _row(name, in_flight, figures[name], figures["relay"]) for name in TARGETS
        ]
        for in_flight, figures in zip((*IN_FLIGHT, *SWEEP), loaded, strict=False)
    }
    rows = [_lone_row(name, lone[name], lone["relay"], sync) for name in TARGETS]
    return {"A lone customer, 1 in flight": rows, **tables}


def _measure(targets: Sequence[Target], plan: Sequence[Phase]) -> list[dict[str, Figures]]:
    """The figures of each phase but the first, which warms up, by the target's name."""
    _, *phases = zip(*measure_in_turn(targets, plan), strict=True)
    return [dict(zip(TARGETS, figures, strict=True)) for figures in phases]


def _row(name: str, in_flight: int, figures: Figures, relay: Figures) -> Row:
    goal = GOALS.get((name, in_flight))
    return Row(
        {"in flight": in_flight, "target": name, **cells(figures), "of the relay": figures.rate / relay.rate},
        {"of the relay": Goal(goal, is_floor=True)} if goal else {},
        warning(figures),
    )


def _lone_row(name: str, figures: Figures, relay: Figures, sync: float) -> Row:
    goal = LONE_GOALS.get(name)
    ratio = figures.ack_p50 / (sync + relay.ack_p50)
    return Row(
        {"target": name, **cells(figures), "disk ms": sync, "p50 to disk + relay": ratio},
        {"p50 to disk + relay": Goal(goal)} if goal else {},
        warning(figures),
    )


def measure_sync(folder: Path) -> float:
    """The median milliseconds until 4 KiB that were written to a file in the folder are on the disk."""
    path = folder / "sync"
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    times = []
    for number in range(SYNCS):
        started = time.perf_counter()
        os.pwrite(file, bytes(4096), number * 4096)
        os.fdatasync(file)
        times.append(1000 * (time.perf_counter() - started))
    os.close(file)
    path.unlink()
    return median(times)
