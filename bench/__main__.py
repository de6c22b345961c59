"""./run.sh bench: the service's speed on either engine beside that of a bare relay on the same machine."""

import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import click
import msgspec

from bench import desk, targets
from bench.client import Wrong
from bench.load import Figures, Phase, Plan
from bench.targets import ROOT, Target
from tests.mariadb import running

REPORT = ROOT / "var" / "bench.json"
LOAD_SECONDS = 90  # for the load to end
BUSY = 90  # per cent of a CPU, past which the load holds up what it measures
DISTURBED = 20  # per cent of a CPU, past which what else ran on the machine did

Start = Callable[[int], contextlib.AbstractContextManager[Target]]


class Row(msgspec.Struct):
    """A line of the table: the medians of the rounds."""

    target: str
    customers: int
    in_flight: int
    rate: float  # messages a second
    ratio: float  # to the relay's rate in the same round
    ack_p50: float
    ack_p99: float
    delivery_p50: float
    delivery_p99: float
    server_cpu: float  # seconds for 1000 messages
    database_cpu: float
    load_percent: float  # of a CPU
    other_percent: float  # in the worst round


class Report(msgspec.Struct):
    """What goes to var/bench.json; `rounds` has, by target, the figures of each phase."""

    started: str
    machine: str
    phases: list[Phase]
    rows: list[Row]
    rounds: list[dict[str, list[Figures]]]


@click.command()
@click.argument("name", type=click.Choice(["throughput", "desk"]), default="throughput")
@click.option("--quick", is_flag=True, help="one short round instead of three")
@click.option("--customers", type=click.IntRange(1, 500), default=50, show_default=True, help="who write at once")
def bench(name: str, quick: bool, customers: int) -> None:
    """Measure the service on SQLite and on MariaDB.

    `throughput` compares its speed with a bare relay's; `desk`, what lists and searches cost on a desk of a hundred
    messages and on one of a million, which is built once and kept in var/.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # what was started is stopped on the way
    os.environ.pop("CHAT_DATABASE_PASSWORD", None)  # the private MariaDB has none
    if name == "desk":
        desk.run()
        return
    seconds, rounds = (1.5, 1) if quick else (5.0, 3)
    warm_up = Phase(customers, 8, 0.5)
    phases = [Phase(customers, 1, seconds), Phase(customers, 8, seconds), Phase(1, 1, seconds / 2)]
    started = time.strftime("%Y-%m-%d %H:%M:%S %z")
    measured = []
    try:
        with _targets(customers) as starts:
            for number in range(rounds):
                results = {}
                for name, start in starts.items():
                    click.echo(f"round {number + 1} of {rounds}: {name}", err=True)
                    with start(number) as target:
                        results[name] = _measure(target, [warm_up, *phases])[1:]
                measured.append(results)
    except (Wrong, subprocess.TimeoutExpired) as error:
        raise click.ClickException(str(error)) from error
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    rows = [_row(name, index, phase, measured) for index, phase in enumerate(phases) for name in measured[0]]
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(Report(started, machine, phases, rows, measured))))
    click.echo(f"{machine}; medians of {rounds}, {seconds:g} s each\n")
    click.echo(_table(rows))


@contextlib.contextmanager
def _targets(customers: int) -> Iterator[dict[str, Start]]:
    """What starts each target for a round, by its number, on a new database."""
    REPORT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=REPORT.parent) as name:  # on the disk that the service uses
        folder = Path(name)
        (folder / "mariadb").mkdir()
        with running(folder / "mariadb") as server:
            yield {
                "relay": lambda _: targets.relay(folder, customers),
                "sqlite": lambda number: targets.sqlite(folder, customers, number),
                "mariadb": lambda number: targets.mariadb(folder, customers, number, server),
            }


def _measure(target: Target, phases: list[Phase]) -> list[Figures]:
    """The figures of each phase, from a load that is a process of its own. Raises Wrong."""
    plan = Plan(target.port, target.operator_token, target.customer_tokens, phases, target.pid, target.database_pid)
    load = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=msgspec.json.encode(plan),
        capture_output=True,
        cwd=ROOT,
        timeout=LOAD_SECONDS,
        check=False,
    )
    if load.returncode:
        raise Wrong(load.stderr.decode().strip())
    return msgspec.json.decode(load.stdout, type=list[Figures])


def _row(name: str, index: int, phase: Phase, rounds: list[dict[str, list[Figures]]]) -> Row:
    """The medians of a target's figures in the phase with that index."""
    mine = [results[name][index] for results in rounds]
    relays = [results["relay"][index] for results in rounds]
    return Row(
        name,
        phase.customers,
        phase.in_flight,
        median(_rate(one) for one in mine),
        median(_rate(one) / _rate(relay) for one, relay in zip(mine, relays, strict=True)),
        median(one.ack_p50 for one in mine),
        median(one.ack_p99 for one in mine),
        median(one.delivery_p50 for one in mine),
        median(one.delivery_p99 for one in mine),
        median(1000 * one.server_cpu / one.messages for one in mine),
        median(1000 * one.database_cpu / one.messages for one in mine),
        median(100 * one.load_cpu / one.seconds for one in mine),
        max(100 * one.other_cpu / one.seconds for one in mine),
    )


def _rate(figures: Figures) -> float:
    return figures.messages / figures.seconds


def _table(rows: list[Row]) -> str:
    """The rows as text, with a line before each phase and a warning where a row can't be trusted."""
    lines = [
        f"{'of the':>27}{'ack, ms':>16}{'delivery, ms':>16}{'CPU s / 1000':>16}{'CPU':>10}",
        f"{'msg/s':>18}{'relay':>9}" + f"{'p50':>8}{'p99':>8}" * 2 + f"{'server':>8}{'db':>8}{'load':>10}{'other':>8}",
    ]
    phase = None
    for row in rows:
        if phase != (row.customers, row.in_flight):
            phase = (row.customers, row.in_flight)
            lines += ["", f"{row.customers} customer{'s' * (row.customers > 1)}, {row.in_flight} in flight"]
        lines.append(
            f"  {row.target:8}{row.rate:8.0f}{row.ratio:9.2f}{row.ack_p50:8.1f}{row.ack_p99:8.1f}"
            f"{row.delivery_p50:8.1f}{row.delivery_p99:8.1f}{row.server_cpu:8.3f}{row.database_cpu:8.3f}"
            f"{row.load_percent:9.0f}%{max(0, row.other_percent):7.0f}%{_warning(row)}"
        )
    return "\n".join(lines)


def _warning(row: Row) -> str:
    if row.load_percent > BUSY:
        return "  the load was the bottleneck"
    if row.other_percent > DISTURBED:
        return "  something else took CPU time"
    return ""


if __name__ == "__main__":
    bench(prog_name="./run.sh bench")
