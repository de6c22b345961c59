"""How long the service takes to start, on an empty and on a large database, and the memory that it then has."""

import time
from http.client import HTTPConnection

import click

from bench.client import Wrong
from bench.growth import find_sizes
from bench.lab import ENGINES, Database, Lab
from bench.load import resident_kib
from bench.report import Goal, Round, Row

RATIO, RATIO_GOAL = "large to empty", 1.2
MEMORY, MEMORY_GOAL = "MiB at rest", 60.0


def run(lab: Lab) -> list[Round]:
    """Rounds of one table: seconds until the service is healthy, and memory. Raises Wrong."""
    size = find_sizes(lab)[-1]
    has_large = not lab.is_quick or lab.has(size)
    if not has_large:
        click.echo(f"start: on empty databases alone; ./run.sh bench growth builds {size.total:,} messages", err=True)
    empty = {engine: lab.new(engine, is_beside_kept=has_large) for engine in ENGINES}
    large = {engine: lab.keep(engine, size) for engine in ENGINES if has_large}
    return [{"Starts": [_row(lab, e, empty[e], large.get(e)) for e in ENGINES]} for _ in lab.rounds("start", 3)]


def _row(lab: Lab, engine: str, empty: Database, large: Database | None) -> Row:
    seconds, memory = _start(lab, empty)
    row = Row({"engine": engine, MEMORY: memory, "empty, s": seconds}, {MEMORY: Goal(MEMORY_GOAL)})
    if large:
        on_large, _ = _start(lab, large)
        row.cells |= {"large, s": on_large, RATIO: on_large / seconds}
        row.goals[RATIO] = Goal(RATIO_GOAL)
    return row


def _start(lab: Lab, database: Database) -> tuple[float, float]:
    """Seconds until the service says that it is healthy, and the MiB that it then has in memory. Raises Wrong."""
    with lab.serve(database, 0) as target:
        connection = HTTPConnection("127.0.0.1", target.port)
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
        seconds = time.perf_counter() - target.started
        connection.close()
        if status != 200:
            raise Wrong(f"GET /healthz is answered with {status}")
        return seconds, resident_kib(target.pid) / 1024
