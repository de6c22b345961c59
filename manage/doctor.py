"""./run.sh doctor: is everything as it should be, and if not, what to do."""

import asyncio
import json
import os
import resource
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import click
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.options import options
from tornado.websocket import websocket_connect

import settings
from db import Connection, find_engine, users
from db.credentials import hash_password
from db.examination import Finding, examine
from handlers.tokens import find_secret

FREE_BYTES = 500 * 2**20
FILES = 10_240  # 10,000 connections, and the service's own
ANSWER_SECONDS = 10


@click.command()
@click.option("--config", envvar="CHAT_CONFIG", help="the service's file of settings")
@click.option("--database", "database_url", help="the database, where it is not in the settings")
@click.option("--url", help="the public address: a customer is made, logs in there, and is removed")
def doctor(config: str | None, database_url: str | None, url: str | None) -> None:
    """Examine the settings, the database and the machine, and the way in from outside. Exit status 1: not all is well.

    Example: ./run.sh doctor --url=https://chat.example
    """
    is_well = True
    for finding in _examine_all(config, database_url, url):
        is_well = is_well and not finding.advice
        click.echo(
            f"{'FAIL' if finding.advice else 'ok  '} {finding.text}" + (f": {finding.advice}" if finding.advice else "")
        )
    raise SystemExit(0 if is_well else 1)


def _examine_all(config: str | None, database_url: str | None, url: str | None) -> Iterator[Finding]:
    arguments = [f"--config={config}"] if config else []
    try:
        settings.read(arguments + ([f"--database={database_url}"] if database_url else []))
        engine = find_engine(options.database)
    except ValueError as error:
        yield Finding("settings", str(error))
        return
    yield Finding(f"settings of {config or 'the defaults'}")
    yield _examine_secret()
    if options.database.startswith("sqlite:"):
        yield _examine_disk(os.path.dirname(options.database.partition(":")[2]) or ".")
    yield _examine_files()
    if not engine.exists():
        yield Finding(f"there is no database {options.database}", "start the service, or correct --database=")
        return
    try:
        connection = engine.connect()
        try:
            yield Finding(f"reached the database {options.database}")
            yield from examine(engine, connection)
            if url:
                yield from _examine_way_in(connection, url.rstrip("/"))
        finally:
            connection.close()
    except Exception as error:
        yield Finding("the database", str(error))


def _examine_secret() -> Finding:
    if not os.environ.get("CHAT_SECRET"):
        path = Path(options.secret_file)
        if not path.exists():
            return Finding(f"there is no token secret {path}", "start the service: it makes one")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return Finding(f"others can read the token secret {path}", f"chmod 600 {path}")
    try:
        find_secret(options.secret_file)
    except ValueError as error:
        return Finding("the token secret", str(error))
    return Finding("the token secret is its owner's alone")


def _examine_disk(folder: str) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free // 2**20:,} MiB are free in {folder}"
    return Finding(text, "" if free >= FREE_BYTES else "make room: without any, no message can be stored")


def _examine_files() -> Finding:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    text = (
        f"{most:,} files may be open at once" if most != resource.RLIM_INFINITY else "any number of files may be open"
    )
    is_enough = most == resource.RLIM_INFINITY or most >= FILES
    return Finding(text, "" if is_enough else f"raise it with ulimit -n {FILES}, or LimitNOFILE= in the unit")


def _examine_way_in(connection: Connection, url: str) -> Iterator[Finding]:
    """As a customer who is there for this alone."""
    name, password = f"doctor-{secrets.token_hex(8)}", secrets.token_urlsafe(24)
    user_id = users.add(connection, name, hash_password(password), is_admin=False)
    try:
        yield from asyncio.run(_go_in(url, name, password))
    finally:
        users.remove(connection, user_id)


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
