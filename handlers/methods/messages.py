"""Sending messages and reading them back."""

from typing import Annotated

from msgspec import Meta

from db import KeyReused, UnknownUser, messages, users
from db.engine import Connection
from handlers.methods.session import Answer, Session
from handlers.protocol import (
    Id,
    IncorrectArgument,
    Key,
    NoRecipient,
    Params,
    Text,
    TooManyRequests,
    Unauthorized,
    check_text,
)

Limit = Annotated[int, Meta(ge=1)]


class Send(Params):
    """`message.send [text, key?]`: a customer's message to the operators (seed 2)."""

    text: Text
    key: Key | None = None

    def __post_init__(self) -> None:
        check_text(self.text)

    async def run(self, session: Session) -> Answer:
        try:
            return await _store(session, session.user.id, self.text, self.key)
        except UnknownUser:  # removed, or an operator since it logged in
            raise Unauthorized from None


class OperatorSend(Params):
    """`message.operatorSend [text, user_id?, key?]`: an operator's message to a customer (seed 4)."""

    text: Text
    user_id: Id | None = None
    key: Key | None = None

    def __post_init__(self) -> None:
        check_text(self.text)

    async def run(self, session: Session) -> Answer:
        user_id = self.user_id
        if user_id is None:
            if len(session.conversations) != 1:  # an answer must never reach the wrong person
                raise NoRecipient
            (user_id,) = session.conversations
        try:
            return await _store(session, user_id, self.text, self.key)
        except UnknownUser:
            raise NoRecipient from None


async def _store(session: Session, user_id: int, text: str, key: str | None) -> Answer:
    if len(text) > session.text_limit:
        raise IncorrectArgument
    database, author = session.database, session.user
    try:
        if session.bucket.take():
            message, is_new = await database.write(messages.add, author, user_id, text, key)
        else:
            found = await database.read(messages.find_repeat, author, user_id, text, key) if key else ""
            if isinstance(found, str):
                raise TooManyRequests
            message, is_new = found, False
    except KeyReused:
        raise IncorrectArgument from None
    return Answer({"message": session.show(message)}, message if is_new else None)


class History(Params):
    """`message.history [before_id?, limit?, after_id?]`: a customer's own conversation."""

    before_id: Id | None = None
    limit: Limit | None = None
    after_id: Id | None = None

    async def run(self, session: Session) -> Answer:
        page = await session.database.read(_page, session.user.id, self.before_id, self.limit, self.after_id)
        return Answer(session.show_page(page))


class OperatorHistory(Params):
    """`message.history [user_id, before_id?, limit?, after_id?]`: any customer's conversation."""

    user_id: Id
    before_id: Id | None = None
    limit: Limit | None = None
    after_id: Id | None = None

    async def run(self, session: Session) -> Answer:
        try:
            page = await session.database.read(_customers_page, self.user_id, self.before_id, self.limit, self.after_id)
        except UnknownUser:
            raise NoRecipient from None
        return Answer(session.show_page(page))


def _customers_page(connection: Connection, user_id: int, *bounds: int | None) -> messages.Page:
    user = users.find(connection, user_id)
    if user is None or user.is_admin:
        raise UnknownUser
    return _page(connection, user_id, *bounds)


def _page(
    connection: Connection, user_id: int, before_id: int | None, limit: int | None, after_id: int | None
) -> messages.Page:
    before = messages.NEWEST_ID if before_id is None else before_id
    size = min(limit or messages.PAGE, messages.PAGE)
    if after_id is None:
        return messages.list_newest(connection, user_id, 0, before, size)
    return messages.list_oldest(connection, user_id, after_id, before, size)
