"""Frames as they may arrive (RFC 6455 5): cut anywhere, many at once, in fragments, wrong; see handlers/frames.py."""

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from tornado.websocket import WebSocketProtocol13

from tests.conftest import Desk
from tests.test_sessions import UPGRADE

pytestmark = pytest.mark.gen_test

TEXT, CONTINUATION, CLOSE, PING, PONG = 1, 0, 8, 9, 10
MASK = b"\x1f\x02\x93\xff"


class Frame(NamedTuple):
    opcode: int
    payload: bytes


def frame(payload: str | bytes, opcode: int = TEXT, *, is_last: bool = True) -> bytes:
    """A client's frame."""
    data = payload.encode() if isinstance(payload, str) else payload
    head = struct.pack("!B", opcode | (0x80 if is_last else 0))
    if len(data) < 126:
        head += struct.pack("!B", 0x80 | len(data))
    elif len(data) < 65_536:
        head += struct.pack("!BH", 0x80 | 126, len(data))
    else:
        head += struct.pack("!BQ", 0x80 | 127, len(data))
    return head + MASK + bytes(byte ^ MASK[index % 4] for index, byte in enumerate(data))


def send(text: str, number: int) -> str:
    return json.dumps({"method": "message.send", "params": [text], "id": number}, ensure_ascii=False)


class Peer:
    """A customer's connection that writes bytes and reads frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def read(self) -> Frame:
        """The next frame. Raises IncompleteReadError where the connection ends."""
        first, length = await self.reader.readexactly(2)
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        return Frame(first & 0x0F, await self.reader.readexactly(length))

    async def texts(self, count: int) -> list[str]:
        """The texts in the next replies."""
        replies = [json.loads((await self.read()).payload) for _ in range(count)]
        return [reply["result"]["message"]["message_text"] for reply in replies]

    async def end(self) -> int | None:
        """The code that the connection is closed with; None where it just ends."""
        try:
            while (got := await self.read()).opcode != CLOSE:
                pass
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return None
        return int(struct.unpack("!H", got.payload[:2])[0])


@contextlib.asynccontextmanager
async def entered(desk: Desk) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(desk.url.rsplit(":", 1)[1]))
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    auth = {"method": "message.auth", "params": [await desk.token("anna")], "id": 0}
    writer.write(frame(json.dumps(auth)))
    peer = Peer(reader, writer)
    assert json.loads((await peer.read()).payload)["error"] is None
    yield peer
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


LENGTHS = (1, 60, 70, 71, 72, 73, 74, 200, 16_000)  # the frames' own are around 125, where the head grows
EMOJI = "😀" * 16_000  # a frame above 65,535 bytes, whose head is the longest


async def test_many_frames_in_one_piece_are_answered_in_their_order(desk: Desk) -> None:
    async with entered(desk) as peer:
        texts = ["x" * length for length in LENGTHS] + [EMOJI, "the last"]
        peer.writer.write(b"".join(frame(send(text, number)) for number, text in enumerate(texts)))
        assert await peer.texts(len(texts)) == texts


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_a_frame_may_arrive_in_pieces_of_any_size(desk: Desk, size: int) -> None:
    async with entered(desk) as peer:
        texts = ["short", "x" * 100, "ё" * 300]
        data = b"".join(frame(send(text, number)) for number, text in enumerate(texts))
        for start in range(0, len(data), size):
            peer.writer.write(data[start : start + size])
            await peer.writer.drain()
            await asyncio.sleep(0)  # the service, which shares this loop, reads the piece by itself
        assert await peer.texts(3) == texts


async def test_a_ping_between_the_fragments_of_a_message_is_answered_at_once(desk: Desk) -> None:
    async with entered(desk) as peer:
        text = send("in three fragments", 1)
        pieces = [
            frame(text[:10], is_last=False),
            frame("are you there", PING),
            frame(text[10:20], CONTINUATION, is_last=False),
            frame(text[20:], CONTINUATION),
            frame(send("whole", 2)),
        ]
        peer.writer.write(b"".join(pieces))
        assert await peer.read() == (PONG, b"are you there")
        assert await peer.texts(2) == ["in three fragments", "whole"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (frame(b"\xff\xfe"), None),
        (frame("a", is_last=False) + frame("a new one"), None),
        (frame("nothing to continue", CONTINUATION), None),
        (frame("of no kind", 3), None),
        (frame("x" * 126, PING), None),
        (frame("x" * 300_000), 1009),
    ],
    ids=["no UTF-8", "in a fragmented one", "continues nothing", "unknown opcode", "a long ping", "too long"],
)
async def test_a_wrong_frame_ends_the_connection_behind_what_came_before_it(
    desk: Desk, wrong: bytes, code: int | None
) -> None:
    async with entered(desk) as peer:
        peer.writer.write(frame(send("before it", 1)) + wrong + frame(send("behind it", 2)))
        assert await peer.end() == code
        anna = await desk.enter("anna")
        assert [one["message_text"] for one in (await anna.call("message.history"))["messages"]] == ["before it"]


@pytest.mark.parametrize("name", ["_receive_frame", "_read_bytes", "_handle_message"])
async def test_tornado_has_what_the_reading_relies_on(name: str) -> None:
    assert name in vars(WebSocketProtocol13)
