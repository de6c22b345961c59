"""./run.sh bench: the service's speed on either engine, most of it beside that of a bare relay on the same machine."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from bench import charts, commands, desk, fairness, fanout, flood, growth, idle, report, start, steps, throughput
from bench.client import Wrong
from bench.lab import Lab
from bench.report import Part, Round
from bench.targets import ROOT

VAR, DOCS = ROOT / "var", ROOT / "docs"
REPORT = VAR / "bench.json"

MEASUREMENTS: dict[str, Callable[[Lab], list[Round]]] = {
    "throughput": throughput.run,
    "fairness": fairness.run,
    "idle": idle.run,
    "fanout": fanout.run,
    "growth": growth.run,
    "start": start.run,
    "flood": flood.run,
    "desk": desk.run,
    "commands": commands.run,
    "steps": steps.run,
}
RARE = ("flood", "desk", "commands", "steps")  # which are measured where they are named


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, type=click.Choice(list(MEASUREMENTS)))
@click.option("--quick", "is_quick", is_flag=True, help="one short round, fewer connections and messages, no charts")
def bench(names: Sequence[str], is_quick: bool) -> None:
    """Measure the service on SQLite and on MariaDB: what is named, else all but the last four.

    \b
    throughput  messages a second, and how long one takes, beside a bare relay
    fairness    what one customer who floods costs the others
    idle        what 10,000 connections cost that say nothing, beside the relay's
    fanout      what one message to 200 operators costs, beside the relay's
    growth      what 5,000,000 stored messages cost
    start       how long a start takes, and the memory at rest
    flood       what hostile peers of many kinds cost the others
    desk        what each call costs on a desk of a million messages
    commands    what each command costs there: backup, restore, export, import, erase, retention
    steps       what Python runs for a message, function by function, in bytecodes

    Tables are printed, var/bench.json has them too, and docs/ gets the charts. The large databases are built once and
    kept in var/; --quick leaves out those that are not there, and growth with them.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # what was started is stopped on the way
    os.environ.pop("CHAT_DATABASE_PASSWORD", None)  # the private MariaDB has none
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the relay and the load inherit it
    VAR.mkdir(exist_ok=True)
    goals = []
    try:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=VAR)))
            lab = Lab(stack, folder, is_quick=is_quick)
            for name in names or [name for name in MEASUREMENTS if name not in RARE]:
                if rounds := MEASUREMENTS[name](lab):
                    part = report.part(rounds, is_quick=is_quick)
                    report.store(REPORT, name, part)
                    if not is_quick:
                        charts.draw(DOCS, name, part)
                    goals += _show(part)
    except (Wrong, subprocess.TimeoutExpired) as error:
        raise click.ClickException(str(error)) from error
    if goals:
        click.echo(f"\n{sum(goals)} of {len(goals)} goals met")


def _show(part: Part) -> list[bool]:
    """Print the tables. Returns whether each goal is met."""
    for title, rows in part.tables.items():
        click.echo(f"\n{report.table(title, rows)}")
    return [outcome for rows in part.tables.values() for row in rows for outcome in row.outcomes()]


if __name__ == "__main__":
    bench(prog_name="./run.sh bench")
