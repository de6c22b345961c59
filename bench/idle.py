"""What connections cost that say nothing: memory, and CPU time of the messages among them."""

import contextlib
from typing import NamedTuple

import click

from bench.lab import TARGETS, Lab, cells, idlers, measure_in_turn, warning
from bench.load import Figures, Phase, resident_kib
from bench.report import Goal, Round, Row
from bench.targets import Target, most_connections

SENDERS = 10
STEPS, QUICK_STEPS = (0, 1_000, 3_000, 10_000), (500,)  # customers who are connected and silent
CHART_TURNS, TURNS = 1, 6  # the last step has a goal, those before are for the chart
MEMORY_GOAL = 1.2  # of the relay's per connection
COST_GOAL = 1.1  # of the cost among the senders alone
MEMORY = "The server's memory for idle connections"
COST = f"{SENDERS} customers, 1 in flight, among idle connections"


class Step(NamedTuple):
    """A server with so many silent connections, and what messages cost beside them and on one that has none."""

    silent: int
    kib: int  # that it took more as they came
    full: Figures
    few: Figures


def run(lab: Lab) -> list[Round]:
    """One round of two tables: memory, and cost, each by the number of connections. Raises Wrong."""
    steps = _fitting(QUICK_STEPS if lab.is_quick else STEPS)
    return [_round(lab, steps) for _ in lab.rounds("idle", 1)]


def _fitting(steps: tuple[int, ...]) -> tuple[int, ...]:
    """The steps, the last one lowered to what a server may open beside an operator's connection."""
    most = most_connections() - SENDERS - 1  # and the operator
    if steps[-1] <= most:
        return steps
    click.echo(
        f"idle: {steps[-1]} connections need a higher limit of open files: raise what ulimit -Hn says, or LimitNOFILE "
        f"of the systemd unit; {most} are measured",
        err=True,
    )
    return *(step for step in steps[:-1] if step < most), most


def _round(lab: Lab, steps: tuple[int, ...]) -> Round:
    found = {}
    for name in TARGETS:
        with lab.start(name, SENDERS) as calm, lab.start(name, SENDERS + steps[-1]) as crowded:
            found[name] = _measure(lab, calm, crowded, steps)
    tables: Round = {MEMORY: [], COST: []}
    for name, measured in found.items():
        for step, relay in zip(measured, found["relay"], strict=True):
            is_judged = step is measured[-1] and name != "relay"
            if step.silent:
                tables[MEMORY].append(_memory_row(name, step, relay, is_judged))
            tables[COST].append(_cost_row(name, step, is_judged))
    return tables


def _measure(lab: Lab, calm: Target, crowded: Target, steps: tuple[int, ...]) -> list[Step]:
    """The steps, one after the other: those who are silent stay for the next."""
    silent = crowded.customer_tokens[SENDERS:]
    senders = (calm, crowded._replace(customer_tokens=crowded.customer_tokens[:SENDERS]))
    phases = [Phase(SENDERS, 1, lab.seconds(seconds)) for seconds in (0.25, 0.75)]
    measure_in_turn(senders, [lab.warm_up(SENDERS, 1)])
    measured = []
    with contextlib.ExitStack() as stack:
        connected = kib = 0
        for step in steps:
            before = resident_kib(crowded.pid)
            if step:
                stack.enter_context(idlers(crowded, silent[connected:step]))
            connected, kib = step, kib + resident_kib(crowded.pid) - before
            count = TURNS if step == steps[-1] else CHART_TURNS
            few, full = (figures for _, figures in lab.measure_turns(count, senders, phases))
            measured.append(Step(step, kib, full, few))
    return measured


def _memory_row(name: str, step: Step, relay: Step, is_judged: bool) -> Row:
    return Row(
        {
            "target": name,
            "connections": step.silent,
            "MiB more": step.kib / 1024,
            "KiB each": step.kib / step.silent,
            "of the relay": step.kib / relay.kib,
        },
        {"of the relay": Goal(MEMORY_GOAL)} if is_judged else {},
    )


def _cost_row(name: str, step: Step, is_judged: bool) -> Row:
    full, few = step.full, step.few
    return Row(
        {
            "target": name,
            "connections": step.silent + SENDERS + 1,  # the operator's
            **cells(full),
            "CPU to few": (full.server_cpu / full.messages) / (few.server_cpu / few.messages),
            "p50 to few": full.ack_p50 / few.ack_p50,
        },
        {"CPU to few": Goal(COST_GOAL), "p50 to few": Goal(COST_GOAL)} if is_judged else {},
        warning(full),
    )
