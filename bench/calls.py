"""How long calls take, one after the other."""

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from tests.client import Client

CALLS, SECONDS_EACH = 100, 5

Call = tuple[str, list[Any]]  # a method and its parameters


def log_in(token: str) -> dict[str, Call]:
    """The call that authenticates a connection, by its name."""
    return {"message.auth": ("message.auth", [token])}


async def time_calls(port: int, token: str, calls: Mapping[str, Call]) -> dict[str, float]:
    """The median milliseconds of each call of the token's user, by its name."""
    figures = {}
    client = await Client.connect(f"http://127.0.0.1:{port}")
    client.contract = None  # its checks would be in the times
    await client.call("message.auth", token)
    for name, (method, params) in calls.items():
        times: list[float] = []
        while len(times) < CALLS and sum(times) < SECONDS_EACH * 1000:
            started = time.perf_counter()
            await client.call(method, *params)
            times.append((time.perf_counter() - started) * 1000)
        figures[name] = median(times)
    client.close()
    return figures
