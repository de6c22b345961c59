"""The database is yesterday's, or the clock is: ids and order hold, and what a client knows better counts as absent."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.client import Client, Json
from tests.faults.load import TokensByName, add_people
from tests.mariadb import MariaDB
from tests.service import Service, running

pytestmark = [pytest.mark.slow, pytest.mark.gen_test]

ENGINES = pytest.mark.parametrize("engine", ["sqlite", "mysql"])
HOUR = 3_600  # seconds


class Kept:
    """A database in a folder of its own, of which a copy can be put back while nobody uses it."""

    def __init__(self, engine: str, folder: Path) -> None:
        self._live, self._copy = folder / "live", folder / "copy"
        self._live.mkdir()
        self._mariadb: MariaDB | None = None
        self.url = f"sqlite:{self._live}/chat.db"
        if engine == "mysql":
            self._mariadb = MariaDB(self._live, "--innodb-buffer-pool-size=32M")
            self._mariadb.start()
            self._mariadb.execute("CREATE DATABASE chat")
            self.url = f"mysql://root@127.0.0.1:{self._mariadb.port}/chat"

    def copy(self) -> None:
        with self._at_rest():
            shutil.copytree(self._live, self._copy)

    def restore(self) -> None:
        with self._at_rest():
            shutil.rmtree(self._live)
            shutil.copytree(self._copy, self._live)

    @contextlib.contextmanager
    def _at_rest(self) -> Iterator[None]:
        self.close()
        yield
        if self._mariadb:
            self._mariadb.start()

    def close(self) -> None:
        if self._mariadb:
            self._mariadb.stop()


@pytest.fixture
def kept(engine: str, tmp_path: Path) -> Iterator[Kept]:
    made = Kept(engine, tmp_path)
    yield made
    made.close()


@pytest.fixture
def tokens(kept: Kept, tmp_path: Path) -> TokensByName:
    return add_people(kept.url, tmp_path)


async def enter(service: Service, token: str, *after_id: int) -> tuple[Client, list[Json]]:
    """A connection, and the texts that it was sent as it entered."""
    client = await Client.connect(service.url)
    result = await client.call("message.auth", token, *after_id)
    return client, [message["message_text"] for message in result["messages"] or []]


async def send(service: Service, token: str, *texts: str) -> list[int]:
    """The ids of messages that are sent one by one."""
    client, _ = await enter(service, token)
    ids = [(await client.call("message.send", text))["message"]["message_id"] for text in texts]
    client.close()
    return ids


@ENGINES
async def test_after_a_restore_an_id_from_the_future_counts_as_absent(
    kept: Kept, tokens: TokensByName, tmp_path: Path
) -> None:
    yesterday, today = [f"yesterday {n}" for n in range(5)], [f"today {n}" for n in range(5)]
    with running(tmp_path, f"--database={kept.url}") as service:
        old_ids = await send(service, tokens["anna"], *yesterday)
        service.terminate()
        assert await asyncio.to_thread(service.wait) == 0
        kept.copy()
        service.start()
        newest_id = (await send(service, tokens["anna"], *today))[-1]
        service.terminate()
        assert await asyncio.to_thread(service.wait) == 0
        kept.restore()
        service.start()
        for name in ("anna", "olga"):
            _, texts = await enter(service, tokens[name], newest_id)
            assert texts == yesterday
            assert (await enter(service, tokens[name], old_ids[2]))[1] == yesterday[3:]
        new_ids = await send(service, tokens["anna"], "again 0", "again 1")
        assert old_ids + new_ids == sorted({*old_ids, *new_ids})
        assert (await enter(service, tokens["anna"]))[1] == [*yesterday, "again 0", "again 1"]


@pytest.mark.parametrize("engine", ["mysql"])
async def test_a_restore_under_the_running_service_makes_the_clients_come_again(
    kept: Kept, tokens: TokensByName, tmp_path: Path
) -> None:
    """SQLite's files are the service's alone while it runs."""
    with running(tmp_path, f"--database={kept.url}") as service:
        await send(service, tokens["anna"], "yesterday")
        kept.copy()
        while (await AsyncHTTPClient().fetch(f"{service.url}/healthz", raise_error=False)).code != 200:
            await asyncio.sleep(0.05)
        anna, _ = await enter(service, tokens["anna"])
        today = (await anna.call("message.send", "today"))["message"]["message_id"]
        kept.restore()
        assert await anna.close_code() == 1012
        anna, texts = await enter(service, tokens["anna"], today)
        assert texts == ["yesterday"]
        assert (await anna.call("message.send", "again"))["message"]["message_text"] == "again"


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that holds by how many seconds the clock of what is started goes wrong: libfaketime reads it."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    file = tmp_path / "clock"
    file.write_text("+0")
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(file))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return file


def set_back(clock: Path) -> None:
    clock.write_text(f"-{HOUR}")


@ENGINES
async def test_a_clock_that_is_set_back_an_hour_changes_no_order(
    kept: Kept, tokens: TokensByName, clock: Path, tmp_path: Path
) -> None:
    with running(tmp_path, f"--database={kept.url}") as service:
        anna, _ = await enter(service, tokens["anna"])
        olga, _ = await enter(service, tokens["olga"])
        before = (await anna.call("message.send", "before", "key"))["message"]
        set_back(clock)
        after = (await anna.call("message.send", "after"))["message"]
        assert before["created"] - HOUR <= after["created"] < before["created"] - HOUR + 60
        assert after["message_id"] > before["message_id"]
        assert [(await olga.push())["message_text"] for _ in range(2)] == ["before", "after"]
        assert (await anna.call("message.send", "before", "key"))["message"] == before
        await send(service, tokens["boris"], "from boris")
        for _ in range(2):  # and after a restart
            assert (await enter(service, tokens["anna"]))[1] == ["before", "after"]
            assert (await enter(service, tokens["anna"], before["message_id"]))[1] == ["after"]
            olga, texts = await enter(service, tokens["olga"])
            assert texts == ["before", "after", "from boris"]
            waiting = (await olga.call("conversation.list", "waiting"))["conversations"]
            assert [one["user_name"] for one in waiting] == ["anna", "boris"]
            service.terminate()
            assert await asyncio.to_thread(service.wait) == 0
            await asyncio.to_thread(service.start)
