"""The seed, clause by clause, as its own client would meet it."""

import json

import pytest
from tornado.httpclient import AsyncHTTPClient

from db import users
from tests.client import Client
from tests.conftest import PASSWORD, Desk

pytestmark = pytest.mark.gen_test

INCORRECT_ARGUMENT = {"code": 1, "message": "Incorrect argument."}
WRONG_PARAMS: tuple[object, ...] = (
    [],
    [1],
    [None],
    [["message"]],
    [{"message": "text"}],
    ["", "", "", "", "", ""],
    "message",
    {"0": "m"},
    None,
)


def is_from_customer(message: dict[str, object], text: str) -> bool:
    """Whether this is the seed's message object of a customer, field for field."""
    return (
        message.keys() == {"message_id", "message_text", "invader_name", "is_from_support", "created"}
        and type(message["message_id"]) is int
        and type(message["created"]) is int
        and (message["message_text"], message["invader_name"], message["is_from_support"]) == (text, "", False)
    )


async def test_1_1_a_connection_authenticates_with_its_first_frame(desk: Desk) -> None:
    client = await desk.open()
    client.send_text(json.dumps({"method": "message.auth", "params": [await desk.token("anna")], "id": 1}))
    assert await client.receive() == {"error": None, "result": {"messages": None}, "id": 1}


@pytest.mark.parametrize(
    "params", [[], [None], [1], [""], ["QWERTYUIOP"], [["t"]], ["t", "x"], {"token": "t"}, None], ids=repr
)
async def test_1_1_1_without_a_good_token_the_connection_is_closed(desk: Desk, params: object) -> None:
    client = await desk.open()
    client.send_text(json.dumps({"method": "message.auth", "params": params, "id": 1}))
    client.send_text(json.dumps({"method": "message.send", "params": ["must not be stored"], "id": 2}))
    assert await client.close_code() == 1008
    operator = await desk.enter("olga", 0)
    assert operator.frames == [{"error": None, "result": {"messages": None, "has_more": False}, "id": 1}]


async def test_1_2_1_the_messages_come_oldest_first(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    sent = (await anna.call("message.send", "Message from Client"))["message"]
    await olga.call("message.operatorSend", "Message from Operator", desk.ids["anna"])
    again = await desk.open()
    first, second = (await again.call("message.auth", await desk.token("anna")))["messages"]
    assert first == sent
    assert is_from_customer(first, "Message from Client")
    assert second.keys() == first.keys()
    assert second["message_id"] > first["message_id"]
    assert (second["message_text"], second["invader_name"], second["is_from_support"]) == (
        "Message from Operator",
        "olga",
        True,
    )
    assert list(again.frames[0]["result"]) == ["messages"]


async def test_1_2_2_without_messages_the_result_is_null(desk: Desk) -> None:
    client = await desk.open()
    assert await client.call("message.auth", await desk.token("anna")) == {"messages": None}


async def test_2_1_1_wrong_params_of_a_customer_are_answered_with_error_1_and_nothing_is_stored(desk: Desk) -> None:
    anna = await desk.enter("anna")
    for params in WRONG_PARAMS:
        anna.send_text(json.dumps({"method": "message.send", "params": params, "id": 1}))
        assert await anna.receive() == {"error": INCORRECT_ARGUMENT, "result": None, "id": 1}, params
    assert await anna.call("message.history") == {"messages": [], "has_more": False}


async def test_2_2_1_a_customers_message_is_stored(desk: Desk) -> None:
    anna = await desk.enter("anna")
    sent = (await anna.call("message.send", "Message from Client"))["message"]
    assert (await anna.call("message.history"))["messages"] == [sent]


async def test_2_2_2_a_customers_message_is_answered_with_the_message(desk: Desk) -> None:
    anna = await desk.enter("anna")
    anna.send_text('{"method": "message.send", "params": ["Message from Client"], "id": 3}')
    reply = await anna.receive()
    assert (reply["error"], reply["id"]) == (None, 3)
    assert list(reply["result"]) == ["message"]
    assert is_from_customer(reply["result"]["message"], "Message from Client")


async def test_2_3_operators_get_a_customers_message_at_once(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    sent = (await anna.call("message.send", "Message from Client"))["message"]
    assert await olga.push() == {**sent, "user_id": desk.ids["anna"], "user_name": "anna"}


async def test_3_1_a_connected_customer_gets_a_new_message_at_once(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    sent = (await olga.call("message.operatorSend", "Message from Operator", desk.ids["anna"]))["message"]
    push = await anna.receive()
    assert push["error"] is None
    assert push["id"] is None
    assert list(push["result"]) == ["message"]
    assert push["result"]["message"] == {key: sent[key] for key in push["result"]["message"]}
    assert push["result"]["message"]["invader_name"] == "olga"


async def test_4_1_1_wrong_params_of_an_operator_are_answered_with_error_1(desk: Desk) -> None:
    olga = await desk.enter("olga")
    for params in (*WRONG_PARAMS, ["text", "anna"], ["text", -1], ["text", 1.5], ["text", True], ["text", 1, 2]):
        olga.send_text(json.dumps({"method": "message.operatorSend", "params": params, "id": 1}))
        assert await olga.receive() == {"error": INCORRECT_ARGUMENT, "result": None, "id": 1}, params


async def test_4_2_an_operators_message_is_stored_and_answered(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    await anna.call("message.send", "Message from Client")
    await olga.push()
    answer = (await olga.call("message.operatorSend", "Message from Operator"))["message"]
    assert (answer["invader_name"], answer["is_from_support"]) == ("olga", True)
    history = (await olga.call("message.history", desk.ids["anna"]))["messages"]
    assert history[1] == answer


async def test_5_1_1_1_wrong_credentials_get_an_empty_403(desk: Desk, http_client: AsyncHTTPClient) -> None:
    for body in (
        {"user_name": "anna", "password": "wrong"},
        {"user_name": "nobody", "password": PASSWORD},
        {"user_name": "Anna", "password": PASSWORD},
        {"user_name": "anna ", "password": PASSWORD},
        {"user_name": "", "password": ""},
        {"user_name": "anna", "password": PASSWORD + "x" * 72},
        {"user_name": "a" * 300, "password": PASSWORD},
        {"user_name": "a\u0000b", "password": "\u0000"},
    ):
        answer = await http_client.fetch(
            f"{desk.url}/v1/auth/", method="POST", body=json.dumps(body), raise_error=False
        )
        assert (answer.code, answer.body) == (403, b""), body


async def test_5_1_1_2_right_credentials_get_a_token_that_authenticates(
    desk: Desk, http_client: AsyncHTTPClient
) -> None:
    body = json.dumps({"user_name": "anna", "password": PASSWORD, "remember": True})
    answer = await http_client.fetch(f"{desk.url}/v1/auth/", method="POST", body=body)
    reply = json.loads(answer.body)
    assert answer.code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert list(reply) == ["error", "result", "id"]
    assert (reply["error"], reply["id"]) == (None, desk.ids["anna"])
    assert list(reply["result"]) == ["token"]
    client = await Client.connect(desk.url)
    assert await client.call("message.auth", reply["result"]["token"]) == {"messages": None}
    client.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"user_name=anna&password=x",
        b"{",
        b"null",
        b"[]",
        b'["anna", "x"]',
        b'"anna"',
        b"{}",
        b'{"user_name": "anna"}',
        b'{"password": "x"}',
        b'{"user_name": 1, "password": "x"}',
        b'{"user_name": "anna", "password": null}',
        b'{"user_name": "anna", "password": ["x"]}',
        b'{"user_name": "anna", "password": "\xff"}',
        b'{"user_name": "anna", "password": "\\ud800"}',
        b'{"user_name": "anna", "password": "x"} {}',
        b'{"user_name": "anna", "password": "x", "more": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    ],
    ids=lambda body: body[:40],
)
async def test_5_1_1_3_any_other_body_gets_an_empty_404(desk: Desk, http_client: AsyncHTTPClient, body: bytes) -> None:
    answer = await http_client.fetch(f"{desk.url}/v1/auth/", method="POST", body=body, raise_error=False)
    assert (answer.code, answer.body) == (404, b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
async def test_5_1_1_3_any_other_method_gets_an_empty_404(
    desk: Desk, http_client: AsyncHTTPClient, method: str
) -> None:
    answer = await http_client.fetch(
        f"{desk.url}/v1/auth/",
        method=method,
        body=b"{}" if method in ("PUT", "PATCH") else None,
        allow_nonstandard_methods=True,
        raise_error=False,
    )
    assert (answer.code, answer.body) == (404, b"")


async def test_5_the_password_is_kept_as_a_bcrypt_hash(desk: Desk) -> None:
    user = await desk.database.read(users.find_by_name, "anna")
    assert user
    assert user.user_password.startswith("$2b$")
