"""Who is there, where one stands, and the events that one may subscribe to."""

import time
from typing import Any, Literal

from db import conversations, users
from handlers.methods.session import Answer, Session
from handlers.protocol import Params

EventName = Literal["typing", "read", "presence", "conversation", "note"]


class Status(Params):
    """`desk.status []`, for a customer: whether somebody is there, and what is read."""

    async def run(self, session: Session) -> Answer:
        found = await session.database.read(conversations.find, session.user.id)
        return Answer(
            {
                "now": int(time.time()),
                "operators_online": bool(session.presence.operators_online),
                "customer_read_id": found.customer_read_id if found else 0,
                "operator_read_id": found.operator_read_id if found else 0,
                "unread": found.customer_unread if found else 0,
                "last_message_id": found.last_id if found else 0,
            }
        )


class OperatorStatus(Params):
    """`desk.status []`, for an operator: the clock, and how many operators are there."""

    async def run(self, session: Session) -> Answer:
        return Answer({"now": int(time.time()), "operators_online": session.presence.operators_online})


class ListOperators(Params):
    """`operator.list []`: the operators, whether they are there, and what they look at."""

    async def run(self, session: Session) -> Answer:
        operators: list[dict[str, Any]] = [
            {
                "user_id": user.id,
                "user_name": user.user_name,
                "online": session.presence.is_online(user.id),
                "viewing": session.presence.viewing(user.id),
            }
            for user in await session.database.read(users.list_operators)
        ]
        return Answer({"operators": operators})


class Subscribe(Params):
    """`events.subscribe [[event, …]]`: from now on these events, in place of those before."""

    events: list[EventName]

    async def run(self, session: Session) -> Answer:
        allowed = set(self.events) if session.user.is_admin else set(self.events) - {"note"}
        session.presence.listen(session, frozenset(allowed))
        return Answer({"events": sorted(allowed)})
