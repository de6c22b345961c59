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

REFUSALS: dict[type[Refused], type[protocol.Error]] = {
    UnknownUser: protocol.NoRecipient,
    KeyReused: protocol.IncorrectArgument,
    AlreadyAnswered: protocol.AlreadyAnswered,
    NotSeen: protocol.NotSeen,
    TooMany: protocol.IncorrectArgument,
}


def find(session: Session, request: protocol.Request) -> Method:
    """The method that is called, with its parameters. Raises the protocol's errors, in the protocol's order."""
    by_role = METHODS.get(request.method)
    if by_role is None:
        raise protocol.UnknownMethod
    method = by_role.get(session.role)
    if method is None:
        raise protocol.AccessDenied
    return protocol.decode_params(method, request.params)


def refuse(session: Session, refusal: Refused) -> Exception:
    """What the database refuses, as the protocol says it."""
    if isinstance(refusal, UnknownUser) and session.role is CUSTOMER:  # removed, or an operator since it logged in
        return protocol.Unauthorized()
    return REFUSALS[type(refusal)]()
