"""From a thread to the loop."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any


class Notifier:
    """Calls on the loop, in their order, what a thread asks for.

    As `call_soon_threadsafe`, which wakes the loop by a socket and reads that twice: a lone sender waits for it.
    """

    def __init__(self) -> None:
        """Needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Callable[[], object]] = deque()
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK | os.EFD_SEMAPHORE)  # it counts those
        self._loop.add_reader(self._event, self._call_next)

    def call(self, callback: Callable[..., object], *args: Any) -> None:
        self._waiting.append(partial(callback, *args))
        os.eventfd_write(self._event, 1)

    def _call_next(self) -> None:
        os.eventfd_read(self._event)
        self._waiting.popleft()()

    def close(self) -> None:
        """Behind the last call, on the loop; a second time it does nothing."""
        if self._event >= 0:
            self._loop.remove_reader(self._event)
            os.close(self._event)
            self._event = -1
