"""The connection to MariaDB fails in the middle of a commit."""

import asyncio
import contextlib
import random
import time
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.faults.conftest import Tell
from tests.faults.health import watching
from tests.faults.load import add_people, loading
from tests.faults.proxy import Fault, proxying
from tests.mariadb import MariaDB
from tests.service import running

pytestmark = [pytest.mark.slow, pytest.mark.gen_test(timeout=300)]

QUICK = [fault for fault in Fault if fault is not Fault.SILENT]  # that takes as long as the writer waits for an answer
FAULTS = [*islice(cycle(QUICK), 20), Fault.SILENT, Fault.SILENT]


async def test_a_commit_that_meets_a_fault_is_stored_once_and_told_to_all(
    mariadb: MariaDB, tmp_path: Path, tell: Tell
) -> None:
    mariadb.execute("CREATE OR REPLACE DATABASE cut")
    tokens = add_people(f"mysql://root@127.0.0.1:{mariadb.port}/cut", tmp_path)
    seconds = []
    async with contextlib.AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(proxying(mariadb.port))
        settings = (f"--database=mysql://root@127.0.0.1:{proxy.port}/cut", "--message-rate=0")
        service = await asyncio.to_thread(stack.enter_context, running(tmp_path, *settings))
        load = await stack.enter_async_context(loading(service.url, tokens))
        health = await stack.enter_async_context(watching(service.url))
        for fault in FAULTS:
            await load.go_on(random.randint(1, 200))
            await proxy.strike(fault)
            struck = time.monotonic()
            await load.go_on()
            seconds.append(time.monotonic() - struck)
            await load.check()
            await health.until(200)
        log = service.log.read_text()
    assert load.refused
    assert "Traceback" not in log
    tell("a commit lost, halved, unanswered, half answered, delayed, silent", len(FAULTS), load.tally, seconds)
