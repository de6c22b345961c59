"""What connections cost that say nothing: memory, and CPU time of the messages among them."""

import click

from bench.lab import TARGETS, Lab, cells, measure, warning
from bench.load import Figures, Phase, together
from bench.report import Goal, Round, Row
from bench.targets import most_connections

SENDERS = 10
STEPS = (100, 1_000, 10_000)  # customers connected; a quick one leaves the last one out
MEMORY_GOAL = 1.2  # of the relay's per connection
COST_GOAL = 1.1  # of the cost among the senders alone
MEMORY = "The server's memory among idle connections"
COST = f"{SENDERS} customers, 1 in flight, among idle connections"


def run(lab: Lab) -> list[Round]:
    """Rounds of two tables: memory, and cost, each by the number of connections. Raises Wrong."""
    steps = _fitting(STEPS[:-1] if lab.is_quick else STEPS)
    return [_round(lab, steps) for _ in lab.rounds("idle", 2)]


def _fitting(steps: tuple[int, ...]) -> tuple[int, ...]:
    """The steps, the last one lowered to what a server may open beside an operator's connection."""
    most = most_connections() - 1
    if steps[-1] <= most:
        return steps
    click.echo(
        f"idle: {steps[-1]} connections need a higher limit of open files: raise what ulimit -Hn says, or LimitNOFILE "
        f"of the systemd unit; {most} are measured",
        err=True,
    )
    return *(step for step in steps[:-1] if step < most), most


def _round(lab: Lab, steps: tuple[int, ...]) -> Round:
    few, warm_up = Phase(SENDERS, 1, lab.seconds(1.5)), lab.warm_up(SENDERS, 1)
    between = [Phase(SENDERS, 1, lab.seconds(1.0), connected=step) for step in steps[:-1]]  # for the chart
    phases = [few, *between, Phase(SENDERS, 1, lab.seconds(3.0), connected=steps[-1])]
    found = {}
    for name in TARGETS:
        with lab.start(name, steps[-1]) as target:
            _, before, *full, _, after = measure(target, [warm_up, *phases, warm_up, few])
            found[name] = [together((before, after)), *full]
    return {
        MEMORY: [
            _memory_row(name, figures[index], figures[0], found["relay"][index], found["relay"][0], index == len(steps))
            for name, figures in found.items()
            for index in range(1, len(phases))
        ],
        COST: [
            _cost_row(name, figures[index], figures[0], index == len(steps))
            for name, figures in found.items()
            for index in range(len(phases))
        ],
    }


def _memory_row(name: str, full: Figures, few: Figures, relay_full: Figures, relay_few: Figures, is_last: bool) -> Row:
    size, relay = _per_connection(full, few), _per_connection(relay_full, relay_few)
    return Row(
        {
            "target": name,
            "connections": full.connections,
            "server MiB": full.server_kib / 1024,
            "KiB each": size,
            "of the relay": size / relay,
        },
        {"of the relay": Goal(MEMORY_GOAL)} if is_last and name != "relay" else {},
    )


def _per_connection(full: Figures, few: Figures) -> float:
    return (full.server_kib - few.server_kib) / (full.connections - few.connections)


def _cost_row(name: str, figures: Figures, few: Figures, is_last: bool) -> Row:
    cpu = (figures.server_cpu / figures.messages) / (few.server_cpu / few.messages)
    return Row(
        {
            "target": name,
            "connections": figures.connections,
            **cells(figures),
            "CPU to few": cpu,
            "p50 to few": figures.ack_p50 / few.ack_p50,
        },
        {"CPU to few": Goal(COST_GOAL), "p50 to few": Goal(COST_GOAL)} if is_last and name != "relay" else {},
        warning(figures),
    )
