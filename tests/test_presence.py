"""Who is there, who looks, who types, who has read."""

import pytest

from handlers import presence as module
from handlers.websocket import WebSocketHandler
from tests.conftest import Desk

pytestmark = pytest.mark.gen_test


@pytest.fixture(autouse=True)
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.2)


async def test_operators_hear_who_comes_and_goes(desk: Desk) -> None:
    olga = await desk.enter("olga")
    await olga.call("events.subscribe", ["presence"])
    anna = await desk.enter("anna")
    coming = {"user_id": desk.ids["anna"], "user_name": "anna", "is_operator": False, "online": True, "viewing": []}
    assert await olga.event("presence") == coming
    tab = await desk.enter("anna")
    anna.close()
    tab.close()
    assert await olga.event("presence") == {**coming, "online": False}
    assert await olga.heard("presence") == []


async def test_a_reload_is_not_an_absence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER_SECONDS", 60)
    olga = await desk.enter("olga")
    anna = await desk.enter("anna")
    await olga.call("events.subscribe", ["presence"])
    for _ in range(3):
        anna.close()
        await desk.until(lambda: len(desk.presence._sessions[desk.ids["anna"]]) == 0)
        anna = await desk.enter("anna")
    assert await olga.heard("presence") == []
    assert desk.presence.is_online(desk.ids["anna"])


async def test_customers_hear_only_whether_somebody_is_there(desk: Desk) -> None:
    anna = await desk.enter("anna")
    await anna.call("events.subscribe", ["presence"])
    assert (await anna.call("desk.status"))["operators_online"] is False
    olga, oleg = await desk.enter("olga"), await desk.enter("oleg")
    await desk.enter("boris")
    await olga.call("conversation.open", desk.ids["anna"])
    assert (await anna.call("desk.status"))["operators_online"] is True
    assert (await olga.call("desk.status"))["operators_online"] == 2
    olga.close()
    oleg.close()
    await desk.until(lambda: not desk.presence.operators_online)
    assert await anna.heard("presence") == [{"operators_online": True}, {"operators_online": False}]


async def test_operators_see_who_looks_at_a_conversation(desk: Desk) -> None:
    olga, oleg, tab = await desk.enter("olga"), await desk.enter("oleg"), await desk.enter("oleg")
    await olga.call("events.subscribe", ["presence"])
    await oleg.call("conversation.open", desk.ids["anna"])
    await tab.call("conversation.open", desk.ids["boris"])
    assert (await olga.event("presence"))["viewing"] == [desk.ids["anna"]]
    assert (await olga.event("presence"))["viewing"] == [desk.ids["anna"], desk.ids["boris"]]
    assert (await olga.call("operator.list"))["operators"] == [
        {
            "user_id": desk.ids["oleg"],
            "user_name": "oleg",
            "online": True,
            "viewing": [desk.ids["anna"], desk.ids["boris"]],
        },
        {"user_id": desk.ids["olga"], "user_name": "olga", "online": True, "viewing": []},
    ]
    await oleg.call("conversation.open")
    assert (await olga.event("presence"))["viewing"] == [desk.ids["boris"]]
    tab.close()
    assert (await olga.event("presence"))["viewing"] == []


async def test_typing_is_relayed_to_the_other_side_and_to_operators(desk: Desk) -> None:
    anna, boris, olga, oleg = [await desk.enter(name) for name in ("anna", "boris", "olga", "oleg")]
    tab = await desk.enter("anna")
    for client in (anna, tab, boris, olga, oleg):
        assert (await client.call("events.subscribe", ["typing"])) == {"events": ["typing"]}
    assert await anna.call("message.typing") is True
    typing = {"user_id": desk.ids["anna"], "is_from_support": False, "invader_name": ""}
    assert await olga.event("typing") == await oleg.event("typing") == typing
    assert await olga.call("message.typing", desk.ids["anna"]) is True
    answering = {"is_from_support": True, "invader_name": "olga"}
    assert await anna.event("typing") == await tab.event("typing") == answering
    assert await oleg.event("typing") == {"user_id": desk.ids["anna"], **answering}
    for client in (anna, tab, boris, olga, oleg):
        assert await client.heard("typing") == []


async def test_typing_over_its_rate_is_not_relayed_and_costs_no_message(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await olga.call("events.subscribe", ["typing"])
    for _ in range(200):
        assert await anna.call("message.typing") is True
    assert len(await olga.heard("typing")) < 200
    await anna.call("message.send", "text")


async def test_marks_rise_and_never_fall_and_both_sides_hear_of_them(desk: Desk) -> None:
    anna, olga, oleg = await desk.enter("anna"), await desk.enter("olga"), await desk.enter("oleg")
    tab = await desk.enter("anna")
    for client in (tab, oleg):
        await client.call("events.subscribe", ["read"])
    assert await anna.call("message.read", 10) == {"read_id": 0}
    asked = [(await anna.call("message.send", str(n)))["message"]["message_id"] for n in range(3)]
    answered = [
        (await olga.call("message.operatorSend", str(n), desk.ids["anna"]))["message"]["message_id"] for n in range(3)
    ]
    assert (await anna.call("desk.status"))["unread"] == 3
    assert await olga.call("message.read", desk.ids["anna"], asked[1]) == {"read_id": asked[1]}
    assert await olga.call("message.read", desk.ids["anna"], asked[0]) == {"read_id": asked[1]}
    assert await anna.call("message.read", answered[1]) == {"read_id": answered[1]}
    marks = {"customer_read_id": 0, "operator_read_id": asked[1]}
    later = {"customer_read_id": answered[1], "operator_read_id": asked[1]}
    assert await tab.heard("read") == [marks, later]
    assert await oleg.heard("read") == [{"user_id": desk.ids["anna"], **one} for one in (marks, later)]
    status = await anna.call("desk.status")
    assert {key: status[key] for key in ("unread", *later)} == {"unread": 1, **later}
    (row,) = (await oleg.call("conversation.list", "all"))["conversations"]
    assert (row["unread"], row["operator_read_id"]) == (1, asked[1])
    assert await anna.call("message.read", 2**63 - 1) == {"read_id": answered[2]}
    assert await oleg.call("message.read", desk.ids["anna"], 2**63 - 1) == {"read_id": answered[2]}
    assert (await anna.call("desk.status"))["unread"] == 0
    await anna.call("message.send", "more")
    (row,) = (await oleg.call("conversation.list", "all"))["conversations"]
    assert row["unread"] == 1


async def test_a_customer_is_told_which_message_of_its_conversation_is_the_newest(desk: Desk) -> None:
    anna, boris, olga = await desk.enter("anna"), await desk.enter("boris"), await desk.enter("olga")
    assert (await anna.call("desk.status"))["last_message_id"] == 0
    await anna.call("message.send", "a question")
    answer = (await olga.call("message.operatorSend", "an answer", desk.ids["anna"]))["message"]["message_id"]
    await boris.call("message.send", "another's")
    await olga.call("note.add", desk.ids["anna"], "a note")
    assert (await anna.call("desk.status"))["last_message_id"] == answer


@pytest.mark.parametrize("params", [[], ["typing"], [["talking"]], [[1]], [["typing"], 1], [None]])
async def test_a_subscription_that_can_not_be_is_error_1(desk: Desk, params: list[object]) -> None:
    for name in ("anna", "olga"):
        client = await desk.enter(name)
        assert await client.refused("events.subscribe", *params) == 1


async def test_a_subscription_takes_the_place_of_the_one_before_and_customers_get_no_notes(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    assert await anna.call("events.subscribe", ["note", "typing", "typing"]) == {"events": ["typing"]}
    assert await olga.call("events.subscribe", ["note", "read"]) == {"events": ["note", "read"]}
    assert await olga.call("events.subscribe", []) == {"events": []}
    oleg = await desk.enter("oleg")
    await oleg.call("note.add", desk.ids["anna"], "a note")
    assert await olga.heard("note") == []
    assert await anna.heard("note") == []


async def test_who_has_left_listens_no_more(desk: Desk) -> None:
    olga = await desk.enter("olga")
    (handler,) = WebSocketHandler.operators
    assert handler.session
    await olga.call("events.subscribe", ["conversation"])
    assert desk.presence.listeners == {handler.session}
    olga.close()
    await desk.until(lambda: not WebSocketHandler.connections)
    desk.presence.listen(handler.session, frozenset({"conversation"}))  # as a subscription that was under way
    assert not desk.presence.listeners
