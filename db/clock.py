"""Times: Unix seconds in the program, UTC text in the database."""

import calendar
import time
from datetime import datetime

LENGTH = len("2023-03-14 13:15:55")


def utc_text(seconds: int) -> str:
    """As both engines take a DATETIME."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def unix_seconds(text: str) -> int:
    """As both engines give a DATETIME. SQLite and older tables may hold anything: what is no time is 0."""
    try:
        if len(text) == LENGTH:  # the usual one, read ten times as fast
            return int(datetime.fromisoformat(text + "+00:00").timestamp())
        return calendar.timegm(time.strptime(text[:LENGTH].replace("T", " "), "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        return int(text) if text.isdecimal() else 0
