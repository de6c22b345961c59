"""A private mariadbd on a folder and a port of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql

START_SECONDS = 60
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
            self._run("mariadb-install-db", "--auth-root-authentication-method=normal", "--skip-test-db")

    def _arguments(self) -> list[str]:
        user = ["--user=root"] if os.geteuid() == 0 else []
        return ["--no-defaults", f"--datadir={self.folder / 'data'}", *user]

    def _run(self, program: str, *options: str) -> None:
        path = shutil.which(program, path=SBIN)
        assert path, f"{program} is missing: ./run.sh test installs it"
        with self._log.open("ab") as log:
            subprocess.run([path, *self._arguments(), *options], stdout=log, stderr=log, check=True)

    def start(self) -> None:
        path = shutil.which("mariadbd", path=SBIN)
        assert path, "mariadbd is missing: ./run.sh test installs it"
        arguments = [
            path,
            *self._arguments(),
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
