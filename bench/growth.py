"""What a thousand times as many stored messages cost: sending, logging in, and the lists of conversations."""

from functools import partial

import click
from tornado.ioloop import IOLoop

from bench.calls import Call, log_in, time_calls
from bench.lab import ENGINES, Database, Lab, measure
from bench.load import Phase
from bench.report import Cells, Goal, Round, Row
from bench.stored import Size, build, skip_index
from bench.targets import Target

CUSTOMERS = 50  # who send
READER = CUSTOMERS  # the place of one more, whose 100 messages stay as they are
SIZES = SMALL, MEDIUM, LARGE = (
    Size("5000", CUSTOMERS + 1, 100),
    Size("500000", 5_001, 100),
    Size("5000000", 50_001, 100),
)
TITLE = "Stored messages"
GOAL = 1.1
RATIO = "large to small"

CALLS: dict[str, Call] = {
    f"conversation.list {name}": ("conversation.list", [name, None, 50]) for name in ("waiting", "open", "all")
}


def run(lab: Lab) -> list[Round]:
    """Rounds of one table: a row for each cost in ms, a column for each number of messages. Raises Wrong."""
    if lab.is_quick and not lab.has(LARGE):
        click.echo(f"growth: left out; ./run.sh bench growth builds its {LARGE.total:,} messages", err=True)
        return []
    return [_round(lab, number) for number in lab.rounds("growth", 2)]


def _round(lab: Lab, number: int) -> Round:
    sizes = (SMALL, LARGE) if lab.is_quick or number else SIZES  # the one between is for the chart
    rows = []
    for engine in ENGINES:
        found = {size: _measure(lab, _find(lab, engine, size)) for size in sizes}
        for cost, small in found[SMALL].items():
            cells: Cells = {"engine": engine, "ms for": cost}
            cells |= {column(size): found[size][cost] for size in sizes}
            rows.append(Row({**cells, RATIO: found[LARGE][cost] / small}, {RATIO: Goal(GOAL)}))
    return {TITLE: rows}


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


def _measure(lab: Lab, database: Database) -> dict[str, float]:
    """The median milliseconds of each call, and those between two messages of many customers."""
    seconds = lab.seconds(2.0)
    skip_index(database.url)
    with lab.serve(database, READER + 1) as target:
        measure(target, [Phase(CUSTOMERS, 1, 0.1)])  # now so many wait that every list fills its page
        costs = IOLoop.current().run_sync(partial(_time_calls, target))
        phases = [Phase(CUSTOMERS, in_flight, seconds) for in_flight in (1, 8)]
        _, one, eight = measure(target, [lab.warm_up(CUSTOMERS, 8), *phases])
    return {"a message, 1 in flight": 1000 / one.rate, "a message, 8 in flight": 1000 / eight.rate, **costs}


async def _time_calls(target: Target) -> dict[str, float]:
    """The median milliseconds of each call: an operator's, and the log-in of a customer."""
    token = target.customer_tokens[READER]
    customers = await time_calls(target.port, token, log_in(token))
    lists = await time_calls(target.port, target.operator_token, CALLS)
    return {"message.auth, 100 messages": customers["message.auth"], **lists}
