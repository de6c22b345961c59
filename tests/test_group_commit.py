"""Writes of many callers share a transaction; what fails costs its own caller alone."""

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, cast

import pytest
from msgspec import structs

from db import Connection, Database, Refused, Unavailable, conversations, drafts, find_engine, messages, schema, users
from db import database as module
from db.conversations import Conversation
from db.drafts import Added, Draft
from db.engine import AlreadyAnswered
from db.users import User
from tests.conftest import PASSWORD_HASH, Databases

pytestmark = pytest.mark.gen_test


def count_users(connection: Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM users").fetchone()[0])


def add(connection: Connection, name: str) -> int:
    return users.add(connection, name, PASSWORD_HASH, is_admin=False)


def ignore(newest_id: int) -> None:
    """For tests that lose no connection."""


class Gate:
    """Holds the writer, so that what is called meanwhile is one group."""

    def __init__(self, database: Database) -> None:
        self._opened = threading.Event()
        self._held = asyncio.ensure_future(database.write(self._hold))

    def _hold(self, connection: Connection) -> None:
        self._opened.wait(30)

    async def open(self) -> None:
        self._opened.set()
        await self._held


async def in_one_group(database: Database, *calls: Any) -> list[Any]:
    """The outcomes of functions that are written as one group."""
    gate = Gate(database)
    await asyncio.sleep(0.1)
    tasks = [asyncio.ensure_future(database.write(*call)) for call in calls]
    await asyncio.sleep(0)
    await gate.open()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_many_callers_share_one_transaction(database: Database, database_url: str) -> None:
    """Each finds what those before it wrote, and nobody else does yet what the first group did."""

    def add_and_count(connection: Connection, name: str) -> tuple[int, int]:
        add(connection, name)
        with closing(find_engine(database_url).connect()) as other:
            return count_users(connection), count_users(other)

    outcomes = await in_one_group(database, *[(add_and_count, f"user {n}") for n in range(50)])
    assert [outcome[0] for outcome in outcomes] == list(range(1, 51))
    assert {outcome[1] for outcome in outcomes[: module.SMALL_GROUP]} == {0}
    assert await database.read(count_users) == 50


async def test_a_group_is_half_of_what_is_under_way_or_a_small_one(database: Database) -> None:
    """So that the loop answers one half while the other is committed."""
    sizes: list[int] = []

    def note_size(_: Connection, items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    gate = Gate(database)
    await asyncio.sleep(0)  # else the first number, and not the gate, went to the writer before all others
    settled: asyncio.Queue[int | Exception] = asyncio.Queue()
    for number in range(99):
        database.write_each(note_size, number, settled.put_nowait)
    await gate.open()
    assert [await settled.get() for _ in range(99)] == list(range(99))
    assert sizes[0] in (49, 50)  # the gate's own may be under way too
    assert sum(sizes) == 99
    assert min(sizes[:-1]) >= module.SMALL_GROUP


def add_each(connection: Connection, names: Sequence[str]) -> list[int]:
    return [add(connection, name) for name in names]


async def test_what_comes_alone_is_stored_before_the_loop_turns(database: Database, database_url: str) -> None:
    settled: asyncio.Queue[int | Exception] = asyncio.Queue()
    for name in ("anna", "boris"):  # who comes in the same turn is stored behind
        database.write_each(add_each, name, settled.put_nowait)
    with closing(find_engine(database_url).connect()) as other:
        deadline = time.monotonic() + 20
        while not count_users(other):
            assert time.monotonic() < deadline, "it was not stored"
            time.sleep(0.01)  # noqa: ASYNC251  # the loop is busy
    assert [await settled.get(), await settled.get()] == [1, 2]


async def test_the_end_of_a_group_is_told_behind_its_outcomes(database_url: str) -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()
    opened = Database(find_engine(database_url), messages.find_newest_id, ignore, lambda: told.put_nowait("the end"))
    opened.write_each(add_each, "anna", told.put_nowait)
    assert [await told.get(), await told.get()] == [1, "the end"]
    await opened.close(10)


async def test_callers_go_on_in_the_order_of_their_calls(database: Database) -> None:
    finished: list[int] = []

    async def call(n: int) -> None:
        await database.write(add, f"user {n}")
        finished.append(n)

    await asyncio.gather(*(call(n) for n in range(200)))
    assert finished == list(range(200))


async def test_a_failing_statement_costs_its_own_caller_alone(database: Database) -> None:
    outcomes = await in_one_group(
        database, (add, "first"), (add, "same"), (add, "same"), (lambda connection: 1 / 0,), (add, "last")
    )
    assert [type(outcome) for outcome in outcomes[:2]] == [int, int]
    assert "IntegrityError" in type(outcomes[2]).__name__
    assert isinstance(outcomes[3], ZeroDivisionError)
    assert isinstance(outcomes[4], int)
    assert [user.user_name for user in await database.read(users.list_all)] == ["first", "same", "last"]


async def test_a_refusal_is_a_value_and_does_not_end_the_group(database: Database) -> None:
    runs: list[str] = []

    def write(connection: Connection, name: str) -> int:
        runs.append(name)
        return add(connection, name)

    def refuse(connection: Connection) -> None:
        raise Refused

    outcomes = await in_one_group(database, (write, "first"), (refuse,), (write, "second"))
    assert isinstance(outcomes[1], Refused)
    assert runs == ["first", "second"]


async def test_a_key_that_stands_already_costs_no_other_message_of_the_group(database: Database) -> None:
    """The texts are more than one statement of MariaDB's."""
    anna = User(await database.write(add, "anna"), "anna", "", None, False)
    group = [Draft(anna, anna.id, f"{number} " + "я" * 8_000, f"key {number}") for number in range(20)]
    first = await database.write(drafts.add, group[17])
    outcomes = [cast(Added, outcome) for outcome in await database.write(drafts.add_all, [*group, group[3]])]
    assert [outcome.is_new for outcome in outcomes] == [number not in (17, 20) for number in range(21)]
    assert outcomes[17].message == first.message
    assert outcomes[20].message == outcomes[3].message
    page = await database.read(messages.list_newest, anna.id)
    others = [draft.text for draft in group if draft is not group[17]]
    assert [message.message_text for message in page.messages] == [group[17].text, *others]


async def test_an_answer_that_is_repeated_is_no_second_one_though_a_colleague_has_answered_since(
    database: Database,
) -> None:
    anna = User(await database.write(add, "anna"), "anna", "", None, False)
    olga, oleg = (User(number, name, "", None, True) for number, name in ((1_001, "olga"), (1_002, "oleg")))
    question = await database.write(drafts.add, Draft(anna, anna.id, "a question"))
    seen_id = question.message.message_id
    answer = Draft(olga, anna.id, "an answer", "key", seen_id)
    added = await database.write(drafts.add, answer)
    await database.write(drafts.add, Draft(oleg, anna.id, "another"))
    again, late = await database.write(
        drafts.add_all, [answer, structs.replace(answer, text="late", key="another key")]
    )
    assert again == Added(added.message, is_new=False)
    assert isinstance(late, AlreadyAnswered)


async def test_a_group_changes_conversations_as_its_messages_one_after_the_other_would(
    database: Database, databases: Databases
) -> None:
    other = Database(find_engine(databases.make()), messages.find_newest_id, ignore)
    chosen = random.Random(1)
    operators = [User(number, name, "", None, True) for number, name in ((1_001, "olga"), (1_002, "oleg"))]
    customers = []
    for number, name in enumerate(("anna", "boris", "vera", "dora"), 1):
        assert [await one.write(add, name) for one in (database, other)] == [number, number]
        customers.append(User(number, name, "", None, False))
    for number in range(20):
        group = []
        for _ in range(chosen.randint(1, 10)):
            customer = chosen.choice(customers)
            group.append(Draft(chosen.choice([customer, *operators]), customer.id, f"text {number}"))
        await database.write(drafts.add_all, group)
        for draft in group:
            await other.write(drafts.add, draft)
        found = [await one.read(conversations.find_many, range(1, 5)) for one in (database, other)]
        assert [undated(one) for one in found[0]] == [undated(one) for one in found[1]]
        for one in (database, other):
            await one.write(conversations.close, group[0].user_id, None)
    await other.close(10)


def undated(conversation: Conversation) -> Conversation:
    """It without its times, by which two that are alike differ."""
    assert conversation.last_message is not None
    last_message = replace(conversation.last_message, created=0)
    return replace(conversation, waiting_since=None, last_message=last_message)


async def test_nothing_is_visible_before_its_commit(database: Database) -> None:
    seen: list[int] = []
    added, go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add(connection, "slow")
        added.set()
        go.wait(30)

    writing = asyncio.ensure_future(database.write(slow))
    await asyncio.get_running_loop().run_in_executor(None, added.wait)
    seen.append(await database.read(count_users))
    go.set()
    await writing
    seen.append(await database.read(count_users))
    assert seen == [0, 1]


async def test_a_read_sees_one_snapshot(database: Database) -> None:
    started, go = threading.Event(), threading.Event()

    def count_twice(connection: Connection) -> tuple[int, int]:
        first = count_users(connection)
        started.set()
        go.wait(30)
        return first, count_users(connection)

    reading = asyncio.ensure_future(database.read(count_twice))
    await asyncio.get_running_loop().run_in_executor(None, started.wait)
    await database.write(add, "anna")
    go.set()
    assert await reading == (0, 0)
    assert await database.read(count_users) == 1


async def test_the_queue_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITES_WAITING", 10 + 1)  # the gate is one
    gate = Gate(database)
    await asyncio.sleep(0.1)
    tasks = [asyncio.ensure_future(database.write(add, f"user {n}")) for n in range(15)]
    await asyncio.sleep(0)
    refused = [task for task in tasks if task.done()]
    assert [type(task.exception()) for task in refused] == [Unavailable] * 5
    await gate.open()
    await asyncio.gather(*tasks[:10])
    assert await database.read(count_users) == 10


async def test_a_caller_who_gives_up_holds_up_nobody(database: Database) -> None:
    gate = Gate(database)
    await asyncio.sleep(0.1)
    tasks = [asyncio.ensure_future(database.write(add, f"user {n}")) for n in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await gate.open()
    assert [type(outcome) for outcome in await asyncio.gather(*tasks, return_exceptions=True)] == [
        int,
        asyncio.CancelledError,
        int,
    ]


async def test_what_waits_at_the_close_is_committed(database_url: str) -> None:
    opened = Database(find_engine(database_url), messages.find_newest_id, ignore)
    tasks = [asyncio.ensure_future(opened.write(add, f"user {n}")) for n in range(100)]
    await asyncio.sleep(0)
    assert await opened.close(10)
    assert len(await asyncio.gather(*tasks)) == 100


async def test_a_database_that_is_closed_holds_no_file(database_url: str) -> None:
    before = {*os.listdir("/proc/self/fd")}
    opened = Database(find_engine(database_url), messages.find_newest_id, ignore)
    await opened.write(add, "anna")
    assert await opened.read(count_users) == 1
    assert await opened.close(10)
    assert before >= {*os.listdir("/proc/self/fd")}


async def test_one_service_holds_a_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.mysql.LOCK_SECONDS", 0)
    first = Database(find_engine(database_url), messages.find_newest_id, ignore)
    with pytest.raises(Unavailable, match="another service uses the database"):
        Database(find_engine(database_url), messages.find_newest_id, ignore)
    await first.close(10)
    second = Database(find_engine(database_url), messages.find_newest_id, ignore)
    await second.close(10)


async def test_what_could_not_be_stored_is_believed_again_when_the_like_is_stored(database: Database) -> None:
    has_room = False

    def store(connection: Connection, name: str) -> None:
        if name and not has_room:
            raise OSError("no room")  # on a new connection too
        if name:
            add(connection, name)

    async def write(function: Callable[..., Any], *args: str) -> None:
        while True:
            try:
                return await database.write(function, *args)
            except Unavailable:
                await asyncio.sleep(0.05)  # until it is tried again

    with pytest.raises(Unavailable, match="no room"):
        await database.write(store, "anna")
    assert database.is_failing
    await write(schema.touch)
    await write(add, "boris")  # another statement, which finds room
    await write(store, "")  # the same one, which stores nothing
    assert database.is_failing
    has_room = True
    await write(store, "anna")
    assert not database.is_failing
