"""Connections that say nothing, tokens that end, readers that do not read."""

import asyncio
import gc
import json
import struct
import time
import weakref
from collections import deque
from functools import partial

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.web import Application, create_signed_value

from db import users
from handlers import flight, outbox, upkeep
from handlers.limits import Rates
from handlers.pulse import Pulses
from handlers.tokens import DAY_SECONDS, NAME, Tokens
from handlers.websocket import WebSocketHandler
from tests.client import Client
from tests.conftest import PASSWORD, SECRET, Desk
from tests.test_group_commit import Gate

pytestmark = pytest.mark.gen_test

UPGRADE = (
    b"GET /v1/ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_a_connection_that_says_nothing_is_closed_with_1013(desk: Desk, app: Application) -> None:
    app.settings["auth_timeout"] = 0.2
    silent, anna = await desk.open(), await desk.enter("anna")
    assert await silent.close_code() == 1013
    await asyncio.sleep(0.3)
    assert await anna.call("message.history")


async def test_an_expired_token_and_one_of_another_secret_are_refused(desk: Desk, app: Application) -> None:
    user_id = desk.ids["anna"]
    good = await desk.token("anna")
    key = (desk.tokens.read(good) or (0, ""))[1]
    for token in (
        Tokens("another secret, which is long enough", 30).issue(user_id, key),
        Tokens(SECRET, 30).issue(user_id, "another key"),
        Tokens(SECRET, 30).issue(desk.ids["boris"], key),
        Tokens(SECRET, 30).issue(999, key),
        good.replace("|", ""),
        good + "=",
        key,
    ):
        client = await desk.open()
        client.send("message.auth", token)
        assert await client.close_code() == 1008, token
    app.settings["tokens"] = Tokens(SECRET, days=0)
    await asyncio.sleep(1.1)  # the time of issue counts in whole seconds
    client = await desk.open()
    client.send("message.auth", good)
    assert await client.close_code() == 1008


async def test_a_connection_ends_with_its_token_unless_it_got_a_newer_one(desk: Desk) -> None:
    anna, boris, vera = await desk.open(), await desk.enter("boris"), await desk.open()
    for client, name in ((anna, "anna"), (vera, "vera")):
        claim = desk.tokens.read(await desk.token(name))
        assert claim
        issued_at = time.time() - desk.tokens.days * DAY_SECONDS + 4
        old = create_signed_value(SECRET, NAME, f"{claim.user_id}:{claim.key}", clock=partial(float, issued_at))
        await client.call("message.auth", old.decode())
    await upkeep.close_revoked(desk.database)
    await vera.call("user.password", PASSWORD, "another one")
    assert await anna.call("message.history")
    ended = asyncio.ensure_future(anna.close_code())
    while not ended.done():
        await asyncio.sleep(0.1)
        await upkeep.close_revoked(desk.database)
    assert await ended == 1008
    assert await boris.call("message.history")
    assert await vera.call("message.history")


@pytest.mark.parametrize("how", ["logout", "password", "role", "remove"])
async def test_revocation_ends_every_token_and_open_connection_of_the_user_alone(desk: Desk, how: str) -> None:
    tabs, boris = [await desk.enter("anna"), await desk.enter("anna")], await desk.enter("boris")
    await tabs[0].call("message.send", "text")
    await tabs[1].push()
    token, user_id = await desk.token("anna"), desk.ids["anna"]
    if how == "logout":
        await desk.database.write(users.replace_key, user_id)
    elif how == "password":
        await desk.database.write(users.set_password, user_id, "$2b$")
    elif how == "role":
        await desk.database.write(users.set_role, user_id, is_admin=True)
    else:
        await desk.database.write(users.remove, user_id)
    client = await desk.open()
    client.send("message.auth", token)
    assert await client.close_code() == 1008
    await upkeep.close_revoked(desk.database)
    assert [await tab.close_code() for tab in tabs] == [1008, 1008]
    assert await boris.call("message.send", "still here")


async def test_a_customer_who_was_removed_stores_nothing_and_costs_no_other_message_of_the_group(desk: Desk) -> None:
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    await desk.database.write(users.remove, desk.ids["anna"])
    anna.send("message.send", "text")
    boris.send("message.send", "another")
    assert await anna.close_code() == 1008
    olga = await desk.open()
    found = (await olga.call("message.auth", await desk.token("olga"), 0))["messages"]
    assert [message["message_text"] for message in found] == ["another"]


async def test_what_a_new_operator_still_writes_as_a_customer_waits_for_nobody(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "before")
    await desk.database.write(users.set_role, desk.ids["anna"], is_admin=True)
    await anna.call("message.send", "after")
    await upkeep.close_revoked(desk.database)
    assert await anna.close_code() == 1008
    assert (await olga.call("conversation.list", "waiting"))["conversations"] == []
    assert await olga.refused("message.operatorSend", "an answer", desk.ids["anna"]) == 7


async def test_an_operators_answers_stay_under_its_name_when_it_is_removed(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await olga.call("message.operatorSend", "an answer", desk.ids["anna"])
    await desk.database.write(users.remove, desk.ids["olga"])
    (message,) = (await anna.call("message.history"))["messages"]
    assert (message["message_text"], message["invader_name"]) == ("an answer", "olga")


async def test_another_log_in_does_not_end_the_first(desk: Desk) -> None:
    first = await desk.token("anna")
    await desk.token("anna")
    client = await desk.open()
    assert await client.call("message.auth", first)


async def enter_and_fall_silent(desk: Desk, name: str) -> asyncio.StreamWriter:
    """An authenticated connection that reads nothing and answers no ping, until it is closed."""
    _, writer = await asyncio.open_connection("127.0.0.1", int(desk.url.rsplit(":", 1)[1]), limit=1024)
    auth = json.dumps({"method": "message.auth", "params": [await desk.token(name)], "id": 1}).encode()
    writer.write(UPGRADE + struct.pack("!BBH", 0x81, 0x80 | 126, len(auth)) + bytes(4) + auth)
    return writer


async def test_a_peer_that_answers_no_ping_is_dropped_and_one_that_does_stays(desk: Desk, app: Application) -> None:
    app.settings["pulses"] = Pulses(0.3)
    anna = await desk.enter("anna")
    writer = await enter_and_fall_silent(desk, "olga")
    while not WebSocketHandler.operators:
        await asyncio.sleep(0.01)
    while WebSocketHandler.operators:
        await asyncio.sleep(0.01)
    writer.close()
    assert await anna.call("message.history")


async def test_what_has_closed_is_forgotten_at_once_and_its_pulse_when_it_would_be_due(
    desk: Desk, app: Application
) -> None:
    """Else a flood of connections that come and go would fill the memory until the next pings, or for ever."""
    app.settings["pulses"] = Pulses(0.5)
    await desk.enter("anna")
    (handler,) = WebSocketHandler.connections
    closed, pulse = weakref.ref(handler), handler.pulse
    del handler
    Client.close_all()
    await desk.until(lambda: not WebSocketHandler.connections)
    gc.collect()
    assert closed() is None
    await desk.until(lambda: not any(isinstance(one, deque) for one in gc.get_referrers(pulse)))


@pytest.mark.parametrize("bound", ["UNREAD_BYTES", "ALL_UNREAD_BYTES"])
async def test_a_reader_that_does_not_read_is_cut_off_and_comes_back(
    desk: Desk, app: Application, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(outbox, bound, 2**20)
    app.settings["message_rate"] = 0
    anna = await desk.enter("anna")
    writer = await enter_and_fall_silent(desk, "olga")
    while not WebSocketHandler.operators:
        await asyncio.sleep(0.01)
    (slow,) = WebSocketHandler.operators
    while slow in WebSocketHandler.connections:  # what is cut off is gone; else this test runs into its timeout
        await anna.call("message.send", "x" * 16_000)
    await desk.until(lambda: not outbox.Outbox.behind)
    assert outbox.Outbox.unread_of_all == 0
    writer.close()
    again = await desk.open()
    result = await again.call("message.auth", await desk.token("olga"), 0)
    assert result["messages"]
    assert result["messages"][-1] == (await anna.call("message.history", None, 1))["messages"][0] | {
        "user_id": desk.ids["anna"],
        "user_name": "anna",
    }


async def test_64_frames_of_a_connection_are_in_flight_and_all_are_answered(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0
    anna = await desk.enter("anna")
    for n in range(1000):
        anna.send("message.send", str(n))
    (handler,) = WebSocketHandler.open_handlers
    most = 0
    for _ in range(1000):
        most = max(most, handler.flight.frames)
        assert (await anna.receive())["error"] is None
    assert 1 < most <= 64
    assert handler.flight.frames == 0


@pytest.mark.parametrize(("bound", "most"), [("BYTES", 6), ("ALL_BYTES", 1)])
async def test_frames_in_flight_take_bounded_memory_and_all_are_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(flight, bound, {"BYTES": 2**20, "ALL_BYTES": 0}[bound])
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    (handler,) = WebSocketHandler.by_user[desk.ids["anna"]]
    gate = Gate(desk.database)
    request = {"method": "message.read", "params": [1], "padding": "ё" * 50_000}  # 100,000 bytes, twice in memory
    for number in range(20):
        anna.send_text(json.dumps({**request, "id": number}, ensure_ascii=False))
    await desk.until(lambda: handler.flight._room is not None)
    assert handler.flight.frames == most
    assert await boris.call("message.history")
    await gate.open()
    assert [(await anna.receive())["id"] for _ in range(20)] == list(range(20))
    assert flight.Flight.total.bytes == 0


async def test_eight_of_the_frames_in_flight_are_other_than_messages_and_all_are_answered(desk: Desk) -> None:
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    (handler,) = WebSocketHandler.by_user[desk.ids["anna"]]
    gate = Gate(desk.database)
    ids = [anna.send("message.read", 1) for _ in range(20)]
    await desk.until(lambda: handler.flight._room is not None)
    assert handler.flight.frames == 8
    assert await boris.call("message.history")
    await gate.open()
    assert [(await anna.receive())["id"] for _ in range(20)] == ids


@pytest.mark.parametrize("method", ["desk.status", "no.such.method"])
async def test_behind_a_large_frame_the_connection_waits_and_the_others_do_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(flight, "LARGE_RATE", 10_000)  # characters a second: 20,000 are two
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    anna.send_text(json.dumps({"method": method, "params": [], "id": "large", "padding": "x" * 20_000}))
    await anna.reply("large")
    second = asyncio.ensure_future(anna.call("desk.status"))
    for _ in range(10):
        await boris.call("desk.status")
    assert not second.done()
    await second


async def test_past_the_rate_of_calls_the_connection_waits_and_the_others_do_not(desk: Desk, app: Application) -> None:
    app.settings["call_rates"] = Rates(0.5, 2)  # two seconds each
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    for number in range(10):
        assert await anna.call("message.send", str(number))
    for _ in range(3):
        await anna.call("desk.status")
    fourth = asyncio.ensure_future(anna.call("desk.status"))
    assert await boris.call("message.send", "text")
    assert not fourth.done()
    await fourth


async def test_the_connections_of_a_user_share_its_rate_of_calls_also_the_later_ones(
    desk: Desk, app: Application
) -> None:
    app.settings["call_rates"] = Rates(0.5, 2)  # two seconds each
    boris = await desk.enter("boris")
    for _ in range(2):
        tab = await desk.enter("anna")
        await tab.call("desk.status")
        tab.close()
    anna = await desk.enter("anna")
    await anna.call("desk.status")
    second = asyncio.ensure_future(anna.call("desk.status"))
    await boris.call("desk.status")
    await boris.call("message.history")
    assert not second.done()
    await second


async def test_a_large_answer_counts_as_several_calls_and_the_next_log_in_waits_for_what_is_owed(
    desk: Desk, app: Application
) -> None:
    app.settings["call_rates"] = Rates(1, 10)
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    for _ in range(10):
        await anna.call("message.send", "ё" * 16_000)  # 31 KiB each
    for _ in range(2):
        await anna.call("message.history")  # six calls
    tab = asyncio.ensure_future(desk.enter("anna"))
    await boris.call("message.history")
    await boris.call("desk.status")
    assert not tab.done()
    assert await (await tab).call("desk.status")


async def test_healthz_answers_200_while_the_database_does(desk: Desk, http_client: AsyncHTTPClient) -> None:
    answer = await http_client.fetch(f"{desk.url}/healthz")
    assert (answer.code, answer.body) == (200, b'{"status": "ok", "address": "127.0.0.1"}')
