"""The customers and the operators: what they send, and what must be true of all that they get."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import perf_counter

import msgspec

from bench.client import Connection, Incoming, Wrong, frame

TEXT = "Good day! My order has not arrived yet, could you please look where it is?"
FIRST = 1_000_000  # numbers have seven digits, so that a customer's frames are all of one length
NUMBER = "#######"  # where one goes


class Window:
    """The messages of one phase, by their place in the lists; a time or an id of 0 stands for not yet."""

    def __init__(self, first: int, readers: int, send_next: Callable[[int], None] | None) -> None:
        """`first` is the first message's number, `readers` says to how many operators each is delivered.

        `send_next` is called with the sender when all of them have a message; None: acknowledgements are awaited.
        """
        self.first = first
        self.readers = readers
        self.send_next = send_next
        self.is_open = True
        self.senders: list[int] = []
        self.ids: list[int] = []
        self.sent: list[float] = []
        self.acked: list[float] = []
        self.delivered: list[float] = []  # to the last of the readers
        self.unread: list[int] = []  # readers
        self.acks = self.deliveries = 0

    def add(self, sender: int, count: int) -> range:
        """The numbers of so many messages, which are sent now."""
        start = self.first + len(self.sent)
        self.senders += [sender] * count
        self.ids += [0] * count
        self.sent += [perf_counter()] * count
        self.acked += [0.0] * count
        self.delivered += [0.0] * count
        self.unread += [self.readers] * count
        return range(start, start + count)


class Customer(Connection):
    """Sends a message for each one that has arrived, while the window is open."""

    window: Window

    def __init__(self, token: str, place: int) -> None:
        super().__init__(token)
        self.place = place
        key = secrets.token_urlsafe(11) + NUMBER  # each customer's another, and each message's
        self._parts = frame(
            f'{{"method":"message.send","params":["{NUMBER} {TEXT}","{key}"],"id":{NUMBER}}}',
        ).split(NUMBER.encode())

    def start(self, window: Window, in_flight: int) -> None:
        self.window = window
        self.send(in_flight)

    def take(self, frames: Sequence[Incoming], now: float) -> None:
        window, place = self.window, self.place
        first, senders, acked, ids = window.first, window.senders, window.acked, window.ids
        for reply in frames:
            if reply.error is not None or reply.id is None:
                raise Wrong(f"a message was answered with {msgspec.json.encode(reply).decode()}")
            index = reply.id - first
            if index < 0 or senders[index] != place or acked[index]:
                raise Wrong(f"message {reply.id} was acknowledged twice, or to another customer")
            acked[index] = now
            message = reply.result and reply.result.message
            if message:  # the relay's answers have none
                if ids[index] not in (0, message.message_id):
                    raise Wrong(f"message {reply.id} has two ids, {ids[index]} and {message.message_id}")
                ids[index] = message.message_id
        window.acks += len(frames)
        if window.send_next is None:
            self.send(len(frames))

    def send(self, count: int = 1) -> None:
        if self.window.is_open:
            parts = self._parts
            self.write(b"".join([(b"%d" % number).join(parts) for number in self.window.add(self.place, count)]))


class Operator(Connection):
    """Gets every push, each customer's in the order of sending: with the count of all, each exactly once."""

    window: Window

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self._newest_id = 0
        self._newest: dict[int, int] = defaultdict(int)  # by customer, the number of its newest message

    def take(self, frames: Sequence[Incoming], now: float) -> None:
        window, newest, newest_id = self.window, self._newest, self._newest_id
        first, senders, ids = window.first, window.senders, window.ids
        delivered, unread = window.delivered, window.unread
        for push in frames:
            if push.result and push.result.message:
                text, message_id = push.result.message.message_text, push.result.message.message_id
            else:
                text, message_id = push.params[0], 0  # the relay gives no id
            number = int(text[:7])
            index = number - first
            sender = senders[index]
            if index < 0 or number <= newest[sender]:
                raise Wrong(f"an operator got message {number} of customer {sender} after {newest[sender]}")
            newest[sender] = number
            unread[index] -= 1
            if not unread[index]:
                delivered[index] = now
                if window.send_next:
                    window.send_next(sender)
            if message_id:
                if message_id <= newest_id:
                    raise Wrong(f"an operator got id {message_id} after {newest_id}")
                if ids[index] not in (0, message_id):
                    raise Wrong(f"message {number} has two ids, {ids[index]} and {message_id}")
                ids[index] = newest_id = message_id
        self._newest_id = newest_id
        window.deliveries += len(frames)
