"""The limits of connections, from one address and in all."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.connections import Connections
from tests.conftest import Desk
from tests.service import ROOT
from tests.test_sessions import UPGRADE

pytestmark = pytest.mark.gen_test

PROXIES = ["127.0.0.1", "::1"]


class Peers:
    """Plain connections from 127.0.0.1, which are closed after the test."""

    def __init__(self, desk: Desk) -> None:
        self._port = int(desk.url.rsplit(":", 1)[1])
        self.writers: dict[asyncio.StreamReader, asyncio.StreamWriter] = {}

    async def connect(self, head: bytes = b"") -> asyncio.StreamReader:
        """One that begins a request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, family=socket.AF_INET)
        self.writers[reader] = writer
        writer.write(head)
        return reader

    async def upgrade(self) -> asyncio.StreamReader:
        """A WebSocket, as soon as there is room for it."""
        while True:
            reader = await self.connect(UPGRADE)
            try:
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
                return reader
            except (asyncio.IncompleteReadError, ConnectionResetError):
                await asyncio.sleep(0.01)

    async def is_refused(self, head: bytes = b"") -> bool:
        """Whether the server drops one more without a word."""
        reader = await self.connect(head)
        try:
            return await reader.read() == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        for writer in self.writers.values():
            writer.close()


@pytest.fixture
def peers(desk: Desk, io_loop: IOLoop) -> Iterator[Peers]:
    made = Peers(desk)
    yield made
    made.close()
    io_loop.run_sync(lambda: asyncio.sleep(0))


def limit(app: Application, most: int, most_of_address: int) -> None:
    app.settings["connections"] = Connections(most, most_of_address, app.settings["trusted_proxies"])


@pytest.mark.parametrize("limits", [(10, 3), (3, 10)], ids=["of an address", "in all"])
async def test_a_connection_past_a_limit_is_dropped_until_one_closes(
    peers: Peers, app: Application, limits: tuple[int, int]
) -> None:
    limit(app, *limits)
    await peers.connect()
    half, websocket = await peers.connect(UPGRADE[:40]), await peers.upgrade()
    assert await peers.is_refused(UPGRADE)
    for closed in (half, websocket):
        peers.writers[closed].close()
        await peers.upgrade()
    assert await peers.is_refused(UPGRADE)


async def test_refusals_are_told_in_one_line_that_says_why(
    peers: Peers, app: Application, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    limit(app, 10, 1)
    await peers.connect()
    for _ in range(20):
        assert await peers.is_refused()
    monkeypatch.setattr("handlers.connections.TELL_SECONDS", 0)
    assert await peers.is_refused()
    lines = [record.getMessage() for record in caplog.records if record.name == "chat.connections"]
    assert lines == [
        f"refused {count} connections since the last such line: "
        "now 1 from 127.0.0.1 are open, the most of --connections-per-address"
        for count in (1, 20)
    ]


async def test_behind_a_trusted_proxy_the_websockets_of_an_address_count(
    desk: Desk, peers: Peers, app: Application
) -> None:
    app.settings["trusted_proxies"] = PROXIES
    limit(app, 100, 2)
    for _ in range(5):
        await peers.connect()  # of anybody, by the proxy
    mine = [await desk.open(**{"X-Real-IP": f"2001:db8:1:2::{number}"}) for number in (1, 2)]
    third = await desk.open(**{"X-Real-IP": "2001:db8:1:2:ffff::3"})
    assert await third.close_code() == 1013
    other = await desk.open(**{"X-Real-IP": "2001:db8:1:3::1"})
    assert await other.call("message.auth", await desk.token("anna"))
    mine[0].close()
    assert await mine[0].receive() is None
    again = await desk.open(**{"X-Real-IP": "2001:db8:1:2:ffff::3"})
    assert await again.call("message.auth", await desk.token("anna"))


def test_fewer_open_files_than_connections_are_a_warning_and_the_limit(tmp_path: Path) -> None:
    settings = ("--port=0", f"--database=sqlite:{tmp_path}/chat.db", f"--secret-file={tmp_path}/secret")
    with subprocess.Popen(
        ["prlimit", "--nofile=110", sys.executable, "server.py", *settings], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stderr
        log = read_until(service.stderr, "serving on")
        assert "--connections=10000 needs a hard limit of 10100 open files and it is 110" in log
        port = int(log.rsplit(":", 1)[1])
        opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(11)]
        assert "now 10 are open, the most of --connections" in read_until(service.stderr, "refused 1 connections")
        for one in opened:
            one.close()
        service.terminate()
        assert service.wait(20) == 0


def read_until(log: IO[str], words: str) -> str:
    """The log up to the line that has the words."""
    text = ""
    while words not in text:
        line = log.readline()
        assert line, text
        text += line
    return text
