"""The search index: a text's pairs of neighbouring characters as words, so that a part of a text is a phrase.

It follows behind the messages in batches.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from db.engine import Connection

BATCH = 50  # messages that are indexed in one transaction: it holds up others for a millisecond or two

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def normalize(text: str) -> str:
    """What two texts that count as the same have in common."""
    return unicodedata.normalize("NFC", text).casefold().replace("ё", "е")


def tokens(text: str) -> str:
    """The words of a normalized text: each pair of characters, in letters and digits that both engines take whole.

    Pairs with rare characters may share a word; what is found is therefore compared with the text itself.
    """
    codes = [_code(character) for character in text]
    return " ".join(first + second for first, second in pairwise(codes))


@lru_cache(4096)
def _code(character: str) -> str:
    number, code = ord(character), ""
    while number or len(code) < 2:
        number, digit = divmod(number, 36)
        code = DIGITS[digit] + code
    return code


def find_indexed_id(connection: Connection) -> int:
    """The newest message that is in the index."""
    row = connection.execute("SELECT indexed_id FROM search_progress").fetchone()
    return int(row[0]) if row else 0


def is_behind(connection: Connection) -> bool:
    sql = "SELECT id FROM messages WHERE id > ? LIMIT 1"
    return connection.execute(sql, (find_indexed_id(connection),)).fetchone() is not None


def index_batch(connection: Connection) -> bool:
    """Index the next messages. Returns whether there may be more."""
    indexed_id = find_indexed_id(connection)
    sql = "SELECT id, message FROM messages WHERE id > ? ORDER BY id LIMIT ?"
    rows = connection.execute(sql, (indexed_id, BATCH)).fetchall()
    connection.insert(connection.search.add, [(row[0], tokens(normalize(row[1] or ""))) for row in rows])
    if rows and not connection.execute("UPDATE search_progress SET indexed_id = ?", (rows[-1][0],)).rowcount:
        connection.execute("INSERT INTO search_progress (indexed_id) VALUES (?)", (rows[-1][0],))
    return len(rows) == BATCH


def forget(connection: Connection, rows: Sequence[Any]) -> None:
    """Take messages, each an id and its text, out of the index, before they are deleted."""
    indexed_id = find_indexed_id(connection)
    for message_id, text in rows:
        if message_id <= indexed_id:
            connection.execute(connection.search.remove, (message_id, tokens(normalize(text or ""))))


def replace(connection: Connection, rows: Sequence[Any], new: str) -> None:
    """Index another text of messages, each an id and its text until now."""
    forget(connection, rows)
    indexed_id = find_indexed_id(connection)
    connection.insert(connection.search.add, [(row[0], tokens(normalize(new))) for row in rows if row[0] <= indexed_id])
