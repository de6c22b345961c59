"""Customers who write on and on, and an operator who listens, while the service or its database is broken.

What was not acknowledged is sent again with its key, as the pages do; every third message has no key and is sent once.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketError

from db import users
from handlers.tokens import Tokens, find_secret
from manage.database import transaction
from tests.client import Client, Json
from tests.conftest import PASSWORD_HASH

OPERATOR, CUSTOMERS = "olga", ("anna", "boris", "vera", "gleb")
IN_FLIGHT = 8
PAUSE = 0.02  # seconds between attempts, as of a client that is told error 5
LOST = (OSError, WebSocketError, HTTPClientError)  # what a connection that fails raises

TokensByName = dict[str, str]

ticks = count(1)  # of all sends and acknowledgements, in their order


def add_people(url: str, folder: Path) -> TokensByName:
    """Add them all to a database that may be empty, of a service whose secret is in the folder."""
    tokens = Tokens(find_secret(str(folder / "secret")), 30)
    issued = {}
    with transaction(url, creates=True) as connection:
        for name in (OPERATOR, *CUSTOMERS):
            user_id = users.add(connection, name, PASSWORD_HASH, is_admin=name == OPERATOR)
            key = users.ensure_key(connection, user_id)
            assert key
            issued[name] = tokens.issue(user_id, key)
    return issued


@dataclass(slots=True, eq=False)
class Post:
    """A message. `sent` and `acknowledged` are the ticks of its first attempt and of its reply, 0 without one."""

    text: str
    key: str | None
    sent: int = 0
    acknowledged: int = 0
    message_id: int = 0


@dataclass(slots=True)
class Tally:
    """What was found in the database of what was sent."""

    acknowledged: int = 0
    stored: int = 0
    lost: int = 0  # acknowledged, and not there with that id; or keyed, and not there in the end
    doubled: int = 0
    disordered: int = 0  # sent after another one's acknowledgement, and stored before it

    def __iadd__(self, other: "Tally") -> Self:
        self.acknowledged += other.acknowledged
        self.stored += other.stored
        self.lost += other.lost
        self.doubled += other.doubled
        self.disordered += other.disordered
        return self


class Person:
    """Somebody who comes again after every loss of the connection."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self.newest_id = 0  # that was seen

    async def stay(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                client = await Client.connect(self._url)
                try:
                    await self._enter(client)
                finally:
                    client.close()
                    Client.opened.remove(client)
            await asyncio.sleep(PAUSE)

    async def _enter(self, client: Client) -> None:
        client.send("message.auth", self._token, self.newest_id)
        reply = await client.receive()
        if reply is not None and reply["error"] is None:
            await self._talk(client, reply["result"]["messages"] or [])

    async def _talk(self, client: Client, messages: list[Json]) -> None:
        """Until the connection is lost. `messages` came since the last one."""
        raise NotImplementedError


class Writer(Person):
    def __init__(self, url: str, token: str, name: str, load: "Load", length: int) -> None:
        """A text of that many characters at least is sent."""
        super().__init__(url, token)
        self.name = name
        self._length = length
        self._load = load
        self.open: list[Post] = []  # neither acknowledged nor given up, in their order
        self._unchecked: list[Post] = []
        self._numbers = count(1)

    async def _talk(self, client: Client, messages: list[Json]) -> None:
        waiting: dict[Json, Post] = {}
        try:
            while True:
                self._send(client, waiting)
                if not waiting:
                    await asyncio.sleep(PAUSE)
                    continue
                frame = await client.receive()
                if frame is None:
                    return
                if frame["id"] in waiting:  # else it is a push: what was stored and lost its acknowledgement
                    await self._settle(waiting.pop(frame["id"]), frame)
        finally:
            for post in waiting.values():
                self._give_up(post)

    def _send(self, client: Client, waiting: dict[Json, Post]) -> None:
        again = [post for post in self.open if post not in waiting.values()]
        while len(waiting) < IN_FLIGHT and (again or self._load.is_writing):
            post = again.pop(0) if again else self._make()
            post.sent = post.sent or next(ticks)
            waiting[client.send("message.send", post.text, *([post.key] if post.key else []))] = post

    def _make(self) -> Post:
        number = next(self._numbers)
        post = Post(f"{self.name} {number}".ljust(self._length, "."), f"{self.name}-{number}" if number % 3 else None)
        self.open.append(post)
        self._unchecked.append(post)
        return post

    async def _settle(self, post: Post, frame: Json) -> None:
        if frame["error"] is not None:
            assert frame["error"]["code"] == 5, frame
            self._give_up(post)
            self._load.refused += 1
            await asyncio.sleep(PAUSE)
            return
        self.open.remove(post)
        post.message_id, post.acknowledged = frame["result"]["message"]["message_id"], next(ticks)
        self._load.note_acknowledged()

    def _give_up(self, post: Post) -> None:
        """What has no key may be stored or not, and nobody can find out: it is not sent again."""
        if post.key is None:
            self.open.remove(post)

    async def check(self) -> Tally:
        """Compare what was sent since the last check with what is stored since then."""
        stored = await self._read()
        posts, self._unchecked = self._unchecked, []
        counts = Counter(message["message_text"] for message in stored)
        assert set(counts) <= {post.text for post in posts}, "what nobody sent"
        ids = {message["message_text"]: message["message_id"] for message in stored}
        tally = Tally(stored=len(stored), doubled=counts.total() - len(counts))
        tally.acknowledged = sum(post.message_id > 0 for post in posts)
        promised = [post for post in posts if post.message_id or post.key]
        tally.lost = sum(ids.get(post.text, 0) != post.message_id or not post.message_id for post in promised)
        tally.disordered = count_disordered([post for post in posts if post.message_id])
        return tally

    async def _read(self) -> list[Json]:
        """All that is stored above the newest message that was seen."""
        client = await Client.connect(self._url)
        await client.call("message.auth", self._token)
        stored: list[Json] = []
        has_more = True
        while has_more:
            page = await client.call("message.history", None, None, self.newest_id)
            stored += page["messages"]
            has_more = page["has_more"]
            self.newest_id = max((message["message_id"] for message in stored), default=self.newest_id)
        client.close()
        Client.opened.remove(client)
        assert stored == sorted(stored, key=lambda message: int(message["message_id"]))
        return stored


def count_disordered(posts: list[Post]) -> int:
    """How many were sent after another one was acknowledged, and have a smaller id."""
    newest_id = disordered = 0
    acknowledged = sorted(posts, key=lambda post: post.acknowledged)
    for post in sorted(posts, key=lambda post: post.sent):
        while acknowledged and acknowledged[0].acknowledged < post.sent:
            newest_id = max(newest_id, acknowledged.pop(0).message_id)
        disordered += post.message_id < newest_id
    return disordered


class Listener(Person):
    """The operator: each message comes once, with a rising id, whatever broke meanwhile."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self.heard = 0
        self.listens = asyncio.Event()

    async def _talk(self, client: Client, messages: list[Json]) -> None:
        self._hear(messages)
        self.listens.set()
        while (frame := await client.receive()) is not None:
            self._hear([frame["result"]["message"]])

    def _hear(self, messages: list[Json]) -> None:
        for message in messages:
            assert message["message_id"] > self.newest_id, (message, self.newest_id)
            self.newest_id = message["message_id"]
        self.heard += len(messages)


class Load:
    """The customers and the operator. `tally` is of all checks so far."""

    def __init__(self, url: str, tokens: TokensByName, length: int) -> None:
        self.tally = Tally()
        self.is_writing = True
        self.refused = 0  # with error 5
        self.acknowledged = 0
        self._more = asyncio.Event()
        self.writers = [Writer(url, tokens[name], name, self, length) for name in CUSTOMERS]
        self.listener = Listener(url, tokens[OPERATOR])

    def note_acknowledged(self) -> None:
        self.acknowledged += 1
        self._more.set()

    async def go_on(self, count: int = 1) -> None:
        """Until so many more messages are acknowledged."""
        target = self.acknowledged + count
        while self.acknowledged < target:
            self._more.clear()
            await self._more.wait()

    async def fail(self, count: int = 1) -> None:
        """Until so many more messages are refused with error 5."""
        target = self.refused + count
        while self.refused < target:
            await asyncio.sleep(PAUSE)

    async def check(self) -> None:
        """Let all that is under way be acknowledged, and compare it with what is stored."""
        self.is_writing = False
        while any(writer.open for writer in self.writers):
            await asyncio.sleep(PAUSE)
        for writer in self.writers:
            self.tally += await writer.check()
        tally = self.tally
        assert (tally.lost, tally.doubled, tally.disordered) == (0, 0, 0), tally
        while self.listener.newest_id < max(writer.newest_id for writer in self.writers):
            await asyncio.sleep(PAUSE)
        assert self.listener.heard == tally.stored, f"{self.listener.heard} heard of {tally}"
        self.is_writing = True


@contextlib.asynccontextmanager
async def loading(url: str, tokens: TokensByName, length: int = 1) -> AsyncIterator[Load]:
    """Of texts of that many characters at least. What fails in one of them is raised at the end."""
    load = Load(url, tokens, length)
    tasks = [asyncio.ensure_future(load.listener.stay())]
    await load.listener.listens.wait()
    tasks += [asyncio.ensure_future(writer.stay()) for writer in load.writers]
    try:
        yield load
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if not isinstance(outcome, asyncio.CancelledError):
            assert isinstance(outcome, BaseException)
            raise outcome
