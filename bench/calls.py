"""How long calls take, one after the other."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from tests.client import Client

CALLS, SECONDS_EACH = 100, 5

Call = tuple[str, list[Any]]  # a method and its parameters


class Caller(NamedTuple):
    """Whose token calls what, by names, of the service at that port."""

    port: int
    token: str
    calls: Mapping[str, Call]


def log_in(token: str) -> dict[str, Call]:
    """The call that authenticates a connection, by its name."""
    return {"message.auth": ("message.auth", [token])}


async def time_calls(callers: Sequence[Caller], count: int = CALLS) -> list[dict[str, float]]:
    """Each caller's median milliseconds of so many of each call, by name. They have the same names, and take turns."""
    clients = []
    for caller in callers:
        client = await Client.connect(f"http://127.0.0.1:{caller.port}")
        client.contract = None  # its checks would be in the times
        await client.call("message.auth", caller.token)
        clients.append(client)
    times: list[dict[str, list[float]]] = [defaultdict(list) for _ in callers]
    for name in callers[0].calls:
        until = time.perf_counter() + SECONDS_EACH * len(callers)
        while len(times[-1][name]) < count and time.perf_counter() < until:
            for caller, client, own in zip(callers, clients, times, strict=True):
                method, params = caller.calls[name]
                started = time.perf_counter()
                await client.call(method, *params)
                own[name].append((time.perf_counter() - started) * 1000)
    for client in clients:
        client.close()
    return [{name: median(some) for name, some in own.items()} for own in times]
