"""What an administrator should know of the database: its version, and whether a commit is on the disk."""

import sqlite3
import time
from collections.abc import Iterator
from typing import NamedTuple

from db import schema
from db.engine import Connection, Engine
from db.mysql import MySQL

CLOCK_SECONDS = 5  # between our clock and the database's


class Finding(NamedTuple):
    """What was found, and what to do about it; nothing where it is well."""

    text: str
    advice: str = ""


def examine(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """The database's findings, one after the other. Raises what the engine raises."""
    version = schema.find_version(engine, connection)
    yield Finding(
        f"schema of version {version}, this program's is {schema.NEWEST}",
        ""
        if version == schema.NEWEST
        else "start the service: it brings an older one up to date, a newer one needs it",
    )
    yield from _examine_mysql(connection) if isinstance(engine, MySQL) else _examine_sqlite(connection)


def _examine_sqlite(connection: Connection) -> Iterator[Finding]:
    journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    yield Finding(f"SQLite {sqlite3.sqlite_version}")
    yield Finding(
        f"journal_mode {journal}, synchronous {synchronous}",
        "" if (journal, synchronous) == ("wal", 2) else "move the file to a local disk, where SQLite can keep its log",
    )


def _examine_mysql(connection: Connection) -> Iterator[Finding]:
    version, flush, sync, binlog, now = connection.execute(
        "SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin, UNIX_TIMESTAMP()"
    ).fetchone()
    yield Finding(f"the server is {version}")
    yield Finding(
        f"innodb_flush_log_at_trx_commit {flush}",
        "" if flush == 1 else "a power cut loses messages: set it to 1 in /etc/mysql, and restart the server",
    )
    if binlog:
        yield Finding(
            f"sync_binlog {sync}",
            "" if sync == 1 else "a power cut loses messages: set it to 1 in /etc/mysql, and restart the server",
        )
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
        "AND table_name IN ('users', 'messages') AND table_collation <> 'utf8mb4_bin'"
    ).fetchall()
    yield Finding(
        "the tables' character set"
        + (f" of {', '.join(row[0] for row in rows)} is another one" if rows else " is utf8mb4"),
        "; ".join(f"ALTER TABLE {row[0]} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" for row in rows),
    )
    gap = abs(time.time() - float(now))
    yield Finding(
        f"the clocks differ by {gap:.0f} s" if gap > CLOCK_SECONDS else "the clocks agree",
        "let both machines keep the time: apt-get install systemd-timesyncd" if gap > CLOCK_SECONDS else "",
    )
