"""The messages: adding one, and the lists that clients get. Ids rise in the order of commits."""

import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db import conversations, users
from db.clock import utc_text
from db.conversations import NEWEST_ID
from db.engine import AlreadyAnswered, Connection, KeyReused, UnknownUser
from db.users import User

PAGE = 500  # messages in one list, at most
PAGE_CHARACTERS = 500_000  # and so much text, but for the first: a page must not be too much for a slow reader


@dataclass(frozen=True, slots=True)
class Message:
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
    """What `message.auth` found on one snapshot, on which `newest_id` was the newest message of all."""

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


# Adding


def find_repeat(connection: Connection, author: User, user_id: int, text: str, key: str | None) -> Message | str:
    """The message that this author has stored under this key in this conversation, else the customer's name.

    Raises UnknownUser where `user_id` is not a customer's, KeyReused where the key stands with another text.
    """
    sql = """
        SELECT u.user_name, u.is_admin, m.id, m.message, m.invader_name, m.is_from_support, m.created
        FROM users u
        LEFT JOIN messages m ON m.user_id = u.id AND m.client_key = ? AND m.invader_name = ?
        WHERE u.id = ?
    """
    row = connection.execute(sql, (key, _invader_name(author), user_id)).fetchone()
    if row is None or row[1]:
        raise UnknownUser
    if row[2] is None:
        return str(row[0])
    if row[3] != text:
        raise KeyReused
    return Message(row[2], row[3], row[4], bool(row[5]), row[6], user_id, row[0])


def add(
    connection: Connection, author: User, user_id: int, text: str, key: str | None, seen_id: int | None = None
) -> tuple[Message, bool]:
    """Store a message in the customer's conversation, once for each key. Returns it, and whether it is new.

    `author` is the customer itself or an operator. Raises as `find_repeat` does, and AlreadyAnswered where another
    operator's answer is newer than `seen_id`, before anything is written.
    """
    found = find_repeat(connection, author, user_id, text, key)
    if isinstance(found, Message):
        return found, False
    if seen_id is not None and _has_newer_answer(connection, author, user_id, seen_id):
        raise AlreadyAnswered
    sql = """
        INSERT INTO messages (user_id, invader_name, message, created, is_from_support, client_key)
        VALUES (?, ?, ?, ?, ?, ?)
    """
    created = int(time.time())
    values = (user_id, _invader_name(author), text, utc_text(created), author.is_admin, key)
    message_id = connection.execute(sql, values).lastrowid
    assert message_id is not None
    if author.is_admin:
        conversations.take_answer(connection, user_id, message_id, author.id)
    else:
        conversations.take_question(connection, user_id, message_id)
    return Message(message_id, text, _invader_name(author), author.is_admin, created, user_id, found), True


def _has_newer_answer(connection: Connection, author: User, user_id: int, seen_id: int) -> bool:
    sql = """
        SELECT id FROM messages
        WHERE user_id = ? AND id > ? AND is_from_support AND invader_name <> ? LIMIT 1
    """
    return connection.execute(sql, (user_id, seen_id, author.user_name)).fetchone() is not None


def _invader_name(author: User) -> str:
    return author.user_name if author.is_admin else ""


# Listing


def find_newest_id(connection: Connection) -> int:
    """The newest id there is, 0 without messages."""
    return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM messages").fetchone()[0])


def count(connection: Connection, user_id: int) -> int:
    """The messages in a conversation."""
    return int(connection.execute("SELECT COUNT(*) FROM messages WHERE user_id = ?", (user_id,)).fetchone()[0])


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

    CROSS keeps SQLite from going through the messages in the order that is asked for.
    """
    sql = """
        SELECT m.id, m.message, m.invader_name, m.is_from_support, m.created, m.user_id, u.user_name
        FROM conversations c
        CROSS JOIN messages m ON m.user_id = c.user_id AND m.id >= c.waiting_id
        JOIN users u ON u.id = c.user_id
        WHERE c.waiting_id > 0 AND NOT u.is_admin ORDER BY m.id LIMIT ?
    """
    return _oldest(connection.execute(sql, (PAGE + 1,)).fetchall(), PAGE)


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
    return Resumed(user, page, newest_id)
