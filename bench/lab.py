"""Where it is measured: the databases, the targets on them, and the load on a target."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from bench import targets
from bench.client import Wrong
from bench.load import Figures, Phase, Plan, together
from bench.report import Cells
from bench.stored import Size, build, is_built, skip_index
from bench.targets import ROOT, Target
from tests.mariadb import MariaDB, running

KEPT_SQLITE, KEPT_MARIADB = ROOT / "var" / "bench-sqlite", ROOT / "var" / "bench-mariadb"
PREFIX = "chat_bench_"  # of the kept databases' names in MariaDB
ENGINES = ("sqlite", "mariadb")
TARGETS = ("relay", *ENGINES)
QUICK_SECONDS = 0.3
LOAD_SECONDS = 180  # for the load to end
BUSY = 90  # per cent of a CPU, past which the load holds up what it measures
DISTURBED = 20  # per cent of a CPU, past which what else ran on the machine did


class Database(NamedTuple):
    """Where a database is, and the process that is behind it besides the service."""

    url: str
    pid: int | None = None


class Lab:
    """A run's databases are new and in `folder`, beside the kept ones and on the disk that the service uses."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path, *, is_quick: bool) -> None:
        """What is started ends with the stack. Who is quick takes one short round and smaller counts."""
        self.folder = folder
        self.is_quick = is_quick
        self._stack = stack
        self._count = 0

    @cached_property
    def _mariadb(self) -> MariaDB:
        return self._run_mariadb(self.folder / "mariadb")

    @cached_property
    def _kept_mariadb(self) -> MariaDB:
        return self._run_mariadb(KEPT_MARIADB, "--innodb-buffer-pool-size=1G")

    def _run_mariadb(self, folder: Path, *options: str) -> MariaDB:
        folder.mkdir(parents=True, exist_ok=True)
        return self._stack.enter_context(running(folder, *options))

    def rounds(self, name: str, count: int) -> Iterator[int]:
        """The numbers of so many rounds of a measurement, said as they begin; a quick one has one."""
        count = 1 if self.is_quick else count
        for number in range(count):
            click.echo(f"{name}: round {number + 1} of {count}", err=True)
            yield number

    def seconds(self, most: float) -> float:
        """How long a phase is: who is quick has not so long."""
        return min(most, QUICK_SECONDS) if self.is_quick else most

    def warm_up(self, customers: int, in_flight: int) -> Phase:
        """A phase to begin with: it lasts until the search index is behind, as it is under a lasting load."""
        return Phase(customers, in_flight, self.seconds(1.5))

    def new(self, engine: str, *, is_beside_kept: bool = False) -> Database:
        """An empty database. Beside a kept one it is on the same MariaDB, for as long as the lab is there."""
        self._count += 1
        name = f"bench_{self._count}"
        if engine == "sqlite":
            return Database(f"sqlite:{self.folder / name}.db")
        if is_beside_kept:
            drop = f"DROP DATABASE IF EXISTS {name}"
            self._kept_mariadb.execute(drop)  # one of a run that was killed
            self._stack.callback(self._kept_mariadb.execute, drop)
        return _create(self._kept_mariadb if is_beside_kept else self._mariadb, name)

    def has(self, size: Size) -> bool:
        """Whether databases of that size were kept, each built to the end."""
        paths = (KEPT_SQLITE / f"{size.name}.db", KEPT_MARIADB / "data" / f"{PREFIX}{size.name}")
        return all(path.exists() for path in paths) and all(is_built(self._kept(name, size).url) for name in ENGINES)

    def keep(self, engine: str, size: Size) -> Database:
        """A database of that size, which is built unless it is there; one whose building was stopped is built anew.

        SQLite's is a copy, the same one all the time. The kernel has it in its cache, as where a service has been up
        for a while, and it has no free pages among the others, as it would where messages are taken out again: each one
        that is written again costs a service more than one at the end.
        """
        database = self._kept(engine, size)
        if not is_built(database.url):
            if engine == "sqlite":
                for part in KEPT_SQLITE.glob(f"{size.name}.db*"):
                    part.unlink()
            else:
                name = PREFIX + size.name
                self._kept_mariadb.execute(f"DROP DATABASE {name}")
                self._kept_mariadb.execute(f"CREATE DATABASE {name}")
            build(database.url, size)
        return self._copy(size) if engine == "sqlite" else database

    def _copy(self, size: Size) -> Database:
        """SQLite's database of that size, which this run may change."""
        path = self.folder / f"{size.name}.db"
        if not path.exists():
            shutil.copyfile(KEPT_SQLITE / path.name, path)
            os.sync()  # else the disk would be busy with it beside what is measured
        return Database(f"sqlite:{path}")

    def _kept(self, engine: str, size: Size) -> Database:
        """The place of a kept database, whether it is built or not."""
        if engine == "sqlite":
            KEPT_SQLITE.mkdir(parents=True, exist_ok=True)
            return Database(f"sqlite:{KEPT_SQLITE / size.name}.db")
        return _create(self._kept_mariadb, PREFIX + size.name)

    @contextlib.contextmanager
    def serve(self, database: Database, customers: int, **options: Any) -> Iterator[Target]:
        """The service, with an operator and so many customers, who are added where they are not there. Raises Wrong.

        `options` are those of `targets.service`.
        """
        with targets.service(database.url, self._log(), customers, **options) as target:
            yield target._replace(database_pid=database.pid)

    @contextlib.contextmanager
    def start(self, name: str, customers: int, **options: Any) -> Iterator[Target]:
        """The relay, or the service on an empty database of that engine. Raises Wrong."""
        if name == "relay":
            start = targets.relay(self._log(), customers)
        else:
            start = self.serve(self.new(name), customers, **options)
        with start as target:
            yield target

    def measure_turns(
        self, count: int, targets: Sequence[Target], phases: Sequence[Phase], operators: int = 1
    ) -> list[list[Figures]]:
        """As `measure_in_turn`, so many times, or once where that is quick; the figures of a phase are put together."""
        turns = [measure_in_turn(targets, phases, operators) for _ in range(1 if self.is_quick else count)]
        return [[together(alike) for alike in zip(*own, strict=True)] for own in zip(*turns, strict=True)]

    def _log(self) -> Path:
        self._count += 1
        return self.folder / f"{self._count}.log"


def _create(server: MariaDB, name: str) -> Database:
    """On the same machine, hence over the Unix socket, as deploy/install.sh has it."""
    server.execute(f"CREATE DATABASE IF NOT EXISTS {name}")
    return Database(
        f"mysql://root@localhost/{name}?unix_socket={server.unix_socket}", int((server.folder / "pid").read_text())
    )


def measure(target: Target, phases: Sequence[Phase], operators: int = 1) -> list[Figures]:
    """The figures of each phase, from a load that is a process of its own. Raises Wrong.

    `operators` are connections of the target's one operator, each of which gets every message.
    """
    tokens = (target.operator_token, operators, list(target.customer_tokens))
    plan = Plan(target.port, *tokens, list(phases), target.pid, target.database_pid)
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


@contextlib.contextmanager
def idlers(target: Target, tokens: Sequence[str]) -> Iterator[None]:
    """Customers who are connected and say nothing meanwhile, in a process of their own. Raises Wrong."""
    command, pipe = [sys.executable, "-m", "bench.idlers"], subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT)
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(msgspec.json.encode((target.port, tokens)) + b"\n")
        process.stdin.flush()
        if process.stdout.readline():
            yield
    finally:
        _, error = process.communicate()  # which ends its input
    if process.returncode:
        raise Wrong(error.decode().strip())


def measure_in_turn(targets: Sequence[Target], phases: Sequence[Phase], operators: int = 1) -> list[list[Figures]]:
    """The figures of the same phases on each target, one right behind the other, so that they meet alike seconds.

    What a target has not indexed yet it never will: else the next one would be measured beside that. Raises Wrong.
    """
    found = []
    for target in targets:
        found.append(measure(target, phases, operators))
        if target.url:
            skip_index(target.url)
    return found


def cells(figures: Figures) -> Cells:
    """What a table shows of a phase, CPU time per 1000 messages."""
    thousands, percent = figures.messages / 1000, 100 / figures.seconds
    return {
        "msg/s": figures.rate,
        "ack p50 ms": figures.ack_p50,
        "ack p99 ms": figures.ack_p99,
        "delivery p50 ms": figures.delivery_p50,
        "delivery p99 ms": figures.delivery_p99,
        "server CPU s/1000": figures.server_cpu / thousands,
        "database CPU s/1000": figures.database_cpu / thousands,
        "load CPU %": figures.load_cpu * percent,
        "other CPU %": max(0, figures.other_cpu * percent),
    }


def warning(figures: Figures) -> str:
    """Why a phase's figures can't be trusted, if so."""
    if figures.load_cpu > BUSY / 100 * figures.seconds:
        return "the load was the bottleneck"
    if figures.other_cpu > DISTURBED / 100 * figures.seconds:
        return "something else took CPU time"
    return ""
