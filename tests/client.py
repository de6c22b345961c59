"""A client of the protocol, as plain as the protocol: for the tests and the bench's own checks."""

import json
from itertools import count
from typing import Any, ClassVar

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.contract import Contract

Json = Any


class Client:
    """One connection. Pushes that arrive before an awaited reply are kept in `pushes`."""

    opened: ClassVar[list["Client"]] = []  # all of one test

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.pushes: list[Json] = []
        self.replies: dict[Json, Json] = {}
        self.frames: list[Json] = []
        self.contract: Contract | None = Contract()  # None for who measures
        self._ids = count(1)
        self.opened.append(self)

    @classmethod
    async def connect(cls, url: str, **headers: str) -> "Client":
        request = HTTPRequest(url.replace("http", "ws", 1) + "/v1/ws/", headers=headers)
        return cls(await websocket_connect(request, max_message_size=64 * 2**20))

    def send(self, method: str, *params: Json) -> int:
        """Send a request without waiting. Returns its id."""
        request_id = next(self._ids)
        self.send_text(json.dumps({"method": method, "params": params, "id": request_id}))
        return request_id

    def send_text(self, frame: str | bytes) -> None:
        if self.contract:
            self.contract.note_sent(frame)
        self.connection.write_message(frame, binary=isinstance(frame, bytes))

    async def receive(self) -> Json:
        """The next frame; None when the connection is closed."""
        text = await self.connection.read_message()
        if text is None:
            return None
        frame = json.loads(text)
        if self.contract:
            self.contract.check_received(frame)
        self.frames.append(frame)
        return frame

    async def reply(self, request_id: Json) -> Json:
        """The reply to a request, whatever comes before it."""
        while request_id not in self.replies:
            frame = await self.receive()
            assert frame is not None, f"closed with {self.connection.close_code}"
            if frame["id"] is None and frame["error"] is None:
                self.pushes.append(frame["result"])
            else:
                self.replies[frame["id"]] = frame
        return self.replies.pop(request_id)

    async def call(self, method: str, *params: Json) -> Json:
        """The result of a request, which must have one."""
        reply = await self.reply(self.send(method, *params))
        assert reply["error"] is None, reply
        return reply["result"]

    async def refused(self, method: str, *params: Json) -> int:
        """The code of the error that a request is answered with."""
        reply = await self.reply(self.send(method, *params))
        assert reply["result"] is None, reply
        return int(reply["error"]["code"])

    async def push(self) -> Json:
        """The message of the next push."""
        return await self.event("message")

    async def event(self, name: str) -> Json:
        """The next event of that name; other pushes stay."""
        while True:
            for index, push in enumerate(self.pushes):
                if name in push:
                    return self.pushes.pop(index)[name]
            frame = await self.receive()
            assert frame is not None, f"closed with {self.connection.close_code}"
            assert frame["id"] is None, frame
            self.pushes.append(frame["result"])

    async def heard(self, name: str) -> list[Json]:
        """The events of that name that came up to now."""
        await self.call("desk.status")
        events = [push[name] for push in self.pushes if name in push]
        self.pushes = [push for push in self.pushes if name not in push]
        return events

    async def close_code(self) -> int | None:
        """Wait for the close, and return its code; no further frame may come."""
        frame = await self.receive()
        assert frame is None, frame
        return self.connection.close_code

    def close(self) -> None:
        self.connection.close()

    @classmethod
    def close_all(cls) -> None:
        """Those of the test that ends."""
        for client in cls.opened:
            client.close()
        cls.opened.clear()
