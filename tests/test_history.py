"""message.history pages through a conversation, and message.auth resumes one."""

import pytest

from db import drafts, messages, users
from db.drafts import Draft
from db.users import User
from handlers import upkeep
from tests.client import Client, Json
from tests.conftest import Desk

pytestmark = pytest.mark.gen_test


async def write(desk: Desk, author: str, customer: str, *texts: str) -> list[int]:
    """Store messages without a connection. Returns their ids."""
    user = User(desk.ids[author], author, "", None, author in ("olga", "oleg"))
    futures = [desk.database.write(drafts.add, Draft(user, desk.ids[customer], text)) for text in texts]
    return [(await future).message.message_id for future in futures]


def ids(result: Json) -> list[int]:
    return [message["message_id"] for message in result["messages"] or []]


async def both(desk: Desk, *params: object) -> Json:
    """A history as anna gets it, which must be what an operator gets."""
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    mine = await anna.call("message.history", *params)
    theirs = await olga.call("message.history", desk.ids["anna"], *params)
    assert ids(theirs) == ids(mine)
    assert theirs["has_more"] == mine["has_more"]
    assert {m["user_name"] for m in theirs["messages"]} <= {"anna"}
    return mine


async def test_a_history_is_paged_in_both_directions(desk: Desk) -> None:
    stored = await write(desk, "anna", "anna", *map(str, range(10)))
    await write(desk, "boris", "boris", "not hers")
    cases: list[tuple[list[int | None], list[int], bool]] = [
        ([], stored, False),
        ([None, None, None], stored, False),
        ([None, 3], stored[7:], True),
        ([stored[7], 3], stored[4:7], True),
        ([stored[3], 3], stored[:3], False),
        ([stored[0]], [], False),
        ([0], [], False),
        ([None, 3, 0], stored[:3], True),
        ([None, 3, stored[2]], stored[3:6], True),
        ([None, 3, stored[6]], stored[7:], False),
        ([None, None, stored[9]], [], False),
        ([None, None, 2**63 - 1], [], False),
        ([stored[5], None, stored[2]], stored[3:5], False),
        ([stored[5], 1, stored[2]], stored[3:4], True),
        ([None, 100_000], stored, False),
    ]
    for params, expected, has_more in cases:
        result = await both(desk, *params)
        assert (ids(result), result["has_more"]) == (expected, has_more), params


async def test_a_page_holds_500_messages(desk: Desk) -> None:
    stored = await write(desk, "anna", "anna", *map(str, range(620)))
    newest = await both(desk, None, 100_000)
    assert (ids(newest), newest["has_more"]) == (stored[120:], True)
    assert ids(await both(desk, stored[120])) == stored[:120]
    oldest = await both(desk, None, None, 0)
    assert (ids(oldest), oldest["has_more"]) == (stored[:500], True)


async def auth(desk: Desk, name: str, *after_id: object) -> tuple[Client, Json]:
    client = await desk.open()
    return client, await client.call("message.auth", await desk.token(name), *after_id)


async def test_a_customer_resumes_after_the_newest_message_that_it_has(desk: Desk) -> None:
    stored = await write(desk, "anna", "anna", "1", "2", "3")
    (other,) = await write(desk, "boris", "boris", "4")
    for after_id, expected in [(0, stored), (stored[1], stored[2:]), (stored[2], []), (other, [])]:
        _, result = await auth(desk, "anna", after_id)
        assert ids(result) == expected
        assert result["has_more"] is False
        assert result["messages"] is None or expected


async def test_over_500_newer_messages_are_the_newest_and_has_more(desk: Desk) -> None:
    stored = await write(desk, "anna", "anna", *map(str, range(610)))
    _, result = await auth(desk, "anna", stored[50])
    assert (ids(result), result["has_more"]) == (stored[110:], True)
    _, result = await auth(desk, "anna", stored[109])
    assert (ids(result), result["has_more"]) == (stored[110:], False)
    _, result = await auth(desk, "anna")
    assert ids(result) == stored[110:]
    assert list(result) == ["messages"]
    _, result = await auth(desk, "olga", stored[50])
    assert (ids(result), result["has_more"]) == (stored[110:], True)


@pytest.mark.parametrize("after_id", [None, 1_000_000, 2**64, 10**40])
async def test_an_after_id_from_the_future_counts_as_absent(desk: Desk, after_id: object) -> None:
    stored = await write(desk, "anna", "anna", "1", "2")
    await write(desk, "olga", "anna", "answered")
    waiting = await write(desk, "anna", "anna", "waits")
    _, result = await auth(desk, "anna", after_id)
    assert ids(result)[:2] == stored
    _, result = await auth(desk, "olga", after_id)
    assert ids(result) == waiting


@pytest.mark.parametrize("after_id", [-1, 1.5, "1", True, [1]])
async def test_an_after_id_that_is_none_closes_with_1008(desk: Desk, after_id: object) -> None:
    client = await desk.open()
    client.send("message.auth", await desk.token("anna"), after_id)
    assert await client.close_code() == 1008


async def test_an_operator_gets_the_messages_that_wait_for_an_answer(desk: Desk) -> None:
    await write(desk, "anna", "anna", "answered")
    await write(desk, "olga", "anna", "an answer")
    first = await write(desk, "boris", "boris", "waits longest")
    second = await write(desk, "anna", "anna", "waits", "waits too")
    third = await write(desk, "boris", "boris", "waits as well")
    await write(desk, "olga", "vera", "nobody asked")
    _, result = await auth(desk, "oleg")
    assert ids(result) == first + second + third
    assert result["has_more"] is False
    await write(desk, "olga", "boris", "an answer")
    _, result = await auth(desk, "oleg")
    assert ids(result) == second


async def test_of_many_waiting_messages_an_operator_gets_the_oldest(desk: Desk) -> None:
    stored = await write(desk, "anna", "anna", *map(str, range(400)))
    stored += await write(desk, "boris", "boris", *map(str, range(400)))
    _, result = await auth(desk, "olga")
    assert (ids(result), result["has_more"]) == (stored[:500], True)


async def test_where_more_customers_wait_than_messages_are_shown_an_operator_gets_the_oldest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "PAGE", 2)
    first = await write(desk, "anna", "anna", "1", "2")
    second = await write(desk, "boris", "boris", "3")
    third = await write(desk, "vera", "vera", "4")
    _, result = await auth(desk, "olga")
    assert (ids(result), result["has_more"]) == (first, True)
    await write(desk, "oleg", "anna", "answered")
    await write(desk, "anna", "anna", "5")
    _, result = await auth(desk, "olga")
    assert (ids(result), result["has_more"]) == (second + third, True)


async def test_an_operator_resumes_in_every_conversation(desk: Desk) -> None:
    (first,) = await write(desk, "anna", "anna", "1")
    rest = [
        *await write(desk, "olga", "anna", "2"),
        *await write(desk, "boris", "boris", "3"),
        *await write(desk, "oleg", "boris", "4"),
    ]
    _, result = await auth(desk, "olga", first)
    assert ids(result) == rest


async def test_a_token_sent_again_is_answered_anew_and_another_users_closes(desk: Desk) -> None:
    (first,) = await write(desk, "anna", "anna", "1")
    anna, _ = await auth(desk, "anna")
    assert ids(await anna.call("message.auth", await desk.token("anna"))) == [first]
    await anna.call("message.send", "2")
    assert len(ids(await anna.call("message.auth", await desk.token("anna"), first))) == 1
    for token in (await desk.token("boris"), "forged"):
        client = await desk.enter("anna")
        client.send("message.auth", token)
        assert await client.close_code() == 1008


@pytest.mark.parametrize("is_role", [False, True])
async def test_a_new_token_of_the_same_user_renews_the_connection_unless_the_role_is_another(
    desk: Desk, is_role: bool
) -> None:
    anna = await desk.enter("anna")
    if is_role:
        await desk.database.write(users.set_role, desk.ids["anna"], is_admin=True)
        anna.send("message.auth", await desk.token("anna"))
        assert await anna.close_code() == 1008
    else:
        await desk.database.write(users.replace_key, desk.ids["anna"])
        await anna.call("message.auth", await desk.token("anna"))
        await upkeep.close_revoked(desk.database)
        assert await anna.call("message.send", "text")
