"""Hostile peers, each kind from 127.0.0.2 and at a pace that leaves the machine to others.

`python -m tests.faults.floods KIND PORT` goes on until it is ended; a token may stand on standard input.
"""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Awaitable, Callable

from tests.test_frames import CONTINUATION, TEXT, frame
from tests.test_sessions import UPGRADE

ADDRESS = "127.0.0.2"
PEERS = 200  # of a kind that is many
PAUSE = 0.005  # seconds between what one connection sends

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Attacker:
    """One of them: a loop over what `attack` does on a connection, which the server may end at any time."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token

    async def repeat(self, attack: Callable[["Attacker", Ends], Awaitable[None]]) -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                ends = await asyncio.open_connection(
                    "127.0.0.1", self._port, family=socket.AF_INET, local_addr=(ADDRESS, 0), limit=1024
                )
                try:
                    await attack(self, ends)
                finally:
                    ends[1].close()
            await asyncio.sleep(PAUSE)

    async def enter(self, ends: Ends) -> asyncio.StreamWriter:
        """Authenticate, and read no more."""
        await upgrade(ends)
        ends[1].write(call("message.auth", self._token))
        await ends[0].readexactly(1)
        return ends[1]


def call(method: str, *params: object) -> bytes:
    return frame(json.dumps({"method": method, "params": params, "id": 1}))


async def upgrade(ends: Ends) -> None:
    ends[1].write(UPGRADE)
    await ends[0].readuntil(b"\r\n\r\n")


async def say(writer: asyncio.StreamWriter, data: bytes, pause: float = PAUSE) -> None:
    """Send the same on and on."""
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(pause)


async def read_all(ends: Ends) -> None:
    while await ends[0].read(2**16):
        pass


# What each kind does


async def connect(_: Attacker, ends: Ends) -> None:
    """And leave."""


async def begin_handshake(_: Attacker, ends: Ends) -> None:
    ends[1].write(UPGRADE[:60])
    await read_all(ends)


async def stay_silent(_: Attacker, ends: Ends) -> None:
    await upgrade(ends)
    await read_all(ends)


async def log_in(_: Attacker, ends: Ends) -> None:
    body = json.dumps({"user_name": "somebody", "password": "wrong"}).encode()
    head = b"POST /v1/auth/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    while True:
        ends[1].write(head + body)
        await ends[0].readuntil(b"\r\n\r\n")
        await asyncio.sleep(PAUSE)


async def write_slowly(_: Attacker, ends: Ends) -> None:
    """A byte a second."""
    await upgrade(ends)
    for byte in call("message.auth", "x" * 60_000):
        ends[1].write(bytes((byte,)))
        await asyncio.sleep(1)


async def come_again(self: Attacker, ends: Ends) -> None:
    """Authenticate, which asks for the conversation, and leave."""
    await self.enter(ends)


async def read_nothing(self: Attacker, ends: Ends) -> None:
    await say(await self.enter(ends), call("message.history"))


async def ask(self: Attacker, ends: Ends, data: bytes) -> None:
    """Send the same on and on, and read what comes."""
    saying = asyncio.ensure_future(say(await self.enter(ends), data))
    try:
        await read_all(ends)
    finally:
        saying.cancel()


async def fragment(self: Attacker, ends: Ends) -> None:
    """A message without an end."""
    writer = await self.enter(ends)
    writer.write(frame("x", TEXT, is_last=False))
    await say(writer, frame("x" * 100, CONTINUATION, is_last=False) + frame("", CONTINUATION, is_last=False))


def asking(data: bytes) -> Callable[[Attacker, Ends], Awaitable[None]]:
    return lambda self, ends: ask(self, ends, data)


LARGEST = 262_000  # of a frame's 256 KiB

KINDS: dict[str, tuple[int, Callable[[Attacker, Ends], Awaitable[None]]]] = {  # how many at once, and what each does
    "connections": (4, connect),
    "half-open handshakes": (PEERS, begin_handshake),
    "silent sockets": (PEERS, stay_silent),
    "log-ins": (8, log_in),
    "messages": (4, asking(call("message.send", "flood") * 8)),
    "repeated messages": (4, asking(call("message.send", "flood", "key") * 8)),
    "histories": (4, asking(call("message.history"))),
    "reconnects": (4, come_again),
    "slow writers": (PEERS, write_slowly),
    "slow readers": (20, read_nothing),
    "large frames": (2, asking(frame(json.dumps({"method": "x" * LARGEST})))),
    "endless fragments": (20, fragment),
    "deep JSON": (2, asking(frame('{"method": "message.send", "params": ' + "[" * (LARGEST // 2)))),
    "huge numbers": (2, asking(frame('{"method": "message.read", "id": 1, "params": [' + "9" * LARGEST + "]}"))),
    "duplicate keys": (2, asking(frame("{" + '"id": 1, ' * (LARGEST // 9) + '"method": "x"}'))),
}


async def flood(kind: str, port: int, token: str) -> None:
    count, attack = KINDS[kind]
    await asyncio.gather(*(Attacker(port, token).repeat(attack) for _ in range(count)))


if __name__ == "__main__":
    asyncio.run(flood(sys.argv[1], int(sys.argv[2]), sys.stdin.read()))
