"""Floods and hostile peers: the service answers others meanwhile, and its memory stays bounded."""

import asyncio
from pathlib import Path

import pytest

from logs import PER_KIND
from tests.client import Client
from tests.faults.disk import resident_bytes
from tests.faults.floods import KINDS, flood
from tests.faults.load import add_people
from tests.service import running

pytestmark = [pytest.mark.slow, pytest.mark.gen_test(timeout=60)]

SECONDS = 2
DATABASE = ("messages", "repeated messages", "log-ins", "histories", "reconnects")  # the kinds that reach it
LIMIT = 100  # connections of one address, half of what the larger floods open
# Each connection has a frame that arrives and 64 KiB read ahead, each of four readers a reply of up to 2 MiB: 40 MiB.
# What a reader leaves unread, up to 16 MiB, comes on top: here the conversation is too short for that.
GROWTH = 64 * 2**20


@pytest.mark.parametrize(
    ("databases", "kind"),
    [*(("sqlite", kind) for kind in KINDS), *(("mysql", kind) for kind in DATABASE)],
    indirect=["databases"],
)
async def test_a_flood_leaves_the_service_to_others_and_takes_bounded_memory(
    kind: str, database_url: str, tmp_path: Path
) -> None:
    tokens = add_people(database_url, tmp_path)
    with running(tmp_path, f"--database={database_url}", f"--connections-per-address={LIMIT}") as service:
        boris = await Client.connect(service.url)
        await boris.call("message.auth", tokens["boris"])
        before = resident_bytes(service.pid)
        flooding = asyncio.ensure_future(flood(kind, service.port, tokens["anna"]))
        for number in range(SECONDS * 10):
            assert (await boris.call("message.send", str(number)))["message"]["message_text"] == str(number)
            await asyncio.sleep(0.1)
        assert not flooding.done()
        assert resident_bytes(service.pid) - before < GROWTH
        flooding.cancel()
        await asyncio.wait([flooding])
        await (await Client.connect(service.url)).call("message.auth", tokens["vera"])
        log = service.log.read_text()
    assert "Traceback" not in log
    assert log.count("\n") < 10 * PER_KIND
    assert log.count("refused") <= log.count("log-in") + 2
