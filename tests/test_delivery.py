"""Who gets what, in which order, without gap or repeat."""

import asyncio

import pytest
from tornado.web import Application

from tests.client import Client, Json
from tests.conftest import Desk

pytestmark = pytest.mark.gen_test


async def received(client: Client, count: int) -> list[Json]:
    return [await client.push() for _ in range(count)]


async def test_tabs_and_operators_see_the_same_messages_in_the_same_order(desk: Desk) -> None:
    senders = [await desk.enter(name) for name in ("anna", "anna", "boris", "boris", "vera")]
    watchers = [await desk.enter(name) for name in ("olga", "oleg", "oleg")]
    tab = await desk.enter("anna")
    for n in range(40):
        for sender in senders:
            sender.send("message.send", f"message {n}")
    seen = [await received(watcher, 200) for watcher in watchers]
    ids = [message["message_id"] for message in seen[0]]
    assert ids == sorted(set(ids))
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]
    annas = [message["message_id"] for message in seen[0] if message["user_name"] == "anna"]
    assert [message["message_id"] for message in await received(tab, 80)] == annas


async def test_a_sender_gets_its_reply_and_no_push_of_it(desk: Desk) -> None:
    anna, tab = await desk.enter("anna"), await desk.enter("anna")
    first = (await anna.call("message.send", "from the first tab"))["message"]
    second = (await tab.call("message.send", "from the second tab"))["message"]
    assert [first] == await received(tab, 1)
    assert [second] == await received(anna, 1)
    assert anna.pushes == tab.pushes == []


async def test_another_customer_sees_nothing(desk: Desk) -> None:
    anna, boris, olga = await desk.enter("anna"), await desk.enter("boris"), await desk.enter("olga")
    await anna.call("message.send", "from anna")
    await olga.call("message.operatorSend", "to anna", desk.ids["anna"])
    await boris.call("message.send", "from boris")
    assert len(boris.frames) == 2
    assert [m["message_text"] for m in (await boris.call("message.history"))["messages"]] == ["from boris"]


async def test_an_unauthenticated_connection_sees_nothing(desk: Desk) -> None:
    silent, anna = await desk.open(), await desk.enter("anna")
    await anna.call("message.send", "text")
    await silent.call("message.auth", await desk.token("boris"))
    assert silent.frames == [{"error": None, "result": {"messages": None}, "id": 1}]


async def test_the_one_parameter_form_answers_the_only_conversation_that_was_seen(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "a question")
    await olga.push()
    await olga.call("message.operatorSend", "an answer")
    assert (await anna.push())["message_text"] == "an answer"
    boris = await desk.enter("boris")
    await boris.call("message.send", "another question")
    oleg = await desk.enter("oleg")  # whom the log-in shows the one that waits
    await oleg.call("message.operatorSend", "another answer")
    assert (await boris.push())["message_text"] == "another answer"


async def test_frames_of_one_connection_take_effect_in_their_order(desk: Desk) -> None:
    anna = await desk.enter("anna")
    for n in range(100):
        anna.send("message.send", str(n))
    replies = [await anna.receive() for _ in range(100)]
    assert [reply["id"] for reply in replies] == list(range(2, 102))
    assert [reply["result"]["message"]["message_text"] for reply in replies] == [str(n) for n in range(100)]


@pytest.mark.parametrize("name", ["anna", "olga"])
async def test_between_the_history_and_the_first_push_there_is_neither_gap_nor_repeat(desk: Desk, name: str) -> None:
    """Hundreds of messages are committed while others authenticate."""
    total = 400
    writers = [await desk.enter("anna") for _ in range(8)]
    olga = await desk.enter("olga")
    joined: list[Client] = []

    async def write(writer: Client) -> None:
        for n in range(total // len(writers)):
            await writer.call("message.send", f"message {n}")

    async def join() -> None:
        while len(joined) < 60:
            client = await desk.open()
            joined.append(client)
            client.send("message.auth", await desk.token(name))

    await asyncio.gather(join(), *map(write, writers))
    stored = [message["message_id"] for message in await received(olga, total)]
    assert len(set(stored)) == total
    inside = 0
    for client in joined:
        seen: list[int] = []
        while len(seen) < total:
            frame = await client.receive()
            assert frame["error"] is None
            page = frame["result"].get("messages") or []
            inside += 0 < len(page) < total
            seen += [m["message_id"] for m in page] if frame["id"] else [frame["result"]["message"]["message_id"]]
        assert seen == stored
    assert inside, "no connection joined in the middle"


async def test_a_client_that_resumes_again_and_again_misses_nothing(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0
    anna = await desk.enter("anna")

    async def write() -> None:
        for n in range(200):
            await anna.call("message.send", str(n))

    writing = asyncio.ensure_future(write())
    seen: list[int] = []
    while not writing.done() or len(seen) < 200:
        client = await desk.open()
        client.send("message.auth", await desk.token("olga"), max(seen, default=0))
        for _ in range(5):
            if len(seen) == 200:
                break
            frame = await client.receive()
            page = frame["result"].get("messages") or []
            seen += [m["message_id"] for m in page] if frame["id"] else [frame["result"]["message"]["message_id"]]
        client.close()
    assert len(seen) == 200
    assert seen == sorted(set(seen))


async def test_an_operator_that_authenticates_again_and_again_loses_no_push(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0
    anna, olga, oleg = await desk.enter("anna"), await desk.enter("olga"), await desk.enter("oleg")
    token = await desk.token("olga")
    await anna.call("message.send", "a question")

    async def answer() -> None:
        for n in range(300):
            await oleg.call("message.operatorSend", str(n), desk.ids["anna"])

    answering = asyncio.ensure_future(answer())
    while not answering.done():
        await olga.call("message.auth", token)
    await answering
    assert [message["message_text"] for message in await received(olga, 301)][1:] == [str(n) for n in range(300)]
