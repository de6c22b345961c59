"""Customers who say nothing, a process of its own: who they are comes in on standard input; they stay until its end."""

import asyncio
import sys
from collections.abc import Sequence

import msgspec

from bench.client import Connection, Incoming, Wrong, enter_all, watched


class Idler(Connection):
    def take(self, frames: Sequence[Incoming], now: float) -> None:
        raise Wrong(f"who says nothing got {frames[0]}")


async def stay(port: int, tokens: Sequence[str]) -> None:
    """Connect all, say so in a line, and leave when nobody needs them any more. Raises Wrong."""
    idlers = [Idler(token) for token in tokens]
    await enter_all(idlers, port)
    sys.stdout.write("all are there\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for idler in idlers:
        idler.close()


if __name__ == "__main__":
    try:
        asyncio.run(watched(stay(*msgspec.json.decode(sys.stdin.readline(), type=tuple[int, list[str]]))))
    except (Wrong, OSError) as error:  # a TimeoutError has no text
        sys.exit(str(error) or "the server does not answer")
