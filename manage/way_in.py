"""The way in from outside, gone by the doctor as a customer who is there for this alone."""

import asyncio
import ipaddress
import json
import secrets
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from db import Connection, users
from db.credentials import hash_password
from db.examination import Finding

ANSWER_SECONDS = 10
MADE_UP = "192.0.2.1"  # nobody's (RFC 5737 3)


def examine_way_in(connection: Connection, url: str, trusted_proxies: Sequence[str]) -> Iterator[Finding]:
    """`url` is the public address, `connection` one to the database. Raises what the engine raises."""
    name, password = f"doctor-{secrets.token_hex(8)}", secrets.token_urlsafe(24)
    user_id = users.add(connection, name, hash_password(password), is_admin=False)
    try:
        findings = asyncio.run(_go_in(url, name, password))
    finally:
        users.remove(connection, user_id)
    yield from findings
    if len(findings) > 1:  # something answers there
        yield _examine_address(url, trusted_proxies)


async def _go_in(url: str, name: str, password: str) -> list[Finding]:
    body = json.dumps({"user_name": name, "password": password})
    request = HTTPRequest(f"{url}/v1/auth/", method="POST", body=body, request_timeout=ANSWER_SECONDS)
    try:
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        token = json.loads(answer.body)["result"]["token"]
    except Exception as error:
        return [Finding(f"no log-in at {url}", f"{error}: does the name lead here, and is /v1/auth/ handed on?")]
    findings = [Finding(f"logged in at {url}")]
    try:
        opened = websocket_connect(
            HTTPRequest(url.replace("http", "ws", 1) + "/v1/ws/", connect_timeout=ANSWER_SECONDS)
        )
        socket = await asyncio.wait_for(opened, ANSWER_SECONDS)
    except Exception as error:
        advice = f"{error}: let the proxy hand on Upgrade and Connection, as deploy/nginx.conf does"
        return [*findings, Finding("no WebSocket", advice)]
    findings.append(Finding("the WebSocket is open"))
    started = asyncio.get_running_loop().time()
    await socket.write_message(json.dumps({"method": "message.auth", "params": [token], "id": 1}))
    try:
        frame = await asyncio.wait_for(socket.read_message(), ANSWER_SECONDS)
    except TimeoutError:
        frame = None
    socket.close()
    milliseconds = (asyncio.get_running_loop().time() - started) * 1000
    if frame is None:
        return [
            *findings,
            Finding("no answer over the WebSocket", "let the proxy pass frames on without buffering them"),
        ]
    return [*findings, Finding(f"a frame went there and back in {milliseconds:.0f} ms")]


def _examine_address(url: str, trusted_proxies: Sequence[str]) -> Finding:
    """Whether the service sees who comes: limits for each address and the log are about it."""
    try:
        own, seen = _find_addresses(url, trusted_proxies)
    except Exception as error:
        return Finding(f"no answer from {url}/healthz", f"{error!r}: let the proxy hand it on, for this examination")
    if seen == MADE_UP:
        advice = "let the proxy set X-Real-IP, as deploy/nginx.conf does"
        return Finding("the service believes any address that a client makes up", advice)
    if seen == own or (_is_private(own) and not _is_private(seen)):  # a router gave it another one on the way
        return Finding(f"the service sees this machine's address, {seen}")
    advice = f"if {seen} is the proxy's, name it in the setting trusted-proxies"
    if seen in trusted_proxies:
        advice = "let the proxy set X-Real-IP, as deploy/nginx.conf does"
    return Finding(f"the service sees {seen}, not this machine's address {own}", advice)


def _find_addresses(url: str, trusted_proxies: Sequence[str]) -> tuple[str, str]:
    """The address that this machine goes in from, and the one that arrives, though another one was said to be it.

    A program at a trusted address may be the proxy, and is believed.
    """
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.netloc, timeout=ANSWER_SECONDS)
    connection.connect()
    own = connection.sock.getsockname()[0]
    connection.request("GET", f"{parts.path}/healthz", headers={} if own in trusted_proxies else {"X-Real-IP": MADE_UP})
    seen = json.load(connection.getresponse())["address"]
    connection.close()
    return own, seen


def _is_private(address: str) -> bool:
    return ipaddress.ip_address(address).is_private
