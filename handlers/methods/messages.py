"""Sending messages, reading them back, marking them read, and typing."""

from db import UnknownUser, conversations, drafts, messages, users
from db.conversations import NEWEST_ID
from db.drafts import Added, Draft
from db.engine import Connection
from handlers.methods.session import NOBODY, Answer, Session
from handlers.protocol import Id, IncorrectArgument, Key, Limit, Params, Text, TooManyRequests, check_key, check_text
from handlers.views import Event


class Post(Params):
    """What stores a message. Many of them are stored at once, and none has a task of its own."""

    def draft(self, session: Session) -> Draft:
        """What is to be stored. Raises IncorrectArgument."""
        raise NotImplementedError

    async def run(self, session: Session) -> Answer:
        """For who sends too fast: what was stored under the key. Raises TooManyRequests where nothing was."""
        draft = self.draft(session)
        if draft.key is None:
            raise TooManyRequests
        try:  # behind what waits to be written, where the first of its repeats may be
            found = await session.database.write(drafts.find, draft)
        except UnknownUser:
            raise TooManyRequests from None
        if found is None:
            raise TooManyRequests
        return session.post(Added(found, is_new=False))


class Send(Post):
    """`message.send [text, key?]`: a customer's message to the operators (seed 2)."""

    text: Text
    key: Key | None = None

    def __post_init__(self) -> None:
        check_text(self.text)
        check_key(self.key)

    def draft(self, session: Session) -> Draft:
        check_length(self.text, session)
        return Draft(session.user, session.user.id, self.text, self.key)


class OperatorSend(Post):
    """`message.operatorSend [text, user_id?, key?, seen_id?]`: an operator's message to a customer (seed 4)."""

    text: Text
    user_id: Id | None = None
    key: Key | None = None
    seen_id: Id | None = None

    def __post_init__(self) -> None:
        check_text(self.text)
        check_key(self.key)

    def draft(self, session: Session) -> Draft:
        check_length(self.text, session)
        user_id = session.opened if self.user_id is None else self.user_id
        if user_id is None:
            user_id = session.only
        # An answer must never reach the wrong person: where it is not certain who is meant, nobody is.
        recipient = NOBODY if user_id is None else user_id
        return Draft(session.user, recipient, self.text, self.key, self.seen_id)


def check_length(text: str, session: Session) -> None:
    if len(text) > session.text_limit:
        raise IncorrectArgument


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
        page = await session.database.read(_customers_page, self.user_id, self.before_id, self.limit, self.after_id)
        return Answer(session.show_page(page))


def _customers_page(connection: Connection, user_id: int, *bounds: int | None) -> messages.Page:
    users.get_customer(connection, user_id)
    return _page(connection, user_id, *bounds)


def _page(
    connection: Connection, user_id: int, before_id: int | None, limit: int | None, after_id: int | None
) -> messages.Page:
    before = NEWEST_ID if before_id is None else before_id
    size = min(limit or messages.PAGE, messages.PAGE)
    if after_id is None:
        return messages.list_newest(connection, user_id, 0, before, size)
    return messages.list_oldest(connection, user_id, after_id, before, size)


class Read(Params):
    """`message.read [message_id]`: the customer has read what operators sent, up to that message."""

    message_id: Id

    async def run(self, session: Session) -> Answer:
        try:
            return await _mark_read(session, session.user.id, self.message_id)
        except UnknownUser:  # no conversation yet
            return Answer({"read_id": 0})


class OperatorRead(Params):
    """`message.read [user_id, message_id]`: the desk has read what the customer sent, up to that message."""

    user_id: Id
    message_id: Id

    async def run(self, session: Session) -> Answer:
        return await _mark_read(session, self.user_id, self.message_id)


async def _mark_read(session: Session, user_id: int, message_id: int) -> Answer:
    is_operator = session.user.is_admin
    changed = await session.database.write(conversations.mark_read, user_id, message_id, by_operator=is_operator)
    conversation, is_changed = changed
    marks = {
        "customer_read_id": conversation.customer_read_id,
        "operator_read_id": conversation.operator_read_id,
    }
    result = {"read_id": marks["operator_read_id" if is_operator else "customer_read_id"]}
    if not is_changed:
        return Answer(result)
    read = Event("read", user_id, {"user_id": user_id, **marks}, marks)
    return Answer(result, events=[read, session.tell(conversation)])


class Typing(Params):
    """`message.typing []`: the customer types."""

    async def run(self, session: Session) -> Answer:
        content = {"user_id": session.user.id, "is_from_support": False, "invader_name": ""}
        return _relay_typing(session, Event("typing", session.user.id, content, None))


class OperatorTyping(Params):
    """`message.typing [user_id]`: the operator types an answer to the customer."""

    user_id: Id

    async def run(self, session: Session) -> Answer:
        await session.database.read(users.get_customer, self.user_id)
        content = {"is_from_support": True, "invader_name": session.user.user_name}
        return _relay_typing(session, Event("typing", self.user_id, {"user_id": self.user_id, **content}, content))


def _relay_typing(session: Session, event: Event) -> Answer:
    """What is over the rate is not relayed, and no harm done."""
    return Answer(result=True, events=[event] if session.typing.take() else [])
