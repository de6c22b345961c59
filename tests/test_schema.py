"""The schema: made new, brought up to date from the first one, and refused where it is newer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from db import Connection, Engine, Unavailable, conversations, drafts, find_engine, messages, schema, users
from db.drafts import Draft
from db.users import User
from tests.conftest import Databases

FIRST = (Path(__file__).parent / "first_schema.sql").read_text()  # the seed's
SECOND = (Path(__file__).parent / "second_schema.sql").read_text()  # before there was a desk

DATA = """
INSERT INTO users (user_name, user_password, token, is_admin) VALUES ('olga', '$2b$12$hash', 'QWERTYUIOP', TRUE);
INSERT INTO users (user_name, user_password, token, is_admin) VALUES ('Анна', '$2b$12$hash', 'ASDFGHJKL', FALSE);
INSERT INTO users (user_name, user_password, is_admin) VALUES ('boris', '$2b$12$hash', FALSE);
INSERT INTO users (user_name, user_password) VALUES ('vera', '$2b$12$hash');
INSERT INTO messages (user_id, invader_name, message, created, is_from_support)
    VALUES (2, '', 'Привет 😀', '2023-03-14 13:15:55', FALSE);
INSERT INTO messages (user_id, invader_name, message, created, is_from_support)
    VALUES (2, 'olga', 'an answer', '2023-03-14 13:16:00', TRUE);
INSERT INTO messages (user_id, invader_name, message, is_from_support) VALUES (3, '', 'waits', FALSE);
INSERT INTO messages (user_id, invader_name, message, is_from_support) VALUES (2, '', NULL, FALSE);
INSERT INTO messages (user_id, invader_name, message, is_from_support) VALUES (3, '', 'waits too', FALSE);
INSERT INTO messages (invader_name, message, is_from_support) VALUES ('', 'nobody''s', FALSE)
"""


def run(engine: Engine, connection: Connection, script: str) -> None:
    for statement in script.split(";"):
        connection.execute(engine.spell(statement))


@pytest.fixture
def make(databases: Databases) -> Callable[[str], tuple[Engine, Connection]]:
    """Makes a database from a script."""

    def make_from(script: str) -> tuple[Engine, Connection]:
        engine = find_engine(databases.make())
        connection = engine.connect()
        if script:
            run(engine, connection, script)
        return engine, connection

    return make_from


Make = Callable[[str], tuple[Engine, Connection]]


def describe(engine: Engine, connection: Connection) -> dict[str, Any]:
    """The columns and the unique indexes of each table, without their names' spelling."""
    tables = ("users", "messages", "conversations", "notes", "replies", "search_progress", "schema_version")
    if engine.begin == "BEGIN":
        columns = """
            SELECT column_name, column_type, is_nullable, column_default, collation_name
            FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY column_name
        """
        indexes = """
            SELECT GROUP_CONCAT(column_name ORDER BY seq_in_index), MIN(non_unique)
            FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ?
            GROUP BY index_name ORDER BY 1
        """
    else:
        columns = 'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?) ORDER BY name'
        indexes = """
            SELECT (SELECT GROUP_CONCAT(name) FROM pragma_index_info(list.name)), list."unique"
            FROM pragma_index_list(?) list ORDER BY 1
        """
    return {
        table: [list(connection.execute(sql, (table,)).fetchall()) for sql in (columns, indexes)] for table in tables
    }


def test_an_upgraded_schema_is_a_new_one(make: Make) -> None:
    new, upgraded = make(""), make(FIRST + DATA)
    schema.prepare(*new)
    schema.prepare(*upgraded)
    assert describe(*upgraded) == describe(*new)
    assert schema.find_version(*new) == schema.find_version(*upgraded) == schema.NEWEST


def test_the_data_of_the_first_schema_survive_the_upgrade(make: Make) -> None:
    engine, connection = make(FIRST + DATA)
    schema.prepare(engine, connection)
    assert [user.user_name for user in users.list_all(connection)] == ["olga", "Анна", "boris", "vera"]
    assert [user.is_admin for user in users.list_all(connection)] == [True, False, False, False]
    assert {user.key for user in users.list_all(connection)} == {None}
    first, answer, waiting = messages.list_newest(connection, 2).messages
    assert (first.message_text, first.created, first.is_from_support) == ("Привет 😀", 1678799755, False)
    assert (answer.invader_name, answer.is_from_support) == ("olga", True)
    assert waiting.message_text == ""
    page = messages.list_waiting(connection)
    assert [(message.user_name, message.message_id) for message in page.messages] == [
        ("boris", 3),
        ("Анна", 4),
        ("boris", 5),
    ]
    anna = User(2, "Анна", "", None, False)
    assert drafts.add(connection, Draft(anna, 2, "the next", "key")).message.message_id == 7


@pytest.mark.parametrize("script", ["", FIRST + DATA], ids=["new", "upgrade"])
def test_a_schema_whose_making_was_interrupted_is_made_by_the_next_start(
    make: Make, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, connection = make(script)
    spell = engine.spell
    for broken_step in range(60):
        steps = iter(range(100))

        def break_off(statement: str, steps: Any = steps, broken: int = broken_step) -> str:
            if next(steps) == broken:
                raise OSError("the power")
            return spell(statement)

        monkeypatch.setattr(engine, "spell", break_off)
        try:
            schema.prepare(engine, connection)
        except Unavailable:
            continue
        break
    else:
        pytest.fail("it was never made")
    monkeypatch.undo()
    assert schema.find_version(engine, connection) == schema.NEWEST
    whole = make(script)
    schema.prepare(*whole)
    assert describe(engine, connection) == describe(*whole)
    waiting = [
        [message.message_id for message in messages.list_waiting(one).messages] for one in (connection, whole[1])
    ]
    assert waiting[0] == waiting[1]


def test_conversations_of_before_the_desk_get_its_columns(make: Make) -> None:
    engine, connection = make(FIRST + DATA)
    second = make("\n".join(line for line in SECOND.splitlines() if not line.startswith("--")) + DATA)
    rows = "INSERT INTO conversations (user_id, waiting_id) VALUES (2, 4), (3, 3)"
    run(*second, rows)
    run(*second, "INSERT INTO schema_version (version) VALUES (2)")
    for one in ((engine, connection), second):
        schema.prepare(*one)
        anna, boris = conversations.find_many(one[1], [2, 3])
        assert (anna.waiting_id, anna.last_id, anna.operator_read_id, anna.operator_unread) == (4, 4, 3, 1)
        assert (boris.waiting_id, boris.last_id, boris.operator_read_id, boris.operator_unread) == (3, 5, 2, 2)
        assert (anna.customer_read_id, anna.customer_unread, anna.is_closed, anna.operator_id) == (4, 0, False, None)
    assert describe(engine, connection) == describe(*second)


def test_a_time_that_is_none_locks_nobody_out(make: Make) -> None:
    odd = ["2023-03-14T13:15:55", "2023-03-14 13:15:55.123456", "1678799755", "yesterday", "0000-00-00 00:00:00"]
    engine, connection = make("")
    schema.prepare(engine, connection)
    users.add(connection, "anna", "", is_admin=False)
    if engine.begin == "BEGIN":  # MariaDB's column takes only what can be read as a time
        odd = ["0000-00-00 00:00:00", "2023-00-00 00:00:00"]
        connection.execute("SET SESSION sql_mode = ''")
    for text in odd:
        sql = "INSERT INTO messages (user_id, invader_name, created, is_from_support) VALUES (1, '', ?, FALSE)"
        connection.execute(sql, (text,))
    found = [message.created for message in messages.list_newest(connection, 1).messages]
    assert found == ([0, 0] if engine.begin == "BEGIN" else [1678799755] * 3 + [0, 0])


def test_a_newer_schema_is_refused(make: Make) -> None:
    engine, connection = make("")
    schema.prepare(engine, connection)
    connection.execute("UPDATE schema_version SET version = ?", (schema.NEWEST + 1,))
    with pytest.raises(Unavailable, match="start the newer service"):
        schema.prepare(engine, connection)


def test_an_upgrade_that_can_not_be_says_at_which_step(make: Make) -> None:
    engine, connection = make(FIRST + DATA)
    connection.execute("INSERT INTO users (user_name, user_password) VALUES ('boris', 'again')")
    with pytest.raises(Unavailable, match="CREATE UNIQUE INDEX users_by_name"):
        schema.prepare(engine, connection)
    connection.execute("DELETE FROM users WHERE user_password = 'again'")
    schema.prepare(engine, connection)
    assert schema.find_version(engine, connection) == schema.NEWEST
