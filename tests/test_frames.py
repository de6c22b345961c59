"""Frames as they may arrive (RFC 6455 5): cut anywhere, many at once, in fragments, wrong; see handlers/frames.py."""

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import pytest
from tornado.iostream import IOStream
from tornado.web import Application
from tornado.websocket import WebSocketProtocol13

from handlers.pulse import Pulses
from tests.conftest import Desk
from tests.contract import check_message
from tests.test_sessions import UPGRADE

pytestmark = pytest.mark.gen_test

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
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
        for reply in replies:
            check_message("customer", "message.send.reply", reply)
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
    check_message("customer", "message.auth.reply", json.loads((await peer.read()).payload))
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


def unmasked(payload: str | bytes, opcode: int = TEXT) -> bytes:
    """As only a server sends it."""
    data = payload.encode() if isinstance(payload, str) else payload
    return struct.pack("!BB", opcode | 0x80, len(data)) + data


def reserved(bit: int, opcode: int = TEXT) -> bytes:
    """A frame with a bit that no extension gave a meaning."""
    return bytes([frame("a", opcode)[0] | bit]) + frame("a", opcode)[1:]


def longer(payload: str, form: str, opcode: int = TEXT) -> bytes:
    """A frame whose length is written in more bytes than it needs."""
    head = struct.pack(form, opcode | 0x80, 0x80 | {"!BBH": 126, "!BBQ": 127}[form], len(payload))
    return head + frame(payload)[-len(MASK + payload.encode()) :]


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(struct.pack("!H", code) + reason, CLOSE)


WRONG = [
    (frame(b"\xff\xfe"), 1007),
    (frame(b"\xed\xa0\x80"), 1007),
    (frame(b"\xf4\x90\x80\x80"), 1007),
    (frame(b"\xc0\xaf"), 1007),
    (frame("ё".encode()[:1], is_last=False) + frame(b"a", CONTINUATION), 1007),
    (frame("a", is_last=False) + frame("a new one"), 1002),
    (frame("a", is_last=False) + frame("a new one", BINARY), 1002),
    (frame("nothing to continue", CONTINUATION), 1002),
    (frame("nothing to continue", CONTINUATION, is_last=False), 1002),
    *((frame("of no kind", opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
    *((reserved(bit), 1002) for bit in (0x40, 0x20, 0x10, 0x70)),
    (reserved(0x40, PING), 1002),
    (frame("x" * 126, PING), 1002),
    (frame("x" * 70_000, PONG), 1002),
    (frame(struct.pack("!H", 1000) + b"x" * 124, CLOSE), 1002),
    (frame("a", PING, is_last=False), 1002),
    (frame("", CLOSE, is_last=False), 1002),
    (unmasked(send("text", 1)), 1002),
    (unmasked("", PING), 1002),
    (unmasked("", CLOSE), 1002),
    (frame("a", is_last=False) + unmasked("b", CONTINUATION), 1002),
    *((longer(send("text", 1), form), 1002) for form in ("!BBH", "!BBQ")),
    *(
        (longer("x" * length, form), 1002)
        for length, form in ((0, "!BBH"), (125, "!BBH"), (126, "!BBQ"), (65_535, "!BBQ"))
    ),
    (longer("a", "!BBH", PING), 1002),
    (frame("a", is_last=False) + longer("b", "!BBQ", CONTINUATION), 1002),
    (frame("x", CLOSE), 1002),
    *((close(code), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535)),
    (close(1000, b"\xff"), 1002),
    (frame("x" * 300_000), 1009),
    (struct.pack("!BBQ", 0x81, 0xFF, 2**63 - 1) + MASK, 1009),
    (struct.pack("!BBQ", 0x81, 0xFF, 2**64 - 1) + MASK, 1009),
    (frame("x" * 200_000, is_last=False) + frame("x" * 100_000, CONTINUATION), 1009),
    (frame(b"bytes", BINARY), 1003),
    (frame(b"by", BINARY, is_last=False) + frame(b"tes", CONTINUATION), 1003),
]


async def test_a_wrong_frame_ends_the_connection_behind_what_came_before_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for wrong, code in WRONG:
        async with entered(desk) as peer:
            peer.writer.write(frame(send("before it", 1)) + wrong + frame(send("behind it", 2)))
            assert await peer.end() == code, wrong[:200]
    anna = await desk.enter("anna")
    stored = (await anna.call("message.history"))["messages"]
    assert [one["message_text"] for one in stored] == ["before it"] * len(WRONG)
    assert "Traceback" not in caplog.text


async def test_a_close_is_answered_with_its_code(desk: Desk) -> None:
    for code in (1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999):
        async with entered(desk) as peer:
            peer.writer.write(close(code, "bye ё".encode()))
            assert await peer.end() == code
            assert await peer.reader.read() == b""


async def test_a_close_may_say_nothing(desk: Desk) -> None:
    async with entered(desk) as peer:
        peer.writer.write(frame("", CLOSE) + frame(send("behind it", 1)))
        assert await peer.read() == (CLOSE, b"")
        assert await peer.reader.read() == b""


async def test_control_frames_may_hold_125_bytes_and_anything_in_them(desk: Desk) -> None:
    async with entered(desk) as peer:
        for payload in (b"", b"\xff" * 125):
            peer.writer.write(frame(b"\xff" * 125, PONG) + frame(payload, PING))
            assert await peer.read() == (PONG, payload)


async def test_a_character_may_be_cut_by_fragments_and_fragments_may_be_empty(desk: Desk) -> None:
    async with entered(desk) as peer:
        data = send("ё😀", 1).encode()
        pieces = [frame(b"", is_last=False)]
        pieces += [frame(data[n : n + 1], CONTINUATION, is_last=False) for n in range(len(data))]
        peer.writer.write(b"".join(pieces) + frame(b"", CONTINUATION))
        assert await peer.texts(1) == ["ё😀"]


HANDSHAKE = {
    "GET /v1/ws/ HTTP/1.1\r\n": ("POST /v1/ws/ HTTP/1.1\r\n", 405),
    "Upgrade: websocket\r\n": ("", 400),
    "Connection: Upgrade\r\n": ("", 400),
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n": ("", 400),
    "Sec-WebSocket-Version: 13\r\n": ("Sec-WebSocket-Version: 8\r\n", 426),
}


async def test_what_is_no_handshake_is_refused(desk: Desk) -> None:
    """RFC 6455 4.2."""
    for line, (instead, status) in HANDSHAKE.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", int(desk.url.rsplit(":", 1)[1]))
        writer.write(UPGRADE.replace(line.encode(), instead.encode()))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d" % status), line
        assert status != 426 or b"Sec-Websocket-Version: 13\r\n" in head
        writer.close()


PONGS = {
    "alone": [frame("", PONG)],
    "byte by byte": [bytes([byte]) for byte in frame("", PONG)],
    "in two halves, and a message": [frame("", PONG)[:3], frame("", PONG)[3:] + frame(send("behind it", 1))],
    "before a message": [frame("", PONG) + frame(send("behind it", 1))],
    "behind a message": [frame(send("before it", 1)) + frame("", PONG)],
    "between the fragments of a message": [
        frame(send("around it", 1)[:10], is_last=False),
        frame("", PONG),
        frame(send("around it", 1)[10:], CONTINUATION),
    ],
    "with something in it": [frame("here", PONG)],
}


@pytest.mark.parametrize("pieces", PONGS.values(), ids=PONGS.keys())
async def test_an_answer_to_a_ping_counts_however_it_arrives(
    desk: Desk, app: Application, pieces: Sequence[bytes]
) -> None:
    app.settings["pulses"] = Pulses(0.3)
    async with entered(desk) as peer:
        for _ in range(3):  # the second and the third come where the one before was answered
            while (got := await peer.read()).opcode != PING:
                assert got.opcode == TEXT
            assert got.payload == b""
            for piece in pieces:
                peer.writer.write(piece)
                await peer.writer.drain()
                await asyncio.sleep(0.01)  # it is read by itself
        peer.writer.write(frame(send("the last", 2)))
        while b"the last" not in (await peer.read()).payload:
            pass


async def test_the_handshake_is_answered_as_rfc_6455_says_and_offers_no_extension(desk: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(desk.url.rsplit(":", 1)[1]))
    offers = b"Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    writer.write(UPGRADE[:-2] + offers)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    assert b"Sec-Websocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
    assert b"Sec-Websocket-Extensions" not in head
    assert b"Sec-Websocket-Protocol" not in head
    writer.close()


@pytest.mark.parametrize(
    ("owner", "name"),
    [(WebSocketProtocol13, name) for name in ("_receive_frame", "_read_bytes", "_handle_message", "_abort")]
    + [(IOStream, name) for name in ("_handle_events", "_read_from_buffer")],
)
async def test_tornado_has_what_the_reading_relies_on(owner: type, name: str) -> None:
    assert hasattr(owner, name)
