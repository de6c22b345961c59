"""What it costs to tell one customer's message to many operators, beside a bare relay."""

import contextlib

from bench.lab import TARGETS, Lab, warning
from bench.load import Figures, Phase
from bench.report import Goal, Round, Row

OPERATORS = 200
TURNS = 2
TIME, CPU = "p50 of the relay", "CPU of the relay"
GOAL = 1.0
TITLE = f"One customer's messages to {OPERATORS} operators, one after the other: CPU time per 1000 frames"


def run(lab: Lab) -> list[Round]:
    """Rounds of one table: the time until all have a message, and the server's CPU time. Raises Wrong."""
    return [_round(lab) for _ in lab.rounds("fanout", 3)]


def _round(lab: Lab) -> Round:
    phases = [Phase(1, 1, lab.seconds(seconds), until_delivered=True) for seconds in (0.25, 0.75)]
    with contextlib.ExitStack() as stack:
        targets = [stack.enter_context(lab.start(name, 1)) for name in TARGETS]
        found = [figures for _, figures in lab.measure_turns(TURNS, targets, phases, OPERATORS)]
    return {TITLE: [_row(name, figures, found[0]) for name, figures in zip(TARGETS, found, strict=True)]}


def _row(name: str, figures: Figures, relay: Figures) -> Row:
    return Row(
        {
            "target": name,
            "msg/s": figures.rate,
            "frames/s": figures.rate * OPERATORS,
            "delivery p50 ms": figures.delivery_p50,
            "delivery p99 ms": figures.delivery_p99,
            TIME: figures.delivery_p50 / relay.delivery_p50,
            "load CPU %": 100 * figures.load_cpu / figures.seconds,
            "database CPU s/1000": figures.database_cpu / figures.messages / OPERATORS * 1000,
            "server CPU s/1000": _cpu(figures),
            CPU: _cpu(figures) / _cpu(relay),
        },
        {} if name == "relay" else {TIME: Goal(GOAL), CPU: Goal(GOAL)},
        warning(figures),
    )


def _cpu(figures: Figures) -> float:
    """The server's CPU seconds for 1000 delivered frames."""
    return figures.server_cpu / figures.messages / OPERATORS * 1000
