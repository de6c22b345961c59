"""A frame that is worked on, and what the log says of it."""

import logging
import time
from collections.abc import Callable

from msgspec import Struct, field

from handlers import methods, protocol

AUTH = "message.auth"
UNKNOWN = protocol.Request("-")  # what a frame asks for that is no request

logger = logging.getLogger("chat.ws")


class Work(Struct, eq=False, gc=False):
    started: float = field(default_factory=time.perf_counter)
    request: protocol.Request = UNKNOWN
    size: int = 0  # bytes of memory, while it is under way
    is_call: bool = False  # it is under way in a task

    @property
    def method(self) -> str:
        """The method's name for the log: a client's own invention does not get there."""
        name = self.request.method
        return name if name in methods.METHODS or name == AUTH else "-"

    def log(self, named: Callable[..., dict[str, object]], outcome: str) -> None:
        """One line, with what `named` says of the connection; of what succeeded, only for who looks for it."""
        level = logging.DEBUG if outcome == "ok" else logging.INFO
        if logger.isEnabledFor(level):
            milliseconds = round((time.perf_counter() - self.started) * 1000, 1)
            fields = named(method=self.method, outcome=outcome, milliseconds=milliseconds)
            text = "connection %(connection)d user %(user)s %(method)s %(outcome)s %(milliseconds)s ms"
            logger.log(level, text, fields)
