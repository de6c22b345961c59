"""The service as a process of its own, as an administrator starts it."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30
SERVING = re.compile(r"serving on https?://127\.0\.0\.1:(\d+)")


class Service:
    """`server.py` with settings. Its log is in `log`, its port at every start the one of the first."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.log = folder / "log"
        self._arguments = [sys.executable, "server.py", f"--secret-file={folder / 'secret'}", *settings]
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it serves."""
        self.log.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            arguments = [*self._arguments, f"--port={self.port}"]
            self._process = subprocess.Popen(arguments, cwd=ROOT, stdout=log, stderr=log, env=os.environ)
        deadline = time.monotonic() + START_SECONDS
        while not (found := SERVING.search(self.log.read_text())):
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        self.port = int(found[1])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def terminate(self) -> None:
        assert self._process is not None
        self._process.terminate()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        """The exit status, once it has ended."""
        assert self._process is not None
        return self._process.wait(20)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None


@contextlib.contextmanager
def running(folder: Path, *settings: str) -> Iterator[Service]:
    service = Service(folder, *settings)
    service.start()
    try:
        yield service
    finally:
        if service.is_running:
            service.kill()


def manage(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the administrator's commands to its end."""
    return subprocess.run(
        [sys.executable, "-m", "manage", *arguments],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
