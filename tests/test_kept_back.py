"""Rows that are kept back until their commit, as MariaDB's are: one round trip, and nothing else is seen of it."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from msgspec import structs

from db import Connection, Database, conversations, drafts, find_engine, messages, notes
from db.drafts import Added, Draft
from db.users import User
from tests.mariadb import MariaDB
from tests.test_group_commit import add, count_users, ignore, in_one_group

pytestmark = pytest.mark.gen_test

OLGA = User(1_001, "olga", "", None, True)


def open_new(mariadb: MariaDB, name: str) -> Database:
    mariadb.execute(f"CREATE OR REPLACE DATABASE {name}")
    return Database(find_engine(f"mysql://root@127.0.0.1:{mariadb.port}/{name}"), messages.find_newest_id, ignore)


async def begin(database: Database) -> User:
    """A customer with a message: behind its commit, rows are kept back."""
    anna = User(await database.write(add, "anna"), "anna", "", None, False)
    await database.write(drafts.add, Draft(anna, anna.id, "the first"))
    return anna


async def texts(database: Database, user: User) -> list[str | None]:
    page = await database.read(messages.list_newest, user.id)
    return [message.message_text for message in page.messages]


def count_questions(connection: Connection) -> int:
    """The statements that the session's client has sent so far, this one among them."""
    return int(connection.execute("SHOW SESSION STATUS LIKE 'Questions'").fetchone()[1])


async def test_a_group_of_messages_is_one_round_trip_to_mariadb(mariadb: MariaDB) -> None:
    opened = open_new(mariadb, "round_trips")
    anna = await begin(opened)
    before = await opened.write(count_questions)
    await opened.write(drafts.add_all, [Draft(anna, anna.id, f"text {number}") for number in range(100)])
    assert await opened.write(count_questions) - before == 3  # a commit, the group, and the second count
    await opened.close(10)


@pytest.mark.parametrize("is_behind", [False, True], ids=["alone", "and another function's statement behind it"])
async def test_a_key_that_stands_already_is_found_however_late_the_database_says_so(
    database: Database, is_behind: bool
) -> None:
    anna = await begin(database)
    stored = await database.write(drafts.add, Draft(anna, anna.id, "a text", "key"))
    calls: list[Any] = [
        (drafts.add, Draft(anna, anna.id, text, key)) for text, key in (("a text", "key"), ("more", None))
    ]
    if is_behind:
        calls.append((add, "boris"))
    again, more, *others = await in_one_group(database, *calls)
    assert again == Added(stored.message, is_new=False)
    assert more.is_new
    assert await texts(database, anna) == ["the first", "a text", "more"]
    assert await database.read(count_users) == 1 + len(others)
    assert not database.is_failing


async def test_an_answer_in_the_group_of_a_question_is_stored_behind_it(database: Database) -> None:
    anna = await begin(database)
    question, answer = await in_one_group(
        database, (drafts.add, Draft(anna, anna.id, "a question")), (drafts.add, Draft(OLGA, anna.id, "an answer"))
    )
    assert question.message.message_id < answer.message.message_id
    assert await texts(database, anna) == ["the first", "a question", "an answer"]
    (found,) = await database.read(conversations.find_many, [anna.id])
    assert found.waiting_since is None


async def test_a_user_that_was_removed_costs_its_own_message_alone(database: Database, database_url: str) -> None:
    anna = await begin(database)
    boris = User(await database.write(add, "boris"), "boris", "", None, False)
    with closing(find_engine(database_url).connect()) as other:
        other.execute("DELETE FROM users WHERE id = ?", (boris.id,))
    drafts_of_both = [Draft(boris, boris.id, "lost"), Draft(anna, anna.id, "stored")]
    outcomes = await database.write(drafts.add_all, drafts_of_both)
    assert [isinstance(outcome, Added) for outcome in outcomes] == [False, True]
    assert await texts(database, anna) == ["the first", "stored"]


@pytest.mark.parametrize("failures", [0, 1], ids=["at once", "the second time, for which it used an id"])
async def test_ids_rise_though_another_session_stores_a_message(
    database: Database, database_url: str, failures: int
) -> None:
    anna = await begin(database)
    with closing(find_engine(database_url).connect()) as other:
        sql = "INSERT INTO messages (user_id, invader_name, message, is_from_support) VALUES (?, '', 'by hand', FALSE)"
        for _ in range(failures):
            with pytest.raises(Exception, match=r"(?i)foreign key"):
                other.execute(sql, (404,))
        taken = other.execute(sql, (anna.id,)).lastrowid or 0
    first, second = [(await database.write(drafts.add, Draft(anna, anna.id, text))).message for text in ("a", "b")]
    assert taken < first.message_id < second.message_id
    assert await texts(database, anna) == ["the first", "by hand", "a", "b"]


async def test_what_else_is_written_finds_the_messages_before_it(database: Database) -> None:
    anna = await begin(database)
    first, note, second = await in_one_group(
        database,
        (drafts.add, Draft(anna, anna.id, "a question")),
        (notes.add, anna.id, "olga", "a note", None),
        (drafts.add, Draft(anna, anna.id, "another")),
    )
    assert note[0].message_id == first.message.message_id
    assert await texts(database, anna) == ["the first", "a question", "another"]
    assert second.is_new


async def test_what_fails_behind_a_message_costs_that_nothing(database: Database) -> None:
    anna = await begin(database)
    calls: list[Any] = [
        (drafts.add, Draft(anna, anna.id, "a")),
        (lambda _: 1 / 0,),
        (drafts.add, Draft(anna, anna.id, "b")),
    ]
    outcomes = await in_one_group(database, *calls)
    assert isinstance(outcomes[1], ZeroDivisionError)
    assert await texts(database, anna) == ["the first", "a", "b"]


def count_lock_waits(mariadb: MariaDB) -> int:
    """Of all sessions."""
    ((_, count),) = mariadb.execute("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'")
    return int(count)


async def test_a_lock_that_another_session_holds_for_long_costs_no_message(mariadb: MariaDB) -> None:
    opened = open_new(mariadb, "locks")
    anna = await begin(opened)
    with closing(find_engine(f"mysql://root@127.0.0.1:{mariadb.port}/locks").connect()) as other:
        other.execute("BEGIN")
        other.execute("SELECT user_id FROM conversations FOR UPDATE")
        before = count_lock_waits(mariadb)
        writing = asyncio.ensure_future(opened.write(drafts.add, Draft(anna, anna.id, "patient")))
        while count_lock_waits(mariadb) < before + 2:  # the first of them was in vain
            await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
        assert (await writing).is_new
    assert await texts(opened, anna) == ["the first", "patient"]
    await opened.close(10)


async def test_texts_of_more_than_a_packet_are_stored_together_or_not_at_all(mariadb: MariaDB) -> None:
    mariadb.execute("SET GLOBAL max_allowed_packet = 1048576")  # the least that is usual
    opened = open_new(mariadb, "packets")
    mariadb.execute("SET GLOBAL max_allowed_packet = DEFAULT")
    anna = await begin(opened)
    group = [Draft(anna, anna.id, f"{number}'; " + "😀" * 8_000, f"key {number}") for number in range(40)]
    found = await opened.write(drafts.add, group[30])
    outcomes: Sequence[Any] = await opened.write(drafts.add_all, group)
    assert outcomes[30] == Added(found.message, is_new=False)
    assert await texts(opened, anna) == ["the first", *(one.text for one in [group[30], *group[:30], *group[31:]])]
    await opened.write(drafts.add_all, [structs.replace(one, key=None) for one in group])
    await opened.close(10)


@pytest.mark.parametrize("way", ["TCP", "a Unix socket"])
async def test_the_first_message_of_the_morning_is_stored_at_once(mariadb: MariaDB, way: str) -> None:
    """The server has ended the session overnight: what it never got was not stored, and is sent again."""
    mariadb.execute("CREATE OR REPLACE DATABASE night")
    host = f"127.0.0.1:{mariadb.port}/night" if way == "TCP" else f"localhost/night?unix_socket={mariadb.unix_socket}"
    opened = Database(find_engine(f"mysql://root@{host}"), messages.find_newest_id, ignore)
    anna = await begin(opened)
    for (number,) in mariadb.execute("SELECT id FROM information_schema.processlist WHERE db = 'night'"):
        mariadb.execute(f"KILL {number}")
    assert (await opened.write(drafts.add, Draft(anna, anna.id, "good morning"))).is_new
    assert await texts(opened, anna) == ["the first", "good morning"]
    await opened.close(10)
