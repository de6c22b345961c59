"""What is measured: the relay, and the service on a database, each as a process of its own."""

import contextlib
import os
import re
import resource
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.client import Wrong
from bench.relay import OPERATOR
from db import Connection, users
from db.credentials import hash_password
from db.users import User
from handlers.tokens import Tokens
from manage.database import transaction
from settings import OTHER_FILES

ROOT = Path(__file__).resolve().parent.parent
SECRET = secrets.token_hex(32)
PASSWORD = secrets.token_urlsafe(9)
START_SECONDS, STOP_SECONDS = 20, 20
CONNECTIONS, OPERATORS = 20_000, 300  # as many as are ever wanted


class Target(NamedTuple):
    """A running server, the tokens of an operator and of the customers, and the service's database."""

    started: float  # perf_counter's seconds
    pid: int
    port: int
    operator_token: str = ""
    customer_tokens: Sequence[str] = ()
    url: str = ""
    database_pid: int | None = None


@contextlib.contextmanager
def relay(log: Path, customers: int) -> Iterator[Target]:
    with _running(["-m", "bench.relay"], log) as target:
        yield target._replace(operator_token=OPERATOR, customer_tokens=[""] * customers)


@contextlib.contextmanager
def service(
    url: str, log: Path, customers: int, *, is_flooded: bool = False, program: Sequence[str] = ("server.py",)
) -> Iterator[Target]:
    """The service on a database, which may be empty, with an operator and so many customers. Raises Wrong.

    One that is flooded makes who calls too often wait, and warns of what it refuses. Else its log may have no warning.
    """
    operator_token, *tokens = _add_people(url, customers)
    settings = [f"--database={url}", f"--secret-file={log.with_suffix('.secret')}", "--port=0", "--message-rate=0"]
    settings += [f"--connections={most_connections()}", f"--connections-per-address={customers + OPERATORS}"]
    settings += [] if is_flooded else ["--call-rate=0"]
    with _running([*program, *settings], log) as target:
        yield target._replace(operator_token=operator_token, customer_tokens=tokens, url=url)
    levels = "EC" if is_flooded else "WEC"
    complaint = re.search(rf"^(\[[{levels}]|Traceback).*", log.read_text(), re.MULTILINE | re.DOTALL)
    if complaint:
        raise Wrong(f"the service complained: {complaint[0][:2000].strip()}")


def most_connections() -> int:
    """As many as the service may open files for, if they are fewer."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files - OTHER_FILES)


def _add_people(url: str, customers: int) -> list[str]:
    """Tokens of an operator and of customers, who are added where they are not there."""
    names = [OPERATOR, *(customer_name(number) for number in range(customers))]
    with transaction(url, creates=True) as connection:
        known = _by_name(connection)
        if missing := [name for name in names if name not in known]:
            add_users(connection, missing)
            known = _by_name(connection)
    tokens = Tokens(SECRET, 1)
    return [tokens.issue(known[name].id, known[name].key or "") for name in names]


def _by_name(connection: Connection) -> dict[str, User]:
    return {user.user_name: user for user in users.list_all(connection)}


def customer_name(number: int) -> str:
    """Of the customer with that number, the first having 0."""
    return f"customer {number + 1}"


def customer_number(name: str) -> int:
    return int(name.split()[1]) - 1


def add_users(connection: Connection, names: Sequence[str]) -> Sequence[int]:
    """Their ids. Everybody has the PASSWORD, and a key as after a log-in."""
    sql = "INSERT INTO users (user_name, user_password, token, is_admin) VALUES (?, ?, ?, ?)"
    rows = [(name, password_hash(), secrets.token_urlsafe(24), name == OPERATOR) for name in names]
    return connection.insert(sql, rows)


@cache
def password_hash() -> str:
    """The PASSWORD's, made once: it takes a while."""
    return hash_password(PASSWORD)


@contextlib.contextmanager
def _running(arguments: list[str], log: Path) -> Iterator[Target]:
    """A Python program that says in its log where it serves, as yet without tokens. Raises Wrong."""
    with log.open("wb") as file:
        environment = {**os.environ, "CHAT_SECRET": SECRET}
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stderr=file)
    try:
        yield Target(started, process.pid, _find_port(process, log))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _find_port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while True:
        text = log.read_text()
        if found := re.search(r"serving on http://127\.0\.0\.1:(\d+)\n", text):
            return int(found[1])
        if process.poll() is not None or time.monotonic() > deadline:
            raise Wrong(f"a server does not start: {text[-2000:].strip()}")
        time.sleep(0.005)  # the start is measured too
