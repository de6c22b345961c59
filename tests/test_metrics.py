"""What the service tells of itself to whoever watches it."""

import re
import subprocess
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

import metrics
from tests.client import Client
from tests.nginx import free_port
from tests.service import ROOT, manage, running
from tests.test_users import log_in

pytestmark = pytest.mark.gen_test

ALERTS = ROOT / "deploy" / "alerts.yaml"


async def scrape(port: int) -> dict[str, float]:
    """Each sample's value, by its name with its labels."""
    answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/metrics")
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


async def test_it_counts_what_happens_and_only_on_its_own_port(database_url: str, tmp_path: Path) -> None:
    for name, options in (("olga", ["--operator"]), ("anna", [])):
        manage("user", "add", name, *options, f"--database={database_url}", stdin="a secret\n")
    port = free_port()
    with running(tmp_path, f"--database={database_url}", f"--metrics-port={port}") as service:
        anna, olga, silent = [await Client.connect(service.url) for _ in range(3)]
        await anna.call("message.auth", await log_in(service.url, "anna", "a secret"))
        await olga.call("message.auth", await log_in(service.url, "olga", "a secret"))
        with pytest.raises(HTTPClientError):
            await log_in(service.url, "anna", "wrong")
        for number in range(3):
            await anna.call("message.send", str(number))
        assert await anna.refused("message.send", "") == 1
        seen = await scrape(port)
        for kind in ("customer", "operator", "none"):
            assert seen[f'chat_connections{{role="{kind}"}}'] == 1
        assert seen['chat_messages_total{role="customer"}'] == 3
        assert seen['chat_errors_total{code="1"}'] == 1
        assert seen['chat_log_ins_total{outcome="ok"}'] == 2
        assert seen['chat_log_ins_total{outcome="refused"}'] == 1
        assert seen["chat_group_size_count"] == seen["chat_group_seconds_count"] >= 3
        assert (seen["chat_database_up"], seen["chat_waiting_conversations"]) == (1, 1)
        assert 0 <= seen["chat_longest_wait_seconds"] < 60
        assert 0 < seen["chat_open_files"] < seen["chat_most_files"]
        await olga.call("message.operatorSend", "Hello")
        seen = await scrape(port)
        assert seen['chat_messages_total{role="operator"}'] == 1
        assert (seen["chat_waiting_conversations"], seen["chat_longest_wait_seconds"]) == (0, 0)
        with pytest.raises(HTTPClientError, match="404"):
            await AsyncHTTPClient().fetch(f"{service.url}/metrics")
        silent.close()


def test_promtool_takes_the_alerts_and_what_they_name_is_counted() -> None:
    done = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    known = {sample.name for metric in metrics.REGISTRY.collect() for sample in metric.samples} | {"chat_errors_total"}
    known |= {"chat_log_ins_total"}  # without a sample before the first one
    assert set(re.findall(r"\b(chat_\w+)", " ".join(re.findall("expr: (.*)", ALERTS.read_text())))) <= known


def test_each_alert_is_explained() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    for alert in re.findall(r"alert: (\w+)", ALERTS.read_text()):
        assert f"| `{alert}` |" in operations
