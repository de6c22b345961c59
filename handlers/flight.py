"""What a client has under way: frames that are worked on, up to a number, and up to what they take of memory."""

import asyncio
import sys
from typing import ClassVar

from handlers.work import Work

FRAMES, BYTES = 64, 2**20  # of one connection, the last frame beside
ALL_BYTES = 256 * 2**20  # of all: past it, each connection has one frame under way


class Flight:
    """The frames of one connection. Past a bound the next is not read until one of them is done."""

    __slots__ = ("_bytes", "_room", "frames")

    bytes_of_all: ClassVar[int] = 0

    def __init__(self) -> None:
        self.frames = 0
        self._bytes = 0
        self._room: asyncio.Future[None] | None = None

    def hold(self, work: Work, frame: str) -> None:
        """Count a frame's memory, with the UTF-8 that decoding has made of it: what a work refers to until its end."""
        work.size = sys.getsizeof(frame)
        self._bytes += work.size
        Flight.bytes_of_all += work.size

    def end(self, work: Work) -> None:
        self.frames -= 1
        self._bytes -= work.size
        Flight.bytes_of_all -= work.size
        if self._room is not None and not self._is_full:
            self._room.set_result(None)
            self._room = None

    def wait_for_room(self) -> asyncio.Future[None] | None:
        """What to wait for before the next frame; None where there is room for it."""
        if self._is_full:
            self._room = asyncio.get_running_loop().create_future()
        return self._room

    @property
    def _is_full(self) -> bool:
        return self.frames >= FRAMES or self._bytes > (BYTES if self.bytes_of_all <= ALL_BYTES else 0)
