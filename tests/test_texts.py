"""Texts and names of every script come back as they were sent, on both engines."""

import sys

import pytest
from tornado.web import Application

from db import Database, drafts, messages, users
from db.drafts import Draft
from db.users import User
from tests.conftest import PASSWORD_HASH, Desk

pytestmark = pytest.mark.gen_test

TEXTS = [
    "Здравствуйте, ёлка! Ї Ґ",
    "😀👩‍👩‍👧‍👦🏳️‍🌈",
    "𐍈 𝕏 𠀋 \U0010fffd",
    "\ufeffZWNBSP, \u202eRTL\u202c, e\u0301 and é, \u0007 bell, \u2028 line",
    "  spaces at both ends  \n",
    "'; DROP TABLE messages; -- \\ \" % _ ? %s \\0 {}",
    "C:\\new\\table\\",
    "it's",
    'he said "no"',
    "</script><img src=x onerror=alert(1)>",
    "null",
    "\U0001f600" * 16_000,
    "\u0001" * 16_000,
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:40])
async def test_a_text_survives_storing_and_pushing(desk: Desk, text: str) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    assert (await anna.call("message.send", text))["message"]["message_text"] == text
    assert (await olga.push())["message_text"] == text
    assert (await anna.call("message.history"))["messages"][0]["message_text"] == text
    assert (await olga.call("message.operatorSend", text, desk.ids["anna"]))["message"]["message_text"] == text
    assert (await anna.push())["message_text"] == text


async def test_a_conversation_of_longest_messages_arrives_whole_page_by_page(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0
    anna = await desk.enter("anna")
    stored = [(await anna.call("message.send", "😀" * 16_000))["message"] for _ in range(80)]
    again = await desk.open()
    found = (await again.call("message.auth", await desk.token("anna")))["messages"]
    assert 1 < len(found) < 80  # a page is bounded in characters too
    while (page := await again.call("message.history", found[0]["message_id"]))["has_more"]:
        found = page["messages"] + found
    assert page["messages"] + found == stored
    resumed = await desk.open()
    page = await resumed.call("message.auth", await desk.token("anna"), stored[9]["message_id"])
    assert page["has_more"] is True
    assert page["messages"][-1] == stored[-1]
    page = await again.call("message.history", None, None, stored[9]["message_id"])
    assert page["has_more"] is True
    assert page["messages"][0] == stored[10]


async def test_every_character_but_the_zero_is_stored_as_it_was_sent(database: Database) -> None:
    """In texts that have nothing to escape, and beside what has to be."""
    characters = "".join(chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    plain = "".join(filter(str.isprintable, characters)).translate(dict.fromkeys(map(ord, "\\'\"")))
    texts = [some[start : start + 8_000] for some in (plain, characters) for start in range(0, len(some), 8_000)]
    anna = User(await database.write(users.add, "anna", PASSWORD_HASH, is_admin=False), "anna", "", None, False)
    await database.write(drafts.add_all, [Draft(anna, anna.id, text) for text in texts])
    stored = await database.read(lambda connection: [one.message_text for one in messages.iterate(connection, anna.id)])
    assert stored == texts


async def test_names_that_differ_in_case_or_accent_are_different_users(desk: Desk) -> None:
    names = ["Anna", "ANNA", "ánna", "Елка", "Ёлка", "ёлка", "😀", "😁", "ß", "ss"]
    ids = [await desk.database.write(users.add, name, PASSWORD_HASH, is_admin=False) for name in names]
    assert len(set(ids)) == len(names)
    for name, user_id in zip(names, ids, strict=True):
        found = await desk.database.read(users.find_by_name, name)
        assert found
        assert (found.id, found.user_name) == (user_id, name)


async def test_an_operators_name_of_any_script_signs_its_answers(desk: Desk) -> None:
    desk.ids["Ольга 😀"] = await desk.database.write(users.add, "Ольга 😀", PASSWORD_HASH, is_admin=True)
    operator = await desk.enter("Ольга 😀")
    anna = await desk.enter("anna")
    await operator.call("message.operatorSend", "text", desk.ids["anna"], "key")
    assert (await anna.push())["invader_name"] == "Ольга 😀"
