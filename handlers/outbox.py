"""A connection's way out: what one turn of the loop has for it leaves in one write."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from tornado.iostream import IOStream, StreamClosedError

UNREAD_BYTES = 16 * 2**20  # what a reader may leave unread when more is to come
ALL_UNREAD_BYTES = 256 * 2**20  # and what all may: past it, who has left the most is cut off


class Outbox:
    """Frames are queued and written together, so that all that a group commits costs a socket one system call.

    A reader too slow for its bound is cut off: its stream is closed, for no close frame could reach it.
    """

    __slots__ = ("_cut_off", "_frames", "_is_closed", "_stream", "_unread")

    waiting: ClassVar[list["Outbox"]] = []  # those with frames in this turn of the loop
    behind: ClassVar[set["Outbox"]] = set()  # those whose reader has left something unread
    unread_of_all: ClassVar[int] = 0

    def __init__(self, stream: IOStream, cut_off: Callable[[], None]) -> None:
        """`cut_off` is called before the stream of a reader who does not read is closed."""
        self._stream = stream
        self._cut_off = cut_off
        self._frames: list[bytes] = []
        self._is_closed = False
        self._unread = 0

    def send(self, frame: bytes) -> None:
        """Queue a whole frame; it is written before the loop waits again."""
        if not self._frames:
            if not self.waiting:
                asyncio.get_running_loop().call_soon(self.flush_all)
            self.waiting.append(self)
        self._frames.append(frame)

    @classmethod
    def flush_all(cls) -> None:
        waiting = cls.waiting[:]
        cls.waiting.clear()  # not a new list: see feed.Told
        for outbox in waiting:
            outbox.flush()

    def close(self) -> None:
        """Write what is queued; what is sent from now on is dropped."""
        self.flush()
        self._is_closed = True

    def flush(self) -> None:
        data = b"".join(self._frames)
        self._frames.clear()
        if not data or self._is_closed or self._stream.closed():
            return
        if self._unread > UNREAD_BYTES:
            self._end()
            return
        rest = data[self._write_now(data) :]
        if not rest:
            return
        try:
            written = self._stream.write(rest)
        except StreamClosedError:
            return
        if not written.done():
            self._note_unread(len(rest))
            written.add_done_callback(lambda _: self._note_read(len(rest)))

    def _write_now(self, data: bytes) -> int:
        """How many bytes the socket takes at once, which is mostly all: then the stream need not keep account of it."""
        if self._stream.writing():
            return 0
        try:
            return self._stream.write_to_fd(memoryview(data))
        except OSError:  # or it is full; the stream finds out which
            return 0

    def _note_unread(self, size: int) -> None:
        self._unread += size
        Outbox.unread_of_all += size
        self.behind.add(self)
        if self.unread_of_all > ALL_UNREAD_BYTES:
            max(self.behind, key=lambda one: one._unread)._end()

    def _note_read(self, size: int) -> None:
        if self in self.behind:  # else it was cut off
            self._unread -= size
            Outbox.unread_of_all -= size
            if not self._unread:
                self.behind.remove(self)

    def _end(self) -> None:
        Outbox.unread_of_all -= self._unread
        self.behind.discard(self)
        self._cut_off()
        self._stream.close()
