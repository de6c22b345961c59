"""What hostile peers of each kind cost the customers: how long their acknowledgements take, with them and without."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.lab import ENGINES, Lab, cells, measure
from bench.load import Phase, resident_kib, together
from bench.report import Goal, Round, Row
from bench.stored import skip_index
from bench.targets import ROOT, Target, customer_name
from db import drafts, messages, users
from db.drafts import Draft
from manage.database import transaction
from tests.faults.floods import KINDS

CUSTOMERS = 49
SETTLE_SECONDS = 1.0  # for the flood to be there
SLOWER, GROWTH = "p99 to calm", "MiB more"
GOAL = 3.0
TOLD = ("messages", "repeated messages")  # to the load's operator: fairness measures them


def run(lab: Lab) -> list[Round]:
    """Rounds of a table for each engine: calm, and then a flood of each kind. Raises Wrong."""
    return [{_title(engine): _rows(lab, engine) for engine in ENGINES} for _ in lab.rounds("flood", 3)]


def _title(engine: str) -> str:
    return f"{CUSTOMERS} customers, 1 in flight, and a flood, on {engine}"


def _rows(lab: Lab, engine: str) -> list[Row]:
    phase = Phase(CUSTOMERS, 1, lab.seconds(2.0))
    rows = []
    for kind in (kind for kind in KINDS if kind not in TOLD):
        database = lab.new(engine)
        with lab.serve(database, CUSTOMERS + 1, is_flooded=True) as target:
            _fill(database.url)
            before = measure(target, [lab.warm_up(CUSTOMERS, 1), phase])[1]
            memory = resident_kib(target.pid)
            with _flood(kind, target):
                flooded = measure(target, [phase])[0]
                growth = (resident_kib(target.pid) - memory) / 1024
            calm = together((before, measure(target, [lab.warm_up(CUSTOMERS, 1), phase])[1]))
        figures = {"calm p99 ms": calm.ack_p99, SLOWER: flooded.ack_p99 / calm.ack_p99, GROWTH: growth}
        rows.append(Row({"flood": kind, **cells(flooded), **figures}, {SLOWER: Goal(GOAL)}))
    return rows


def _fill(url: str) -> None:
    """Half a million characters in the flooder's conversation: what it asks for is large."""
    with transaction(url) as connection:
        user = users.find_by_name(connection, customer_name(CUSTOMERS))
        assert user
        drafts.add_all(connection, [Draft(user, user.id, "ы" * 1_000)] * messages.PAGE)
    skip_index(url)  # else that is what calm is measured beside


@contextlib.contextmanager
def _flood(kind: str, target: Target) -> Iterator[None]:
    """Peers of that kind, with a token of the last customer, as a process of their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.floods", kind, str(target.port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin
        process.stdin.write(target.customer_tokens[-1])
        process.stdin.close()
        time.sleep(SETTLE_SECONDS)
        yield
    finally:
        process.kill()
        process.wait()
