"""Lists stay fast: none reads through the conversations, and nothing through the messages, whatever their number."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from db import Connection, conversations, drafts, messages, notes, users
from db.conversations import Cursor
from db.drafts import Draft
from db.users import User
from tests.conftest import Databases, Desk

pytestmark = pytest.mark.gen_test

OLGA = User(1, "olga", "", None, True)
ANSWERS = [Draft(OLGA, n, "text", f"key {n}", seen_id=900) for n in range(10, 60)]
MESSAGES = {"m", "w", "l", "messages"}  # the table, and its names in the statements


class Recorder:
    """A connection that notes what is executed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        self.statements.append((sql, parameters))
        return self._connection.execute(sql, parameters)


def scanned(connection: Connection, read: Callable[[Connection], object], *, is_mysql: bool) -> list[str]:
    """The tables that a function's statements read through, by the engine's own plan."""
    recorder = Recorder(connection)
    read(cast(Connection, recorder))
    assert recorder.statements
    found = []
    for sql, parameters in recorder.statements:
        if is_mysql:
            plan = connection.execute(f"EXPLAIN {sql}", parameters).fetchall()
            found += [row[2] for row in plan if row[3] in ("ALL", "index")]
        else:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
            found += [row[3].split()[1] for row in plan if row[3].startswith("SCAN")]
    return found


READS: dict[str, Callable[[Connection], object]] = {
    "list waiting": lambda connection: conversations.list_waiting(connection, Cursor(), 50),
    "list open": lambda connection: conversations.list_by_status(connection, Cursor(), 50, is_closed=False),
    "list mine": lambda connection: conversations.list_by_operator(connection, Cursor(), 50, operator_id=1),
    "list all": lambda connection: conversations.list_all(connection, Cursor(), 50),
    "list all, the next page": lambda connection: conversations.list_all(connection, Cursor(0, 900, 20), 50),
    "changed": lambda connection: conversations.find_many(connection, range(10, 60)),
    "counts": lambda connection: conversations.count(connection, 1),
    "open": lambda connection: (
        users.get_customer(connection, 20),
        conversations.find(connection, 20),
        messages.list_newest(connection, 20, limit=100),
        notes.list_newest(connection, 20),
    ),
    "adding": lambda connection: drafts.add_all(connection, ANSWERS),
    "history": lambda connection: messages.list_newest(connection, 20, 0, 700, 50),
    "history after": lambda connection: messages.list_oldest(connection, 20, 300, limit=50),
    "auth of a customer": lambda connection: messages.resume(connection, 20, "key", 300),
    "auth of an operator": lambda connection: messages.list_waiting(connection),
    "held": lambda connection: conversations.list_held(connection),
}


async def test_no_list_scans_what_it_lists(desk: Desk, databases: Databases) -> None:
    olga = User(desk.ids["olga"], "olga", "", None, True)
    customers = []
    for n in range(100):
        user_id = await desk.database.write(users.add, f"customer {n}", "", is_admin=False)
        customers.append(User(user_id, f"customer {n}", "", None, False))

    async def write(author: User | None, number: int) -> None:
        """So many messages in each conversation, by one author or by the customer."""
        some = [Draft(author or one, one.id, f"text {n}") for n in range(number) for one in customers]
        await asyncio.gather(*(desk.database.write(drafts.add, draft) for draft in some))

    def analyze(connection: Connection) -> None:
        for table in ("messages", "conversations", "users"):
            connection.execute(f"ANALYZE TABLE {table}" if databases.is_mysql else f"ANALYZE {table}").fetchall()

    await write(olga, 15)  # they are hers
    for waiting, author in {"all": None, "none": olga}.items():
        await write(author, 15)
        await desk.database.read(analyze)
        for name, read in READS.items():
            tables = await desk.database.read(scanned, read, is_mysql=databases.is_mysql)
            assert not MESSAGES & set(tables), (name, waiting)
            assert not (name.startswith("list") and tables), (name, waiting)
    scan = await desk.database.read(
        scanned, lambda connection: connection.execute("SELECT message FROM messages"), is_mysql=databases.is_mysql
    )
    assert scan == ["messages"]  # so it would be noticed
