"""The queue: listing, opening, assigning and closing conversations."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from db import UnknownUser, conversations, messages, notes, users
from db.conversations import Conversation, Cursor
from db.engine import Connection
from handlers.methods.session import NOBODY, Answer, Session
from handlers.protocol import Id, Params
from handlers.views import ConversationView, decode_cursor

PAGE = 50  # conversations in a list that asks for no number
MOST = 500
OPENED = 100  # messages with which a conversation opens

CursorText = Annotated[str, Meta(pattern=r"^(\d{1,18})\.(\d{1,18})\.(\d{1,18})\Z")]


class List(Params):
    """`conversation.list [filter, before?, limit?]`: a page of a list, and the length of each."""

    filter: Literal["waiting", "mine", "open", "closed", "all"]
    before: CursorText | None = None
    limit: Annotated[int, Meta(ge=0)] | None = None

    async def run(self, session: Session) -> Answer:
        found, counts = await session.database.read(self._read, session.user.id)
        rows = [session.show_conversation(conversation) for conversation in found]
        return Answer({"conversations": rows, "counts": counts})

    def _read(self, connection: Connection, operator_id: int) -> tuple[list[Conversation], dict[str, int]]:
        after = decode_cursor(self.before) if self.before else Cursor()
        limit = min(PAGE if self.limit is None else self.limit, MOST)
        counts = conversations.count(connection, operator_id)
        if limit == 0:
            return [], counts
        match self.filter:
            case "waiting":
                found = conversations.list_waiting(connection, after, limit)
            case "mine":
                found = conversations.list_by_operator(connection, after, limit, operator_id=operator_id)
            case "all":
                found = conversations.list_all(connection, after, limit)
            case status:
                found = conversations.list_by_status(connection, after, limit, is_closed=status == "closed")
        return found, counts


class Open(Params):
    """`conversation.open [user_id?]`: this connection views it from now on, and answers it by default."""

    user_id: Id | None = None

    async def run(self, session: Session) -> Answer:
        session.opened = self.user_id  # at once: an answer may stand right behind this frame
        if self.user_id is None:
            session.presence.view(session, None)
            return Answer({"conversation": None, "messages": [], "notes": []})
        try:
            user, conversation, page, noted = await session.database.read(_open, self.user_id)
        except BaseException:
            if session.opened == self.user_id:
                session.opened = NOBODY
            raise
        if session.opened == self.user_id:
            session.presence.view(session, self.user_id)
        shown: Any = session.show_conversation(conversation) if conversation else _unwritten(session, user)
        texts = [session.show(message) for message in page.messages]
        return Answer({"conversation": shown, "messages": texts, "notes": noted})


def _open(
    connection: Connection, user_id: int
) -> tuple[users.User, Conversation | None, messages.Page, list[notes.Note]]:
    user = users.get_customer(connection, user_id)
    page = messages.list_newest(connection, user_id, limit=OPENED)
    return user, conversations.find(connection, user_id), page, notes.list_newest(connection, user_id)


def _unwritten(session: Session, user: users.User) -> ConversationView:
    """The conversation of a customer with whom there is none yet."""
    conversation = Conversation(user.id, user.user_name, False, None, None, None, 0, 0, 0, 0, 0, 0, None)
    return session.show_conversation(conversation)


class Assign(Params):
    """`conversation.assign [user_id, operator_id?]`: gives it to an operator, or back to all."""

    user_id: Id
    operator_id: Id | None = None

    async def run(self, session: Session) -> Answer:
        return _changed(session, await session.database.write(self._write))

    def _write(self, connection: Connection) -> Conversation:
        if self.operator_id is not None:
            operator = users.find(connection, self.operator_id)
            if operator is None or not operator.is_admin:
                raise UnknownUser
        users.get_customer(connection, self.user_id)
        return conversations.assign(connection, self.user_id, self.operator_id)


class Close(Params):
    """`conversation.close [user_id, seen_id?, closed?]`: closes it, or opens it again."""

    user_id: Id
    seen_id: Id | None = None
    closed: bool | None = None

    async def run(self, session: Session) -> Answer:
        return _changed(session, await session.database.write(self._write))

    def _write(self, connection: Connection) -> Conversation:
        users.get_customer(connection, self.user_id)
        if self.closed is False:
            return conversations.reopen(connection, self.user_id)
        return conversations.close(connection, self.user_id, self.seen_id)


def _changed(session: Session, conversation: Conversation) -> Answer:
    return Answer({"conversation": session.show_conversation(conversation)}, events=[session.tell(conversation)])
