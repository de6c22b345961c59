"""Times: Unix seconds in the program, UTC text in the database."""

import calendar
import time


def utc_text(seconds: int) -> str:
    """As both engines take a DATETIME."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def unix_seconds(text: str) -> int:
    """As both engines give a DATETIME."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))
