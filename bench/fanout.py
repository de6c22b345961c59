"""What it costs to tell one customer's message to many operators, beside a bare relay."""

from bench.lab import TARGETS, Lab, measure, warning
from bench.load import Figures, Phase
from bench.report import Goal, Round, Row

OPERATORS = 200
TIME, CPU = "p50 of the relay", "CPU of the relay"
GOAL = 1.0
TITLE = f"One customer's messages to {OPERATORS} operators, one after the other: CPU time per 1000 frames"


def run(lab: Lab) -> list[Round]:
    """Rounds of one table: the time until all have a message, and the server's CPU time. Raises Wrong."""
    return [_round(lab) for _ in lab.rounds("fanout", 3)]


def _round(lab: Lab) -> Round:
    phase = Phase(1, 1, lab.seconds(3.0), until_delivered=True)
    found = {}
    for name in TARGETS:
        with lab.start(name, 1) as target:
            found[name] = measure(target, [lab.warm_up(1, 1), phase], OPERATORS)[1]
    return {TITLE: [_row(name, figures, found["relay"]) for name, figures in found.items()]}


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
