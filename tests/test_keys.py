"""A key makes sending safe to repeat."""

import asyncio

import pytest
from tornado.web import Application

from tests.conftest import Desk

pytestmark = pytest.mark.gen_test


async def test_the_same_key_sent_20_times_at_once_stores_one_message(desk: Desk) -> None:
    olga = await desk.enter("olga")
    tabs = [await desk.enter("anna") for _ in range(4)]
    ids = [(tab, tab.send("message.send", "once", "key-1")) for tab in tabs for _ in range(5)]
    replies = [await tab.reply(request_id) for tab, request_id in ids]
    messages = [reply["result"]["message"] for reply in replies]
    assert all(message == messages[0] for message in messages)
    assert (await tabs[0].call("message.history"))["messages"] == [messages[0]]
    assert (await olga.push())["message_id"] == messages[0]["message_id"]
    await tabs[0].call("message.send", "next")
    assert (await olga.push())["message_text"] == "next"


async def test_a_repeat_is_answered_to_its_sender_alone(desk: Desk) -> None:
    anna, other, olga = await desk.enter("anna"), await desk.enter("anna"), await desk.enter("olga")
    first = await anna.call("message.send", "text", "key")
    assert (await other.push()) == first["message"]
    assert await other.call("message.send", "text", "key") == first
    await anna.call("message.send", "end")
    assert [(await olga.push())["message_text"] for _ in range(2)] == ["text", "end"]
    assert (await other.push())["message_text"] == "end"


async def test_a_key_used_with_another_text_is_error_1(desk: Desk) -> None:
    anna = await desk.enter("anna")
    await anna.call("message.send", "text", "key")
    for other in ("Text", "text ", "téxt", "text\u200b"):
        assert await anna.refused("message.send", other, "key") == 1
    assert len((await anna.call("message.history"))["messages"]) == 1


async def test_keys_are_the_users_and_the_conversations_own(desk: Desk) -> None:
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    olga, oleg = await desk.enter("olga"), await desk.enter("oleg")
    sent = [
        await anna.call("message.send", "one", "key"),
        await boris.call("message.send", "two", "key"),
        await olga.call("message.operatorSend", "three", desk.ids["anna"], "key"),
        await olga.call("message.operatorSend", "four", desk.ids["boris"], "key"),
        await oleg.call("message.operatorSend", "five", desk.ids["anna"], "key"),
        await anna.call("message.send", "six", "KEY"),
    ]
    assert len({result["message"]["message_id"] for result in sent}) == 6
    again = await olga.call("message.operatorSend", "four", desk.ids["boris"], "key")
    assert again == sent[3]


async def test_a_null_key_is_no_key(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "text", None)
    await anna.call("message.send", "text", None)
    await olga.call("message.operatorSend", "text", desk.ids["anna"], None)
    await olga.call("message.operatorSend", "text", None, None)
    assert len((await anna.call("message.history"))["messages"]) == 4


async def test_a_repeat_is_answered_even_over_the_rate(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0.001
    app.settings["message_burst"] = 1
    anna = await desk.enter("anna")
    first = await anna.call("message.send", "text", "key")
    assert await anna.refused("message.send", "text") == 6
    assert await anna.refused("message.send", "text", "other") == 6
    assert await anna.call("message.send", "text", "key") == first
    assert await anna.refused("message.send", "another text", "key") == 1


async def test_a_client_that_resends_what_was_not_acknowledged_stores_each_once(desk: Desk) -> None:
    outbox = {f"key-{n}": f"text {n}" for n in range(30)}
    for _ in range(5):
        anna = await desk.enter("anna")
        for key, text in outbox.items():
            anna.send("message.send", text, key)
        await asyncio.sleep(0.005)
        anna.close()
    anna = await desk.enter("anna")
    for key, text in outbox.items():
        await anna.call("message.send", text, key)
    assert [m["message_text"] for m in (await anna.call("message.history"))["messages"]] == list(outbox.values())


async def test_over_the_rate_a_repeat_finds_the_first_that_is_still_being_written(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0.001
    app.settings["message_burst"] = 1
    anna = await desk.enter("anna")
    requests = [anna.send("message.send", "text", "key") for _ in range(10)]
    replies = [await anna.reply(request) for request in requests]
    assert [reply["error"] for reply in replies] == [None] * 10
    assert len({reply["result"]["message"]["message_id"] for reply in replies}) == 1
