"""What is measured: the relay, and the service on either engine, each as a process of its own."""

import contextlib
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import bcrypt

from bench.client import Wrong
from bench.relay import OPERATOR
from db import users
from handlers.tokens import Tokens
from manage import transaction
from tests.mariadb import MariaDB

ROOT = Path(__file__).resolve().parent.parent
SECRET = secrets.token_hex(32)
PASSWORD = secrets.token_urlsafe(9)
START_SECONDS, STOP_SECONDS = 20, 20


class Target(NamedTuple):
    """A running server, and the tokens of an operator and of the customers."""

    port: int
    operator_token: str
    customer_tokens: list[str]
    pid: int
    database_pid: int | None = None


@contextlib.contextmanager
def relay(folder: Path, customers: int) -> Iterator[Target]:
    with _running(["-m", "bench.relay"], folder / "relay.log") as (port, pid):
        yield Target(port, OPERATOR, [""] * customers, pid)


@contextlib.contextmanager
def sqlite(folder: Path, customers: int, number: int) -> Iterator[Target]:
    with service(f"sqlite:{folder / f'{number}.db'}", folder / f"sqlite-{number}.log", customers) as target:
        yield target


@contextlib.contextmanager
def mariadb(folder: Path, customers: int, number: int, server: MariaDB) -> Iterator[Target]:
    name = f"chat_bench_{number}"
    server.execute(f"CREATE DATABASE {name}")
    url = f"mysql://root@127.0.0.1:{server.port}/{name}"
    database_pid = int((server.folder / "pid").read_text())
    with service(url, folder / f"mariadb-{number}.log", customers) as target:
        yield target._replace(database_pid=database_pid)


@contextlib.contextmanager
def service(url: str, log: Path, customers: int) -> Iterator[Target]:
    """The service on a database, which may be empty, with an operator and so many customers."""
    operator_token, *tokens = _add_people(url, customers)
    settings = [f"--database={url}", f"--secret-file={log.with_suffix('.secret')}", "--port=0", "--message-rate=0"]
    with _running(["server.py", *settings], log) as (port, pid):
        yield Target(port, operator_token, tokens, pid)
    with log.open() as lines:
        complaint = next((line for line in lines if line.startswith(("[W", "[E", "[C", "Traceback"))), None)
    if complaint:
        raise Wrong(f"the service complained: {complaint.strip()}")


def _add_people(url: str, customers: int) -> list[str]:
    """Tokens of an operator and of customers, who are added where they are not there."""
    password_hash = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt()).decode()
    tokens = Tokens(SECRET, 1)
    issued = []
    with transaction(url, creates=True) as connection:
        for number in range(customers + 1):
            name = f"customer {number}" if number else "operator"
            known = users.find_by_name(connection, name)
            user_id = known.id if known else users.add(connection, name, password_hash, is_admin=not number)
            users.set_password(connection, user_id, password_hash)
            key = users.ensure_key(connection, user_id)
            assert key
            issued.append(tokens.issue(user_id, key))
    return issued


@contextlib.contextmanager
def _running(arguments: list[str], log: Path) -> Iterator[tuple[int, int]]:
    """The port and the process id of a Python program that says in its log where it serves."""
    with log.open("wb") as file:
        environment = {**os.environ, "CHAT_SECRET": SECRET}
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stderr=file)
    try:
        yield _find_port(process, log), process.pid
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
        time.sleep(0.02)
