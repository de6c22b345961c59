"""The messages, and the lists of them that clients get. Ids rise in the order of commits."""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import Struct

from db import users
from db.conversations import NEWEST_ID
from db.engine import Connection
from db.users import User

PAGE = 500  # messages in one list, at most
PAGE_CHARACTERS = 500_000  # and so much text, but for the first: a page must not be too much for a slow reader


# What there is many of is a Struct: made in a quarter of a NamedTuple's time, and, part of no cycle, nothing for the
# garbage collector to look at.


class Message(Struct, frozen=True, gc=False):
    """A message and whose conversation it is in. `created` is in Unix seconds."""

    message_id: int
    message_text: str
    invader_name: str
    is_from_support: bool
    created: int
    user_id: int
    user_name: str


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, oldest first, and whether there are more on the far side."""

    messages: list[Message]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Resumed:
    """What `message.auth` found on one snapshot, on which `newest_id` was the newest message of all.

    The user has no `user_password`: connections keep the user, and need no hash.
    """

    user: User
    page: Page
    newest_id: int


# What every list of messages selects, in the order of `to_message`; each adds which, and in what order.
ROWS = """
    SELECT m.id, m.message, m.invader_name, m.is_from_support, m.created, m.user_id, u.user_name
    FROM messages m JOIN users u ON u.id = m.user_id
"""


def to_message(row: Any) -> Message:
    """The message in a row of the columns that every list selects."""
    return Message(row[0], row[1] or "", row[2], bool(row[3]), row[4], row[5], row[6])


def _oldest(rows: Sequence[Any], limit: int) -> Page:
    """The page of rows that were selected in its order, one more than the limit."""
    size, characters = 0, 0
    for row in rows[:limit]:
        characters += len(row[1] or "")
        if characters > PAGE_CHARACTERS and size:
            break
        size += 1
    return Page([to_message(row) for row in rows[:size]], len(rows) > size)


def _newest(rows: Sequence[Any], limit: int) -> Page:
    """The same of rows that were selected newest first."""
    page = _oldest(rows, limit)
    return Page(page.messages[::-1], page.has_more)


def find_newest_id(connection: Connection) -> int:
    """The newest id there is, 0 without messages."""
    return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM messages").fetchone()[0])


def count(connection: Connection, user_id: int) -> int:
    """The messages in a conversation."""
    return int(connection.execute("SELECT COUNT(*) FROM messages WHERE user_id = ?", (user_id,)).fetchone()[0])


def count_all(connection: Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM messages").fetchone()[0])


def iterate(connection: Connection, user_id: int | None) -> Iterator[Message]:
    """All messages of a conversation, or of all conversations, oldest first; a page at a time is in memory."""
    after_id, has_more = 0, True
    while has_more:
        if user_id is None:
            sql = """
                SELECT m.id, m.message, m.invader_name, m.is_from_support, m.created, m.user_id,
                    COALESCE(u.user_name, '')
                FROM messages m LEFT JOIN users u ON u.id = m.user_id WHERE m.id > ? ORDER BY m.id LIMIT ?
            """  # LEFT keeps MariaDB from beginning with the users, and a message that is nobody's in
            page = _oldest(connection.execute(sql, (after_id, PAGE + 1)).fetchall(), PAGE)
        else:
            page = list_oldest(connection, user_id, after_id)
        yield from page.messages
        has_more = page.has_more
        after_id = page.messages[-1].message_id if page.messages else after_id


def list_newest(
    connection: Connection, user_id: int, after_id: int = 0, before_id: int = NEWEST_ID, limit: int = PAGE
) -> Page:
    """Of a conversation's messages between the two ids the newest; `has_more` tells of older ones."""
    sql = ROWS + "WHERE m.user_id = ? AND m.id > ? AND m.id < ? ORDER BY m.id DESC LIMIT ?"
    return _newest(connection.execute(sql, (user_id, after_id, before_id, limit + 1)).fetchall(), limit)


def list_oldest(
    connection: Connection, user_id: int, after_id: int, before_id: int = NEWEST_ID, limit: int = PAGE
) -> Page:
    """Of a conversation's messages between the two ids the oldest; `has_more` tells of newer ones."""
    sql = ROWS + "WHERE m.user_id = ? AND m.id > ? AND m.id < ? ORDER BY m.id LIMIT ?"
    return _oldest(connection.execute(sql, (user_id, after_id, before_id, limit + 1)).fetchall(), limit)


def list_newest_of_all(connection: Connection, after_id: int) -> Page:
    """Of all conversations' messages above an id the newest; `has_more` tells of older ones."""
    sql = ROWS + "WHERE m.id > ? ORDER BY m.id DESC LIMIT ?"
    return _newest(connection.execute(sql, (after_id, PAGE + 1)).fetchall(), PAGE)


def list_waiting(connection: Connection) -> Page:
    """The oldest of the messages that wait for an answer, of all conversations.

    They are in those that have waited longest, of which each has one at least. No more of these are looked at, and in
    them at the index alone, until it is known which messages to read. CROSS keeps SQLite from going through the
    messages in the order that is asked for.
    """
    sql = """
        SELECT m.id, m.message, m.invader_name, m.is_from_support, m.created, m.user_id, u.user_name
        FROM (
            SELECT m.id
            FROM (
                SELECT c.user_id, c.waiting_id FROM conversations c JOIN users u ON u.id = c.user_id
                WHERE c.waiting_id > 0 AND NOT u.is_admin ORDER BY c.waiting_id LIMIT ?
            ) waiting
            CROSS JOIN messages m ON m.user_id = waiting.user_id AND m.id >= waiting.waiting_id
            ORDER BY m.id LIMIT ?
        ) oldest
        CROSS JOIN messages m ON m.id = oldest.id
        JOIN users u ON u.id = m.user_id
        ORDER BY m.id
    """
    return _oldest(connection.execute(sql, (PAGE + 1, PAGE + 1)).fetchall(), PAGE)


def resume(connection: Connection, user_id: int, key: str, after_id: int | None) -> Resumed | None:
    """What a connection gets as it authenticates: who it is, and the messages that it lacks.

    None where the key is not the user's, or no longer. An `after_id` from the future counts as absent.
    """
    user = users.find(connection, user_id)
    if user is None or not hmac.compare_digest((user.key or "").encode(), key.encode()):
        return None
    newest_id = find_newest_id(connection)
    if after_id is not None and after_id > newest_id:
        after_id = None
    if user.is_admin:
        page = list_waiting(connection) if after_id is None else list_newest_of_all(connection, after_id)
    else:
        page = list_newest(connection, user_id, after_id or 0)
    return Resumed(replace(user, user_password=""), page, newest_id)
