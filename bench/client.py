"""A WebSocket client that costs next to nothing: frames out without masking work, many frames in by one read."""

import asyncio
import struct
from collections.abc import Coroutine, Sequence
from time import perf_counter
from typing import Any, TypeVar

import msgspec

# Any 16 bytes do for the key: nobody checks the answer to it here.
UPGRADE = (
    b"GET /v1/ws/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: YmVuY2ggYmVuY2ggYmVuYw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, PING = 0x81, 0x89  # whole frames, from a server: not masked
ENTER_SECONDS = 60  # for all to authenticate
ENTER_AT_ONCE = 50
NO_MASK = b"\0\0\0\0"  # a key is a must, but that of zeros changes nothing (RFC 6455 5.3)
CLOSE = b"\x88\x80" + NO_MASK

T = TypeVar("T")


class Wrong(Exception):
    """The server did what it must not; the text says what."""


class Message(msgspec.Struct, gc=False):
    message_id: int
    message_text: str


class Result(msgspec.Struct, gc=False):
    message: Message | None = None


class Incoming(msgspec.Struct, gc=False):
    """A reply, a push, or a customer's own frame as the relay passes it on."""

    error: Any = None
    result: Result | None = None
    id: int | None = None
    params: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(Incoming)


def frame(text: str) -> bytes:
    """A client's text frame, of fewer than 65,536 bytes."""
    payload = text.encode()
    if len(payload) < 126:
        return struct.pack("!BB", TEXT, 0x80 | len(payload)) + NO_MASK + payload
    return struct.pack("!BBH", TEXT, 0x80 | 126, len(payload)) + NO_MASK + payload


class Connection(asyncio.BufferedProtocol):
    """A client that authenticates; what comes after that goes to `take`."""

    _buffer = memoryview(bytearray(65_536))  # everybody's: asyncio's own of 256 KiB for each read costs 10 us

    def __init__(self, token: str) -> None:
        self._token = token
        self._entered = asyncio.get_running_loop().create_future()
        self._is_closing = False
        self._is_upgraded = False
        self._rest = b""
        self._transport: asyncio.Transport

    async def enter(self, port: int) -> None:
        """Connect and authenticate."""
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        await self._entered

    def take(self, frames: Sequence[Incoming], now: float) -> None:
        """Handle the frames that arrived together, at that time. What it raises ends the run."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._is_closing = True
        self.write(CLOSE)

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.write(UPGRADE + frame(f'{{"method":"message.auth","params":["{self._token}"],"id":0}}'))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_closing:
            raise Wrong(f"the server ended a connection: {error or 'no error'}")

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        now = perf_counter()
        data = self._rest + self._buffer[:nbytes]
        if not self._is_upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise Wrong(f"the server refused a connection: {head[:60]!r}")
            self._is_upgraded = True
        payloads = self._split(data)
        if not payloads:
            return
        frames = _decoder.decode_lines(b"\n".join(payloads))
        if not self._entered.done():
            if frames[0].error is not None:
                raise Wrong(f"the server refused a token: {frames[0].error}")
            self._entered.set_result(None)
            del frames[0]
        if frames:
            self.take(frames, now)

    def _split(self, data: bytes) -> list[bytes]:
        """What the whole text frames in the data hold; what is left waits for more."""
        payloads = []
        start, end = 0, len(data)
        while end - start >= 2:
            kind, length = data[start], data[start + 1]
            head = start + 2
            if length > 125:  # then the length is in the next 2 or 8 bytes; if they are cut off, so is the payload
                head += 2 if length == 126 else 8
                length = int.from_bytes(data[start + 2 : head], "big")
            if head + length > end:
                break
            start = head + length
            if kind == TEXT:
                payloads.append(data[head:start])
            elif kind == PING:
                self.write(struct.pack("!BB", 0x8A, 0x80 | length) + NO_MASK + data[head:start])
            elif not self._is_closing:
                raise Wrong(f"the server sent a frame of type {kind:#x}: {data[head:start][:60]!r}")
        self._rest = data[start:]
        return payloads


async def enter_all(people: Sequence[Connection], port: int) -> None:
    """Connect and authenticate, some at once."""
    async with asyncio.timeout(ENTER_SECONDS):
        for start in range(0, len(people), ENTER_AT_ONCE):
            await asyncio.gather(*(person.enter(port) for person in people[start : start + ENTER_AT_ONCE]))


async def watched(work: Coroutine[Any, Any, T]) -> T:
    """The result of the work. Raises Wrong with what a connection raises meanwhile."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[T] = loop.create_future()

    def fail(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if not failed.done():
            failed.set_exception(Wrong(str(context.get("exception") or context["message"])))

    loop.set_exception_handler(fail)
    task = asyncio.ensure_future(work)
    await asyncio.wait((task, failed), return_when=asyncio.FIRST_COMPLETED)
    return failed.result() if failed.done() else task.result()
