"""What the administrator's commands cost on a million messages, each beside the plainest way to do as much."""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

import server
from bench.client import Wrong
from bench.desk import LARGE, SMALL
from bench.lab import ENGINES, Database, Lab
from bench.load import peak_kib
from bench.report import Cells, Round, Row
from bench.targets import ROOT, customer_name
from db import find_engine, users
from handlers import upkeep
from handlers.presence import Presence
from handlers.websocket import WebSocketHandler
from manage.database import transaction

TITLE = "The commands"
OLD, DAYS = "2001-01-01 00:00:00", 3_650  # when what retention deletes was written, and what it keeps
TABLES = ("users", "messages", "conversations", "search_index")
SCAN = "import sqlite3, sys\nfor row in sqlite3.connect(sys.argv[1]).execute('SELECT * FROM messages'): print(*row)"
COPY = "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', (sys.argv[2],))"
HASH = "import sys\nfrom db.credentials import hash_password\nfor line in open(sys.argv[1]): hash_password(line)"


class Cost(NamedTuple):
    seconds: float
    mib: float  # at most, of the program that was started


def run(lab: Lab) -> list[Round]:
    """A round of one table, of seconds and of the command's own memory. Raises Wrong."""
    return [{TITLE: [row for engine in ENGINES for row in _rows(lab, engine)]}]


def _rows(lab: Lab, engine: str) -> list[Row]:
    """Each command once, on a restored copy where it changes something."""
    size = SMALL if lab.is_quick else LARGE
    kept, copy = lab.keep(engine, size), lab.new(engine, is_beside_kept=True)
    copies = _Copies(lab.folder, engine, kept, copy)
    file, staff = lab.folder / f"{engine}.db", _write_staff(lab.folder, 10 if lab.is_quick else 100)
    people, old = len(staff.read_text().splitlines()) - 1, size.total // 100
    rows = [
        _row(engine, "backup", copies.manage("backup", str(file), of=kept), copies.read_all()),
        _row(engine, "restore", copies.manage("restore", str(file)), copies.copy_all()),
        _row(engine, "export .jsonl", copies.manage("export", str(lab.folder / f"{engine}.jsonl")), copies.scan()),
        _row(engine, f"user import of {people}", copies.manage("user", "import", str(staff)), copies.hash(staff)),
    ]
    erased = copies.manage("user", "erase", "--yes", customer_name(1))
    rows.append(_row(engine, f"user erase, {size.messages:,} messages", erased, copies.empty(customer_name(2))))
    _age(copy, old)
    purged = _run([sys.executable, "-m", "bench.commands", copy.url])
    rows.append(_row(engine, f"retention, {old:,} messages", purged, copies.delete(2 * old)))
    return rows


def _row(engine: str, command: str, cost: Cost, plain: Cost) -> Row:
    cells: Cells = {"engine": engine, "command": command, "s": cost.seconds, "MiB": cost.mib}
    return Row({**cells, "plain, s": plain.seconds, "times": cost.seconds / plain.seconds})


class _Copies:
    """The commands and what they are compared with, on the kept database and on the one that is restored from it."""

    def __init__(self, folder: Path, engine: str, kept: Database, copy: Database) -> None:
        self.folder, self.is_file, self.kept, self.copy = folder, engine == "sqlite", kept, copy

    def manage(self, *words: str, of: Database | None = None) -> Cost:
        database = of or self.copy
        secret = [f"--secret-file={self.folder / 'secret'}"] if words[0] in ("backup", "restore") else []
        return _run([sys.executable, "-m", "manage", *words, f"--database={database.url}", *secret])

    def read_all(self) -> Cost:
        """SQLite's own copy; what MariaDB's client prints of all tables."""
        if self.is_file:
            return self._vacuum(self.kept, "read.db")
        return self._client(self.kept, "; ".join(f"SELECT * FROM {table}" for table in TABLES))  # noqa: S608  # ours

    def copy_all(self) -> Cost:
        """The same rows with their indexes, without leaving the database."""
        if self.is_file:
            return self._vacuum(self.copy, "copy.db")
        name, source = "bench_plain", _name(self.kept)
        tables = [f"CREATE TABLE {table} LIKE {source}.{table}" for table in TABLES]
        rows = [f"INSERT INTO {table} SELECT * FROM {source}.{table}" for table in TABLES]  # noqa: S608  # ours
        make = [f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}", f"USE {name}"]
        cost = self._client(self.kept, "; ".join([*make, *tables, *rows]))
        self._client(self.kept, f"DROP DATABASE {name}")
        return cost

    def scan(self) -> Cost:
        """All messages, printed as they are."""
        if self.is_file:
            return _run([sys.executable, "-c", SCAN, _name(self.copy)])
        return self._client(self.copy, "SELECT * FROM messages")

    def hash(self, staff: Path) -> Cost:
        """The passwords alone, one after the other."""
        return _run([sys.executable, "-c", HASH, str(staff)])

    def empty(self, name: str) -> Cost:
        with transaction(self.copy.url) as connection:
            user = users.find_by_name(connection, name)
        assert user
        return self._change("UPDATE messages SET message = '' WHERE user_id = ?", user.id)

    def delete(self, last_id: int) -> Cost:
        return self._change("DELETE FROM messages WHERE id <= ?", last_id)

    def _change(self, sql: str, parameter: int) -> Cost:
        """In one statement, which neither the conversations nor the search hear of."""
        started = time.perf_counter()
        with contextlib.closing(find_engine(self.copy.url).connect(answer_seconds=None)) as connection:
            connection.execute(sql, (parameter,))
        return Cost(time.perf_counter() - started, 0)

    def _vacuum(self, database: Database, name: str) -> Cost:
        cost = _run([sys.executable, "-c", COPY, _name(database), str(self.folder / name)])
        (self.folder / name).unlink()
        return cost

    def _client(self, database: Database, sql: str) -> Cost:
        socket = database.url.rpartition("=")[2]
        options = ["--no-defaults", "--quick", "-BN", f"--socket={socket}", "--user=root"]
        return _run(["mariadb", *options, _name(database), "-e", sql])


def _name(database: Database) -> str:
    """The file, or MariaDB's name for it."""
    kind, _, rest = database.url.partition(":")
    return rest if kind == "sqlite" else rest.partition("?")[0].rpartition("/")[2]


def _write_staff(folder: Path, count: int) -> Path:
    path = folder / "staff.csv"
    rows = [f"staff {number},a password of {number}" for number in range(count)]
    path.write_text("\n".join(["name,password", *rows]) + "\n")
    return path


def _age(database: Database, last_id: int) -> None:
    """Let the oldest messages be old."""
    with transaction(database.url) as connection:
        connection.execute("UPDATE messages SET created = ? WHERE id <= ?", (OLD, last_id))


def _run(arguments: Sequence[str]) -> Cost:
    """What a program cost that must succeed. Raises Wrong."""
    click.echo(f"commands: {' '.join(arguments[1:4])[:60]!r}", err=True)
    started, peak = time.perf_counter(), 0
    with (
        tempfile.TemporaryFile(dir=ROOT / "var") as out,
        subprocess.Popen(arguments, cwd=ROOT, stdout=out, stderr=subprocess.PIPE) as process,
    ):
        while process.poll() is None:
            peak = peak_kib(process.pid) or peak
            time.sleep(0.01)
        seconds = time.perf_counter() - started
        assert process.stderr
        if process.returncode:
            raise Wrong(f"{arguments} ended with {process.returncode}: {process.stderr.read().decode()[-2000:]}")
    return Cost(seconds, peak / 1024)


async def purge(url: str) -> None:
    """What the service does with --retention-days, once, while nobody else writes."""
    database = await server.open_database(url)
    presence = Presence(WebSocketHandler.publish)
    await upkeep.purge_old(database, presence, DAYS)
    presence.close()
    await database.close(10)


if __name__ == "__main__":
    asyncio.run(purge(sys.argv[1]))
