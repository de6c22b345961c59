"""Whether the other side of a connection is still there: it is pinged, and must answer before the next ping."""

import asyncio
from collections.abc import Callable


class Pulse:
    """A timer, which costs an idle connection a quarter of the memory of Tornado's own task for it."""

    __slots__ = ("_interval", "_is_answered", "_lose", "_ping", "_timer")

    def __init__(self, interval: float, ping: Callable[[], None], lose: Callable[[], None]) -> None:
        """Every `interval` seconds `ping` is called, or `lose`, once, where no answer came; never if that is 0."""
        self._interval = interval
        self._ping = ping
        self._lose = lose
        self._is_answered = True
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def _wait(self) -> None:
        if self._interval:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self._beat)

    def _beat(self) -> None:
        if not self._is_answered:
            self._lose()
            return
        self._is_answered = False
        self._ping()
        self._wait()

    def note_answer(self) -> None:
        self._is_answered = True

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
