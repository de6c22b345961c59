"""Search: any part of a text, of two characters or more, whatever its case; е and ё are one."""

from collections.abc import Iterator
from typing import Any

from db.engine import Connection
from db.messages import Message, to_message
from db.search_index import find_indexed_id, normalize, tokens

PHRASE = 50  # characters of the text that the index is asked for: MariaDB bounds a phrase
CHUNK = 1_000  # messages that are read at once where there is no index yet


def find(connection: Connection, text: str, before_id: int, limit: int) -> list[Message]:
    """The newest messages before an id that contain a normalized text of two characters or more, newest first."""
    found: list[Message] = []
    for row in _candidates(connection, text, before_id, limit):
        if text in normalize(row[1] or ""):
            found.append(to_message(row))
            if len(found) == limit:
                break
    return found


def _candidates(connection: Connection, text: str, before_id: int, limit: int) -> Iterator[Any]:
    """The messages that may contain the text, newest first: those that are not indexed, then what the index has."""
    indexed_id = find_indexed_id(connection)
    unindexed = """
        SELECT m.id, m.message, m.invader_name, m.is_from_support, m.created, m.user_id, u.user_name
        FROM messages m JOIN users u ON u.id = m.user_id
        WHERE m.id > ? AND m.id < ? ORDER BY m.id DESC LIMIT ?
    """
    last_id = before_id
    while rows := connection.execute(unindexed, (indexed_id, last_id, CHUNK)).fetchall():
        yield from rows
        last_id = rows[-1][0]
    last_id = min(before_id, indexed_id + 1)
    phrase = f'"{tokens(text[:PHRASE])}"'
    while rows := connection.execute(connection.search.find, (phrase, last_id, limit)).fetchall():
        yield from rows
        last_id = rows[-1][0]
