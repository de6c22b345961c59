"""The log: for people, or for programs an event a line with its fields by name; no more of a kind than one reads."""

import json
import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

PER_KIND, SECONDS = 200, 10.0  # a client that makes up lines fills no disk, and hides none of another kind

FORMATS = ("plain", "logfmt", "json")
DATE = "%Y-%m-%d %H:%M:%S %z"  # of the plain form
BARE = re.compile(r"[!#-<>-\[\]-~]+")  # what logfmt takes without quotes: ASCII, but for blanks, ", = and \


class EventFormatter(logging.Formatter):
    """What every event has; then what its statement names, where that is known; then the traceback, if there is one."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._encode = json.dumps if form == "json" else _logfmt

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if isinstance(record.args, Mapping):
            fields |= {name: value for name, value in record.args.items() if value != "-"}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return self._encode(fields)


def _logfmt(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={_logfmt_value(str(value))}" for name, value in fields.items())


def _logfmt_value(text: str) -> str:
    return text if BARE.fullmatch(text) else json.dumps(text)


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


def set_up(form: str) -> None:
    """Let the handlers that there are write in one of FORMATS, each line with its zone."""
    bounded = Bounded()
    for handler in logging.getLogger().handlers:
        handler.addFilter(bounded)
        if form != "plain":
            handler.setFormatter(EventFormatter(form))
        elif handler.formatter:
            handler.formatter.datefmt = DATE  # Tornado's own has no zone


def last_words(form: str, error: Exception) -> str:
    """The line with which a service ends that can't start."""
    if form not in FORMATS[1:]:
        return f"chat: {error}"
    record = logging.makeLogRecord({"name": "chat", "levelname": "CRITICAL", "msg": str(error)})
    return EventFormatter(form).format(record)
