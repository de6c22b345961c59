"""Started as systemd starts it: it is given its sockets, says when it serves, and beats."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client
from tests.service import ROOT, START_SECONDS, manage
from tests.test_users import log_in

pytestmark = pytest.mark.gen_test


@contextlib.contextmanager
def started(
    folder: Path, listener: socket.socket, address: str, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The service on a listening socket that outlives it, as PID 1 would start it; `address` is where it notifies."""
    arguments = [sys.executable, "server.py", f"--database=sqlite:{folder}/chat.db", f"--secret-file={folder}/secret"]
    process = subprocess.Popen(
        ["bash", "-c", f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$; exec "$@"', "bash", *arguments],
        cwd=ROOT,
        pass_fds=[listener.fileno()],
        env={**os.environ, "LISTEN_FDS": "1", "NOTIFY_SOCKET": address, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def notified(address: str) -> Iterator[socket.socket]:
    """A socket that hears what the service notifies; an address that begins with @ is an abstract one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address.replace("@", "\0"))
        receiver.settimeout(START_SECONDS)
        yield receiver


@pytest.mark.parametrize("is_abstract", [False, True])
def test_it_says_when_it_serves_and_when_it_stops_and_beats_in_between(tmp_path: Path, is_abstract: bool) -> None:
    address = f"@chat-test-{os.getpid()}" if is_abstract else f"{tmp_path}/notify"
    with (
        notified(address) as heard,
        socket.create_server(("127.0.0.1", 0)) as listener,
        started(tmp_path, listener, address, WATCHDOG_USEC="200000") as process,
    ):
        assert heard.recv(100) == b"READY=1"
        for _ in range(3):
            assert heard.recv(100) == b"WATCHDOG=1"
        process.terminate()
        while (state := heard.recv(100)) == b"WATCHDOG=1":
            pass
        assert state == b"STOPPING=1"
        assert process.wait(START_SECONDS) == 0


def test_a_watchdog_of_another_process_is_not_fed(tmp_path: Path) -> None:
    address = f"{tmp_path}/notify"
    with (
        notified(address) as heard,
        socket.create_server(("127.0.0.1", 0)) as listener,
        started(tmp_path, listener, address, WATCHDOG_USEC="100000", WATCHDOG_PID="1") as process,
    ):
        assert heard.recv(100) == b"READY=1"
        heard.settimeout(0.5)
        with pytest.raises(TimeoutError):
            heard.recv(100)
        process.terminate()


async def test_a_restart_refuses_no_connection(tmp_path: Path) -> None:
    """A client that connects while no service is there is served by the next one."""
    manage("user", "add", "anna", f"--database=sqlite:{tmp_path}/chat.db", stdin="a secret\n")
    address = f"{tmp_path}/notify"
    with notified(address) as heard, socket.create_server(("127.0.0.1", 0)) as listener:
        url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        with started(tmp_path, listener, address) as process:
            assert heard.recv(100) == b"READY=1"
            token = await log_in(url, "anna", "a secret")
            process.terminate()
            assert process.wait(START_SECONDS) == 0
        with socket.create_connection(listener.getsockname()) as early:
            early.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            with started(tmp_path, listener, address):
                early.settimeout(START_SECONDS)
                assert early.recv(1000).startswith(b"HTTP/1.1 200")
                anna = await Client.connect(url)
                assert await anna.call("message.auth", token) == {"messages": None}


def test_systemds_own_socket_activation_starts_it(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            "systemd-socket-activate",
            f"--listen=127.0.0.1:{port}",
            "--fdname=chat",
            sys.executable,
            "server.py",
            f"--database=sqlite:{tmp_path}/chat.db",
            f"--secret-file={tmp_path}/secret",
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        assert b"Listening on" in process.stderr.readline()
        with socket.create_connection(("127.0.0.1", port), START_SECONDS) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGHUP)  # without a certificate there is nothing to read again: it stops well
        assert process.wait(START_SECONDS) == 0
        assert b"stopped" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
