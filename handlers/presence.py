"""Who is there, and what operators look at: kept in memory, told to those who subscribed."""

import asyncio
import time
from collections.abc import Callable

from db.users import User
from handlers.methods.session import Session
from handlers.views import Event

LINGER_SECONDS = 5.0  # a reload of the page is not an absence


class Presence:
    """A user is online while a connection of it is open, and a little longer."""

    def __init__(self, publish: Callable[[Event], None]) -> None:
        self._publish = publish
        self._started_at = time.monotonic()
        self._sessions: dict[int, tuple[Session, ...]] = {}  # a set is four times as large
        self._lingering: dict[int, asyncio.TimerHandle] = {}
        self._left_at: dict[int, float] = {}  # operators alone
        self._operators: set[int] = set()  # those online
        self.listeners: set[Session] = set()  # to `conversation`, the event that every message makes

    def enter(self, session: Session) -> None:
        user = session.user
        if timer := self._lingering.pop(user.id, None):
            timer.cancel()
        is_new = user.id not in self._sessions
        self._sessions[user.id] = (*self._sessions.get(user.id, ()), session)
        if is_new:
            self._left_at.pop(user.id, None)
            self._tell(user, self._set_operator(user))

    def leave(self, session: Session) -> None:
        others = tuple(one for one in self._sessions[session.user.id] if one is not session)
        self._sessions[session.user.id] = others
        self.listeners.discard(session)
        if not others:
            loop = asyncio.get_running_loop()
            self._lingering[session.user.id] = loop.call_later(LINGER_SECONDS, self._end, session.user)
        if session.viewing is not None:
            self._tell(session.user)

    def _end(self, user: User) -> None:
        del self._lingering[user.id]
        del self._sessions[user.id]
        if user.is_admin:
            self._left_at[user.id] = time.monotonic()
        self._tell(user, self._set_operator(user))

    def view(self, session: Session, user_id: int | None) -> None:
        """The connection has this customer's conversation before it, or none."""
        if session.viewing != user_id:
            session.viewing = user_id
            self._tell(session.user)

    def listen(self, session: Session, events: frozenset[str]) -> None:
        """The connection wants these events from now on."""
        session.events = events
        self.listeners.discard(session)
        if "conversation" in events and session in self._sessions.get(session.user.id, ()):  # it may have left
            self.listeners.add(session)

    def close(self) -> None:
        for timer in self._lingering.values():
            timer.cancel()

    # What others ask

    def is_online(self, user_id: int) -> bool:
        return user_id in self._sessions

    def viewing(self, user_id: int) -> list[int]:
        """The customers whose conversations are open before an operator."""
        views = {session.viewing for session in self._sessions.get(user_id, ())}
        return sorted(view for view in views if view is not None)

    @property
    def operators_online(self) -> int:
        return len(self._operators)

    def absence(self, operator_id: int) -> float:
        """The seconds since an operator went offline, counted from the start of the service at most; 0 if online."""
        if self.is_online(operator_id):
            return 0
        return time.monotonic() - self._left_at.get(operator_id, self._started_at)

    # Telling

    def _set_operator(self, user: User) -> bool:
        """Count the operators. Returns whether customers find somebody now, or nobody any more."""
        before = bool(self._operators)
        if user.is_admin and self.is_online(user.id):
            self._operators.add(user.id)
        else:
            self._operators.discard(user.id)
        return before != bool(self._operators)

    def _tell(self, user: User, is_news_for_customers: bool = False) -> None:
        content = {
            "user_id": user.id,
            "user_name": user.user_name,
            "is_operator": user.is_admin,
            "online": self.is_online(user.id),
            "viewing": self.viewing(user.id),
        }
        for_customers = {"operators_online": bool(self._operators)} if is_news_for_customers else None
        self._publish(Event("presence", None, content, for_customers))
