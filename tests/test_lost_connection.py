"""A database whose connection is lost: at which statement decides what becomes of a group."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import db
from db import Connection, Database, drafts, find_engine, messages
from db import database as module
from db.drafts import Draft
from db.engine import ANSWER_SECONDS
from db.users import User
from tests.mariadb import MariaDB
from tests.test_group_commit import add, count_users, ignore
from tests.test_kept_back import begin, open_new, texts

pytestmark = pytest.mark.gen_test


class Breaking:
    """An engine whose connection is lost at a chosen statement, once: before it is sent, or after."""

    def __init__(self, url: str) -> None:
        self.real = find_engine(url)
        self.break_at = ""
        self.is_sent = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def connect(self, *, answer_seconds: float | None = ANSWER_SECONDS) -> Any:
        connection = self.real.connect(answer_seconds=answer_seconds)
        return BreakingConnection(self, connection)

    def is_away(self, error: Exception) -> bool:
        return isinstance(error, ConnectionResetError) or self.real.is_away(error)


class BreakingConnection:
    def __init__(self, engine: Breaking, connection: Connection) -> None:
        self._engine = engine
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        self._break(sql, lambda: self._connection.execute(sql, parameters))
        return self._connection.execute(sql, parameters)

    def _break(self, sql: str, send: Callable[[], Any]) -> None:
        if self._engine.break_at and sql.strip().startswith(self._engine.break_at):
            self._engine.break_at = ""
            if self._engine.is_sent:
                send()
            self._connection.close()
            raise ConnectionResetError("the network")

    def insert_later(self, sql: str, rows: Any) -> Any:
        self._break(sql, lambda: self._connection.insert_later(sql, rows))
        return self._connection.insert_later(sql, rows)

    def commit(self) -> None:
        self._break("COMMIT", self._connection.commit)
        self._connection.commit()


@pytest.mark.parametrize("statement", ["INSERT INTO messages", "INSERT INTO conversations"])
async def test_a_connection_lost_before_the_commit_is_made_again_and_the_group_run_once_more(
    database_url: str, statement: str
) -> None:
    engine = Breaking(database_url)
    told: list[Any] = []
    opened = Database(engine, messages.find_newest_id, told.append)
    anna = await begin(opened)
    engine.break_at = statement
    added = await opened.write(drafts.add, Draft(anna, anna.id, "text", "key"))
    assert added.is_new
    assert await texts(opened, anna) == ["the first", "text"]
    assert told == [1]
    await opened.close(10)


async def test_what_a_reconnect_found_is_told_before_the_group_behind_it(database_url: str) -> None:
    """Else its newest id would be below what was told, as if the database were an older one."""
    engine = Breaking(database_url)
    order: asyncio.Queue[Any] = asyncio.Queue()
    opened = Database(engine, messages.find_newest_id, order.put_nowait)
    anna = User(await opened.write(add, "anna"), "anna", "", None, False)
    engine.break_at = "INSERT INTO messages"
    opened.write_each(drafts.add_all, Draft(anna, anna.id, "text"), order.put_nowait)
    time.sleep(0.5)  # noqa: ASYNC251  # the loop is busy, and meets both at once
    newest_id, added = await order.get(), await order.get()
    assert (newest_id, added.message.message_id) == (0, 1)
    await opened.close(10)


@pytest.mark.parametrize("is_sent", [False, True], ids=["lost", "stored"])
async def test_a_commit_without_an_answer_is_error_5_and_never_run_again(database_url: str, is_sent: bool) -> None:
    engine = Breaking(database_url)
    told: asyncio.Queue[Any] = asyncio.Queue()
    opened = Database(engine, messages.find_newest_id, told.put_nowait)
    anna = await begin(opened)
    engine.break_at, engine.is_sent = "COMMIT", is_sent
    with pytest.raises(db.Unavailable):
        await opened.write(drafts.add, Draft(anna, anna.id, "text", "key"))
    newest_id = await told.get()  # without waiting for another write
    assert newest_id == (2 if is_sent else 1)
    added = await opened.write(drafts.add, Draft(anna, anna.id, "text", "key"))
    assert added.is_new is not is_sent
    assert await texts(opened, anna) == ["the first", "text"]
    await opened.close(10)


async def use_all_readers(database: Database) -> None:
    """Read as many things at once as can be."""
    together = threading.Barrier(module.READERS, timeout=30)
    await asyncio.gather(*(database.read(lambda _: together.wait()) for _ in range(module.READERS)))


async def test_reads_one_after_the_other_share_a_connection(database: Database) -> None:
    """What it has cached is at hand, however many there are."""
    await use_all_readers(database)
    assert len({await database.read(id) for _ in range(2 * module.READERS)}) == 1


async def test_a_read_whose_connection_is_lost_is_read_again(database_url: str) -> None:
    engine = Breaking(database_url)
    opened = Database(engine, messages.find_newest_id, ignore)
    assert await opened.read(count_users) == 0
    engine.break_at = "SELECT COUNT"
    assert await opened.read(count_users) == 0
    await opened.close(10)


async def test_the_first_message_of_the_morning_does_not_fail(mariadb: MariaDB) -> None:
    """wait_timeout has cut the idle connections overnight, all of them."""
    opened = open_new(mariadb, "morning")
    await use_all_readers(opened)
    for (number,) in mariadb.execute("SELECT id FROM information_schema.processlist WHERE db = 'morning'"):
        mariadb.execute(f"KILL {number}")
    assert await opened.write(add, "anna")
    assert await opened.read(count_users) == 1
    await opened.close(10)


async def test_idle_connections_to_mariadb_are_looked_after_each_minute(mariadb: MariaDB) -> None:
    """A firewall forgets a silent connection within minutes, and tells nobody; Linux would look after two hours."""
    opened = open_new(mariadb, "silence")
    await use_all_readers(opened)
    looked_after = [seconds for port, seconds in keepalive_timers() if port == mariadb.port and seconds <= 60]
    assert len(looked_after) >= 1 + module.READERS  # the writer's is one
    await opened.close(10)


def keepalive_timers() -> Iterator[tuple[int, float]]:
    """The other side's port of each connection of this machine's, and in how many seconds it is looked after."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, peer, _, _, timer, *_ = line.split()
        kind, ticks = timer.split(":")
        if kind == "02":  # keepalive, as `ss -o` says it
            yield int(peer.split(":")[1], 16), int(ticks, 16) / os.sysconf("SC_CLK_TCK")
