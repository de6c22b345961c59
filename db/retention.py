"""Retention: what is older than the company keeps it goes, the oldest first, in steps that hold up nobody."""

from itertools import takewhile
from typing import NamedTuple

from db import conversations, search_index
from db.conversations import Conversation
from db.engine import Connection

BATCH = 10  # messages, and notes, that are deleted in one transaction: it holds up others for some milliseconds


class Purged(NamedTuple):
    """How many messages and notes went, the conversations that look different now, and whether there may be more."""

    deleted: int
    changed: list[Conversation]
    has_more: bool


def purge(connection: Connection, before: int) -> Purged:
    """Delete the oldest messages and notes that were created before a time, in Unix seconds.

    Ids rise with time: the first one that is to stay ends the search.
    """
    sql = "SELECT id, message, user_id, created FROM messages ORDER BY id LIMIT ?"
    rows = connection.execute(sql, (BATCH,)).fetchall()
    old = list(takewhile(lambda row: row[3] < before, rows))
    sql = "SELECT id, created FROM notes ORDER BY id LIMIT ?"
    old_notes = list(takewhile(lambda row: row[1] < before, connection.execute(sql, (BATCH,)).fetchall()))
    if old_notes:
        connection.execute("DELETE FROM notes WHERE id <= ?", (old_notes[-1][0],))
    if old:
        search_index.forget(connection, [row[:2] for row in old])
        connection.execute("DELETE FROM messages WHERE id <= ?", (old[-1][0],))
    changed = [_settle(connection, user_id) for user_id in {row[2] for row in old if row[2]}]
    has_more = BATCH in (len(old), len(old_notes))
    return Purged(len(old) + len(old_notes), [one for one in changed if one], has_more)


def _settle(connection: Connection, user_id: int) -> Conversation | None:
    """Let a conversation tell of the messages that are left. One without any is closed.

    Returns it where what it shows is another message.
    """
    before = conversations.find(connection, user_id)
    if before is None:
        return None
    sql = """
        UPDATE conversations SET
            waiting_id = (SELECT MIN(m.id) FROM messages m WHERE m.user_id = ? AND m.id >= ?),
            last_id = (SELECT COALESCE(MAX(m.id), 0) FROM messages m WHERE m.user_id = ?),
            customer_unread = (
                SELECT COUNT(*) FROM messages m WHERE m.user_id = ? AND m.id > ? AND m.is_from_support),
            operator_unread = (
                SELECT COUNT(*) FROM messages m WHERE m.user_id = ? AND m.id > ? AND NOT m.is_from_support),
            is_closed = CASE
                WHEN EXISTS (SELECT m.id FROM messages m WHERE m.user_id = ?) THEN is_closed ELSE TRUE END,
            version = version + 1
        WHERE user_id = ?
    """  # values, not the columns: MariaDB would go through the whole conversation for each of them
    marks = (user_id, before.waiting_id, user_id, user_id, before.customer_read_id, user_id, before.operator_read_id)
    connection.execute(sql, (*marks, user_id, user_id))
    after = conversations.get(connection, user_id)
    is_same = (before.waiting_id, before.last_id) == (after.waiting_id, after.last_id)
    return None if is_same else after
