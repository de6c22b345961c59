"""The operators' queue: no customer is overlooked, and what is done is seen by all."""

import pytest

from db import conversations, users
from handlers import upkeep
from tests.client import Client, Json
from tests.conftest import Desk

pytestmark = pytest.mark.gen_test


async def names(operator: Client, name: str, *params: object) -> list[str]:
    return [row["user_name"] for row in (await operator.call("conversation.list", name, *params))["conversations"]]


async def counts(operator: Client) -> dict[str, int]:
    result = await operator.call("conversation.list", "all", None, 0)
    assert result["conversations"] == []
    return dict(result["counts"])


async def row(operator: Client, name: str) -> Json:
    rows = (await operator.call("conversation.list", "all"))["conversations"]
    return next(row for row in rows if row["user_name"] == name)


async def test_a_conversation_begins_with_its_first_message(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    assert (await olga.call("conversation.list", "all")) == {
        "conversations": [],
        "counts": {"waiting": 0, "mine": 0, "open": 0, "closed": 0, "all": 0},
    }
    sent = (await anna.call("message.send", "ё" * 200))["message"]
    cursor = f"{sent['message_id']}.{sent['message_id']}.{desk.ids['anna']}"
    assert await row(olga, "anna") == {
        "user_id": desk.ids["anna"],
        "user_name": "anna",
        "status": "open",
        "operator_id": None,
        "online": True,
        "unread": 1,
        "waiting_since": sent["created"],
        "customer_read_id": 0,
        "operator_read_id": 0,
        "last_message": {**sent, "message_text": "ё" * 160},
        "cursor": cursor,
        "version": 1,
    }


async def test_waiting_holds_everybody_who_was_not_answered_the_longest_wait_first(desk: Desk) -> None:
    olga, oleg = await desk.enter("olga"), await desk.enter("oleg")
    for name in ("boris", "anna", "vera", "boris"):
        client = await desk.enter(name)
        await client.call("message.send", "text")
    assert await names(olga, "waiting") == ["boris", "anna", "vera"]
    assert await names(olga, "open") == ["boris", "vera", "anna"]
    await oleg.call("conversation.assign", desk.ids["anna"], desk.ids["oleg"])
    assert await names(olga, "waiting") == ["boris", "anna", "vera"]  # an assignment hides nothing
    await olga.call("message.operatorSend", "an answer", desk.ids["boris"])
    assert await names(oleg, "waiting") == ["anna", "vera"]
    assert (await row(olga, "boris"))["waiting_since"] is None
    again = await desk.enter("boris")
    await again.call("message.send", "text")
    assert await names(olga, "waiting") == ["anna", "vera", "boris"]
    assert await counts(olga) == {"waiting": 3, "mine": 1, "open": 3, "closed": 0, "all": 3}
    assert await counts(oleg) == {"waiting": 3, "mine": 1, "open": 3, "closed": 0, "all": 3}


async def test_a_long_list_is_counted_so_far_and_no_further(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "COUNTED", 2)
    for name in ("anna", "boris", "vera"):
        await (await desk.enter(name)).call("message.send", "text")
    olga = await desk.enter("olga")
    await olga.call("message.operatorSend", "an answer", desk.ids["anna"])
    assert await counts(olga) == {"waiting": 2, "mine": 1, "open": 2, "closed": 0, "all": 2}


async def test_lists_are_paged_by_the_last_rows_cursor(desk: Desk) -> None:
    olga = await desk.enter("olga")
    for number in range(7):
        name = f"customer {number}"
        desk.ids[name] = await desk.database.write(users.add, name, "", is_admin=False)
        client = await desk.enter(name)
        await client.call("message.send", "text")
        if number % 2:
            await olga.call("conversation.assign", desk.ids[name], desk.ids["olga"])
    for number in (0, 6):
        await olga.call("conversation.close", desk.ids[f"customer {number}"])
    for name, expected in (
        ("waiting", [1, 2, 3, 4, 5]),
        ("open", [5, 4, 3, 2, 1]),
        ("mine", [5, 3, 1]),
        ("closed", [6, 0]),
        ("all", [6, 5, 4, 3, 2, 1, 0]),
    ):
        seen: list[str] = []
        before = None
        while rows := (await olga.call("conversation.list", name, before, 2))["conversations"]:
            assert len(rows) <= 2
            seen += [row["user_name"] for row in rows]
            before = rows[-1]["cursor"]
        assert seen == [f"customer {number}" for number in expected], name


@pytest.mark.parametrize(
    "params", [[], ["none"], ["all", 1], ["all", "x"], ["all", "1.2"], ["all", "1.2.3\n"], ["all", None, -1], [None]]
)
async def test_a_list_that_can_not_be_is_error_1(desk: Desk, params: list[object]) -> None:
    olga = await desk.enter("olga")
    assert await olga.refused("conversation.list", *params) == 1


async def test_open_gives_the_newest_messages_and_the_notes_and_makes_the_default_recipient(desk: Desk) -> None:
    anna, boris, olga = await desk.enter("anna"), await desk.enter("boris"), await desk.enter("olga")
    for client in (anna, boris):
        await client.call("message.send", "a question")
    note = (await olga.call("note.add", desk.ids["anna"], "a note"))["note"]
    opened = await olga.call("conversation.open", desk.ids["anna"])
    assert opened["conversation"] == await row(olga, "anna")
    assert [message["message_text"] for message in opened["messages"]] == ["a question"]
    assert opened["notes"] == [note]
    await olga.call("message.operatorSend", "to anna")
    await olga.call("conversation.open", desk.ids["boris"])
    await olga.call("message.operatorSend", "to boris")
    assert (await anna.push())["message_text"] == "to anna"
    assert (await boris.push())["message_text"] == "to boris"
    assert await olga.call("conversation.open", None) == {"conversation": None, "messages": [], "notes": []}
    assert await olga.refused("message.operatorSend", "to nobody") == 7


async def test_open_of_a_customer_who_never_wrote_shows_an_empty_conversation(desk: Desk) -> None:
    olga = await desk.enter("olga")
    opened = await olga.call("conversation.open", desk.ids["vera"])
    assert (opened["conversation"]["user_name"], opened["conversation"]["version"]) == ("vera", 0)
    assert opened["conversation"]["last_message"] is None
    assert await counts(olga) == {"waiting": 0, "mine": 0, "open": 0, "closed": 0, "all": 0}


async def test_an_answer_right_behind_an_open_goes_to_the_one_that_is_opened(desk: Desk) -> None:
    anna, boris, olga = await desk.enter("anna"), await desk.enter("boris"), await desk.enter("olga")
    for n in range(20):
        for name in ("anna", "boris"):
            olga.send("conversation.open", desk.ids[name])
            olga.send("message.operatorSend", f"{name} {n}")
    for n in range(20):
        assert (await anna.push())["message_text"] == f"anna {n}"
        assert (await boris.push())["message_text"] == f"boris {n}"


async def test_after_an_open_that_failed_there_is_no_default_recipient(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "text")
    await olga.call("conversation.open", desk.ids["anna"])
    for user_id in (999, desk.ids["oleg"]):
        first, second = olga.send("conversation.open", user_id), olga.send("message.operatorSend", "to whom?")
        assert (await olga.reply(first))["error"]["code"] == 7
        assert (await olga.reply(second))["error"]["code"] == 7
        assert await olga.refused("message.operatorSend", "to whom?") == 7


async def test_an_answer_assigns_what_is_nobodys_to_its_author(desk: Desk) -> None:
    anna, olga, oleg = await desk.enter("anna"), await desk.enter("olga"), await desk.enter("oleg")
    await anna.call("message.send", "text")
    await olga.call("message.operatorSend", "an answer", desk.ids["anna"])
    assert (await row(olga, "anna"))["operator_id"] == desk.ids["olga"]
    await oleg.call("message.operatorSend", "another answer", desk.ids["anna"])
    assert (await row(olga, "anna"))["operator_id"] == desk.ids["olga"]
    given = await oleg.call("conversation.assign", desk.ids["anna"], desk.ids["oleg"])
    assert given["conversation"]["operator_id"] == desk.ids["oleg"]
    assert await names(oleg, "mine") == ["anna"]
    back = await oleg.call("conversation.assign", desk.ids["anna"])
    assert back["conversation"]["operator_id"] is None
    assert await names(oleg, "mine") == []


async def test_error_7_answers_whom_there_is_not(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "text")
    for user_id in (0, 999, desk.ids["olga"]):
        for method, *params in (
            ("conversation.open",),
            ("conversation.assign",),
            ("conversation.close",),
            ("message.read", 1),
            ("message.typing",),
            ("note.add", "text"),
        ):
            assert await olga.refused(method, user_id, *params) == 7, method
    for operator_id in (0, 999, desk.ids["boris"]):
        assert await olga.refused("conversation.assign", desk.ids["anna"], operator_id) == 7
    for method in ("conversation.assign", "conversation.close"):
        assert await olga.refused(method, desk.ids["vera"]) == 7  # there is no conversation


async def test_a_closed_conversation_waits_for_nobody_and_reopens_with_the_next_message(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "thanks")
    closed = (await olga.call("conversation.close", desk.ids["anna"]))["conversation"]
    assert (closed["status"], closed["waiting_since"]) == ("closed", None)
    assert await names(olga, "waiting") == await names(olga, "open") == []
    assert await names(olga, "closed") == ["anna"]
    again = (await olga.call("conversation.close", desk.ids["anna"]))["conversation"]
    assert again["version"] == closed["version"]
    oleg = await desk.open()
    assert (await oleg.call("message.auth", await desk.token("oleg")))["messages"] is None
    sent = (await anna.call("message.send", "one more thing"))["message"]
    assert (await row(olga, "anna"))["status"] == "open"
    assert (await row(olga, "anna"))["waiting_since"] == sent["created"]
    assert await names(olga, "waiting") == ["anna"]
    await olga.call("conversation.close", desk.ids["anna"])
    await olga.call("message.operatorSend", "an answer", desk.ids["anna"])
    assert (await row(olga, "anna"))["status"] == "open"
    assert await names(olga, "waiting") == []


async def test_reopening_by_hand_lets_wait_what_was_not_answered(desk: Desk) -> None:
    anna, boris, olga = await desk.enter("anna"), await desk.enter("boris"), await desk.enter("olga")
    await anna.call("message.send", "a question")
    await boris.call("message.send", "a question")
    await olga.call("message.operatorSend", "an answer", desk.ids["boris"])
    for name in ("anna", "boris"):
        await olga.call("conversation.close", desk.ids[name])
        opened = (await olga.call("conversation.close", desk.ids[name], None, False))["conversation"]
        assert opened["status"] == "open"
    assert await names(olga, "waiting") == ["anna"]


async def test_error_9_answers_the_closing_of_what_was_not_seen(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    seen = (await anna.call("message.send", "a question"))["message"]["message_id"]
    newer = (await anna.call("message.send", "wait!"))["message"]["message_id"]
    reply = await olga.reply(olga.send("conversation.close", desk.ids["anna"], seen))
    assert reply["error"] == {"code": 9, "message": "Not seen."}
    assert (await row(olga, "anna"))["status"] == "open"
    await olga.call("message.operatorSend", "an answer is no question", desk.ids["anna"])
    assert (await olga.call("conversation.close", desk.ids["anna"], newer))["conversation"]["status"] == "closed"


async def test_error_8_answers_who_was_overtaken_by_a_colleague(desk: Desk) -> None:
    anna, olga, oleg = await desk.enter("anna"), await desk.enter("olga"), await desk.enter("oleg")
    seen = (await anna.call("message.send", "a question"))["message"]["message_id"]
    first = (await olga.call("message.operatorSend", "olga's", desk.ids["anna"], None, seen))["message"]["message_id"]
    second = await olga.call("message.operatorSend", "her own is no reason", desk.ids["anna"], "key", seen)
    reply = await oleg.reply(oleg.send("message.operatorSend", "oleg's", desk.ids["anna"], "key", first))
    assert reply["error"] == {"code": 8, "message": "Already answered."}
    assert len((await oleg.call("message.history", desk.ids["anna"]))["messages"]) == 3
    newest = second["message"]["message_id"]
    sent = await oleg.call("message.operatorSend", "oleg's", desk.ids["anna"], "key", newest)
    await olga.call("message.operatorSend", "olga's again", desk.ids["anna"])
    assert await oleg.call("message.operatorSend", "oleg's", desk.ids["anna"], "key", newest) == sent  # a repeat


async def test_every_change_is_told_whole_to_the_operators_and_in_one_word_to_the_customer(desk: Desk) -> None:
    anna, olga, oleg = await desk.enter("anna"), await desk.enter("olga"), await desk.enter("oleg")
    for client in (anna, olga):
        await client.call("events.subscribe", ["conversation"])
    await anna.call("message.send", "a question")
    assert await olga.event("conversation") == await row(oleg, "anna")
    assert await anna.event("conversation") == {"status": "open"}
    for method, *params in (
        ("conversation.assign", desk.ids["oleg"]),
        ("message.read", 1),
        ("note.add", "a note"),
        ("conversation.close",),
        ("conversation.close", None, False),
        ("message.operatorSend",),
    ):
        before = (await row(oleg, "anna"))["version"]
        if method == "message.operatorSend":
            await oleg.call(method, "an answer", desk.ids["anna"])
        else:
            await oleg.call(method, desk.ids["anna"], *params)
        told = await olga.event("conversation")
        assert told == await row(oleg, "anna"), method
        assert told["version"] > before
    assert [event["status"] for event in await anna.heard("conversation")] == ["open"] * 3 + ["closed", "open", "open"]


async def test_what_waits_for_an_operator_who_is_away_is_given_back_to_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.presence.LINGER_SECONDS", 0.1)
    anna, boris, olga, oleg = [await desk.enter(name) for name in ("anna", "boris", "olga", "oleg")]
    presence = desk.presence
    for client in (anna, boris):
        await client.call("message.send", "a question")
    for name in ("anna", "boris"):
        await oleg.call("conversation.assign", desk.ids[name], desk.ids["oleg"])
    await oleg.call("message.operatorSend", "an answer", desk.ids["boris"])
    await olga.call("events.subscribe", ["conversation"])
    await upkeep.release_held(desk.database, presence, 0)
    assert (await row(olga, "anna"))["operator_id"] == desk.ids["oleg"]  # who is there
    oleg.close()
    await desk.until(lambda: not presence.is_online(desk.ids["oleg"]))
    await upkeep.release_held(desk.database, presence, 3600)
    assert (await row(olga, "anna"))["operator_id"] == desk.ids["oleg"]  # the grace is not over
    await upkeep.release_held(desk.database, presence, 0)
    told = (await olga.heard("conversation"))[-1]
    assert (told["user_name"], told["operator_id"]) == ("anna", None)
    assert told == await row(olga, "anna")
    assert (await row(olga, "boris"))["operator_id"] == desk.ids["oleg"]  # he does not wait
