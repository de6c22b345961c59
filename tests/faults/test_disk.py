"""The disk is full, read-only or slow: the sender is told error 5, and the service recovers when the disk does."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.client import Client
from tests.faults.conftest import Tell
from tests.faults.disk import SmallDisk, injecting, resident_bytes, small_disk
from tests.faults.health import Health, watching
from tests.faults.load import Load, TokensByName, add_people, loading
from tests.mariadb import MariaDB
from tests.mariadb import running as mariadb_running
from tests.service import Service, running

pytestmark = [pytest.mark.slow, pytest.mark.gen_test(timeout=120)]

ENGINES = pytest.mark.parametrize("engine", ["sqlite", "mysql"])
LENGTH = 8_000  # characters in a text, so that the disk is soon full
ROOM = {"sqlite": 24, "sqlite with a long log": 64, "mysql": 220}  # MiB on the disk
REFUSED = 300  # messages, before the disk is mended
# What waits for a slow database is some frames of each connection, 64 at most and here 8 of four, a group of which
# is in the database's hands; all of it is under 1 MiB, so this is room for the allocator and for first uses.
GROWTH = 32 * 2**20


class Scene(NamedTuple):
    disk: SmallDisk
    mariadb: MariaDB | None
    service: Service
    tokens: TokensByName
    load: Load
    health: Health

    @property
    def database_pid(self) -> int:
        """The process that writes to the disk."""
        return int((self.disk.folder / "pid").read_text()) if self.mariadb else self.service.pid


@contextlib.asynccontextmanager
async def scene(engine: str, folder: Path) -> AsyncIterator[Scene]:
    """A service under load, with its database on a disk of its own."""
    async with contextlib.AsyncExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "disk", ROOM[engine]))
        mariadb = None
        if engine != "mysql":
            url = f"sqlite:{disk.folder}/chat.db"
        else:
            options = ("--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M")
            mariadb = stack.enter_context(mariadb_running(disk.folder, *options))
            mariadb.execute("CREATE DATABASE chat")
            url = f"mysql://root@127.0.0.1:{mariadb.port}/chat"
        tokens = add_people(url, folder)
        service = stack.enter_context(running(folder, f"--database={url}", "--message-rate=0"))
        load = await stack.enter_async_context(loading(service.url, tokens, LENGTH))
        health = await stack.enter_async_context(watching(service.url))
        await load.go_on(200)
        yield Scene(disk, mariadb, service, tokens, load, health)
        assert "Traceback" not in service.log.read_text()


async def refuse(scene: Scene) -> None:
    """The disk fails: what is written is refused, /healthz says so, and what waits takes no memory."""
    before = resident_bytes(scene.service.pid)
    await scene.load.fail()
    acknowledged = -1
    while scene.load.acknowledged > acknowledged:  # MariaDB stores some more where it has free pages, and says 200
        await scene.health.until(503)
        failing, acknowledged = time.monotonic(), scene.load.acknowledged
        await scene.load.fail(REFUSED)
    await scene.health.ask()
    assert scene.health.said(failing) == {503}
    assert resident_bytes(scene.service.pid) - before < GROWTH


async def recover(scene: Scene) -> float:
    """The disk is mended: nothing is lost. Returns the seconds until a message was stored."""
    mended = time.monotonic()
    await scene.load.go_on()
    seconds = time.monotonic() - mended
    await scene.load.check()
    await scene.health.until(200)
    return seconds


@pytest.mark.parametrize("engine", ROOM)
async def test_a_full_disk_is_error_5_until_there_is_room(engine: str, tmp_path: Path, tell: Tell) -> None:
    async with scene(engine, tmp_path) as on:
        on.disk.fill()
        await refuse(on)
        on.disk.free()
        if on.mariadb and not on.mariadb.is_running:  # it may end itself; systemd would start it again
            await asyncio.to_thread(on.mariadb.start)
        seconds = [await recover(on)]
    tell(f"a full disk under {engine}", 1, on.load.tally, seconds)


async def test_a_read_only_disk_is_error_5_until_it_can_be_written(tmp_path: Path, tell: Tell) -> None:
    """As of a mount that the kernel has made read-only after an error; MariaDB ends itself on such a disk."""
    async with scene("sqlite", tmp_path) as on:
        paths = [on.disk.folder / f"chat.db{ending}" for ending in ("", "-wal", "-shm")]
        with injecting(on.database_pid, "pwrite64,ftruncate,fallocate", "error=EROFS", paths):
            await refuse(on)
        seconds = [await recover(on)]
    tell("a read-only disk under sqlite", 1, on.load.tally, seconds)


@ENGINES
async def test_a_slow_disk_delays_and_loses_nothing_and_others_can_read(
    engine: str, tmp_path: Path, tell: Tell
) -> None:
    async with scene(engine, tmp_path) as on:
        before = resident_bytes(on.service.pid)
        log = [on.disk.folder / "data" / "ib_logfile0"] if engine == "mysql" else []  # on which a commit waits
        with injecting(on.database_pid, "fsync,fdatasync", "delay_enter=2s", log):
            await on.load.go_on(8)
            for _ in range(10):
                reader = await Client.connect(on.service.url)
                await reader.call("message.auth", on.tokens["anna"])
                assert (await reader.call("message.history"))["messages"]
            await on.load.go_on(8)
        assert resident_bytes(on.service.pid) - before < GROWTH
        seconds = [await recover(on)]
    tell(f"fsync takes 2 s under {engine}", 1, on.load.tally, seconds)
