"""The protocol's error table, row by row, and what a connection survives."""

import gc
import json
import tracemalloc

import pytest
from tornado.web import Application

from tests.conftest import Desk

pytestmark = pytest.mark.gen_test

DEEP = "[" * 100_000 + "]" * 100_000

INVALID = [
    ("", None),
    ("hello", None),
    ("null", None),
    ("[]", None),
    ('"message.send"', None),
    ("{}", None),
    ('{"id": 7}', 7),
    ('{"id": 7, "params": ["text"]}', 7),
    ('{"method": 1, "params": [], "id": "seven"}', "seven"),
    ('{"method": null, "params": [], "id": true}', True),
    ('{"method": ["message.send"], "id": 7.5}', 7.5),
    ('{"method": "message.send", "params": ["text"], "id": [1]}', None),
    ('{"method": "message.send", "params": ["text"], "id": {"a": 1}}', None),
    ('{"method": "message.send", "params": ["text"], "id": 1', None),
    ('{"method": "message.send", "params": ["text"], "id": 1} {}', None),
    ('{"method": "message.send", "params": ["\\ud800"], "id": 1}', None),
    ('{"method": "message.send", "params": ["\\udc00\\ud800"], "id": 1}', None),
    ('{"method": "message.send", "params": ["text"], "id": "\\ud800"}', None),
    ('{"method": "message.send", "params": ["text"], "id": 1, "more": %s}' % DEEP, None),
    ('{"method": "message.send", "params": %s, "id": 1}' % DEEP, None),
    ('{"method": "message.send", "params": ["text"], "id": NaN}', None),
    ('{"method": "message.send", "params": ["tab\tin a text"], "id": 1}', None),
]


@pytest.mark.parametrize(("frame", "request_id"), INVALID, ids=lambda value: str(value)[:40])
async def test_error_2_answers_what_is_no_request_and_echoes_the_id_that_can_be_read(
    desk: Desk, frame: str, request_id: object
) -> None:
    anna = await desk.enter("anna")
    anna.send_text(frame)
    error = {"code": 2, "message": "Invalid request."}
    assert await anna.receive() == {"error": error, "result": None, "id": request_id}
    assert await anna.call("message.history") == {"messages": [], "has_more": False}


@pytest.mark.parametrize("request_id", ["0", "-1", "1.10", "1e400", '"a \\"b\\" ё 😀"', "true", "null", "9" * 400])
async def test_the_id_is_echoed_to_the_letter(desk: Desk, request_id: str) -> None:
    anna = await desk.enter("anna")
    anna.send_text('{"method": "nothing", "id": %s}' % request_id)
    text = await anna.connection.read_message()
    assert isinstance(text, str)
    assert text.endswith('"id":%s}' % request_id)


async def test_a_request_without_an_id_is_answered_with_null_and_unknown_keys_are_ignored(desk: Desk) -> None:
    anna = await desk.enter("anna")
    anna.send_text('{"jsonrpc": "1.0", "method": "message.send", "params": ["text"], "auth": {"a": [1]}}')
    reply = await anna.receive()
    assert (reply["id"], reply["error"], reply["result"]["message"]["message_text"]) == (None, None, "text")


@pytest.mark.parametrize("method", ["", "message", "message.Send", "message.send ", "send", "__init__", "сообщение"])
async def test_error_3_answers_an_unknown_method(desk: Desk, method: str) -> None:
    for name in ("anna", "olga"):
        client = await desk.enter(name)
        reply = await client.reply(client.send(method, "text"))
        assert reply["error"] == {"code": 3, "message": "Unknown method."}


async def test_error_4_answers_a_method_of_the_other_role(desk: Desk) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    denied = {"code": 4, "message": "Access denied."}
    assert (await anna.reply(anna.send("message.operatorSend", "text", desk.ids["boris"])))["error"] == denied
    assert (await olga.reply(olga.send("message.send", "text")))["error"] == denied
    assert (await olga.call("message.history", desk.ids["boris"]))["messages"] == []


@pytest.mark.parametrize(
    "params",
    [
        [" \n\t\u2003\u00a0"],
        ["\u0000"],
        ["a\u0000b"],
        ["x" * 16_001],
        ["😀" * 16_001],
        ["text", ""],
        ["text", "with space"],
        ["text", "new\nline"],
        ["text", "ends\n"],
        ["text", "ключ"],
        ["text", "k" * 65],
        ["text", 7],
        ["text", "key", None],
    ],
    ids=lambda params: repr(params)[:40],
)
async def test_error_1_answers_a_text_or_a_key_that_can_not_be_one(desk: Desk, params: list[object]) -> None:
    anna = await desk.enter("anna")
    assert await anna.refused("message.send", *params) == 1
    assert await anna.call("message.history") == {"messages": [], "has_more": False}


@pytest.mark.parametrize(
    "params", [[-1], [1.5], ["1"], [True], [None, 0], [None, -1], [1, 1, -1], [1, 1, 1, 1], [2**63]]
)
async def test_error_1_answers_bounds_of_a_history_that_are_none(desk: Desk, params: list[object]) -> None:
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    assert await anna.refused("message.history", *params) == 1
    assert await olga.refused("message.history", desk.ids["anna"], *params) == 1
    assert await olga.refused("message.history") == 1


async def test_error_6_answers_what_is_over_the_connections_rate(desk: Desk) -> None:
    anna, other = await desk.enter("anna"), await desk.enter("anna")
    codes = [(await anna.reply(anna.send("message.send", f"{n}")))["error"] for n in range(400)]
    refused = [error for error in codes if error]
    assert refused
    assert refused[0] == {"code": 6, "message": "Too many requests."}
    stored = (await other.call("message.history"))["messages"]
    assert len(stored) == 400 - len(refused)
    assert await other.call("message.send", "another connection has a rate of its own")


async def test_a_rate_of_0_is_no_limit(desk: Desk, app: Application) -> None:
    app.settings["message_rate"] = 0
    anna = await desk.enter("anna")
    for n in range(300):
        anna.send("message.send", str(n))
    assert [(await anna.receive())["error"] for _ in range(300)] == [None] * 300


async def test_error_7_answers_where_the_recipient_is_not_certain(desk: Desk) -> None:
    no_recipient = {"code": 7, "message": "No recipient."}
    olga = await desk.enter("olga")
    assert (await olga.reply(olga.send("message.operatorSend", "to nobody")))["error"] == no_recipient
    for user_id in (0, 999, 2**63 - 1, desk.ids["olga"], desk.ids["oleg"]):
        assert await olga.refused("message.operatorSend", "to nobody", user_id) == 7
        assert await olga.refused("message.history", user_id) == 7
    anna, boris = await desk.enter("anna"), await desk.enter("boris")
    await anna.call("message.send", "from anna")
    await boris.call("message.send", "from boris")
    await olga.push()
    await olga.push()
    assert await olga.refused("message.operatorSend", "to which?") == 7
    assert len((await olga.call("message.history", desk.ids["anna"]))["messages"]) == 1
    assert len((await olga.call("message.history", desk.ids["boris"]))["messages"]) == 1


async def test_errors_come_in_the_protocols_order(desk: Desk, app: Application) -> None:
    app.settings["message_burst"] = 0.5
    app.settings["message_rate"] = 0.001
    app.settings["text_limit"] = 10
    anna, olga = await desk.enter("anna"), await desk.enter("olga")
    assert await anna.refused("unknown", 1) == 3
    assert await anna.refused("message.operatorSend", 1) == 4
    assert await anna.refused("message.send", 1) == 1
    assert await anna.refused("message.send", "text") == 6
    assert await olga.refused("message.operatorSend", "longer than it may be") == 1
    for recipient in ([], [999], [999, "key"], [None, "key"]):
        assert await olga.refused("message.operatorSend", "text", *recipient) == 6


async def test_every_error_leaves_the_connection_usable(desk: Desk) -> None:
    anna = await desk.enter("anna")
    for frame, _ in INVALID:
        anna.send_text(frame)
        assert (await anna.receive())["error"]["code"] == 2
    assert (await anna.call("message.send", "still here"))["message"]["message_text"] == "still here"


async def test_a_binary_frame_closes_with_1003_and_before_the_log_in_with_1008(desk: Desk) -> None:
    for client, code in ((await desk.open(), 1008), (await desk.enter("anna"), 1003)):
        client.send_text(b'{"method": "message.send", "params": ["text"], "id": 1}')
        assert await client.close_code() == code


async def test_a_frame_over_256_kib_closes_with_1009(desk: Desk) -> None:
    anna = await desk.enter("anna")
    anna.send_text(json.dumps({"method": "nothing", "more": "x" * 200_000}))
    assert (await anna.receive())["error"]["code"] == 3
    anna.send_text(json.dumps({"method": "nothing", "more": "x" * 262_144}))
    assert await anna.close_code() == 1009


async def test_what_a_refused_frame_held_is_freed_at_once(desk: Desk) -> None:
    anna = await desk.enter("anna")
    methods = ["message.send", "message.operatorSend", "no.such.method"]
    frames = [json.dumps({"method": method, "params": ["x" * 200_000], "id": 1}) for method in methods] * 10
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for text in frames:
            anna.send_text(text)
            assert (await anna.receive())["error"]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert held < 10 * 200_000  # of thirty frames
