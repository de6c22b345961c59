"""Notes and canned replies: the operators' own."""

import pytest

from db import replies
from tests.conftest import Desk

pytestmark = pytest.mark.gen_test

LONGEST = "😀" * 16_000


async def test_a_note_is_kept_behind_the_newest_message_and_told_to_operators(desk: Desk) -> None:
    anna, olga, oleg = await desk.enter("anna"), await desk.enter("olga"), await desk.enter("oleg")
    for client in (anna, oleg):
        await client.call("events.subscribe", ["note"])
    first = (await olga.call("note.add", desk.ids["anna"], "before she wrote"))["note"]
    assert first.keys() == {"note_id", "user_id", "operator_name", "text", "created", "message_id"}
    assert (first["operator_name"], first["text"], first["message_id"]) == ("olga", "before she wrote", 0)
    message = (await anna.call("message.send", "text"))["message"]
    second = (await olga.call("note.add", desk.ids["anna"], LONGEST))["note"]
    assert second["message_id"] == message["message_id"]
    assert [await oleg.event("note"), await oleg.event("note")] == [first, second]
    assert (await oleg.call("conversation.open", desk.ids["anna"]))["notes"] == [first, second]
    assert await anna.heard("note") == []
    assert len((await anna.call("message.history"))["messages"]) == 1


async def test_a_repeated_key_stores_one_note(desk: Desk) -> None:
    olga, oleg = await desk.enter("olga"), await desk.enter("oleg")
    note = await olga.call("note.add", desk.ids["anna"], "a note", "key")
    assert await olga.call("note.add", desk.ids["anna"], "a note", "key") == note
    assert await olga.refused("note.add", desk.ids["anna"], "another", "key") == 1
    assert await oleg.call("note.add", desk.ids["anna"], "a note", "key") != note
    assert len((await olga.call("conversation.open", desk.ids["anna"]))["notes"]) == 2


@pytest.mark.parametrize("text", ["", "  ", "\u0000", "x" * 16_001, None, 1])
async def test_a_note_or_reply_without_a_text_is_error_1(desk: Desk, text: object) -> None:
    olga = await desk.enter("olga")
    assert await olga.refused("note.add", desk.ids["anna"], text) == 1
    assert await olga.refused("reply.save", "hello", text) == 1


async def test_canned_replies_are_saved_changed_listed_and_deleted(desk: Desk) -> None:
    olga, oleg = await desk.enter("olga"), await desk.enter("oleg")
    assert await olga.call("reply.list") == {"replies": []}
    await olga.call("reply.save", "bye", "Goodbye!")
    await olga.call("reply.save", "привет", LONGEST)
    saved = await olga.call("reply.save", "bye", "See you!")
    assert saved == await oleg.call("reply.list")
    assert saved["replies"] == [{"shortcut": "bye", "text": "See you!"}, {"shortcut": "привет", "text": LONGEST}]
    await olga.call("reply.save", "Bye", "of another case")
    assert len((await oleg.call("reply.delete", "bye"))["replies"]) == 2
    assert len((await oleg.call("reply.delete", "bye"))["replies"]) == 2


@pytest.mark.parametrize("shortcut", ["", " ", "a b", "a\n", "s" * 65, None, "\u0000"])
async def test_a_shortcut_that_can_not_be_one_is_error_1(desk: Desk, shortcut: object) -> None:
    olga = await desk.enter("olga")
    assert await olga.refused("reply.save", shortcut, "text") == 1
    assert await olga.refused("reply.delete", shortcut) == 1


async def test_there_are_so_many_replies_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "MOST", 3)
    olga = await desk.enter("olga")
    for n in range(3):
        await olga.call("reply.save", f"shortcut-{n}", "text")
    assert await olga.refused("reply.save", "one-more", "text") == 1
    await olga.call("reply.save", "shortcut-0", "another text")
