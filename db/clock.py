"""Times: Unix seconds in the program, UTC text in the database."""

import calendar
import time


def utc_text(seconds: int) -> str:
    """As both engines take a DATETIME."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def unix_seconds(text: str) -> int:
    """As both engines give a DATETIME. SQLite and older tables may hold anything: what is no time is 0."""
    try:
        return calendar.timegm(time.strptime(text[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        return int(text) if text.isdecimal() else 0
