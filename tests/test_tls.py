"""TLS by the service itself, and by the real nginx before it."""

import asyncio
import json
import os
import signal
import ssl
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from tests.client import Client
from tests.nginx import Certificate, nginx
from tests.service import Service, manage, running
from tests.test_start import failing

pytestmark = pytest.mark.gen_test


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(tmp_path)


@pytest.fixture
def service(tmp_path: Path, certificate: Certificate) -> Iterator[Service]:
    database = f"--database=sqlite:{tmp_path}/chat.db"
    for name, role in (("olga", ["--operator"]), ("anna", [])):
        manage("user", "add", name, *role, database, stdin="a secret\n")
    tls = (f"--certfile={certificate.certfile}", f"--keyfile={certificate.keyfile}")
    with running(tmp_path, database, *tls) as started:
        yield started


@pytest.fixture
def plain_service(tmp_path: Path) -> Iterator[Service]:
    database = f"--database=sqlite:{tmp_path}/chat.db"
    for name, role in (("olga", ["--operator"]), ("anna", [])):
        manage("user", "add", name, *role, database, stdin="a secret\n")
    with running(tmp_path, database, "--trusted-proxies=127.0.0.1") as started:
        yield started


async def enter(url: str, name: str, certificate: Certificate) -> Client:
    """An authenticated connection over TLS."""
    trust: Any = {"ca_certs": str(certificate.authority_file)}
    body = json.dumps({"user_name": name, "password": "a secret"})
    answer = await AsyncHTTPClient().fetch(f"{url}/v1/auth/", method="POST", body=body, **trust)
    request = HTTPRequest(url.replace("https", "wss") + "/v1/ws/", **trust)
    client = Client(await websocket_connect(request, max_message_size=64 * 2**20))
    await client.call("message.auth", json.loads(answer.body)["result"]["token"])
    return client


async def chat(url: str, certificate: Certificate) -> None:
    """A customer and an operator, with texts long and short."""
    anna, olga = await enter(url, "anna", certificate), await enter(url, "olga", certificate)
    for text in ("Hello", "ё" * 16_000):
        sent = (await anna.call("message.send", text))["message"]
        heard = await olga.push()
        assert (heard["message_id"], heard["message_text"]) == (sent["message_id"], text)
    answer = (await olga.call("message.operatorSend", "Hello, Anna"))["message"]
    assert await anna.push() == {key: answer[key] for key in answer if key not in ("user_id", "user_name")}
    for number in range(60):
        anna.send("message.send", f"{number} " + "x" * 15_000)
    assert [(await olga.push())["message_text"].split()[0] for _ in range(60)] == [str(number) for number in range(60)]


async def test_the_service_speaks_tls_by_itself(service: Service, certificate: Certificate) -> None:
    await chat(f"https://127.0.0.1:{service.port}", certificate)


async def headers(url: str, certificate: Certificate) -> Any:
    """Of an answer, which may be an error."""
    trust: Any = {"ca_certs": str(certificate.authority_file)} if url.startswith("https") else {}
    return (await AsyncHTTPClient().fetch(url, raise_error=False, **trust)).headers


async def test_over_tls_every_answer_tells_browsers_to_come_that_way_alone(
    service: Service, certificate: Certificate
) -> None:
    for path in ("/", "/operator", "/healthz", "/v1/auth/", "/nothing"):
        answered = await headers(f"https://127.0.0.1:{service.port}{path}", certificate)
        assert answered["Strict-Transport-Security"] == "max-age=31536000", path


async def test_the_demo_with_a_certificate_says_so_in_its_addresses(tmp_path: Path, certificate: Certificate) -> None:
    settings = ("--demo", f"--certfile={certificate.certfile}", f"--keyfile={certificate.keyfile}")
    with running(tmp_path, f"--database=sqlite:{tmp_path}/demo.db", *settings) as service:
        log = service.log.read_text()
    assert f"Operator's:       https://127.0.0.1:{service.port}/operator\n" in log
    assert f"Chat:             wss://127.0.0.1:{service.port}/v1/ws/\n" in log


async def serial(port: int, certificate: Certificate) -> str:
    """The number of the certificate that a new connection gets."""
    context = ssl.create_default_context(cafile=str(certificate.authority_file))
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    number = str(writer.get_extra_info("peercert")["serialNumber"])
    writer.close()
    await writer.wait_closed()
    return number


async def until_logged(service: Service, line: str) -> None:
    while line not in service.log.read_text():
        await asyncio.sleep(0.01)


async def test_a_new_certificate_is_for_new_connections_and_a_bad_one_is_not_taken(
    service: Service, certificate: Certificate
) -> None:
    first = await serial(service.port, certificate)
    anna = await enter(f"https://127.0.0.1:{service.port}", "anna", certificate)
    certificate.issue()
    assert await serial(service.port, certificate) == first
    os.kill(service.pid, signal.SIGHUP)
    await until_logged(service, "read the certificate again")
    second = await serial(service.port, certificate)
    assert second != first
    certificate.keyfile.write_text("no key")
    os.kill(service.pid, signal.SIGHUP)
    await until_logged(service, "do not serve")
    certificate.keyfile.unlink()
    os.kill(service.pid, signal.SIGHUP)
    await until_logged(service, "cannot read the certificate")
    assert service.log.read_text().count("the one in use stays") == 2
    assert await serial(service.port, certificate) == second
    assert (await anna.call("message.send", "still here"))["message"]["message_text"] == "still here"


def test_a_certificate_that_does_not_serve_is_one_clear_line_at_the_start(
    tmp_path: Path, certificate: Certificate
) -> None:
    certfile = f"--certfile={certificate.certfile}"
    assert "TLS needs both" in failing(tmp_path, certfile)
    assert "cannot read the certificate" in failing(tmp_path, certfile, "--keyfile=/nowhere.pem")
    other = tmp_path / "other.pem"
    trustme_key = Certificate(tmp_path / ".").authority.issue_cert("127.0.0.1").private_key_pem
    trustme_key.write_to_path(other)
    assert "key values mismatch" in failing(tmp_path, certfile, f"--keyfile={other}")


async def test_they_chat_through_nginx_as_the_example_sets_it_up(
    tmp_path: Path, plain_service: Service, certificate: Certificate
) -> None:
    with nginx(tmp_path, certificate, plain_service.port) as port:
        await chat(f"https://127.0.0.1:{port}", certificate)
        for path in ("/", "/nothing"):
            answered = await headers(f"https://127.0.0.1:{port}{path}", certificate)
            assert answered.get_list("Strict-Transport-Security") == ["max-age=31536000"]
        assert "Strict-Transport-Security" not in await headers(plain_service.url, certificate)


async def test_the_clients_own_address_arrives_through_nginx_whatever_it_says(
    tmp_path: Path, plain_service: Service, certificate: Certificate
) -> None:
    context = ssl.create_default_context(cafile=str(certificate.authority_file))
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==",
        "Sec-WebSocket-Version": "13",
    }
    made_up = {"X-Real-IP": "192.0.2.1", "X-Forwarded-For": "192.0.2.1"}
    with nginx(tmp_path, certificate, plain_service.port) as port:
        client = HTTPSConnection("127.0.0.1", port, source_address=("127.0.0.3", 0), context=context)
        client.request("GET", "/healthz", headers=made_up)
        assert json.load(client.getresponse())["address"] == "127.0.0.3"
        client.request("GET", "/v1/ws/", headers={**made_up, **upgrade})
        assert client.getresponse().status == 101
        client.close()
        await until_logged(plain_service, "opened from 127.0.0.3")
    assert "192.0.2.1" not in plain_service.log.read_text()
