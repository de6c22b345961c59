"""What a thousand times as many stored messages cost: sending, logging in, and the lists of conversations."""

import contextlib
from collections.abc import Sequence
from functools import partial

import click
from tornado.ioloop import IOLoop

from bench.calls import CALLS, Call, Caller, log_in, time_calls
from bench.lab import ENGINES, Database, Lab, measure_in_turn
from bench.load import Phase
from bench.report import Cells, Goal, Round, Row
from bench.stored import Size, build, forget_added, skip_index
from bench.targets import Target

CUSTOMERS = 50  # who send
READER = CUSTOMERS  # the place of one more, whose 100 messages stay as they are
SMALL = Size("5000", CUSTOMERS + 1, 100)
SIZES = (SMALL, Size("500000", 5_001, 100), Size("5000000", 50_001, 100))
TURNS = 3
QUICK_CALLS = 30
TITLE = "Stored messages"
GOAL = 1.1
RATIO = "large to small"

LISTS: dict[str, Call] = {
    f"conversation.list {name}": ("conversation.list", [name, None, 50]) for name in ("waiting", "open", "all")
}


def run(lab: Lab) -> list[Round]:
    """Rounds of one table: a row for each cost in ms, a column for each number of messages. Raises Wrong."""
    largest = find_sizes(lab)[-1]
    if lab.is_quick and not lab.has(largest):
        click.echo(f"growth: left out; ./run.sh bench growth builds its {largest.total:,} messages", err=True)
        return []
    return [_round(lab) for _ in lab.rounds("growth", 3)]


def _round(lab: Lab) -> Round:
    sizes = find_sizes(lab)
    rows = []
    for engine in ENGINES:
        databases = [_find(lab, engine, size) for size in sizes]
        found = dict(zip(sizes, _measure(lab, databases), strict=True))
        if engine == "mariadb":  # SQLite's are copies
            for size, database in zip(sizes[1:], databases[1:], strict=True):
                forget_added(database.url, size)
        for cost, small in found[SMALL].items():
            cells: Cells = {"engine": engine, "ms for": cost}
            cells |= {column(size): found[size][cost] for size in sizes}
            rows.append(Row({**cells, RATIO: found[sizes[-1]][cost] / small}, {RATIO: Goal(GOAL)}))
    return {TITLE: rows}


def find_sizes(lab: Lab) -> Sequence[Size]:
    """The smallest first. Who is quick leaves out the largest, which takes six seconds to be copied."""
    return SIZES[:-1] if lab.is_quick else SIZES


def column(size: Size) -> str:
    """The table's, of the costs with that many messages."""
    return f"{int(size.name):,} stored"


def _find(lab: Lab, engine: str, size: Size) -> Database:
    """A database of that size. The small one is new: what a round adds would be much to it."""
    if size is not SMALL:
        return lab.keep(engine, size)
    database = lab.new(engine, is_beside_kept=True)
    build(database.url, size)
    return database


def _measure(lab: Lab, databases: Sequence[Database]) -> list[dict[str, float]]:
    """Of each database the median milliseconds of each call, and those between two messages of many customers.

    The services run side by side, so that calls of one and of the other meet the same seconds of the machine.
    """
    count = QUICK_CALLS if lab.is_quick else CALLS
    phases = [Phase(CUSTOMERS, 8, 0.1), Phase(CUSTOMERS, 1, lab.seconds(0.75)), Phase(CUSTOMERS, 8, lab.seconds(0.5))]
    with contextlib.ExitStack() as stack:
        for database in databases:
            skip_index(database.url)
        targets = [stack.enter_context(lab.serve(database, READER + 1)) for database in databases]
        measure_in_turn(targets, [Phase(CUSTOMERS, 1, 0.1)])  # now so many wait that every list fills its page
        costs: list[dict[str, float]] = IOLoop.current().run_sync(partial(_time_calls, targets, count))
        found = lab.measure_turns(TURNS, targets, phases)
    for cost, (_, one, eight) in zip(costs, found, strict=True):
        cost |= {"a message, 1 in flight": 1000 / one.rate, "a message, 8 in flight": 1000 / eight.rate}
    return costs


async def _time_calls(targets: Sequence[Target], count: int) -> list[dict[str, float]]:
    """Of each target the median milliseconds of so many of each call: a customer's log-in, and an operator's lists."""
    readers = [(target.port, target.customer_tokens[READER]) for target in targets]
    customers = await time_calls([Caller(port, token, log_in(token)) for port, token in readers], count)
    operators = await time_calls([Caller(target.port, target.operator_token, LISTS) for target in targets], count)
    return [
        {"message.auth, 100 messages": customer["message.auth"], **operator}
        for customer, operator in zip(customers, operators, strict=True)
    ]
