"""What a client may call: each method with, for each role that may call it, its parameters and what it does."""

from typing import Protocol

from db import KeyReused, Refused, UnknownUser
from db.engine import AlreadyAnswered, NotSeen, TooMany
from handlers import protocol
from handlers.methods import conversations, desk, messages, notes, replies, search, users
from handlers.methods.session import Answer, Role, Session

CUSTOMER, OPERATOR = Role.CUSTOMER, Role.OPERATOR


class Method(Protocol):
    """A struct of the parameters that knows what to do with them."""

    async def run(self, session: Session) -> Answer: ...


METHODS: dict[str, dict[Role, type[Method]]] = {
    "message.send": {CUSTOMER: messages.Send},
    "message.operatorSend": {OPERATOR: messages.OperatorSend},
    "message.history": {CUSTOMER: messages.History, OPERATOR: messages.OperatorHistory},
    "message.read": {CUSTOMER: messages.Read, OPERATOR: messages.OperatorRead},
    "message.typing": {CUSTOMER: messages.Typing, OPERATOR: messages.OperatorTyping},
    "message.search": {OPERATOR: search.Search},
    "conversation.list": {OPERATOR: conversations.List},
    "conversation.open": {OPERATOR: conversations.Open},
    "conversation.assign": {OPERATOR: conversations.Assign},
    "conversation.close": {OPERATOR: conversations.Close},
    "note.add": {OPERATOR: notes.Add},
    "user.password": {CUSTOMER: users.Password, OPERATOR: users.Password},
    "operator.list": {OPERATOR: desk.ListOperators},
    "reply.list": {OPERATOR: replies.List},
    "reply.save": {OPERATOR: replies.Save},
    "reply.delete": {OPERATOR: replies.Delete},
    "desk.status": {CUSTOMER: desk.Status, OPERATOR: desk.OperatorStatus},
    "events.subscribe": {CUSTOMER: desk.Subscribe, OPERATOR: desk.Subscribe},
}

# What the database refuses, as the protocol says it.
REFUSALS: dict[type[Refused], type[protocol.Error]] = {
    UnknownUser: protocol.NoRecipient,
    KeyReused: protocol.IncorrectArgument,
    AlreadyAnswered: protocol.AlreadyAnswered,
    NotSeen: protocol.NotSeen,
    TooMany: protocol.IncorrectArgument,
}


async def call(session: Session, request: protocol.Request) -> Answer:
    """Run a request. Raises the protocol's errors, in the protocol's order, and db.Unavailable."""
    by_role = METHODS.get(request.method)
    if by_role is None:
        raise protocol.UnknownMethod
    method = by_role.get(session.role)
    if method is None:
        raise protocol.AccessDenied
    params = protocol.decode_params(method, request.params)
    try:
        return await params.run(session)
    except Refused as refusal:
        raise REFUSALS[type(refusal)] from None
