"""Search: any part of a text, of two characters or more, whatever its case; е and ё are one."""

from collections.abc import Iterator, Sequence
from typing import Any

from db.engine import Connection
from db.messages import ROWS, Message, to_message
from db.search_index import find_indexed_id, normalize, tokens

PHRASE = 50  # characters of the text that the index is asked for: MariaDB bounds a phrase
CHUNK = 250  # messages that are read at once without the index
READ_ON = 20_000  # messages that are read without it, where as many as are wanted stand in them


def find(connection: Connection, text: str, before_id: int, limit: int) -> list[Message]:
    """The newest messages before an id that contain a normalized text of two characters or more, newest first.

    First what is not indexed is read, and some of the newest that are: what is frequent is found among them, and an
    index would be slow to give all that it has of it. Then the index is asked for older ones.
    """
    found: list[Message] = []
    indexed_id, last_id, count = find_indexed_id(connection), before_id, 0
    newest = ROWS + "WHERE m.id < ? ORDER BY m.id DESC LIMIT ?"
    while last_id > indexed_id + 1 or count * limit <= len(found) * READ_ON:
        rows = connection.execute(newest, (last_id, CHUNK)).fetchall()
        found += [to_message(row) for row in rows if _contains(row, text)]
        if len(rows) < CHUNK or len(found) >= limit:
            return found[:limit]
        last_id, count = rows[-1][0], count + CHUNK
    for row in _indexed(connection, _match(connection, text, rows), last_id):
        if _contains(row, text):
            found.append(to_message(row))
            if len(found) == limit:
                break
    return found


def _match(connection: Connection, text: str, sample: Sequence[Any]) -> str:
    """What the index is asked for, with the pairs first that are rarest in a sample of messages."""
    pairs = [text[start : start + 2] for start in range(min(len(text), PHRASE) - 1)]
    texts = [normalize(row[1] or "") for row in sample]
    rarest = sorted(set(pairs), key=lambda pair: sum(pair in one for one in texts))
    return connection.search.match([tokens(pair) for pair in pairs], [tokens(pair) for pair in rarest])


def _contains(row: Any, text: str) -> bool:
    return text in normalize(row[1] or "")


def _indexed(connection: Connection, match: str, last_id: int) -> Iterator[Any]:
    """The messages before an id that the index gives, newest first."""
    index, one = connection.search, ROWS + "WHERE m.id = ?"
    while ids := connection.execute(index.find, (match, last_id, index.at_once)).fetchall():
        for (message_id,) in ids:
            yield from connection.execute(one, (message_id,)).fetchall()
        if len(ids) < index.at_once:
            return
        last_id = ids[-1][0]
