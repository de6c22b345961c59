"""Holds the frames of a connection against docs/asyncapi.yaml."""

import json
from typing import Any

import msgspec
from jsonschema_rs import Draft7, Draft7Validator, Registry, ValidationError

from tests.service import ROOT

Json = Any

ASYNCAPI: Json = msgspec.yaml.decode((ROOT / "docs" / "asyncapi.yaml").read_bytes())
CHANNELS = ("customer", "operator")

_registry = Registry([("urn:asyncapi", ASYNCAPI)], draft=Draft7)
_validators: dict[str, Draft7Validator] = {}


def check_message(channel: str, message: str, frame: Json) -> None:
    """Raises ValidationError where the frame is not that message of the channel, KeyError where it has none."""
    name = "error" if message == "error" else f"{channel}/{message}"
    validator = _validators.get(name)
    if validator is None:
        described = ASYNCAPI["channels"][channel]["messages"][message]
        pointer = described.get("$ref", f"#/channels/{channel}/messages/{message}").removeprefix("#/")
        schema = {"$ref": f"urn:asyncapi#/{pointer}/payload"}
        validator = _validators[name] = Draft7Validator(schema, registry=_registry)
    validator.validate(frame)


class Contract:
    """What one connection may send and hear: all its frames are those of one channel, a customer's or an operator's."""

    def __init__(self) -> None:
        self._channels = list(CHANNELS)  # those that it can still be
        self._requests: dict[str, Json] = {}  # by their ids, as JSON

    def note_sent(self, text: str | bytes) -> None:
        """Remember a request: what the service accepts, the schemas must accept; what it refuses may be anything."""
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(request, dict) and isinstance(request.get("method"), str):
            self._requests[json.dumps(request.get("id"))] = request

    def check_received(self, frame: Json) -> None:
        """Raises AssertionError where it is no frame of either channel, or another one's than those before it."""
        request = self._requests.get(json.dumps(frame["id"]))
        failures: dict[str, Exception] = {}
        for channel in self._channels:
            try:
                _check(channel, request, frame)
            except (ValidationError, KeyError) as error:
                failures[channel] = error
        self._channels = [channel for channel in self._channels if channel not in failures]
        assert self._channels, "\n".join(map(str, failures.values()))


def _check(channel: str, request: Json | None, frame: Json) -> None:
    if frame["error"] is not None:
        check_message(channel, "error", frame)
    elif request is not None:
        check_message(channel, request["method"], request)
        check_message(channel, f"{request['method']}.reply", frame)
    else:
        (name,) = frame["result"]
        check_message(channel, f"{name}.push", frame)
