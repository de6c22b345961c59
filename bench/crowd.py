"""The customers and the operator: what they send, and what must be true of all that they get."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import msgspec

from bench.client import Connection, Incoming, Wrong, frame

TEXT = "Good day! My order has not arrived yet, could you please look where it is?"


class Window:
    """The messages of one phase; a message's number is its place in the lists, 0 in them stands for not yet."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_open = True
        self.is_full = asyncio.Event()
        self.sent: list[float] = []
        self.acked: list[float] = []
        self.delivered: list[float] = []
        self.ids: list[int] = []
        self.acks = self.deliveries = 0

    def add(self, now: float) -> int:
        """The number of a message that is sent now."""
        self.sent.append(now)
        self.acked.append(0)
        self.delivered.append(0)
        self.ids.append(0)
        if len(self.sent) >= self.limit:
            self.is_open = False
            self.is_full.set()
        return len(self.sent) - 1

    def acknowledge(self, number: int, message_id: int, now: float) -> None:
        """Raises Wrong where it was before, or was delivered with another id."""
        if self.acked[number]:
            raise Wrong(f"message {number} was acknowledged twice")
        self.acked[number] = now
        self._note_id(number, message_id)
        self.acks += 1

    def deliver(self, number: int, message_id: int, now: float) -> None:
        """Raises Wrong where it was before, or was acknowledged with another id."""
        if self.delivered[number]:
            raise Wrong(f"message {number} was delivered twice")
        self.delivered[number] = now
        self._note_id(number, message_id)
        self.deliveries += 1

    def _note_id(self, number: int, message_id: int) -> None:
        if self.ids[number] not in (0, message_id):
            raise Wrong(f"message {number} has two ids, {self.ids[number]} and {message_id}")
        self.ids[number] = message_id


class Customer(Connection):
    """Sends a message for each one that is acknowledged, while the window is open."""

    window: Window

    def __init__(self, token: str, number: int) -> None:
        super().__init__(token)
        self.number = number

    def start(self, window: Window, in_flight: int) -> None:
        self.window = window
        self._send(in_flight)

    def take(self, frames: Sequence[Incoming], now: float) -> None:
        for reply in frames:
            if reply.error is not None or reply.id is None:
                raise Wrong(f"a message was answered with {msgspec.json.encode(reply).decode()}")
            self.window.acknowledge(reply.id, reply.message.message_id, now)
        self._send(len(frames))

    def _send(self, count: int) -> None:
        frames: list[bytes] = []
        now = perf_counter()
        while len(frames) < count and self.window.is_open:
            number = self.window.add(now)
            text = f"{self.number:03} {number:07} {TEXT}"
            frames.append(frame(f'{{"method":"message.send","params":["{text}"],"id":{number}}}'))
        if frames:
            self.write(b"".join(frames))


class Operator(Connection):
    """Gets every push."""

    window: Window
    newest_id = 0

    def start(self, window: Window) -> None:
        self.window = window
        self._newest: dict[str, int] = {}  # by customer, the number of its newest message

    def take(self, frames: Sequence[Incoming], now: float) -> None:
        for push in frames:
            message = push.message
            customer, number = message.message_text[:3], int(message.message_text[4:11])
            self.window.deliver(number, message.message_id, now)
            if message.message_id:  # the relay gives none
                if message.message_id <= self.newest_id:
                    raise Wrong(f"the operator got id {message.message_id} after {self.newest_id}")
                self.newest_id = message.message_id
            if number <= self._newest.get(customer, -1):
                raise Wrong(f"the operator got message {number} of customer {customer} after {self._newest[customer]}")
            self._newest[customer] = number
