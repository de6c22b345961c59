"""Disks that fail: a small one that is full, and what strace makes of a process's calls of the system."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path


class SmallDisk:
    """A tmpfs of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """To the last byte."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (2**16, 2**12, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"x" * size):
                        pass

    def free(self) -> None:
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "chat-test", str(folder)], check=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def injecting(pid: int, calls: str, effect: str, paths: Sequence[Path] = ()) -> Iterator[None]:
    """Let the calls that a process makes, on these paths or on any file, have an effect of strace's."""
    only = [word for path in paths for word in ("-P", str(path))]
    arguments = ["strace", "--follow-forks", *only, f"--inject={calls}:{effect}", "--quiet=all", "-o", os.devnull]
    with subprocess.Popen([*arguments, "-p", str(pid)], stderr=subprocess.PIPE, text=True) as strace:
        try:
            _wait_until_traced(strace, pid)
            yield
        finally:
            strace.terminate()


def _wait_until_traced(strace: subprocess.Popen[str], pid: int) -> None:
    """All threads have a tracer."""
    while True:
        assert strace.poll() is None, strace.stderr and strace.stderr.read()
        states = [status.read_text() for status in Path(f"/proc/{pid}/task").glob("*/status")]
        if all(f"TracerPid:\t{strace.pid}" in state for state in states):
            return


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
