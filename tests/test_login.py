"""POST /v1/auth/ beyond the seed: its throttle, its proxies, other origins, and bodies that never end."""

import asyncio
import json
import socket
from typing import Any

import bcrypt
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.web import Application

from db import users
from handlers.limits import Throttle
from handlers.passwords import WAITING_OF_ADDRESS, PasswordChecks
from tests.client import Client
from tests.conftest import PASSWORD, Desk

pytestmark = pytest.mark.gen_test

ORIGIN = "https://shop.example"


class Door:
    """Tries to log in."""

    def __init__(self, desk: Desk, http_client: AsyncHTTPClient) -> None:
        self._url = f"{desk.url}/v1/auth/"
        self._http_client = http_client

    async def knock(self, name: str, password: str = "wrong", **headers: str) -> HTTPResponse:
        body = json.dumps({"user_name": name, "password": password})
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        return await self._http_client.fetch(self._url, method="POST", body=body, headers=headers, raise_error=False)


@pytest.fixture
def door(desk: Desk, http_client: AsyncHTTPClient) -> Door:
    return Door(desk, http_client)


def throttled(app: Application, per_name: int, per_address: int, window: float = 600) -> None:
    app.settings["password_checks"] = PasswordChecks(Throttle(per_name, per_address, window))


async def test_failures_are_throttled_by_address_and_name(door: Door, app: Application) -> None:
    throttled(app, 3, 100)
    answers = [await door.knock("anna") for _ in range(5)]
    assert [answer.code for answer in answers] == [403] * 5
    assert ["Retry-After" in answer.headers for answer in answers] == [False] * 3 + [True] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 600
    right = await door.knock("anna", PASSWORD)
    assert (right.code, right.body, "Retry-After" in right.headers) == (403, b"", True)
    assert (await door.knock("boris", PASSWORD)).code == 200


async def test_failures_are_throttled_by_address(door: Door, app: Application) -> None:
    throttled(app, 10, 4)
    for name in ("anna", "boris", "nobody", "somebody"):
        assert "Retry-After" not in (await door.knock(name)).headers
    assert "Retry-After" in (await door.knock("vera", PASSWORD)).headers


async def test_what_is_throttled_is_a_warning_with_its_address_and_its_reason(
    door: Door, app: Application, caplog: Any
) -> None:
    throttled(app, 1, 100)
    for _ in range(3):
        await door.knock("anna")
    app.settings["password_checks"]._waiting["127.0.0.1"] = WAITING_OF_ADDRESS
    await door.knock("boris")
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    start = "a password from 127.0.0.1 was not checked, nor is one for "
    assert [line.startswith(start) for line in lines] == [True] * 3
    assert [line.rpartition(": ")[2] for line in lines] == ["too many were wrong"] * 2 + ["too many wait"]


async def test_only_failures_count(door: Door, app: Application) -> None:
    throttled(app, 3, 4)
    assert [(await door.knock("anna", PASSWORD)).code for _ in range(10)] == [200] * 10
    assert "Retry-After" not in (await door.knock("anna")).headers


async def test_failures_are_forgotten_after_the_window(door: Door, app: Application) -> None:
    throttled(app, 1, 100, window=0.5)
    await door.knock("anna")
    assert "Retry-After" in (await door.knock("anna", PASSWORD)).headers
    await asyncio.sleep(0.6)
    assert (await door.knock("anna", PASSWORD)).code == 200


async def test_many_tries_at_once_are_no_way_around_the_throttle(door: Door, app: Application) -> None:
    throttled(app, 3, 100)
    answers = await asyncio.gather(*(door.knock("nobody") for _ in range(10)))
    assert sum("Retry-After" not in answer.headers for answer in answers) <= 4


async def test_x_real_ip_counts_from_a_trusted_proxy_alone(door: Door, app: Application) -> None:
    throttled(app, 2, 2)
    for n in range(3):
        await door.knock("anna", X_Real_IP=f"192.0.2.{n}")
    assert "Retry-After" in (await door.knock("anna", PASSWORD, X_Real_IP="192.0.2.9")).headers
    app.settings["trusted_proxies"] = ["127.0.0.1", "::1"]
    for n in range(3):
        assert "Retry-After" not in (await door.knock("anna", X_Real_IP=f"192.0.2.{n}")).headers
    assert "Retry-After" not in (await door.knock("anna", X_Real_IP="2001:db8:1:2::1")).headers
    assert "Retry-After" not in (await door.knock("anna", X_Real_IP="2001:db8:1:2:ffff::2")).headers
    assert "Retry-After" in (await door.knock("anna", PASSWORD, X_Real_IP="2001:db8:1:2::3")).headers
    assert (await door.knock("anna", PASSWORD, X_Real_IP="2001:db8:1:3::1")).code == 200
    assert "Retry-After" in (await door.knock("anna", PASSWORD, X_Real_IP="not an address")).headers


async def test_two_first_log_ins_at_once_get_tokens_of_the_same_key(desk: Desk, door: Door) -> None:
    answers = await asyncio.gather(*(door.knock("anna", PASSWORD) for _ in range(4)))
    for answer in answers:
        client = await desk.open()
        await client.call("message.auth", json.loads(answer.body)["result"]["token"])


async def test_a_name_typed_with_combining_accents_is_the_same_name(desk: Desk, door: Door) -> None:
    anna = await desk.database.read(users.find_by_name, "anna")
    assert anna
    await desk.database.write(users.add, "Zoë й", anna.user_password, is_admin=False)
    assert (await door.knock("Zoe\u0308 и\u0306", PASSWORD)).code == 200


async def test_a_password_column_that_holds_no_hash_lets_nobody_in(desk: Desk, door: Door) -> None:
    for stored in ("", "plain", "$2b$12$short"):
        await desk.database.write(users.set_password, desk.ids["anna"], stored)
        for password in ("", "plain", "$2b$12$short", PASSWORD):
            assert (await door.knock("anna", password)).code == 403


async def test_other_origins_get_no_answer_that_a_browser_would_pass_on(desk: Desk, door: Door) -> None:
    answer = await door.knock("anna", PASSWORD, Origin=ORIGIN)
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_an_allowed_origin_logs_in_and_connects(
    desk: Desk, door: Door, app: Application, http_client: AsyncHTTPClient
) -> None:
    app.settings["trusted_origins"] = [ORIGIN]
    preflight = await http_client.fetch(
        f"{desk.url}/v1/auth/",
        method="OPTIONS",
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"},
        raise_error=False,
    )
    assert (preflight.code, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Methods"] == "POST"
    assert preflight.headers["Access-Control-Allow-Headers"] == "Content-Type"
    for password, code in ((PASSWORD, 200), ("wrong", 403)):
        answer = await door.knock("anna", password, Origin=ORIGIN)
        assert answer.code == code
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.headers["Vary"] == "Origin"
    client = await desk.open(Origin=ORIGIN)
    assert await client.call("message.auth", await desk.token("anna"))


@pytest.mark.parametrize("origin", [ORIGIN, "null", "https://localhost.example"])
async def test_a_websocket_from_another_origin_is_refused(desk: Desk, origin: str) -> None:
    with pytest.raises(Exception, match="403"):
        await Client.connect(desk.url, Origin=origin)


async def test_one_address_that_floods_keeps_no_other_out(desk: Desk, door: Door, app: Application) -> None:
    app.settings["trusted_proxies"] = ["127.0.0.1", "::1"]
    slow_hash = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()  # so that they wait for each other
    await desk.database.write(users.set_password, desk.ids["anna"], slow_hash)
    flood = [asyncio.ensure_future(door.knock("anna", PASSWORD, X_Real_IP="192.0.2.1")) for _ in range(60)]
    other = await door.knock("boris", PASSWORD, X_Real_IP="192.0.2.2")
    assert other.code == 200
    refused = [answer for answer in await asyncio.gather(*flood) if answer.code == 403]
    assert refused
    assert all("Retry-After" in answer.headers for answer in refused)


async def test_an_origin_that_is_none_is_403_and_the_query_is_not_logged(desk: Desk, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    head = b"GET /v1/ws/?token=secret HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    answer = await raw(desk, head + key + b"Origin: http://[bad\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403")
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


async def raw(desk: Desk, *chunks: bytes) -> bytes:
    """What the server sends on a plain connection, until it closes or is silent."""
    port = int(desk.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, family=socket.AF_INET)
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(65_536), 10)
    finally:
        writer.close()


HEAD = b"POST /v1/auth/ HTTP/1.1\r\nHost: localhost\r\n"


async def test_a_body_over_64_kib_is_answered_404_before_it_has_arrived(desk: Desk) -> None:
    for length in (65_537, 10**8, 10**9, 10**18):
        for more in (b"", b"Expect: 100-continue\r\n"):
            answer = await raw(desk, HEAD + more + b"Content-Length: %d\r\n\r\n{" % length)
            assert answer.startswith(b"HTTP/1.1 404"), length
            assert b"Content-Length: 0\r\n" in answer
            assert answer.count(b"HTTP/1.1") == 1, answer
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    answer = await raw(desk, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, chunk)
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"Content-Length: 0\r\n" in answer


async def test_a_body_over_64_kib_is_not_kept(desk: Desk, http_client: AsyncHTTPClient) -> None:
    valid = json.dumps({"user_name": "anna", "password": PASSWORD}).encode()
    for padding, code in ((65_536 - len(valid), 200), (65_537 - len(valid), 404), (5_000_000, 404)):
        answer = await http_client.fetch(
            f"{desk.url}/v1/auth/", method="POST", body=valid + b" " * padding, raise_error=False
        )
        assert answer.code == code, padding


async def test_what_tornado_refuses_keeps_its_400(desk: Desk) -> None:
    assert (await raw(desk, b"POST /v1/auth/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n")).startswith(b"HTTP/1.1 400")
    assert (await raw(desk, b"hello\r\n\r\n")).startswith(b"HTTP/1.1 400")


async def test_the_log_holds_no_token_password_text_or_query(
    desk: Desk, door: Door, app: Application, caplog: Any, http_client: AsyncHTTPClient
) -> None:
    caplog.set_level("DEBUG")
    token = json.loads((await door.knock("anna", PASSWORD)).body)["result"]["token"]
    await door.knock("anna", "a wrong secret")
    await door.knock("a secret typed as the name", "x")
    anna = await desk.open()
    await anna.call("message.auth", token)
    await anna.call("message.send", "a secret text", "a-secret-key")
    await anna.refused("a secret method", "a secret parameter")
    anna.send_text("a secret frame")
    await anna.receive()
    throttle = Throttle(1, 1, 600)
    throttle.record("127.0.0.1", "")
    app.settings["password_checks"] = PasswordChecks(throttle)
    await door.knock("another secret typed as the name", "x")
    for forged in ("a|secret|token", token[:-1] + "x", "2|1:0|10:1|5:token|4:YWJj|" + "0" * 64):
        client = await desk.open()
        client.send("message.auth", forged)
        assert await client.close_code() == 1008
    await http_client.fetch(f"{desk.url}/healthz?token={token}")
    for path in (f"token={token}", f"web/{token}", "v1/auth/secret"):
        await http_client.fetch(f"{desk.url}/{path}", raise_error=False)
    for line in (b"SECRET /", b"SECRET /secret", b"POST /web/secret"):
        answer = await raw(desk, line + b" HTTP/1.1\r\nHost: secret\r\nContent-Length: 0\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 405", b"HTTP/1.1 404"))
    log = caplog.text.replace(desk.url, "")
    assert "message.send ok" in log
    assert "a password from 127.0.0.1 was not checked" in log
    assert f"user {desk.ids['anna']}" in log
    for secret in ("secret", PASSWORD, token, token[-20:], "|"):
        assert secret not in log, secret
