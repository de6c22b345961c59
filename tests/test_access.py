"""Methods by the wrong role, before the log-in and after its end; SQL in every field; tokens in the wrong place."""

import asyncio
import json
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.web import Application

from db import Connection, users
from handlers import upkeep
from handlers.methods import METHODS
from handlers.methods.session import Role
from handlers.websocket import WebSocketHandler
from tests.client import Client
from tests.conftest import PASSWORD, Desk
from tests.test_login import Door, throttled

pytestmark = pytest.mark.gen_test

# Parameters with which each method does something, for a customer and for an operator; USER is a customer's id.
USER = object()
PARAMS: dict[str, dict[Role, list[Any]]] = {
    "message.send": {Role.CUSTOMER: ["text"]},
    "message.operatorSend": {Role.OPERATOR: ["text", USER]},
    "message.history": {Role.CUSTOMER: [], Role.OPERATOR: [USER]},
    "message.read": {Role.CUSTOMER: [1], Role.OPERATOR: [USER, 1]},
    "message.typing": {Role.CUSTOMER: [], Role.OPERATOR: [USER]},
    "message.search": {Role.OPERATOR: ["text"]},
    "conversation.list": {Role.OPERATOR: ["all"]},
    "conversation.open": {Role.OPERATOR: [USER]},
    "conversation.assign": {Role.OPERATOR: [USER]},
    "conversation.close": {Role.OPERATOR: [USER]},
    "note.add": {Role.OPERATOR: [USER, "text"]},
    "user.password": {Role.CUSTOMER: [PASSWORD, "another one"], Role.OPERATOR: [PASSWORD, "another one"]},
    "operator.list": {Role.OPERATOR: []},
    "reply.list": {Role.OPERATOR: []},
    "reply.save": {Role.OPERATOR: ["shortcut", "text"]},
    "reply.delete": {Role.OPERATOR: ["shortcut"]},
    "desk.status": {Role.CUSTOMER: [], Role.OPERATOR: []},
    "events.subscribe": {Role.CUSTOMER: [["message"]], Role.OPERATOR: [["note"]]},
}
TABLES = ("users", "messages", "conversations", "notes", "replies")


def _contents(connection: Connection) -> list[Any]:
    return [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES]  # noqa: S608  # of ours


async def contents(desk: Desk) -> list[Any]:
    """All that is stored."""
    return await desk.database.read(_contents)


def params(desk: Desk, method: str, role: Role) -> list[Any]:
    """The parameters for a role, or those of the role that may call it."""
    by_role = PARAMS[method]
    found = by_role.get(role) or next(iter(by_role.values()))
    return [desk.ids["boris"] if value is USER else value for value in found]


async def test_every_method_of_the_other_role_is_error_4_and_changes_nothing(desk: Desk) -> None:
    assert {method: set(by_role) for method, by_role in PARAMS.items()} == {
        method: set(by_role) for method, by_role in METHODS.items()
    }
    boris = await desk.enter("boris")
    await boris.call("message.send", "text")
    for role, name in ((Role.CUSTOMER, "anna"), (Role.OPERATOR, "olga")):
        client, before = await desk.enter(name), await contents(desk)
        foreign = [method for method in METHODS if role not in METHODS[method]]
        assert foreign
        for method in foreign:
            assert await client.refused(method, *params(desk, method, role)) == 4, method
        assert await contents(desk) == before


async def test_every_method_before_the_log_in_closes_with_1008_and_changes_nothing(desk: Desk) -> None:
    await (await desk.enter("boris")).call("message.send", "text")
    before = await contents(desk)
    for method in METHODS:
        for role in (Role.CUSTOMER, Role.OPERATOR):
            client = await desk.open()
            client.send(method, *params(desk, method, role))
            assert await client.close_code() == 1008, method
    assert await contents(desk) == before


@pytest.mark.parametrize("name", ["anna", "olga"])
async def test_every_method_after_a_revocation_does_nothing(desk: Desk, name: str) -> None:
    """What is sent behind the close that the client has not read yet."""
    role = Role.OPERATOR if name == "olga" else Role.CUSTOMER
    await (await desk.enter("boris")).call("message.send", "text")
    for method in METHODS:
        client = await desk.enter(name)
        await desk.database.write(users.replace_key, desk.ids[name])
        before = await contents(desk)
        sweep = asyncio.ensure_future(upkeep.close_revoked(desk.database))
        while desk.ids[name] in WebSocketHandler.by_user:
            await asyncio.sleep(0)
        client.send(method, *params(desk, method, role))
        assert await client.close_code() == 1008, method
        await sweep
        assert await contents(desk) == before


async def test_a_token_of_a_customer_makes_no_operator(desk: Desk) -> None:
    """Nor does one with other numbers in it: the signature is over all of it."""
    token = await desk.token("anna")
    olga, anna = (f"{desk.ids[name]}:" for name in ("olga", "anna"))
    key = (desk.tokens.read(token) or (0, ""))[1]
    for forged in (
        desk.tokens.issue(desk.ids["olga"], key),
        token.replace("5:token", "5:other"),
        token.upper(),
        token + "|",
        "\n" + token,
        f"{olga}{key}",
        f"{anna}{key}",
    ):
        client = await desk.open()
        client.send("message.auth", forged)
        assert await client.close_code() == 1008, forged


async def test_a_token_in_a_url_a_header_or_a_cookie_opens_nothing(desk: Desk) -> None:
    token = await desk.token("anna")
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Cookie": f"token={token}"},
        {"Sec-WebSocket-Protocol": token},
    ):
        client = await Client.connect(desk.url, **headers)
        client.send("message.history")
        assert await client.close_code() == 1008


async def test_a_websocket_of_another_site_is_refused_whatever_the_browser_says_beside_it(
    desk: Desk, app: Application
) -> None:
    app.settings["trusted_origins"] = ["https://shop.example"]
    host = desk.url.removeprefix("http://")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{host}.evil.example"},
        {"Origin": f"http://evil.example/{host}"},
        {"Origin": f"http://{host}@evil.example"},
        {"Origin": "https://shop.example.evil.example"},
        {"Origin": "https://shop.example:444"},
        {"Origin": "http://shop.example"},
        {"Origin": "https://sub.shop.example"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        with pytest.raises(Exception, match="403"):
            await Client.connect(desk.url, **headers)


HOSTILE = [
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    '" OR ""="',
    "\\' OR 1=1 -- ",
    "\\",
    "%",
    "_%_%",
    "?",
    ":name @var $1 {0} %s %(id)s",
    "/*! DROP TABLE users */",
    "); DELETE FROM messages; /*",
    "NEAR(a b) OR * AND NOT ^x",
    '+a -b ~c <d >e (f) "g" @3',
    "‘’“”′＇\u02bc",
    "\ufeff\u202e\u2028",
    "ё\u0308" * 30,
]


async def test_sql_in_every_field_is_only_text(desk: Desk, app: Application, http_client: AsyncHTTPClient) -> None:
    app.settings["message_rate"] = 0
    anna, olga, user_id = await desk.enter("anna"), await desk.enter("olga"), desk.ids["anna"]
    throttled(app, 1000, 1000)
    door = Door(desk, http_client)
    for number, text in enumerate(HOSTILE):
        sent = (await anna.call("message.send", text))["message"]
        assert sent["message_text"] == text
        answer = (await olga.call("message.operatorSend", text, user_id, f"';--\"`{number}"))["message"]
        assert answer["message_text"] == text
        assert (await olga.call("note.add", user_id, text, f"'\\{number}"))["note"]["text"] == text
        shortcut = "".join(text.split())
        replies = (await olga.call("reply.save", shortcut, text))["replies"]
        assert {"shortcut": shortcut, "text": text} in replies
        assert len((await olga.call("reply.delete", shortcut))["replies"]) == 0
        if len(text) > 1:
            await upkeep.index_messages(desk.database)
            found = {one["message_id"] for one in (await olga.call("message.search", text, None, 500))["messages"]}
            assert {sent["message_id"], answer["message_id"]} <= found, text
        for method, values in (
            ("conversation.list", [text]),
            ("conversation.list", ["all", text]),
            ("message.history", [text]),
            ("events.subscribe", [[text]]),
        ):
            assert await olga.refused(method, *values) == 1
        assert (await door.knock(text, text)).code == 403
        assert (await door.knock("anna", text)).code == 403
    history = (await anna.call("message.history"))["messages"]
    assert [one["message_text"] for one in history] == [text for text in HOSTILE for _ in range(2)]
    assert {user.user_name for user in await desk.database.read(users.list_all)} == set(desk.ids)


async def test_a_name_that_only_looks_like_another_is_not_it(
    desk: Desk, app: Application, http_client: AsyncHTTPClient
) -> None:
    """Compatibility forms and other scripts' letters are not folded: a log-in is for the name that was given."""
    throttled(app, 1000, 1000)
    door = Door(desk, http_client)
    for name in (
        "аnna",
        "ａｎｎａ",
        "ANNA",
        "anna\u200b",
        "anna\u00ad",
        "ⁿanna",
        "anna\u0301",
        " anna",
        "anna\n",
        "anna\0",
    ):
        assert (await door.knock(name, PASSWORD)).code == 403, name
    assert json.loads((await door.knock("anna", PASSWORD)).body)["id"] == desk.ids["anna"]
