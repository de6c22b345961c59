"""docs/asyncapi.yaml and docs/openapi.yaml are whole, and true; tests/client.py holds every frame against the first."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from jsonschema_rs import Draft202012Validator, Registry, meta
from openapi_spec_validator import validate
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from db import Database
from handlers import protocol
from handlers.methods import METHODS
from handlers.methods.desk import EventName
from handlers.methods.session import Role
from handlers.work import AUTH
from tests.conftest import PASSWORD, Desk
from tests.contract import ASYNCAPI, Contract, check_message
from tests.service import ROOT

OPENAPI: Any = msgspec.yaml.decode((ROOT / "docs" / "openapi.yaml").read_bytes())
EVENTS = {"customer": {"typing", "read", "presence", "conversation"}, "operator": set(get_args(EventName))}


def nodes(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from nodes(inner)


@pytest.mark.parametrize("document", [ASYNCAPI, OPENAPI], ids=["asyncapi", "openapi"])
def test_every_reference_leads_somewhere_and_every_part_is_referred_to(document: Any) -> None:
    pointers = {node["$ref"] for node in nodes(document) if isinstance(node, dict) and "$ref" in node}
    for pointer in pointers:
        target = document
        for part in pointer.removeprefix("#/").split("/"):
            target = target[part]
    parts = {f"#/components/{kind}/{name}" for kind, named in document["components"].items() for name in named}
    assert parts == {pointer for pointer in pointers if pointer.startswith("#/components/")}


def test_every_payload_is_a_schema() -> None:
    payloads = [node["payload"] for node in nodes(ASYNCAPI) if isinstance(node, dict) and "payload" in node]
    assert len(payloads) > 60
    for payload in [*payloads, *ASYNCAPI["components"]["schemas"].values()]:
        meta.validate({"$schema": "http://json-schema.org/draft-07/schema#", **payload})


def test_openapi_is_an_openapi_document() -> None:
    validate(OPENAPI)


@pytest.mark.parametrize(("channel", "role"), [("customer", Role.CUSTOMER), ("operator", Role.OPERATOR)])
def test_a_channel_has_the_methods_and_the_pushes_of_its_role(channel: str, role: Role) -> None:
    methods = {AUTH, *(name for name, by_role in METHODS.items() if role in by_role)}
    pushes = {f"{name}.push" for name in ("message", *EVENTS[channel])}
    messages = {"error", *methods, *(f"{name}.reply" for name in methods), *pushes}
    assert ASYNCAPI["channels"][channel]["messages"].keys() == messages
    here = f"#/channels/{channel}"
    for name in methods | pushes:
        operation = ASYNCAPI["operations"][f"{channel}.{name}"]
        assert operation["action"] == ("send" if name in pushes else "receive")
        assert operation["channel"] == {"$ref": here}
        assert operation["messages"] == [{"$ref": f"{here}/messages/{name}"}]
        if name in methods:
            replies = [{"$ref": f"{here}/messages/{name}.reply"}, {"$ref": f"{here}/messages/error"}]
            assert operation["reply"] == {"channel": {"$ref": here}, "messages": replies}
    named = {name for name in ASYNCAPI["operations"] if name.startswith(f"{channel}.")}
    assert named == {f"{channel}.{name}" for name in methods | pushes}


def test_the_errors_are_those_of_the_service() -> None:
    described = [one["properties"] for one in ASYNCAPI["components"]["schemas"]["Error"]["oneOf"]]
    errors = {(one["code"]["const"], one["message"]["const"]) for one in described}
    assert errors == {(error.code, error.message) for error in protocol.Error.__subclasses__()}


MESSAGE = {"message_id": 3, "message_text": "text", "invader_name": "", "is_from_support": False, "created": 1}
NAMED = {**MESSAGE, "user_id": 1, "user_name": "anna"}


def push(message: object) -> dict[str, object]:
    return {"error": None, "result": {"message": message}, "id": None}


@pytest.mark.parametrize(
    "frame",
    [
        push(NAMED),
        push({**MESSAGE, "more": 1}),
        push({**MESSAGE, "created": "now"}),
        push({name: MESSAGE[name] for name in list(MESSAGE)[1:]}),
        {**push(MESSAGE), "more": 1},
        {**push(MESSAGE), "id": 1},
        {"error": {"code": 1, "message": "No recipient."}, "result": None, "id": 1},
        {"error": None, "result": {"note": {}}, "id": None},
    ],
    ids=lambda frame: json.dumps(frame)[:60],
)
def test_a_frame_that_is_not_a_customers_is_found(frame: Any) -> None:
    check_message("customer", "message.push", push(MESSAGE))
    check_message("operator", "message.push", push(NAMED))
    contract = Contract()
    contract.check_received(push(MESSAGE))
    with pytest.raises(AssertionError):
        contract.check_received(frame)


def test_a_request_that_the_service_took_and_the_contract_does_not_is_found() -> None:
    contract = Contract()
    contract.note_sent('{"method": "message.send", "params": ["text", 7], "id": 1}')
    with pytest.raises(AssertionError, match="7"):
        contract.check_received({"error": None, "result": {"message": MESSAGE}, "id": 1})


# HTTP


def check_answer(path: str, method: str, answer: HTTPResponse) -> None:
    """Raises ValidationError where docs/openapi.yaml has no such answer."""
    described = OPENAPI["paths"][path][method]["responses"][str(answer.code)]
    if "content" not in described:
        assert answer.body == b""
        return
    pointer = described["content"][answer.headers["Content-Type"].split(";")[0]]["schema"]["$ref"]
    registry = Registry([("urn:openapi", OPENAPI)])
    Draft202012Validator({"$ref": f"urn:openapi{pointer}"}, registry=registry).validate(json.loads(answer.body))


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"user_name": "anna", "password": PASSWORD}, 200),
        ({"user_name": "anna", "password": "wrong"}, 403),
        ({"user_name": "anna"}, 404),
    ],
)
async def test_the_log_in_answers_as_openapi_says(
    desk: Desk, http_client: AsyncHTTPClient, body: dict[str, str], code: int
) -> None:
    url = f"{desk.url}/v1/auth/"
    answer = await http_client.fetch(url, method="POST", body=json.dumps(body), raise_error=False)
    assert answer.code == code
    check_answer("/v1/auth/", "post", answer)


@pytest.mark.gen_test
async def test_the_health_is_told_as_openapi_says(desk: Desk, http_client: AsyncHTTPClient, database: Database) -> None:
    well = await http_client.fetch(f"{desk.url}/healthz")
    await database.close(10)
    ill = await http_client.fetch(f"{desk.url}/healthz", raise_error=False)
    assert [well.code, ill.code] == [200, 503]
    check_answer("/healthz", "get", well)
    check_answer("/healthz", "get", ill)
