"""Whether the other side of a connection is still there: it is pinged, and must answer before the next ping."""

import asyncio
from collections import deque
from typing import Protocol

from handlers.outbox import Outbox

PING = b"\x89\0"  # a whole frame, with nothing in it (RFC 6455 5.5.2)
MOMENT = 0.05  # seconds: those whose time comes within it are pinged together, in one turn of the loop


class Pinged(Protocol):
    """A connection."""

    outbox: Outbox

    def close(self) -> None: ...


class Pulse:
    """A connection's: when it is pinged next, and whether it has answered the last ping."""

    __slots__ = ("_connection", "_is_answered", "due")

    def __init__(self, connection: Pinged) -> None:
        self.due = 0.0  # by the loop's clock
        self._connection: Pinged | None = connection
        self._is_answered = True

    @property
    def is_stopped(self) -> bool:
        return self._connection is None

    def beat(self) -> None:
        """Ping; or close the connection, where the last ping was not answered."""
        if self._connection is None:
            return
        if self._is_answered:
            self._is_answered = False
            self._connection.outbox.send(PING)
        else:
            self._connection.close()
            self.stop()

    def note_answer(self) -> None:
        self._is_answered = True

    def stop(self) -> None:
        """It waits on until it would be due, and the connection need not."""
        self._connection = None


class Pulses:
    """Those of all. Each waits as long as the others, so that who began first is due first: one timer does for all."""

    def __init__(self, interval: float) -> None:
        """`interval` is the seconds between two pings of a connection."""
        self._interval = interval
        self._waiting: deque[Pulse] = deque()

    def start(self, connection: Pinged) -> Pulse:
        pulse = Pulse(connection)
        self._add(pulse)
        return pulse

    def _add(self, pulse: Pulse) -> None:
        loop = asyncio.get_running_loop()
        pulse.due = loop.time() + self._interval
        if not self._waiting:
            loop.call_at(pulse.due, self._beat)
        self._waiting.append(pulse)

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        soon, due = loop.time() + MOMENT, []
        while self._waiting and self._waiting[0].due <= soon:
            due.append(self._waiting.popleft())
        if self._waiting:
            loop.call_at(self._waiting[0].due, self._beat)
        for pulse in due:
            if not pulse.is_stopped:
                self._add(pulse)
        for pulse in due:
            pulse.beat()
