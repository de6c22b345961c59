"""message.search: any part of a text, in Russian as in English, indexed or not."""

import pytest

from db import search_index, users
from handlers import upkeep
from tests.client import Client
from tests.conftest import Desk
from tests.test_history import write

pytestmark = pytest.mark.gen_test

TEXTS = [
    "Здравствуйте, где моя ЁЛКА?",
    "елка в пути",
    "The order No. 100% is late",
    "the orders are_late",
    "😀😁 emoji",
    "Straße",
    "и\u0306 and й",
    "a",
    "x" * 15_997 + "end",
    "ab abc abcd",
]


async def found(operator: Client, *params: object) -> list[str]:
    return [message["message_text"] for message in (await operator.call("message.search", *params))["messages"]]


@pytest.mark.parametrize("indexed", ["all", "half", "none"])
async def test_any_part_of_a_text_is_found_the_newest_first(desk: Desk, indexed: str) -> None:
    olga = await desk.enter("olga")
    await write(desk, "anna", "anna", *TEXTS[:5])
    if indexed != "none":
        await upkeep.index_messages(desk.database)
    await write(desk, "boris", "boris", *TEXTS[5:])
    if indexed == "all":
        await upkeep.index_messages(desk.database)
    for text, numbers in (
        ("елка", [1, 0]),
        ("ЁЛК", [1, 0]),
        ("лк", [1, 0]),
        ("order", [3, 2]),
        ("ORDERS", [3]),
        ("0%", [2]),
        ("%l", []),
        ("e_l", [3]),
        ("_l", [3]),
        (" i", [2]),
        ("😀😁", [4]),
        ("😁 E", [4]),
        ("STRASSE", [5]),
        ("й ", [6]),
        ("xe", [8]),
        ("x" * 200, [8]),
        ("abcd", [9]),
        ("c a", [9]),
        ("abd", []),
        ('"ab"', []),
        ("ab*", []),
        ("'; DROP", []),
    ):
        assert await found(olga, text) == [TEXTS[number] for number in numbers], text


async def test_a_search_is_paged(desk: Desk) -> None:
    olga = await desk.enter("olga")
    stored = await write(desk, "anna", "anna", *[f"number {n}" for n in range(30)])
    await upkeep.index_messages(desk.database)
    stored += await write(desk, "boris", "boris", *[f"number {n}" for n in range(30)])
    seen: list[int] = []
    while page := (await olga.call("message.search", "NUMBER", seen[-1] if seen else None, 7))["messages"]:
        assert len(page) <= 7
        seen += [message["message_id"] for message in page]
    assert seen == stored[::-1]
    assert page == []
    (message,) = (await olga.call("message.search", "number 17", stored[40]))["messages"]
    assert (message["message_id"], message["user_name"]) == (stored[17], "anna")


@pytest.mark.parametrize("params", [[], [""], ["a"], ["е\u0308"], ["x" * 201], [1], [None], ["ab", "1"], ["ab", 1, 0]])
async def test_a_search_for_what_can_not_be_is_error_1(desk: Desk, params: list[object]) -> None:
    olga = await desk.enter("olga")
    assert await olga.refused("message.search", *params) == 1


async def test_a_removed_customers_texts_leave_the_index(desk: Desk) -> None:
    olga = await desk.enter("olga")
    await write(desk, "anna", "anna", "a secret of anna's")
    await upkeep.index_messages(desk.database)
    await write(desk, "anna", "anna", "a secret that is not indexed")
    await write(desk, "boris", "boris", "a secret of boris's")
    await desk.database.write(users.remove, desk.ids["anna"])
    await upkeep.index_messages(desk.database)
    assert await found(olga, "secret") == ["a secret of boris's"]
    assert not await desk.database.read(search_index.is_behind)


async def test_customers_can_not_search(desk: Desk) -> None:
    anna = await desk.enter("anna")
    assert await anna.refused("message.search", "text") == 4
