"""A private mariadbd on a folder and a port of its own."""

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pymysql

START_SECONDS = 60
LOG_SIZE = "--innodb-log-file-size=16M"  # a sixth of what is usual: it is copied
UNSYNCED = ("--debug-no-sync", "--innodb-flush-method=nosync")  # for a server that loses no power while it is looked at
SBIN = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])


class MariaDB:
    """The server and its process, for tests that stop it and start it again."""

    def __init__(self, folder: Path, *options: str) -> None:
        """`options` are mariadbd's, such as its certificates."""
        self.folder = folder
        self.port = _free_port()
        self.unix_socket = str(folder / "socket")
        self._options = options
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        if not (folder / "data").exists():
            shutil.copytree(_installed(), folder / "data")

    def start(self) -> None:
        arguments = [
            *_command("mariadbd", self.folder),
            f"--port={self.port}",
            f"--socket={self.unix_socket}",
            f"--pid-file={self.folder / 'pid'}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            *self._options,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
                return
            except pymysql.OperationalError:
                assert self._process.poll() is None, self._log.read_text()[-2000:]
                assert time.monotonic() < deadline, "mariadbd does not start"
                time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def execute(self, sql: str, *parameters: Any) -> Any:
        """Run one statement as root. Returns all rows."""
        with contextlib.closing(pymysql.connect(host="127.0.0.1", port=self.port, user="root")) as connection:
            connection.autocommit(True)
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall()


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[MariaDB]:
    server = MariaDB(folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _command(program: str, folder: Path) -> list[str]:
    """A program of MariaDB's on the folder, with which no other server shares a file."""
    path = shutil.which(program, path=SBIN)
    assert path, f"{program} is missing: ./run.sh test installs it"
    user = ["--user=root"] if os.geteuid() == 0 else []
    # a server deletes what it takes for its own old files in its tmpdir
    return [path, "--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}", LOG_SIZE, *user]


@cache
def _installed() -> Path:
    """A data folder with no databases: making it takes as long as ten starts, so it is made once and copied."""
    folder = Path(tempfile.mkdtemp(prefix="chat-mariadb-"))
    atexit.register(shutil.rmtree, folder)
    options = ["--auth-root-authentication-method=normal", "--skip-test-db", *UNSYNCED]
    subprocess.run([*_command("mariadb-install-db", folder), *options], stdout=subprocess.DEVNULL, check=True)
    return folder / "data"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
