"""After any break, a client that lists again and resumes shows what one that never broke shows (Hypothesis)."""

import asyncio
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers import presence as presence_module
from tests.client import Client, Json
from tests.conftest import Desk

EVENTS = ["read", "presence", "conversation"]
NAMES = st.sampled_from(["anna", "boris", "vera"])
OPERATORS = st.sampled_from(["olga", "oleg"])


class Mirror:
    """What a page of an operator, or of a customer, would show: built from lists, and kept by pushes."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.desk = desk
        self.name = name
        self.is_operator = name in ("olga", "oleg")
        self.messages: dict[int, Json] = {}
        self.conversations: dict[int, Json] = {}
        self.online: dict[int, bool] = {}
        self.operators: dict[int, Json] = {}
        self.status: dict[str, Any] = {}
        self.client: Client | None = None
        self._read = 0

    async def connect(self) -> None:
        """Connect, resume by the newest id, and list anew."""
        self.client = await self.desk.open()
        self._read = 0
        after = max(self.messages, default=0)
        page = await self.client.call("message.auth", await self.desk.token(self.name), after)
        assert page["has_more"] is False
        for message in page["messages"] or []:
            self.messages[message["message_id"]] = message
        await self.client.call("events.subscribe", EVENTS)
        if self.is_operator:
            listed = await self.client.call("conversation.list", "all", None, 500)
            self.conversations, self.online = {}, {}
            for conversation in listed["conversations"]:
                self._conversation(conversation)
            self.operators = {one["user_id"]: one for one in (await self.client.call("operator.list"))["operators"]}
        else:
            self.status = await self.client.call("desk.status")
        await self.settle()

    async def settle(self) -> None:
        """Take in what came up to now."""
        assert self.client
        await self.client.call("desk.status")
        for frame in self.client.frames[self._read :]:
            if frame["id"] is None or (isinstance(frame["result"], dict) and "message" in frame["result"]):
                self._push(frame["result"])
        self._read = len(self.client.frames)

    def cut(self) -> None:
        """Lose the line without a word."""
        assert self.client
        protocol = self.client.connection.protocol
        assert protocol
        assert protocol.stream
        protocol.stream.close()
        self.client.close()

    def _conversation(self, conversation: Json) -> None:
        known = self.conversations.get(conversation["user_id"], {"version": -1})
        if conversation["version"] >= known["version"]:
            self.online[conversation["user_id"]] = conversation["online"]
            self.conversations[conversation["user_id"]] = conversation

    def _push(self, push: Json) -> None:
        ((event, content),) = push.items()
        if event == "message":
            self.messages[content["message_id"]] = content
        elif event == "conversation" and self.is_operator:
            self._conversation(content)
        elif event == "presence":
            if not self.is_operator:
                self.status |= content
            elif content["is_operator"]:
                self.operators[content["user_id"]] |= {"online": content["online"], "viewing": content["viewing"]}
            else:
                self.online[content["user_id"]] = content["online"]
        elif event == "read" and not self.is_operator:
            self.status |= content

    def state(self) -> Json:
        conversations = {
            user_id: {**conversation, "online": self.online[user_id]}
            for user_id, conversation in self.conversations.items()
        }
        marks = {key: self.status.get(key) for key in ("operators_online", "customer_read_id", "operator_read_id")}
        return [sorted(self.messages.items()), sorted(conversations.items()), sorted(self.operators.items()), marks]


class Operations(RuleBasedStateMachine):
    """Random operations on a desk that goes on from one run to the next; `desk` and `io_loop` are the test's."""

    desk: ClassVar[Desk]
    io_loop: ClassVar[IOLoop]

    def __init__(self) -> None:
        super().__init__()
        self.steady = {name: Mirror(self.desk, name) for name in ("olga", "anna")}
        self.cut = {name: Mirror(self.desk, name) for name in ("olga", "anna")}
        self.guests: dict[str, Client] = {}
        self.step = 0
        for mirror in [*self.steady.values(), *self.cut.values()]:
            self.run(mirror.connect())

    def run(self, work: Any) -> Any:
        async def wait() -> Any:
            return await work

        return self.io_loop.run_sync(wait, timeout=30)

    def guest(self, name: str) -> Client:
        if name not in self.guests:
            self.guests[name] = self.run(self.desk.enter(name))
        return self.guests[name]

    @rule(name=NAMES)
    def write(self, name: str) -> None:
        self.step += 1
        self.run(self.guest(name).call("message.send", f"{name} {self.step}"))

    @rule(name=NAMES, operator=OPERATORS)
    def answer(self, name: str, operator: str) -> None:
        self.run(self.guest(operator).call("message.operatorSend", f"to {name}", self.desk.ids[name]))

    @rule(name=NAMES, operator=OPERATORS, method=st.sampled_from(["open", "assign", "close", "reopen", "read"]))
    def handle(self, name: str, operator: str, method: str) -> None:
        client, user_id = self.guest(operator), self.desk.ids[name]
        requests: dict[str, tuple[str, list[Any]]] = {
            "open": ("conversation.open", [user_id]),
            "assign": ("conversation.assign", [user_id, self.desk.ids[operator]]),
            "close": ("conversation.close", [user_id]),
            "reopen": ("conversation.close", [user_id, None, False]),
            "read": ("message.read", [user_id, 2**62]),
        }
        called, params = requests[method]
        self.run(client.reply(client.send(called, *params)))

    @rule(name=NAMES)
    def read(self, name: str) -> None:
        self.run(self.guest(name).call("message.read", 2**62))

    @rule(name=st.sampled_from(["anna", "boris", "vera", "olga", "oleg"]))
    def leave(self, name: str) -> None:
        if name in self.guests:
            self.guests.pop(name).close()

    @rule(name=st.sampled_from(["olga", "anna"]))
    def break_off(self, name: str) -> None:
        self.cut[name].cut()
        self.run(asyncio.sleep(0.01))
        self.run(self.cut[name].connect())

    def teardown(self) -> None:
        for name in ("olga", "anna"):
            self.break_off(name)
        self.run(asyncio.sleep(0.3))  # for those who linger, and the events that follow
        fresh = {name: Mirror(self.desk, name) for name in ("olga", "anna")}
        for name, mirror in fresh.items():
            self.run(mirror.connect())
            for other in (self.steady[name], self.cut[name]):
                self.run(other.settle())
                assert other.state()[1:] == mirror.state()[1:]
            assert self.steady[name].state() == self.cut[name].state()
        mirrors = [*self.steady.values(), *self.cut.values(), *fresh.values()]
        for client in [*self.guests.values(), *[mirror.client for mirror in mirrors if mirror.client]]:
            client.close()
        self.run(asyncio.sleep(0.2))


def test_a_client_that_was_cut_shows_what_one_that_was_not_shows(
    desk: Desk, io_loop: IOLoop, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "LINGER_SECONDS", 0.05)
    app.settings["message_rate"] = 0
    monkeypatch.setattr(Operations, "desk", desk, raising=False)
    monkeypatch.setattr(Operations, "io_loop", io_loop, raising=False)
    run_state_machine_as_test(
        Operations,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
