"""What the log's lines look like, and that no client can fill a disk with them."""

import re
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

import logs
from tests.conftest import PASSWORD, Desk
from tests.service import running
from tests.test_login import Door

LINE = re.compile(r"\[[DIWE] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} \w+:\d+\] .+")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_every_line_has_its_time_and_the_zone_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    with running(tmp_path, f"--database=sqlite:{tmp_path}/chat.db") as service:
        lines = service.log.read_text().splitlines()
    assert lines
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert all(("+0900" if zone == "Asia/Tokyo" else "+0000") in line for line in lines)


@pytest.mark.gen_test
async def test_a_flood_of_lines_is_cut_and_says_so_and_hides_no_other_kind(
    desk: Desk, http_client: AsyncHTTPClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    with caplog.filtering(logs.Bounded()):
        anna = await desk.enter("anna")
        for _ in range(logs.PER_KIND + 50):
            await anna.refused("no.such.method")
        refused = [record.getMessage() for record in caplog.records if "error 3" in record.getMessage()]
        assert len(refused) == logs.PER_KIND
        assert ["left out" in line for line in refused] == [False] * (logs.PER_KIND - 1) + [True]
        await Door(desk, http_client).knock("anna", PASSWORD)
        assert f"log-in from 127.0.0.1 as user {desk.ids['anna']} ok" in caplog.text
        monkeypatch.setattr(logs, "SECONDS", 0.0)
        await anna.refused("no.such.method")
        assert "(50 lines like this one were left out) connection" in caplog.messages[-1]
