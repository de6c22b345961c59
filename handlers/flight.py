"""What a client has under way: frames that are worked on, up to a number, and up to what they take of memory."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import ClassVar

from handlers.limits import Bucket
from handlers.work import Work

FRAMES, BYTES = 64, 2**20  # of one connection, the last frame beside
CALLS = 8  # of these frames: what stores no message costs more, and others want to read too
ALL_BYTES = 256 * 2**20  # of all: past it, each connection has one frame under way that counts
SMALL = 1_024  # characters of a frame that does not: of those no more than db.database.WRITES_WAITING are kept waiting
LARGE = 16_384  # characters of a frame: for a larger one the others wait a millisecond or two
LARGE_RATE = 8 * 2**20  # of such characters in a second of one connection


class Total:
    """What the frames of all connections take. An object: see feed.Told."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class Flight:
    """The frames of one connection. Past a bound the next is not read until one of them is done."""

    __slots__ = ("_bytes", "_calls", "_end_of_pause", "_room", "frames")

    total: ClassVar[Total] = Total()

    def __init__(self) -> None:
        self.frames = 0
        self._bytes = 0
        self._calls = 0
        self._room: asyncio.Future[None] | None = None
        self._end_of_pause: asyncio.Future[None] | None = None

    def hold(self, work: Work, frame: str) -> None:
        """Count a frame's memory, with the UTF-8 that decoding has made of it: what a work refers to until its end."""
        self.frames += 1
        if work.is_call:
            self._calls += 1
        if len(frame) > SMALL:
            work.size = sys.getsizeof(frame)
            self._bytes += work.size
            self.total.bytes += work.size

    def end(self, work: Work) -> None:
        self.frames -= 1
        if work.is_call:
            self._calls -= 1
        if work.size:
            self._bytes -= work.size
            self.total.bytes -= work.size
        if self._room is not None and not self._is_full():
            self._room.set_result(None)
            self._room = None

    def wait(self, length: int, calls: Bucket | None) -> Awaitable[None] | None:
        """What to wait for before the next frame; None where that may come at once.

        This one was so many characters long, and has a task that counts among its user's `calls`, or none.
        """
        if calls is None and length <= LARGE:
            return self._wait_for_room() if self._is_full() else None
        seconds = length / LARGE_RATE if length > LARGE else 0.0
        if calls is not None:
            seconds += calls.borrow()
        return self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        await self.pause(seconds)  # 0 too: the task's first step is before that of the next frame
        if self._is_full():
            await self._wait_for_room()

    async def pause(self, seconds: float) -> None:
        self._end_of_pause = asyncio.get_running_loop().create_future()
        await asyncio.wait((self._end_of_pause,), timeout=seconds)

    def end_pause(self) -> None:
        """Wait for time no more: the other side's goodbye is to be read."""
        if self._end_of_pause is not None and not self._end_of_pause.done():
            self._end_of_pause.set_result(None)

    def _wait_for_room(self) -> asyncio.Future[None]:
        self._room = asyncio.get_running_loop().create_future()
        return self._room

    def _is_full(self) -> bool:
        if self.frames >= FRAMES or self._calls >= CALLS:
            return True
        return self._bytes > 0 and (self._bytes > BYTES or self.total.bytes > ALL_BYTES)
