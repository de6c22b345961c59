"""The service is killed under load, and MariaDB is killed, stopped and restarted under a service that is not."""

import asyncio
import random
import time
from collections.abc import Iterator
from itertools import cycle, islice, product
from pathlib import Path

import pytest

from tests.faults.conftest import Tell
from tests.faults.health import watching
from tests.faults.load import add_people, loading
from tests.mariadb import MariaDB
from tests.mariadb import running as mariadb_running
from tests.service import running

pytestmark = [pytest.mark.slow, pytest.mark.gen_test(timeout=300)]

TIMES = 20
MOST = 200  # messages between two faults


async def test_a_service_that_is_killed_loses_nothing_and_stores_nothing_twice(
    database_url: str, tmp_path: Path, tell: Tell
) -> None:
    tokens = add_people(database_url, tmp_path)
    seconds = []
    with running(tmp_path, f"--database={database_url}", "--message-rate=0") as service:
        async with loading(service.url, tokens) as load, watching(service.url) as health:
            for _ in range(TIMES):
                await load.go_on(random.randint(1, MOST))
                assert "Traceback" not in service.log.read_text()
                service.kill()
                started = time.monotonic()
                await asyncio.to_thread(service.start)
                await load.go_on()
                seconds.append(time.monotonic() - started)
                await load.check()
                assert await health.ask() == 200
    tell(f"kill -9 of the service on {database_url.partition(':')[0]}", TIMES, load.tally, seconds)


@pytest.fixture
def own_mariadb(tmp_path: Path) -> Iterator[MariaDB]:
    """One that may be killed."""
    with mariadb_running(tmp_path, "--innodb-buffer-pool-size=32M") as started:
        started.execute("CREATE DATABASE chat")
        yield started


async def test_a_mariadb_that_is_killed_stopped_and_restarted_loses_nothing(
    own_mariadb: MariaDB, tmp_path: Path, tell: Tell
) -> None:
    url = f"mysql://root@127.0.0.1:{own_mariadb.port}/chat"
    tokens = add_people(url, tmp_path)
    seconds = []
    with running(tmp_path, f"--database={url}", "--message-rate=0") as service:
        async with loading(service.url, tokens) as load, watching(service.url) as health:
            for is_killed, pause in islice(cycle(product((True, False), (0, 0.5))), TIMES):
                await load.go_on(random.randint(1, MOST))
                await asyncio.to_thread(own_mariadb.kill if is_killed else own_mariadb.stop)
                gone = time.monotonic()
                if pause:
                    await health.until(503)
                    await asyncio.sleep(pause)
                assert health.said(gone) <= {503}
                await asyncio.to_thread(own_mariadb.start)
                started = time.monotonic()
                await load.go_on()
                seconds.append(time.monotonic() - started)
                await load.check()
                await health.until(200)
        log = service.log.read_text()
    assert load.refused
    assert log.count("the database is away") == log.count("the database is back")
    assert "Traceback" not in log
    tell("kill -9, stop and restart of MariaDB", TIMES, load.tally, seconds)
