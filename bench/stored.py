"""Databases with many messages: filled fast, and, the large ones, kept for the next run."""

import contextlib
import random
from typing import NamedTuple

import click

from bench.targets import add_users, customer_name, customer_number
from db import Connection, find_engine, messages, schema, search_index
from db.mysql import MySQLConnection
from manage.database import transaction

CHUNK = 5_000
WORDS = (
    *("заказ", "доставка", "вчера", "ёлка", "оплата", "карта", "вернуть", "деньги", "адрес", "курьер", "спасибо"),
    *("order", "delivery", "please", "refund", "payment", "card", "address", "thanks", "hello", "broken", "late"),
)
TEXTS = 1_000  # different ones
MESSAGES = "INSERT INTO messages (id, user_id, invader_name, message, is_from_support) VALUES (?, ?, ?, ?, ?)"
CONVERSATIONS = """
    INSERT INTO conversations (user_id, waiting_id, last_id, customer_read_id, operator_read_id, operator_unread)
    VALUES (?, ?, ?, ?, ?, ?)
"""
NEEDLE = "иголка в стоге"  # in one message of each thousandth conversation


class Size(NamedTuple):
    """A database's name, and what is in it."""

    name: str
    conversations: int
    messages: int  # in each, an even number

    @property
    def total(self) -> int:
        return self.conversations * self.messages

    def find_id(self, number: int, place: int) -> int:
        """The id of a conversation's message, both counted from 0."""
        return number * self.conversations + place + 1


def is_built(url: str) -> bool:
    """Whether the database, which may be missing, was filled to the end."""
    engine = find_engine(url)
    if not engine.exists():
        return False
    connection = engine.connect()
    is_indexed = (
        engine.has_table(connection, "search_progress")
        and connection.execute("SELECT indexed_id FROM search_progress").fetchone() is not None
    )
    connection.close()
    return is_indexed


def build(url: str, size: Size) -> None:
    """Fill the database, which is new."""
    engine = find_engine(url)
    connection = engine.connect(answer_seconds=None)
    schema.prepare(engine, connection)
    click.echo(f"building {size.total} messages in {url}", err=True)
    connection.execute("BEGIN")
    _fill(connection, size)
    connection.close()


def skip_index(url: str) -> None:
    """Leave out of the search index what a run has added, so that the next one does not begin with indexing it."""
    with transaction(url) as connection:
        connection.execute("UPDATE search_progress SET indexed_id = ?", (messages.find_newest_id(connection),))


def forget_added(url: str, size: Size) -> None:
    """Take out of a kept database the messages that runs have added, for it to stay of that size.

    The ids of those that come go on behind them, so that the search index, which may have some of them, finds nothing.
    """
    # Not by `transaction`, which gives up after ten seconds: many runs may have been killed before they did this.
    with contextlib.closing(find_engine(url).connect(answer_seconds=None)) as connection:
        connection.execute("BEGIN")
        sql = "SELECT u.id, u.user_name FROM conversations c JOIN users u ON u.id = c.user_id WHERE c.last_id > ?"
        changed = connection.execute(sql, (size.total,)).fetchall()
        connection.execute("DELETE FROM conversations WHERE last_id > ?", (size.total,))
        connection.execute("DELETE FROM messages WHERE id > ?", (size.total,))
        rows = [_conversation(size, user_id, customer_number(name)) for user_id, name in changed]
        connection.insert(CONVERSATIONS, rows)
        connection.execute("COMMIT")


def _fill(connection: Connection, size: Size) -> None:
    """Conversations side by side, two in three answered, all indexed."""
    chosen = random.Random(1)
    texts = [_indexed(" ".join(chosen.choices(WORDS, k=9))) for _ in range(TEXTS)]
    user_ids = add_users(connection, [customer_name(number) for number in range(size.conversations)])
    if isinstance(connection, MySQLConnection):  # an index that is made at once is made much faster
        connection.execute("ALTER TABLE search_index DROP INDEX search_index_tokens")
    for number in range(size.messages):
        for start in range(0, size.conversations, CHUNK):
            rows, tokens = [], []
            for place in range(start, min(start + CHUNK, size.conversations)):
                text = chosen.choice(texts)
                if number == size.messages // 2 and place % 1_000 == 0:
                    text = _indexed(f"{text[0]} {NEEDLE}")
                is_answer = number % 2 == 1 and not (number == size.messages - 1 and _waits(place))
                message_id = size.find_id(number, place)
                rows.append((message_id, user_ids[place], "operator" if is_answer else "", text[0], is_answer))
                tokens.append((message_id, text[1]))
            connection.insert(MESSAGES, rows)
            connection.insert(connection.search.add, tokens)
            connection.execute("COMMIT")
            connection.execute("BEGIN")
    connection.insert(CONVERSATIONS, [_conversation(size, user_id, place) for place, user_id in enumerate(user_ids)])
    connection.execute("COMMIT")
    if isinstance(connection, MySQLConnection):
        connection.execute("ALTER TABLE search_index ADD FULLTEXT search_index_tokens (tokens)")
        connection.execute("ANALYZE TABLE messages, conversations, users").fetchall()  # as it is done by and by
    connection.execute("INSERT INTO search_progress (indexed_id) VALUES (?)", (size.total,))


def _indexed(text: str) -> tuple[str, str]:
    """A text, and its words in the search index."""
    return text, search_index.tokens(search_index.normalize(text))


def _waits(place: int) -> bool:
    """Whether the last two messages of the conversation there wait for an answer."""
    return place % 3 == 0


def _conversation(size: Size, user_id: int, place: int) -> tuple[int | None, ...]:
    """A row of CONVERSATIONS, in which everybody has read all but what waits."""
    first_waiting, last_id = (size.find_id(size.messages - back, place) for back in (2, 1))
    if _waits(place):
        return user_id, first_waiting, last_id, last_id, first_waiting - 1, 2
    return user_id, None, last_id, last_id, last_id, 0
