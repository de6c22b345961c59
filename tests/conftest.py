"""The service on a real socket and a real database, once on SQLite and once on MariaDB."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bcrypt
import pymysql
import pytest
import tornado.web
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.options import options

import server
from db import Database, users
from handlers import upkeep
from handlers.presence import Presence
from handlers.tokens import Tokens
from handlers.websocket import WebSocketHandler
from tests.client import Client
from tests.mariadb import UNSYNCED, MariaDB, running

SECRET = "a secret of the tests, long enough to be one"
PASSWORD = "correct horse"
PASSWORD_HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
FOUND = "found"  # the name of the property
PEOPLE = {"olga": True, "oleg": True, "anna": False, "boris": False, "vera": False}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out the tests marked slow")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process where there is nothing to share out, or somebody watches; else pytest-xdist counts the processors."""
    files = {argument.partition("::")[0] for argument in config.args}
    is_one_file = len(files) == 1 and files.pop().endswith(".py")
    return 0 if is_one_file or config.getoption("capture") == "no" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the tests of faults found is told at the end of the run: see tests/faults/conftest.py."""
    lines = [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == FOUND
    ]
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """One for all tests of this process."""
    with running(tmp_path_factory.mktemp("mariadb"), *UNSYNCED) as started:
        yield started


class Databases:
    """Makes empty databases on one engine and takes them away again."""

    def __init__(self, folder: Path, server_url: str | None) -> None:
        """`server_url` is a MariaDB's, None for SQLite."""
        self._folder = folder
        self._server_url = server_url
        self.is_mysql = server_url is not None
        self._made: list[str] = []

    def make(self) -> str:
        """The URL of a new empty database."""
        name = f"chat_test_{os.getpid()}_{len(self._made)}"
        self._made.append(name)
        if self._server_url is None:
            return f"sqlite:{self._folder / name}.db"
        self._execute(f"DROP DATABASE IF EXISTS {name}")
        self._execute(f"CREATE DATABASE {name}")
        return f"{self._server_url}/{name}"

    def drop_all(self) -> None:
        for name in self._made if self._server_url else ():
            self._execute(f"DROP DATABASE IF EXISTS {name}")

    def _execute(self, sql: str) -> None:
        parts = urlsplit(self._server_url or "")
        password = os.environ.get("CHAT_DATABASE_PASSWORD", "")
        connection = pymysql.connect(
            host=parts.hostname, port=parts.port or 3306, user=parts.username, password=password
        )
        connection.cursor().execute(sql)
        connection.close()


def open_databases(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> Iterator[Databases]:
    """What the fixture `databases` is made of, on SQLite or on MariaDB."""
    server_url = None
    if engine == "mysql":
        named = os.environ.get("CHAT_TEST_MYSQL")
        server_url = named or f"mysql://root@127.0.0.1:{request.getfixturevalue('mariadb').port}"
    made = Databases(tmp_path, server_url)
    yield made
    made.drop_all()


@pytest.fixture(params=["sqlite", "mysql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    yield from open_databases(request, tmp_path, request.param)


@pytest.fixture
def database_url(databases: Databases) -> str:
    return databases.make()


@pytest.fixture
def settings() -> Iterator[Any]:
    """The service's settings; what a test changes is set back after it."""
    before = {name: options[name] for name in options.as_dict()}
    yield options
    for name, value in before.items():
        if name != "help":
            options[name] = value


@pytest.fixture(autouse=True)
def close_clients(io_loop: IOLoop) -> Iterator[None]:
    yield
    Client.close_all()
    io_loop.run_sync(lambda: asyncio.sleep(0))


@pytest.fixture
def database(io_loop: IOLoop, database_url: str) -> Iterator[Database]:
    opened = io_loop.run_sync(lambda: server.open_database(database_url))
    yield opened
    io_loop.run_sync(lambda: opened.close(10))


@pytest.fixture
def app(io_loop: IOLoop, database: Database, settings: Any) -> Iterator[tornado.web.Application]:
    async def make() -> tornado.web.Application:
        return server.make_app(database, Tokens(SECRET, 30), settings)

    made = io_loop.run_sync(make)
    yield made
    Client.close_all()  # who has pushes unread would not read the service's own goodbye
    io_loop.run_sync(lambda: upkeep.close_all_answered(5, 5))
    made.settings["presence"].close()
    WebSocketHandler.feed.close()
    assert not WebSocketHandler.connections
    assert not WebSocketHandler.open_handlers
    assert not WebSocketHandler.by_user
    assert not WebSocketHandler.operators
    assert not WebSocketHandler.resuming


@pytest.fixture
def http_server(io_loop: IOLoop, app: tornado.web.Application, _unused_port: Any) -> Iterator[HTTPServer]:
    """As pytest-tornado's, but made as the service makes it."""
    started = server.make_server(app)
    started.add_socket(_unused_port[0])
    yield started
    started.stop()
    io_loop.run_sync(started.close_all_connections)


class Desk:
    """The running service with two operators, olga and oleg, and three customers, anna, boris and vera."""

    def __init__(self, url: str, settings: dict[str, Any]) -> None:
        self.url = url
        self.database: Database = settings["database"]
        self.tokens: Tokens = settings["tokens"]
        self.presence: Presence = settings["presence"]
        self.ids: dict[str, int] = {}

    async def add_people(self) -> None:
        for name, is_admin in PEOPLE.items():
            self.ids[name] = await self.database.write(users.add, name, PASSWORD_HASH, is_admin=is_admin)

    async def token(self, name: str) -> str:
        key = await self.database.write(users.ensure_key, self.ids[name])
        assert key
        return self.tokens.issue(self.ids[name], key)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that is under way; what never comes runs into the test's timeout."""
        while not is_so():
            await asyncio.sleep(0.01)

    async def open(self, **headers: str) -> Client:
        """A connection that has not authenticated."""
        return await Client.connect(self.url, **headers)

    async def enter(self, name: str, *after_id: int) -> Client:
        """An authenticated connection of a user."""
        client = await self.open()
        await client.call("message.auth", await self.token(name), *after_id)
        return client


@pytest.fixture
def desk(io_loop: IOLoop, http_server: HTTPServer, base_url: str, app: tornado.web.Application) -> Desk:
    made = Desk(base_url, app.settings)
    io_loop.run_sync(made.add_people)
    return made
