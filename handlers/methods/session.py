"""What a method knows of the connection that calls it, and what it gives back."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from db import Database
from db.messages import Message, Page
from db.users import User
from handlers import protocol
from handlers.limits import Bucket


class Role(Enum):
    CUSTOMER = auto()
    OPERATOR = auto()


@dataclass(slots=True)
class Session:
    """An authenticated connection. `conversations` are those that it has been sent messages of."""

    user: User
    database: Database
    bucket: Bucket
    text_limit: int
    conversations: set[int] = field(default_factory=set)

    @property
    def role(self) -> Role:
        return Role.OPERATOR if self.user.is_admin else Role.CUSTOMER

    def show(self, message: Message) -> protocol.CustomerMessage:
        """The message for a frame to this connection, which from now on has seen its conversation."""
        self.conversations.add(message.user_id)
        return protocol.present(message, to_operator=self.user.is_admin)

    def show_page(self, page: Page) -> dict[str, Any]:
        return {"messages": [self.show(message) for message in page.messages], "has_more": page.has_more}


@dataclass(frozen=True, slots=True)
class Answer:
    """The result for the caller, and the new message, if any, for everybody else who may see it."""

    result: dict[str, Any]
    message: Message | None = None
