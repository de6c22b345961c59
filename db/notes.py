"""The operators' notes on a conversation. No function here is ever called for a customer."""

import time
from dataclasses import dataclass
from typing import Any

from db import conversations
from db.clock import utc_text
from db.engine import Connection, KeyReused

PAGE = 500  # notes in one list, at most


@dataclass(frozen=True, slots=True)
class Note:
    """A note, behind the message `message_id`. `created` is in Unix seconds."""

    note_id: int
    user_id: int
    operator_name: str
    text: str
    created: int
    message_id: int


def list_newest(connection: Connection, user_id: int) -> list[Note]:
    """The newest notes on a conversation, oldest first."""
    sql = """
        SELECT id, user_id, operator_name, note, created, message_id
        FROM notes WHERE user_id = ? ORDER BY id DESC LIMIT ?
    """
    return [Note(*row) for row in reversed(connection.execute(sql, (user_id, PAGE)).fetchall())]


def list_all(connection: Connection, user_id: int) -> list[Note]:
    """The notes on a conversation, oldest first."""
    sql = "SELECT id, user_id, operator_name, note, created, message_id FROM notes WHERE user_id = ? ORDER BY id"
    return [Note(*row) for row in connection.execute(sql, (user_id,)).fetchall()]


def _find_repeat(connection: Connection, user_id: int, operator_name: str, key: str | None) -> Note | None:
    sql = """
        SELECT id, user_id, operator_name, note, created, message_id
        FROM notes WHERE user_id = ? AND client_key = ? AND operator_name = ?
    """
    row: Any = connection.execute(sql, (user_id, key, operator_name)).fetchone() if key else None
    return Note(*row) if row else None


def add(connection: Connection, user_id: int, operator_name: str, text: str, key: str | None) -> tuple[Note, bool]:
    """Store a note, once for each key. Returns it and whether it is new. Raises KeyReused.

    The caller has made sure that the user is a customer.
    """
    repeat = _find_repeat(connection, user_id, operator_name, key)
    if repeat is not None:
        if repeat.text != text:
            raise KeyReused
        return repeat, False
    conversations.touch(connection, user_id)
    message_id = conversations.get(connection, user_id).last_id
    created = int(time.time())
    sql = """
        INSERT INTO notes (user_id, operator_name, note, created, message_id, client_key)
        VALUES (?, ?, ?, ?, ?, ?)
    """
    values = (user_id, operator_name, text, utc_text(created), message_id, key)
    note_id = connection.execute(sql, values).lastrowid
    assert note_id is not None
    return Note(note_id, user_id, operator_name, text, created, message_id), True
