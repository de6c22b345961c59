"""What a method knows of the connection that calls it, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from db import Database
from db.conversations import Conversation
from db.drafts import Added
from db.messages import Message, Page
from db.users import User
from handlers import views
from handlers.limits import Bucket
from handlers.passwords import PasswordChecks
from handlers.tokens import Tokens

if TYPE_CHECKING:
    from handlers.presence import Presence

NOBODY = 0  # no user has this id
TYPING_RATE, TYPING_BURST = 5.0, 10  # relayed for one connection, in a second and at once


class Role(IntEnum):  # whose hash is no call of a Python function
    CUSTOMER = auto()
    OPERATOR = auto()


@dataclass(slots=True, eq=False)
class Session:
    """An authenticated connection.

    An operator's `only` is the customer of all messages that it was sent (NOBODY where there are several); `opened`
    is whom it opened last (NOBODY where that failed), `viewing` whom it looks at. `events` are the names that it
    subscribed to; `expires_at` is the time of its token's end, in Unix seconds.
    """

    user: User
    role: Role
    address: str
    database: Database
    tokens: Tokens
    password_checks: PasswordChecks
    presence: Presence
    text_limit: int
    messages: Bucket
    typing: Bucket
    calls: Bucket
    only: int | None = None
    opened: int | None = None
    viewing: int | None = None
    events: frozenset[str] = frozenset()
    expires_at: float = 0.0

    @classmethod
    def begin(cls, user: User, address: str, settings: Mapping[str, Any]) -> Session:
        """The session of a connection that has just authenticated, with the application's settings."""
        return cls(
            user,
            Role.OPERATOR if user.is_admin else Role.CUSTOMER,
            address,
            settings["database"],
            settings["tokens"],
            settings["password_checks"],
            settings["presence"],
            settings["text_limit"],
            messages=Bucket(settings["message_rate"], settings["message_burst"]),
            typing=Bucket(TYPING_RATE, TYPING_BURST),
            calls=settings["call_rates"].of(user.id),
        )

    def note_conversation(self, user_id: int) -> None:
        """The operator is sent a message of this customer's conversation."""
        if self.only != user_id:
            self.only = user_id if self.only is None else NOBODY

    def show(self, message: Message) -> views.CustomerMessage | Message:
        """The message for a frame to this connection, which from now on has seen its conversation."""
        if not self.user.is_admin:
            return views.present_to_customer(message)
        self.note_conversation(message.user_id)
        return message

    def post(self, added: Added) -> Answer:
        """What a stored message is answered with, and told to the others unless it was there under its key."""
        return Answer(views.NewMessage(self.show(added.message)), added.message if added.is_new else None)

    def show_page(self, page: Page) -> dict[str, Any]:
        return {"messages": [self.show(message) for message in page.messages], "has_more": page.has_more}

    def show_resumed(self, page: Page, after_id: int | None) -> dict[str, Any]:
        """What `message.auth` is answered with (seed 1.2)."""
        result = self.show_page(page)
        result["messages"] = result["messages"] or None  # seed 1.2.2
        if after_id is None and not self.user.is_admin:
            del result["has_more"]  # the seed's client knows no such field
        return result

    def show_conversation(self, conversation: Conversation) -> views.ConversationView:
        return views.present_conversation(conversation, online=self.presence.is_online(conversation.user_id))

    def tell(self, conversation: Conversation) -> views.Event:
        """The event of a change of a conversation."""
        return views.conversation_event(conversation, online=self.presence.is_online(conversation.user_id))


class Answer(Struct, frozen=True, gc=False):
    """The result for the caller; the new message, if any, for everybody else who may see it; and what else is news.

    `ends_others` says that the user's other connections must log in again.
    """

    result: Any
    message: Message | None = None
    events: Sequence[views.Event] = ()
    ends_others: bool = False
