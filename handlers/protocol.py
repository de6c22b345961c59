"""The wire: frames to requests, results and messages to frames, the errors. No socket, no database."""

import struct
from functools import cached_property
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import Meta, Raw

from db.conversations import Conversation, Cursor, Preview
from db.messages import Message

MAX_TEXT = 16_000  # characters: what the column, a TEXT of 65,535 bytes, holds of the longest ones

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Key = Annotated[str, Meta(pattern=r"^[!-~]{1,64}\Z")]

NULL = Raw(b"null")

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


class Request(msgspec.Struct):
    """A frame: its parameters are decoded when the method is known, its id is echoed to the letter."""

    method: str
    params: Raw = NULL
    id: Raw = NULL


class Identified(msgspec.Struct):
    """What can still be read of a frame that is no request."""

    id: Raw = NULL


class Params(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
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
    return bytes(value)[:1] not in (b"[", b"{")


def decode_params(kind: type[T], params: Raw) -> T:
    """The parameters as `kind` declares them. Raises IncorrectArgument (seed 2.1.1, 4.1.1)."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        decoded: T = decoder.decode(params)
    except (msgspec.DecodeError, RecursionError):
        raise IncorrectArgument from None
    return decoded


def check_text(text: str) -> None:
    """Raises ValueError, which decoding turns into IncorrectArgument, for a text that nobody could read or store."""
    if "\0" in text or not text.strip():
        raise ValueError("no text")


# Frames out


class Reply(msgspec.Struct):
    error: dict[str, Any] | None
    result: Any
    id: Raw


class CustomerMessage(msgspec.Struct):
    """A message as the seed has it."""

    message_id: int
    message_text: str
    invader_name: str
    is_from_support: bool
    created: int


class OperatorMessage(CustomerMessage):
    """An operator is also told whose conversation it is."""

    user_id: int
    user_name: str


_encoder = msgspec.json.Encoder()


def encode_result(request_id: Raw, result: Any) -> bytes:
    return frame(_encoder.encode(Reply(None, result, request_id)))


def encode_error(request_id: Raw, error: Error) -> bytes:
    return frame(_encoder.encode(Reply({"code": error.code, "message": error.message}, None, request_id)))


def present(message: Message, *, to_operator: bool) -> CustomerMessage:
    """The message as that side sees it."""
    text, name, is_from_support = message.message_text, message.invader_name, message.is_from_support
    if to_operator:
        return OperatorMessage(
            message.message_id, text, name, is_from_support, message.created, message.user_id, message.user_name
        )
    return CustomerMessage(message.message_id, text, name, is_from_support, message.created)


class Push:
    """A new message on its way to many: encoded once for each side that sees it (seed 3.1)."""

    def __init__(self, message: Message) -> None:
        self.message = message

    @cached_property
    def to_customer(self) -> bytes:
        return encode_result(NULL, {"message": present(self.message, to_operator=False)})

    @cached_property
    def to_operator(self) -> bytes:
        return encode_result(NULL, {"message": present(self.message, to_operator=True)})


class ConversationView(msgspec.Struct):
    """A conversation as operators see it."""

    user_id: int
    user_name: str
    status: str
    operator_id: int | None
    online: bool
    unread: int
    waiting_since: int | None
    customer_read_id: int
    operator_read_id: int
    last_message: Preview | None
    cursor: str
    version: int


def present_conversation(conversation: Conversation, *, online: bool) -> ConversationView:
    return ConversationView(
        conversation.user_id,
        conversation.user_name,
        status(conversation),
        conversation.operator_id,
        online,
        conversation.operator_unread,
        conversation.waiting_since,
        conversation.customer_read_id,
        conversation.operator_read_id,
        conversation.last_message,
        f"{conversation.waiting_id or 0}.{conversation.last_id}.{conversation.user_id}",
        conversation.version,
    )


def status(conversation: Conversation) -> str:
    return "closed" if conversation.is_closed else "open"


def decode_cursor(text: str) -> Cursor:
    """The row that a `cursor` names. Raises ValueError."""
    waiting_id, last_id, user_id = (int(part) for part in text.split("."))
    return Cursor(waiting_id, last_id, user_id)


class Event:
    """What those hear who asked for it by `events.subscribe`: encoded once for each side, None for one that may not.

    `customer_id` is whose conversation it is; None where every customer may hear it.
    """

    def __init__(self, name: str, customer_id: int | None, to_operators: Any, to_customer: Any) -> None:
        self.name = name
        self.customer_id = customer_id
        self._to_operators = to_operators
        self._to_customer = to_customer

    @cached_property
    def to_operators(self) -> bytes | None:
        return self._encode(self._to_operators)

    @cached_property
    def to_customer(self) -> bytes | None:
        return self._encode(self._to_customer)

    def _encode(self, content: Any) -> bytes | None:
        return None if content is None else encode_result(NULL, {self.name: content})


def conversation_event(conversation: Conversation, *, online: bool) -> Event:
    view = present_conversation(conversation, online=online)
    return Event("conversation", conversation.user_id, view, {"status": view.status})


def frame(payload: bytes) -> bytes:
    """A whole unmasked text frame (RFC 6455 5.2), so that many can leave in one write."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x81, length) + payload
    if length < 65_536:
        return struct.pack("!BBH", 0x81, 126, length) + payload
    return struct.pack("!BBQ", 0x81, 127, length) + payload
