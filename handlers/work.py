"""A frame that is worked on, and what the log says of it."""

import logging
import time

from handlers import methods, protocol

AUTH = "message.auth"
UNKNOWN = protocol.Request("-")  # what a frame asks for that is no request

logger = logging.getLogger("chat.ws")


class Work:
    __slots__ = ("request", "size", "started")

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.request = UNKNOWN
        self.size = 0  # bytes of memory, while it is under way

    @property
    def method(self) -> str:
        """The method's name for the log: a client's own invention does not get there."""
        name = self.request.method
        return name if name in methods.METHODS or name == AUTH else "-"

    def log(self, connection: object, outcome: str) -> None:
        """One line; of what succeeded, only for who looks for it."""
        level = logging.DEBUG if outcome == "ok" else logging.INFO
        if logger.isEnabledFor(level):
            milliseconds = (time.perf_counter() - self.started) * 1000
            logger.log(level, "%s %s %s %.1f ms", connection, self.method, outcome, milliseconds)
