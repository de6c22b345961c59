"""The log's form: each line with its time and the zone of it, and no more lines of a kind than somebody would read."""

import logging
import time

PER_KIND, SECONDS = 200, 10.0  # a client that makes up lines fills no disk, and hides none of another kind

TIME = "%Y-%m-%d %H:%M:%S%z"


class Bounded(logging.Filter):
    """Lets so many lines of a kind pass in so many seconds; a kind is what one statement logs. It says what it does."""

    def __init__(self) -> None:
        super().__init__()
        # By the statement: the time of the first line, and how many there are.
        self._kinds: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno <= logging.DEBUG:  # who asked for all gets all
            return True
        kind, now = (record.pathname, record.lineno), time.monotonic()
        started, count = self._kinds.get(kind, (now, 0))
        if now >= started + SECONDS:
            if count > PER_KIND:
                record.msg = f"({count - PER_KIND} lines like this one were left out) {record.msg}"
            started, count = now, 0
        self._kinds[kind] = started, count + 1
        if count + 1 == PER_KIND:
            record.msg = f"{record.msg} (more lines like this one are left out for {SECONDS:.0f} s)"
        return count < PER_KIND


def set_up() -> None:
    """Let the handlers that there are write so."""
    bounded = Bounded()
    for handler in logging.getLogger().handlers:
        handler.addFilter(bounded)
        if handler.formatter is not None:
            handler.formatter.datefmt = TIME
