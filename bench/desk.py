"""What lists and searches cost on a small and on a large desk, over the service's own socket."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click
import msgspec
from tornado.ioloop import IOLoop

from bench import targets
from bench.targets import PASSWORD, ROOT, Target
from db import Connection, find_engine, schema, search_index, users
from db.mysql import MySQLConnection
from tests.client import Client
from tests.mariadb import MariaDB, running

REPORT = ROOT / "var" / "bench-desk.json"
CALLS, SECONDS_EACH = 60, 5
CHUNK = 5_000
SIZES = {"small": (10, 10), "large": (1_000, 1_000)}  # conversations, messages in each

WORDS = (
    *("заказ", "доставка", "вчера", "ёлка", "оплата", "карта", "вернуть", "деньги", "адрес", "курьер", "спасибо"),
    *("order", "delivery", "please", "refund", "payment", "card", "address", "thanks", "hello", "broken", "late"),
)
NEEDLE = "иголка в стоге"  # in one message of each thousandth conversation

Call = tuple[str, list[Any]]


class Row(msgspec.Struct):
    """A line of the table: the median milliseconds of a call."""

    engine: str
    call: str
    small: float
    large: float
    like: float | None = None  # a plain scan of the large one


def fill(connection: Connection, conversations: int, messages: int) -> None:
    """A desk of so many conversations of so many messages each, two in three answered, all indexed."""
    chosen = random.Random(1)
    names = {users.add(connection, f"customer {n}", "", is_admin=False): n for n in range(conversations)}
    if isinstance(connection, MySQLConnection):  # an index that is made at once is made much faster
        connection.execute("ALTER TABLE search_index DROP INDEX search_index_tokens")
    newest: dict[int, int] = {}
    rows: list[tuple[Any, ...]] = []
    message_id = 0
    for number in range(messages):
        for user_id, n in names.items():
            message_id += 1
            is_answer = number % 2 == 1 and not (number == messages - 1 and n % 3 == 0)
            text = " ".join(chosen.choices(WORDS, k=9))
            if number == messages // 2 and n % 1_000 == 0:
                text = f"{text} {NEEDLE}"
            rows.append((message_id, user_id, "operator" if is_answer else "", text, is_answer))
            newest[user_id] = message_id
            if len(rows) == CHUNK:
                store(connection, rows)
                rows = []
    store(connection, rows)
    for user_id, last_id in newest.items():
        waiting_id = last_id if names[user_id] % 3 == 0 else None
        sql = "INSERT INTO conversations (user_id, waiting_id, last_id) VALUES (?, ?, ?)"
        connection.execute(sql, (user_id, waiting_id, last_id))
    connection.execute("COMMIT")
    if isinstance(connection, MySQLConnection):
        connection.execute("ALTER TABLE search_index ADD FULLTEXT search_index_tokens (tokens)")
    connection.execute("INSERT INTO search_progress (indexed_id) VALUES (?)", (message_id,))


def store(connection: Any, rows: list[tuple[Any, ...]]) -> None:
    """Messages and their part of the index, many in a statement."""
    sql = "INSERT INTO messages (id, user_id, invader_name, message, is_from_support) VALUES (?, ?, ?, ?, ?)"
    tokens = [(row[0], search_index.tokens(search_index.normalize(row[3]))) for row in rows]
    for statement, values in ((sql, rows), (connection.search.add, tokens)):
        if isinstance(connection, MySQLConnection):
            connection.cursor().executemany(statement.replace("?", "%s"), values)
        else:
            connection.executemany(statement, values)
    connection.execute("COMMIT")
    connection.execute("BEGIN")


def build(url: str, size: str) -> None:
    """Fill the database, unless that was done."""
    engine = find_engine(url)
    connection = engine.connect(is_patient=True)
    schema.prepare(engine, connection)
    if connection.execute("SELECT indexed_id FROM search_progress").fetchone() is None:
        click.echo(f"building the {size} desk in {url}", err=True)
        connection.execute("BEGIN")
        fill(connection, *SIZES[size])
    connection.close()


def measure_like(url: str, text: str) -> float:
    """Milliseconds of a plain scan for the newest messages with a text."""
    connection = find_engine(url).connect(is_patient=True)
    sql = "SELECT id, message FROM messages WHERE message LIKE ? ORDER BY id DESC LIMIT 50"
    milliseconds = median(_timed(lambda: connection.execute(sql, (f"%{text}%",)).fetchall()) for _ in range(3))
    connection.close()
    return milliseconds


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


async def measure_calls(target: Target) -> dict[str, float]:
    """The median milliseconds of each call, of an operator and of a customer, one after the other."""
    figures = {}
    tokens = (target.operator_token, *target.customer_tokens)
    for token, role, calls in zip(tokens, ("", " (customer)"), (OPERATORS_CALLS, CUSTOMERS_CALLS), strict=True):
        client = await Client.connect(f"http://127.0.0.1:{target.port}")
        for name, (method, params) in {"message.auth": ("message.auth", [token]), **calls}.items():
            times: list[float] = []
            while len(times) < CALLS and sum(times) < SECONDS_EACH * 1000:
                started = time.perf_counter()
                await client.call(method, *params)
                times.append((time.perf_counter() - started) * 1000)
            figures[name + role] = median(times)
        client.close()
    return figures


CUSTOMER = 2  # the second customer, who is there on both desks

OPERATORS_CALLS: dict[str, Call] = {
    "conversation.list waiting": ("conversation.list", ["waiting", None, 3]),
    "conversation.list open": ("conversation.list", ["open", None, 10]),
    "conversation.list mine": ("conversation.list", ["mine", None, 10]),
    "conversation.list closed": ("conversation.list", ["closed", None, 10]),
    "conversation.list counts": ("conversation.list", ["all", None, 0]),
    "conversation.open": ("conversation.open", [CUSTOMER]),
    "message.history": ("message.history", [CUSTOMER, None, 10]),
    "message.operatorSend": ("message.operatorSend", ["an answer", CUSTOMER]),
    "message.read": ("message.read", [CUSTOMER, 2**62]),
    "message.typing": ("message.typing", [CUSTOMER]),
    "conversation.assign": ("conversation.assign", [CUSTOMER, None]),
    "conversation.close": ("conversation.close", [CUSTOMER]),
    "note.add": ("note.add", [CUSTOMER, "a note"]),
    "reply.save": ("reply.save", ["hello", "Hello!"]),
    "reply.list": ("reply.list", []),
    "reply.delete": ("reply.delete", ["hello"]),
    "operator.list": ("operator.list", []),
    "desk.status": ("desk.status", []),
    "events.subscribe": ("events.subscribe", [["read"]]),
    "user.password": ("user.password", [PASSWORD, PASSWORD]),
    "message.search one": ("message.search", [NEEDLE]),
    "message.search frequent": ("message.search", ["ЁЛКА", None, 10]),
    "message.search none": ("message.search", ["nowhere at all"]),
    "message.search two letters": ("message.search", ["qz"]),
}
CUSTOMERS_CALLS: dict[str, Call] = {
    "message.send": ("message.send", ["a question"]),
    "message.history": ("message.history", [None, 10]),
    "message.read": ("message.read", [2**62]),
    "message.typing": ("message.typing", []),
    "desk.status": ("desk.status", []),
}
SEARCHES = {
    "message.search one": NEEDLE,
    "message.search frequent": "ёлка",
    "message.search none": "nowhere at all",
    "message.search two letters": "qz",
}


def measure(engine: str, folder: Path, server: MariaDB | None) -> list[Row]:
    figures = {}
    for size in SIZES:
        name = f"chat_bench_{size}"
        if server:
            server.execute(f"CREATE DATABASE IF NOT EXISTS {name}")
        url = f"mysql://root@127.0.0.1:{server.port}/{name}" if server else f"sqlite:{folder / size}.db"
        build(url, size)
        with targets.service(url, folder / f"{size}.log", 1) as target:
            figures[size] = IOLoop.current().run_sync(partial(measure_calls, target))
    return [
        Row(
            engine,
            name,
            figures["small"][name],
            figures["large"][name],
            measure_like(url, SEARCHES[name]) if name in SEARCHES else None,
        )
        for name in figures["small"]
    ]


@contextlib.contextmanager
def kept_mariadb() -> Iterator[MariaDB]:
    folder = ROOT / "var" / "bench-mariadb"
    folder.mkdir(parents=True, exist_ok=True)
    with running(folder, "--innodb-buffer-pool-size=1G") as server:
        yield server


def run() -> None:
    folder = ROOT / "var" / "bench-sqlite"
    folder.mkdir(parents=True, exist_ok=True)
    rows = measure("sqlite", folder, None)
    with kept_mariadb() as server:
        rows += measure("mariadb", folder, server)
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    click.echo(f"{'':9}{'':34}{'small, ms':>10}{'large, ms':>11}{'ratio':>8}{'LIKE, ms':>10}{'faster':>8}")
    for row in rows:
        line = f"{row.engine:9}{row.call:34}{row.small:10.2f}{row.large:11.2f}{row.large / row.small:8.2f}"
        click.echo(line + (f"{row.like:10.1f}{row.like / row.large:8.0f}" if row.like else ""))
