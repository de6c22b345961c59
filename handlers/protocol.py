"""The wire: frames to requests, results to frames, the errors, the closes. No socket, no database."""

import struct
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import Meta, Raw

MAX_TEXT = 16_000  # characters: what the column, a TEXT of 65,535 bytes, holds of the longest ones

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Key = Annotated[str, Meta(min_length=1, max_length=64)]  # and see check_key

NULL = Raw(b"null")

# What a connection is closed with: RFC 6455 7.4.1, and IANA's registry for 1012 and 1013
GOING_AWAY, UNSUPPORTED_DATA, LOG_IN_AGAIN, SERVICE_RESTART, TRY_AGAIN_LATER = 1001, 1003, 1008, 1012, 1013

T = TypeVar("T")


# The errors


class Error(Exception):
    """What a request can be answered with instead of a result."""

    code: ClassVar[int]
    message: ClassVar[str]


class IncorrectArgument(Error):
    code, message = 1, "Incorrect argument."


class InvalidRequest(Error):
    code, message = 2, "Invalid request."

    def __init__(self, request_id: Raw) -> None:
        self.request_id = request_id


class UnknownMethod(Error):
    code, message = 3, "Unknown method."


class AccessDenied(Error):
    code, message = 4, "Access denied."


class ServiceUnavailable(Error):
    code, message = 5, "Service unavailable."


class TooManyRequests(Error):
    code, message = 6, "Too many requests."


class NoRecipient(Error):
    code, message = 7, "No recipient."


class AlreadyAnswered(Error):
    code, message = 8, "Already answered."


class NotSeen(Error):
    code, message = 9, "Not seen."


class Unauthorized(Exception):
    """No answer: the connection is closed with 1008, which tells the client to log in again."""


# Frames in


class Request(msgspec.Struct, frozen=True, gc=False):
    """A frame: its parameters are decoded when the method is known, its id is echoed to the letter."""

    method: str
    params: Raw = NULL
    id: Raw = NULL


class Identified(msgspec.Struct):
    """What can still be read of a frame that is no request."""

    id: Raw = NULL


class Params(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """A method's parameters by position: those with a default may be left out, no others may follow."""


_request_decoder = msgspec.json.Decoder(Request)
_identified_decoder = msgspec.json.Decoder(Identified)
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def decode(frame: str) -> Request:
    """The request in a text frame. Raises InvalidRequest with the id, as far as it can be read."""
    try:
        request = _request_decoder.decode(frame)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest(_find_id(frame)) from None
    if not _is_scalar(request.id):
        raise InvalidRequest(NULL)
    return request


def _find_id(frame: str) -> Raw:
    try:
        request_id = _identified_decoder.decode(frame).id
    except (msgspec.DecodeError, RecursionError):
        return NULL
    return request_id if _is_scalar(request_id) else NULL


def _is_scalar(value: Raw) -> bool:
    return not bytes(value).startswith((b"[", b"{"))


def decode_params(kind: type[T], params: Raw) -> T:
    """The parameters as `kind` declares them. Raises IncorrectArgument (seed 2.1.1, 4.1.1)."""
    try:
        decoder = _decoders[kind]
    except KeyError:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        decoded: T = decoder.decode(params)
    except (msgspec.DecodeError, RecursionError):
        raise IncorrectArgument from None
    return decoded


def check_key(key: str | None) -> None:
    """Raises ValueError, as `check_text`, for what is not `[!-~]*`: a pattern in the type takes three times as long."""
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("no key")


def check_text(text: str) -> None:
    """Raises ValueError, which decoding turns into IncorrectArgument, for a text that nobody could read or store."""
    if "\0" in text or not text.strip():
        raise ValueError("no text")


# Frames out


class Reply(msgspec.Struct, gc=False):
    error: dict[str, Any] | None
    result: Any
    id: Raw


_encoder = msgspec.json.Encoder()


def encode_result(request_id: Raw, result: Any) -> bytes:
    return frame(_encoder.encode(Reply(None, result, request_id)))


def encode_error(request_id: Raw, error: Error) -> bytes:
    return frame(_encoder.encode(Reply({"code": error.code, "message": error.message}, None, request_id)))


def _make_head(length: int) -> bytes:
    if length < 126:
        return struct.pack("!BB", 0x81, length)
    if length < 65_536:
        return struct.pack("!BBH", 0x81, 126, length)
    return struct.pack("!BBQ", 0x81, 127, length)


HEADS = 512
_heads = [_make_head(length) for length in range(HEADS)]  # of most frames


def frame(payload: bytes) -> bytes:
    """A whole unmasked text frame (RFC 6455 5.2), so that many can leave in one write."""
    length = len(payload)
    return (_heads[length] if length < HEADS else _make_head(length)) + payload
