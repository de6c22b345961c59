"""What lists and searches cost on a small and on a large desk, over the service's own socket."""

import time
from functools import partial
from statistics import median

from tornado.ioloop import IOLoop

from bench.calls import Call, Caller, log_in, time_calls
from bench.lab import ENGINES, Lab
from bench.relay import OPERATOR
from bench.report import Cells, Round, Row
from bench.stored import NEEDLE, Size
from bench.targets import PASSWORD, Target, customer_name, password_hash
from db import find_engine, users
from manage.database import transaction

SMALL, LARGE = Size("small", 10, 10), Size("large", 1_000, 1_000)

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


def run(lab: Lab) -> list[Round]:
    """A round of one table, of the median milliseconds of each call."""
    return [{"A desk of a hundred messages and one of a million, ms": [row for e in ENGINES for row in _rows(lab, e)]}]


def _rows(lab: Lab, engine: str) -> list[Row]:
    databases = {size: lab.keep(engine, size) for size in (SMALL, LARGE)}
    figures = {}
    for size, database in databases.items():
        _renew_passwords(database.url)
        with lab.serve(database, 1) as target:
            figures[size] = IOLoop.current().run_sync(partial(_measure_calls, target))
    rows = []
    for name, small in figures[SMALL].items():
        large = figures[LARGE][name]
        cells: Cells = {"engine": engine, "call": name, "small": small, "large": large, "ratio": large / small}
        if name in SEARCHES:
            like = measure_like(databases[LARGE].url, SEARCHES[name])
            cells |= {"LIKE": like, "times faster": like / large}
        rows.append(Row(cells))
    return rows


def _renew_passwords(url: str) -> None:
    """The desk was built with another run's."""
    with transaction(url) as connection:
        for name in (OPERATOR, customer_name(0)):
            if user := users.find_by_name(connection, name):
                users.set_password(connection, user.id, password_hash())


async def _measure_calls(target: Target) -> dict[str, float]:
    """The median milliseconds of each call, of an operator and of a customer, one after the other."""
    token = target.operator_token
    (figures,) = await time_calls([Caller(target.port, token, log_in(token) | OPERATORS_CALLS)])
    token = target.customer_tokens[0]
    (customers,) = await time_calls([Caller(target.port, token, log_in(token) | CUSTOMERS_CALLS)])
    return figures | {f"{name} (customer)": figure for name, figure in customers.items()}


def measure_like(url: str, text: str) -> float:
    """Milliseconds of a plain scan for the newest messages with a text."""
    connection = find_engine(url).connect(answer_seconds=None)
    sql = "SELECT id, message FROM messages WHERE message LIKE ? ORDER BY id DESC LIMIT 50"
    times = []
    for _ in range(3):
        started = time.perf_counter()
        connection.execute(sql, (f"%{text}%",)).fetchall()
        times.append(1000 * (time.perf_counter() - started))
    connection.close()
    return median(times)
