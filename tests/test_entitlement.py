"""Nobody sees what is not theirs: every frame that every connection of a busy desk gets is looked at."""

import asyncio
import json
import random
from typing import Any

import pytest
from tornado.web import Application

from db import users
from handlers import upkeep
from tests.client import Client, Json
from tests.conftest import PASSWORD_HASH, Desk

pytestmark = pytest.mark.gen_test

CUSTOMERS = [f"customer-{n}" for n in range(5)]
OPERATORS = [f"operator-{n}" for n in range(3)]
EVENTS = ["typing", "read", "presence", "conversation", "note"]

SEED_MESSAGE = {"message_id", "message_text", "invader_name", "is_from_support", "created"}
OPERATORS_MESSAGE = SEED_MESSAGE | {"user_id", "user_name"}


class BusyDesk:
    """Five customers and three operators who do everything that the protocol has, in a random order."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.random = random.Random(7)
        self.clients: dict[str, list[Client]] = {name: [] for name in CUSTOMERS + OPERATORS}

    async def begin(self) -> None:
        for name in CUSTOMERS + OPERATORS:
            is_admin = name in OPERATORS
            self.desk.ids[name] = await self.desk.database.write(users.add, name, PASSWORD_HASH, is_admin=is_admin)
            for _ in range(2):
                client = await self.desk.enter(name)
                await client.call("events.subscribe", EVENTS)
                self.clients[name].append(client)

    async def work(self, steps: int) -> None:
        for step in range(steps):
            customer, operator = self.random.choice(CUSTOMERS), self.random.choice(OPERATORS)
            await self._customer(customer, step)
            await self._operator(operator, customer, step)
        await upkeep.index_messages(self.desk.database)
        await asyncio.sleep(0.2)  # the events that follow
        for clients in self.clients.values():
            for client in clients:
                await client.call("desk.status")

    async def _customer(self, name: str, step: int) -> None:
        client = self.random.choice(self.clients[name])
        calls: list[tuple[Any, ...]] = [
            ("message.send", f"from {name}: {step}"),
            ("message.send", f"from {name}: {step}", f"key-{step}"),
            ("message.history",),
            ("message.read", step),
            ("message.typing",),
            ("desk.status",),
            ("message.operatorSend", "not allowed", self.desk.ids[CUSTOMERS[0]]),
            ("conversation.list", "all"),
            ("conversation.open", self.desk.ids[CUSTOMERS[0]]),
            ("note.add", self.desk.ids[CUSTOMERS[0]], "not allowed"),
            ("operator.list",),
            ("reply.list",),
            ("message.search", "from"),
            ("user.password", "wrong", "another one"),
            ("reply.save", "reply", "not allowed"),
            ("reply.delete", "reply"),
            ("conversation.assign", self.desk.ids[CUSTOMERS[0]]),
            ("conversation.close", self.desk.ids[CUSTOMERS[0]]),
        ]
        await client.reply(client.send(*self.random.choice(calls)))

    async def _operator(self, name: str, customer: str, step: int) -> None:
        client, user_id = self.random.choice(self.clients[name]), self.desk.ids[customer]
        calls: list[tuple[Any, ...]] = [
            ("message.operatorSend", f"to {customer}: {step}", user_id),
            ("message.operatorSend", f"to {customer}: {step}", user_id, f"key-{step}", step),
            ("message.history", user_id),
            ("message.read", user_id, step),
            ("message.typing", user_id),
            ("message.search", "from"),
            ("conversation.list", "all"),
            ("conversation.open", user_id),
            ("conversation.open", None),
            ("conversation.assign", user_id, self.desk.ids[self.random.choice(OPERATORS)]),
            ("conversation.close", user_id),
            ("note.add", user_id, f"a secret note on {customer}"),
            ("reply.save", f"reply-{step}", "a secret reply"),
            ("reply.list",),
            ("reply.delete", f"reply-{step - 10}"),
            ("conversation.close", user_id, None, False),
            ("operator.list",),
            ("desk.status",),
            ("user.password", "wrong", "another one"),
        ]
        await client.reply(client.send(*self.random.choice(calls)))


def messages_in(frame: Json) -> list[dict[str, Any]]:
    result = frame["result"] if isinstance(frame["result"], dict) else {}
    return [*(result.get("messages") or []), *([result["message"]] if "message" in result else [])]


def check_customers_frame(name: str, frame: Json) -> None:
    """Everything in it is the customer's own."""
    text = json.dumps(frame)
    assert "secret" not in text, frame
    for other in CUSTOMERS:
        assert other == name or other not in text, frame
    for message in messages_in(frame):
        assert message.keys() == SEED_MESSAGE, frame
        assert message["message_text"].startswith((f"from {name}:", f"to {name}:")), frame
    if frame["id"] is None:
        ((event, content),) = frame["result"].items()
        allowed: dict[str, set[str]] = {
            "message": SEED_MESSAGE,
            "typing": {"is_from_support", "invader_name"},
            "read": {"customer_read_id", "operator_read_id"},
            "presence": {"operators_online"},
            "conversation": {"status"},
        }
        assert content.keys() == allowed[event], frame
        assert event != "typing" or content["is_from_support"] is True, frame
    elif isinstance(frame["result"], dict):
        known = {"messages", "message", "has_more", "read_id", "events"}
        status = {"now", "operators_online", "customer_read_id", "operator_read_id", "unread", "last_message_id"}
        assert frame["result"].keys() <= known | status, frame
        assert type(frame["result"].get("operators_online", True)) is bool, frame


def check_operators_frame(frame: Json) -> None:
    for message in messages_in(frame):
        assert message.keys() == OPERATORS_MESSAGE, frame
        assert message["user_name"] in message["message_text"], frame


async def test_every_frame_of_a_busy_desk_was_its_receivers_to_see(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0
    busy = BusyDesk(desk)
    await busy.begin()
    await busy.work(300)
    heard: set[str] = set()
    for name, clients in busy.clients.items():
        for client in clients:
            assert len(client.frames) > 30
            for frame in client.frames:
                if name in CUSTOMERS:
                    check_customers_frame(name, frame)
                else:
                    check_operators_frame(frame)
                    heard |= frame["result"].keys() if frame["id"] is None else set()
    assert heard == {"message", *EVENTS}


async def test_the_seeds_client_never_meets_anything_but_the_seeds_frames(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0
    busy = BusyDesk(desk)
    await busy.begin()
    name = CUSTOMERS[0]
    plain, operator = await desk.enter(name), await desk.enter("olga")
    working = asyncio.ensure_future(busy.work(150))
    for n in range(60):
        plain.send("message.send", f"from {name}: plain {n}")
        plain.send("message.send", "")
        await asyncio.sleep(0.02)
    await working
    late = await desk.enter(name)
    await late.call("message.send", f"from {name}: the end")
    while not plain.frames or "the end" not in json.dumps(plain.frames[-1]):
        await plain.receive()
    await operator.call("message.operatorSend", f"to {name}: 1", desk.ids[name])
    await late.push()
    assert len(late.frames[0]["result"]["messages"]) > 60
    for frame in [*plain.frames, *late.frames]:
        assert list(frame) == ["error", "result", "id"]
        if frame["error"]:
            assert frame["error"] == {"code": 1, "message": "Incorrect argument."}
            assert frame["result"] is None
            continue
        assert len(frame["result"]) == 1
        assert all(list(message) == list(late.frames[1]["result"]["message"]) for message in messages_in(frame))
        assert all(message.keys() == SEED_MESSAGE for message in messages_in(frame))
        assert messages_in(frame) or frame["result"] == {"messages": None}
    pushes = [frame for frame in operator.frames if frame["id"] is None]
    assert pushes
    assert all(frame["result"].keys() == {"message"} for frame in pushes)
