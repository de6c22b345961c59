"""Another user of the service, without a browser."""

import json
import urllib.request
from contextlib import ExitStack
from itertools import count
from typing import Any

from websockets.sync.client import connect

from tests.conftest import PASSWORD
from tests.contract import Contract

Json = Any

PATIENCE = 20  # seconds for a frame to come


class Peer:
    """A user's connection, authenticated. Pushes that came before an awaited reply are kept in `pushes`."""

    def __init__(self, url: str, name: str, password: str = PASSWORD) -> None:
        body = json.dumps({"user_name": name, "password": password}).encode()
        with urllib.request.urlopen(f"{url}/v1/auth/", body) as answer:  # noqa: S310  # the test's own service
            reply = json.load(answer)
        self.user_id: int = reply["id"]
        self.pushes: list[Json] = []
        self._contract = Contract()
        self._ids = count(1)
        self._life = ExitStack()
        self._socket = self._life.enter_context(connect(url.replace("http", "ws", 1) + "/v1/ws/", max_size=None))
        self.messages: list[Json] = self.call("message.auth", reply["result"]["token"])["messages"] or []

    def call(self, method: str, *params: Json) -> Json:
        """The result of a request, which must have one."""
        reply = self._ask(method, *params)
        assert reply["error"] is None, reply
        return reply["result"]

    def refused(self, method: str, *params: Json) -> int:
        """The code of the error that a request is answered with."""
        return int(self._ask(method, *params)["error"]["code"])

    def send(self, text: str, key: str | None = None) -> Json:
        """The message that this customer sends to the desk."""
        return self.call("message.send", text, key)["message"]

    def answer(self, user_id: int, text: str, key: str | None = None, seen_id: int | None = None) -> Json:
        """The message that this operator sends to a customer."""
        return self.call("message.operatorSend", text, user_id, key, seen_id)["message"]

    def wait_for(self, event: str) -> Json:
        """The next push of that name, such as "message", or "typing" after `events.subscribe`. Others stay."""
        while True:
            for index, push in enumerate(self.pushes):
                if event in push:
                    return self.pushes.pop(index)[event]
            frame = self._receive()
            assert frame["id"] is None, frame
            self.pushes.append(frame["result"])

    def _ask(self, method: str, *params: Json) -> Json:
        request_id = next(self._ids)
        request = json.dumps({"method": method, "params": params, "id": request_id})
        self._contract.note_sent(request)
        self._socket.send(request)
        while (frame := self._receive())["id"] != request_id:
            self.pushes.append(frame["result"])
        return frame

    def _receive(self) -> Json:
        frame = json.loads(self._socket.recv(PATIENCE))
        self._contract.check_received(frame)
        return frame

    def close(self) -> None:
        self._life.close()


def read_id(operator: Peer, user_id: int) -> int:
    """Up to which message a customer has read, as an operator sees it."""
    return int(operator.call("conversation.open", user_id)["conversation"]["customer_read_id"])
