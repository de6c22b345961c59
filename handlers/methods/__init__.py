"""What a client may call: each method with, for each role that may call it, its parameters and what it does."""

from handlers import protocol
from handlers.methods.messages import History, OperatorHistory, OperatorSend, Send
from handlers.methods.session import Answer, Role, Session

METHODS: dict[str, dict[Role, type[Send | OperatorSend | History | OperatorHistory]]] = {
    "message.send": {Role.CUSTOMER: Send},
    "message.operatorSend": {Role.OPERATOR: OperatorSend},
    "message.history": {Role.CUSTOMER: History, Role.OPERATOR: OperatorHistory},
}


async def call(session: Session, request: protocol.Request) -> Answer:
    """Run a request. Raises the protocol's errors, in the protocol's order, and db.Unavailable."""
    by_role = METHODS.get(request.method)
    if by_role is None:
        raise protocol.UnknownMethod
    method = by_role.get(session.role)
    if method is None:
        raise protocol.AccessDenied
    return await protocol.decode_params(method, request.params).run(session)
