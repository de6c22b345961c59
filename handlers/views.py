"""What each side sees of what is stored, and what is pushed to those who may see it."""

from functools import cached_property
from typing import Any

import msgspec

from db.conversations import Conversation, Cursor, Preview
from db.messages import Message
from handlers import protocol


class CustomerMessage(msgspec.Struct, gc=False):
    """A message as the seed has it. An operator is also told whose conversation it is: the Message itself."""

    message_id: int
    message_text: str
    invader_name: str
    is_from_support: bool
    created: int


class NewMessage(msgspec.Struct, gc=False):
    """What a message is acknowledged with, and told to the others with (seed 2.1, 3.1)."""

    message: CustomerMessage | Message


def present_to_customer(message: Message) -> CustomerMessage:
    return CustomerMessage(
        message.message_id, message.message_text, message.invader_name, message.is_from_support, message.created
    )


class Push(msgspec.Struct, eq=False, gc=False):
    """A new message on its way to many: encoded once for each side that sees it (seed 3.1)."""

    message: Message
    _to_operators: bytes = b""
    _to_customer: bytes = b""

    @property
    def to_operators(self) -> bytes:
        if not self._to_operators:
            self._to_operators = protocol.encode_result(protocol.NULL, NewMessage(self.message))
        return self._to_operators

    @property
    def to_customer(self) -> bytes:
        if not self._to_customer:
            self._to_customer = protocol.encode_result(protocol.NULL, NewMessage(present_to_customer(self.message)))
        return self._to_customer


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
        return None if content is None else protocol.encode_result(protocol.NULL, {self.name: content})


def conversation_event(conversation: Conversation, *, online: bool) -> Event:
    view = present_conversation(conversation, online=online)
    return Event("conversation", conversation.user_id, view, {"status": view.status})
