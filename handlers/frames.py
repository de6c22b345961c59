"""Reading what has arrived in one go: Tornado waits for the head, the mask and the body of each frame by itself.

And failing what Tornado lets pass, an unmasked frame, a length that could be written shorter and a close frame that
says nothing sensible, with a word to the client, as for all that is no WebSocket (RFC 6455 7.1.7).

Besides `Counted` the one place that knows private names of Tornado's, in the version that is pinned:
tests/test_frames.py holds them.
"""

import asyncio
import sys
from typing import Any

from tornado.util import _websocket_mask
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from handlers.connections import AHEAD, Counted

TEXT, CLOSE = 0x1, 0x8
WHOLE_TEXT, MASKED = 0x80 | TEXT, 0x80  # the first byte of a frame, and a bit of the second (RFC 6455 5.2)
PONG = bytes((0x80 | 0xA, MASKED))  # the head of the answer to an empty ping; only the mask follows
LONGER = {126: (2, 126), 127: (8, 65_536)}  # by the length in the second byte: those that follow, and what is least
PROTOCOL_ERROR, NOT_TEXT = 1002, 1007


class ReadsAhead(WebSocketProtocol13):
    """Tornado's protocol; a part of a frame that has arrived costs no turn of the loop."""

    __slots__ = ("_ahead", "_handled", "_taken")  # its dictionary is full: see WebSocketHandler

    def __init__(self, handler: WebSocketHandler, params: Any) -> None:
        super().__init__(handler, mask_outgoing=False, params=params)
        self._ahead = b""
        self._taken = 0  # of what was read ahead
        self._handled: asyncio.Future[None] | None = None  # of the frame behind which the next has to wait

    async def _receive_frame(self) -> None:
        """Handle the next frame. A plain text that is there as a whole is taken at once, any other as Tornado does."""
        if self._handled is None and self._taken == len(self._ahead):
            await self._read_ahead()
        if self._handled is None and not self._take_texts():
            if await self._is_well_formed():
                await super()._receive_frame()
            else:
                self._abort()
        if self._handled is not None:
            handled, self._handled = self._handled, None
            await handled

    async def _read_ahead(self) -> None:
        """Wait for what needs a turn of the loop: of what arrives meanwhile, plain texts are handled as they arrive."""
        assert isinstance(self.stream, Counted)
        self.stream.take = self._take_all
        try:
            if data := await self.stream.read_bytes(AHEAD, partial=True):
                self._ahead, self._taken = data, 0
        finally:
            self.stream.take = None

    def _take_all(self, data: bytes) -> bool:
        """Handle the plain texts that what arrived begins with, or the answer to a ping, which is mostly alone.

        Returns whether nothing is left to do or wait for.
        """
        if len(data) == len(PONG) + 4 and data.startswith(PONG):
            self._wire_bytes_in += len(data)
            self.handler.on_pong(b"")
            return True
        self._ahead, self._taken = data, 0
        self._take_texts()
        return self._handled is None and not self._ahead

    def _take_texts(self) -> bool:
        """Handle the texts that are there, up to one that has to be waited for. Returns whether there was one.

        That is masked frames of up to 65,535 bytes, which are no part of a message.
        """
        data, start = self._ahead, self._taken
        first, size, most = start, len(data), self.params.max_message_size
        if self._fragmented_message_buffer is not None:
            return False
        while size - start >= 8 and data[start] == WHOLE_TEXT and self._handled is None:
            length, mask = data[start + 1] ^ MASKED, start + 2
            if length > 126:  # in eight bytes, or not masked
                break
            if length == 126:
                length, mask = data[mask] << 8 | data[mask + 1], start + 4
                if length < 126:
                    break
            text = mask + 4
            end = text + length
            if end > size or length > most:
                break
            start = end
            if self.client_terminated:
                continue
            try:
                message = _websocket_mask(data[mask:text], data[text:end]).decode()
            except UnicodeDecodeError:
                self._abort()
            else:
                self._handled = self._run_callback(self.handler.on_message, message)
        self._wire_bytes_in += start - first
        self._ahead, self._taken = (data, start) if start < size else (b"", 0)  # an idle connection keeps nothing
        return start > first

    async def _is_well_formed(self) -> bool:
        """Whether the next frame is masked, and its length written in as few bytes as can be (RFC 6455 5.1, 5.2)."""
        head = await self._peek(2)
        if not head[1] & MASKED:
            return False
        size, least = LONGER.get(head[1] - MASKED, (0, 0))
        return int.from_bytes((await self._peek(2 + size))[2:], "big") >= least

    async def _peek(self, n: int) -> bytes:
        data = await self._read_bytes(n)
        self._taken -= n
        self._wire_bytes_in -= n
        return data

    def _handle_message(self, opcode: int, data: bytes) -> asyncio.Future[None] | None:
        if opcode == CLOSE and not may_close(data):
            self._abort()
            return None
        return super()._handle_message(opcode, data)

    def _abort(self) -> None:
        """Fail the connection, and say why unless there is nobody to say it to."""
        self.close(NOT_TEXT if isinstance(sys.exc_info()[1], UnicodeDecodeError) else PROTOCOL_ERROR)
        super()._abort()

    async def _read_bytes(self, n: int) -> bytes:
        end = self._taken + n
        while len(self._ahead) < end:
            self._ahead = self._ahead[self._taken :] + await self.stream.read_bytes(AHEAD, partial=True)
            self._taken, end = 0, n
        data = self._ahead[self._taken : end]
        self._taken = end
        self._wire_bytes_in += n
        return data


def may_close(data: bytes) -> bool:
    """Whether it is what a close frame may hold: nothing, or a code that may be sent and a reason (RFC 6455 7.4)."""
    if len(data) < 2:
        return not data
    code = int.from_bytes(data[:2], "big")
    try:
        data[2:].decode()
    except UnicodeDecodeError:
        return False
    return 3000 <= code < 5000 or (1000 <= code <= 1014 and code not in (1004, 1005, 1006))
