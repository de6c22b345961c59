"""Generated frames and HTTP requests against the service as a process: each is answered, and nothing breaks.

A frame may close its connection instead, with a code that docs/protocol.md names; what was sent behind it does not
count. Nor does an HTTP request that still waits for the rest of its body.
"""

import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.client import Json
from tests.conftest import PASSWORD
from tests.generated import ANYTHING, frames, mutate
from tests.generated import draw as draw_from
from tests.service import Service, manage, running
from tests.test_frames import CLOSE, TEXT, Peer, frame
from tests.test_sessions import UPGRADE
from tests.test_users import log_in

pytestmark = [pytest.mark.gen_test(timeout=900), pytest.mark.slow]

FRAMES = {"sqlite": 200_000, "mysql": 20_000}  # MariaDB's statements are what differs
REQUESTS = 50_000
FRAMES_OF_BASE = 67  # of each that Hypothesis draws: they come again, with other bytes changed
VARIANTS = 19  # with bytes changed, of each frame and request
TRIES = 5  # for a request
BATCH = 60  # frames that are on their way at once on a connection
CLOSES = {1002, 1003, 1007, 1008, 1009}  # what the protocol names, for what a client may send
USERS = {"olga": ["--operator"], "oleg": ["--operator"], "anna": [], "boris": []}


class Closed(Exception):
    """The service closed the connection, with the code."""


class Fuzz:
    """A connection that sends batches, and knows what is owed to it."""

    def __init__(self, service: Service, token: str, count: int, counts: Counter[str]) -> None:
        self.service, self.count, self.counts = service, count, counts
        self.auth = json.dumps({"method": "message.auth", "params": [token], "id": "auth"})

    async def run(self, texts: Iterator[bytes]) -> None:
        peer: Peer | None = None
        while self.counts["answered"] < self.count:
            batch = list(itertools.islice(texts, BATCH))
            if peer is None:
                peer = await self.enter()
            if not await self.send(peer, batch):
                await hang_up(peer.writer)
                peer = None
        if peer is not None:
            await hang_up(peer.writer)

    async def enter(self) -> Peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.service.port)
        writer.write(UPGRADE + frame(self.auth))
        await reader.readuntil(b"\r\n\r\n")
        peer = Peer(reader, writer)
        while (await self.next(peer))["id"] != "auth":
            pass
        return peer

    async def next(self, peer: Peer) -> Json:
        while (got := await asyncio.wait_for(peer.read(), 60)).opcode != TEXT:
            if got.opcode == CLOSE:
                raise Closed(int.from_bytes(got.payload[:2], "big"))
        head, tail = got.payload[:30], got.payload[-80:]
        if len(got.payload) > 2000 and b'"id":' in tail:  # a long list is not looked at
            return {"error": None, "result": {}, "id": json.loads(tail[tail.rindex(b'"id":') + 5 : -1]), "head": head}
        return json.loads(got.payload)

    async def send(self, peer: Peer, batch: Sequence[bytes]) -> bool:
        """Whether all were answered: each by its id, or by none where it has none; else the connection is closed."""
        owed = Counter(readable_id(text) for text in batch)
        peer.writer.write(b"".join(frame(text) for text in batch))
        try:
            while owed.total():
                reply = await self.next(peer)
                if reply["id"] is None and reply["error"] is None:
                    continue  # a push: what has no id and would be answered with a result is not sent
                request_id = json.dumps(reply["id"])
                assert owed[request_id], (reply, [text for text in batch if readable_id(text) != "null"])
                owed[request_id] -= 1
                self.counts["answered"] += 1
        except Closed as closed:
            self.counts[f"closed {closed}"] += 1
            return False
        return True


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def no_constant(_: str) -> None:
    raise ValueError


def no_surrogates(pairs: list[tuple[str, Json]]) -> Json:
    """The object of these pairs, of which some may have the same name. Raises ValueError for a lone surrogate."""
    json.dumps(pairs, ensure_ascii=False).encode()
    return dict(pairs)


def readable_id(text: bytes) -> str:
    """The id that the answer must have, as Python's reader sees it; "null" where there is none."""
    try:
        request = json.loads(text.decode(), parse_constant=no_constant, object_pairs_hook=no_surrogates)
        request_id = json.dumps(request["id"])
        return "null" if request_id[0] in "[{" else request_id
    except (ValueError, TypeError, KeyError, RecursionError):
        return "null"


def is_sent(text: bytes) -> bool:
    """Not what would be answered with a result and no id, as a push has none either."""
    try:
        request = json.loads(text.decode())
    except (ValueError, RecursionError):
        return True
    return not isinstance(request, dict) or request.get("id") is not None


PATHS = ["/", "/operator", "/healthz", "/v1/auth/", "/v1/ws/", "/widget.js", "/web/client.js", "/web/", "/nothing", "*"]
NAMES = [
    "Accept-Encoding",
    "If-None-Match",
    "Origin",
    "Cookie",
    "X-Real-IP",
    "Range",
    "Expect",
    "Upgrade",
    "Connection",
]
NAMES += ["Sec-WebSocket-Version", "Sec-WebSocket-Key", "Sec-Fetch-Site", "Content-Type", "X-Forwarded-For", "Via"]
VALUES = ["", "*", "gzip, br", "null", "http://[", "https://a.example", "bytes=0-1", "websocket", "Upgrade", "13"]
VALUES += ["secret", "a" * 99]
HANDSHAKE = UPGRADE.decode().split("\r\n")[2:-2]
PADDING = b"\r\n\r\n" + b" " * 1000  # what a changed length may still wait for
METHODS = ["GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]


def requests() -> Iterator[bytes]:
    """Requests as they may be, then with bytes changed; a body is a log-in, or anything."""
    bodies, chance = draw_from(ANYTHING, 500), random.Random(7)
    while True:
        name, password = chance.choice(bodies), chance.choice(bodies)
        body = json.dumps(chance.choice([{"user_name": name, "password": password}, name])).encode()
        method, path = chance.choice(METHODS), chance.choice(PATHS)
        path += chance.choice(["", "", "?token=secret", "%00", "/.."])
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        if path == "/v1/ws/":
            lines += HANDSHAKE
        lines += [f"{chance.choice(NAMES)}: {chance.choice(VALUES)}" for _ in range(chance.randrange(4))]
        if method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        else:
            body = b""
        whole = "\r\n".join([*lines, "", ""]).encode() + body
        yield whole
        for _ in range(VARIANTS):
            yield mutate(whole, chance)


async def ask(service: Service, request: bytes) -> str:
    """Send a request on a connection of its own. Returns its status, or how else it ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request + PADDING)
    is_long = b"content-length" in request.lower() or b"transfer-encoding" in request.lower()
    try:
        line = await asyncio.wait_for(reader.readline(), 1 if is_long else 60)
        return line[9:12].decode() or "closed"
    except ConnectionResetError:
        return "closed"
    except TimeoutError:
        assert is_long, request
        return "incomplete"  # it waits for the rest of a body
    finally:
        await hang_up(writer)


async def ask_all(service: Service, counts: Counter[str]) -> None:
    waiting = requests()

    async def ask_some() -> None:
        while counts.total() - counts["incomplete"] < REQUESTS:
            request = next(waiting)
            status = await ask(service, request)
            for _ in range(TRIES):
                if status != "closed":
                    break
                status = await ask(service, request)  # a reset may have overtaken the answer
            counts[status] += 1

    await asyncio.gather(*(ask_some() for _ in range(16)))


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    for name, role in USERS.items():
        assert manage("user", "add", name, *role, f"--database={database_url}", stdin=f"{PASSWORD}\n").returncode == 0
    flags = ("--message-rate=0", "--call-rate=0", "--login-failures-per-address=20")
    with running(tmp_path, f"--database={database_url}", *flags) as started:
        yield started


async def check(service: Service) -> None:
    """It lives, and its log tells neither of a defect nor what a client sent."""
    assert (await AsyncHTTPClient().fetch(f"{service.url}/healthz")).code == 200
    log = service.log.read_text()
    assert service.is_running, log[-3000:]
    assert "Traceback" not in log, log[log.index("Traceback") - 300 :][:3000]
    assert "[E " not in log
    assert "secret" not in log


@pytest.mark.parametrize(("databases", "count"), FRAMES.items(), indirect=["databases"])
async def test_every_frame_is_answered_once_or_closes_its_connection(service: Service, count: int) -> None:
    counts: Counter[str] = Counter()
    texts = filter(is_sent, frames(count // FRAMES_OF_BASE, VARIANTS))
    tokens = [await log_in(service.url, name, PASSWORD) for name in USERS]
    await asyncio.gather(*(Fuzz(service, token, count, counts).run(texts) for token in tokens * 2))
    print(counts)  # noqa: T201  # for who wants to know: pytest -s
    assert set(counts) <= {"answered", *(f"closed {code}" for code in CLOSES)}, counts
    await check(service)
    assert not any(token in service.log.read_text() for token in tokens)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_every_http_request_is_answered_and_none_with_500(service: Service) -> None:
    counts: Counter[str] = Counter()
    await ask_all(service, counts)
    print(counts)  # noqa: T201  # for who wants to know: pytest -s
    assert not any(status == "closed" or status.startswith("5") for status in counts), counts
    await check(service)
