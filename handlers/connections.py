"""How many connections there are, from one address and in all: they count from the accept to the close."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, SSLIOStream
from tornado.web import Application

from handlers.limits import network

logger = logging.getLogger("chat.connections")

AHEAD = 65_536  # bytes that are read at once, at most
TELL_SECONDS = 10  # between two lines about refusals: a flood must not fill the log


class Connections:
    """The open ones. What a trusted proxy opens counts in all, and of an address when it is known."""

    def __init__(self, most: int, most_of_address: int, trusted_proxies: Sequence[str] = ()) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._trusted_proxies = frozenset(trusted_proxies)
        self._count = 0
        self._by_address: Counter[str] = Counter()
        self._refused = 0  # since the last line
        self._told_at = -math.inf

    def enter(self, peer: str) -> str | None:
        """Count one more from a peer. Returns as which address, None for a proxy's. Raises Full."""
        if self._count >= self._most:
            self._refuse(f"{self._count} are open, the most of --connections")
        address = None if peer in self._trusted_proxies else self.enter_address(peer)
        self._count += 1
        return address

    def enter_address(self, address: str) -> str:
        """Count an open one as one of an address. Returns as which. Raises Full."""
        address = network(address)
        count = self._by_address[address]
        if count >= self._most_of_address:
            self._refuse(f"{count} from {address} are open, the most of --connections-per-address")
        self._by_address[address] = count + 1
        return address

    def leave(self, address: str | None) -> None:
        self._count -= 1
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _refuse(self, reason: str) -> None:
        self._refused += 1
        now = time.monotonic()
        if now >= self._told_at + TELL_SECONDS:
            logger.warning("refused %d connections since the last such line: now %s", self._refused, reason)
            self._refused, self._told_at = 0, now
        raise Full(reason)


class Full(Exception):
    """There are as many connections as there may be."""


class Counted(IOStream):
    """A connection that counts until it closes.

    While it is read, and `take` is there, that gets what arrives as it arrives, and says whether it was all that was
    waited for: no future, no buffer and no second read, which would find nothing. See handlers/frames.py.
    """

    __slots__ = ("_address", "_connections", "take")  # its dictionary is full: see WebSocketHandler

    def __init__(self, stream: IOStream, connections: Connections, address: str | None, **kwargs: Any) -> None:
        super().__init__(stream.socket, **kwargs)
        self._connections = connections
        self._address = address
        self.take: Callable[[bytes], bool] | None = None

    def _handle_events(self, fd: Any, events: int) -> None:
        if events != IOLoop.READ or self.take is None or not self.reading():
            super()._handle_events(fd, events)
            return
        try:
            data = self.socket.recv(AHEAD)
        except OSError:
            data = b""
        if not data:
            super()._handle_events(fd, events)  # finds out why
        elif not self.take(data):
            self._read_from_buffer(0)

    def count_as(self, address: str) -> None:
        """Whose it is, where a proxy opened it. Raises Full."""
        if self._address is None:
            self._address = self._connections.enter_address(address)

    def close_fd(self) -> None:
        super().close_fd()
        self._connections.leave(self._address)


class CountedTLS(Counted, SSLIOStream):
    """One that speaks TLS."""

    def _handle_events(self, fd: Any, events: int) -> None:
        SSLIOStream._handle_events(self, fd, events)  # what has arrived is not yet what was sent


class Server(HTTPServer):
    """Tornado's, but that a connection past the limits is closed as it is accepted."""

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        assert isinstance(self.request_callback, Application)
        connections: Connections = self.request_callback.settings["connections"]
        try:
            counted_as = connections.enter(address[0])
        except Full:
            stream.close()
            return
        counted: IOStream
        if isinstance(stream, SSLIOStream):
            IOLoop.current().remove_handler(stream.socket)  # it waits for the handshake already
            counted = CountedTLS(stream, connections, counted_as, ssl_options=self.ssl_options)
        else:
            counted = Counted(stream, connections, counted_as)
        super().handle_stream(counted, address)
