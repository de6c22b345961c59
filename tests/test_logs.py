"""The log, in each of its forms, as the process writes it, and that no client can fill a disk with it."""

import contextlib
import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

import logs
from tests import conftest
from tests.client import Client
from tests.conftest import Desk
from tests.service import ROOT, Service, manage, running
from tests.test_login import Door
from tests.test_tls import until_logged
from tests.test_users import log_in

pytestmark = pytest.mark.gen_test

TEXT, PASSWORD = "a text that is nobody's business", "secret words"
LINE = re.compile(r"\[[DIWE] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} \w+:\d+\] .+")
LOGFMT = re.compile(r'([a-z]+)=("(?:[^"\\]|\\.)*"|[^\s"=]+)(?: |$)')


def parse_logfmt(line: str) -> dict[str, Any]:
    """The fields of a line that is nothing but fields."""
    assert LOGFMT.sub("", line) == ""
    return {name: json.loads(value) if value.startswith('"') else value for name, value in LOGFMT.findall(line)}


PARSERS: dict[str, Callable[[str], Any]] = {"json": json.loads, "logfmt": parse_logfmt}


async def provoke(service: Service, folder: Path) -> str:
    """Make it log all kinds of lines, a traceback too. Returns the token that was used."""
    token = await log_in(service.url, "anna", PASSWORD)
    with pytest.raises(HTTPClientError):
        await log_in(service.url, "anna", TEXT)
    with pytest.raises(HTTPClientError):
        await AsyncHTTPClient().fetch(f"{service.url}/{token}?token={token}")
    anna = await Client.connect(service.url)
    await anna.call("message.auth", token)
    await anna.call("message.send", TEXT)
    assert await anna.refused("message.send", TEXT, 7) == 1
    with contextlib.closing(sqlite3.connect(folder / "chat.db")) as beside, beside:
        beside.execute("ALTER TABLE conversations RENAME TO gone")
    assert await anna.refused("message.send", TEXT) == 5
    anna.close()
    await until_logged(service, "closed with")
    return token


@pytest.mark.parametrize("form", ["plain", "logfmt", "json"])
async def test_each_event_is_a_line_that_tells_no_secret(tmp_path: Path, form: str) -> None:
    database = f"--database=sqlite:{tmp_path}/chat.db"
    manage("user", "add", "anna", database, stdin=f"{PASSWORD}\n")
    with running(tmp_path, database, f"--log-format={form}", "--logging=debug") as service:
        token = await provoke(service, tmp_path)
        service.terminate()
        assert service.wait() == 0
    log = service.log.read_text()
    assert "Traceback" in log
    for secret in (TEXT, PASSWORD, token, "anna", (tmp_path / "secret").read_text().strip()):
        assert secret not in log
    if form == "plain":
        assert re.search(r"(?m)^\[I \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} server:\d+\] serving on ", log)
        return
    events = [PARSERS[form](line) for line in log.splitlines()]
    for event in events:
        assert {"time", "level", "logger", "message"} <= set(event)
        assert datetime.fromisoformat(event["time"]).tzinfo is not None
    (failed,) = [event for event in events if "traceback" in event]
    assert (failed["level"], failed["method"]) == ("error", "message.send")
    assert failed["traceback"].startswith("Traceback (most recent call last):\n  File ")
    (refused,) = [event for event in events if event.get("outcome") == "error 1"]
    assert (refused["logger"], str(refused["connection"]), str(refused["user"])) == ("chat.ws", "1", "1")
    (unknown,) = [event for event in events if str(event.get("status")) == "404"]
    assert "path" not in unknown


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_a_service_that_cannot_start_says_so_in_the_logs_form(tmp_path: Path, form: str) -> None:
    (tmp_path / "chat.toml").write_text(f'log-format = "{form}"\n')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = [f"--config={tmp_path}/chat.toml", f"--port={taken.getsockname()[1]}"]
        done = subprocess.run(
            [sys.executable, "server.py", f"--database=sqlite:{tmp_path}/chat.db", *settings],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    (line,) = done.stderr.splitlines()
    event = PARSERS[form](line)
    assert (done.returncode, event["level"]) == (1, "critical")
    assert "choose another port" in event["message"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_every_line_has_its_time_and_the_zone_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    with running(tmp_path, f"--database=sqlite:{tmp_path}/chat.db") as service:
        lines = service.log.read_text().splitlines()
    assert lines
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert all(("+0900" if zone == "Asia/Tokyo" else "+0000") in line for line in lines)


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
        await Door(desk, http_client).knock("anna", conftest.PASSWORD)
        assert f"log-in from 127.0.0.1 as user {desk.ids['anna']} ok" in caplog.text
        monkeypatch.setattr(logs, "SECONDS", 0.0)
        await anna.refused("no.such.method")
        assert "(50 lines like this one were left out) connection" in caplog.messages[-1]
