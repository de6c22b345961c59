"""What one customer who floods costs the others: how long their acknowledgements take, with it and without."""

from bench.lab import TARGETS, Lab, cells, measure, warning
from bench.load import Phase, together
from bench.report import Goal, Round, Row

CUSTOMERS = 49
FLOOD = 64  # messages in flight of one more customer
SLOWER = "p99 to calm"
GOAL = 2.0


def run(lab: Lab) -> list[Round]:
    """Rounds of one table: each target without the flood and with it. Raises Wrong."""
    return [_round(lab) for _ in lab.rounds("fairness", 3)]


def _round(lab: Lab) -> Round:
    seconds = lab.seconds(1.0)
    calm, flooded = Phase(CUSTOMERS, 1, seconds), Phase(CUSTOMERS, 1, seconds, flood=FLOOD)
    rows = []
    for name in TARGETS:
        with lab.start(name, CUSTOMERS + 1) as target:
            _, first, beside, last = measure(target, [lab.warm_up(CUSTOMERS, 1), calm, flooded, calm])
        alone = together((first, last))
        goals = {} if name == "relay" else {SLOWER: Goal(GOAL)}
        rows += [
            Row({"target": name, "flood": "no", **cells(alone)}, warning=warning(alone)),
            Row(
                {"target": name, "flood": "yes", **cells(beside), SLOWER: beside.ack_p99 / alone.ack_p99},
                goals,
                warning(beside),
            ),
        ]
    return {f"{CUSTOMERS} customers, 1 in flight, and one more that keeps {FLOOD} in flight": rows}
