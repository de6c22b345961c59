"""The `conversation` events of new messages: read behind them, so that no message waits for its event."""

import asyncio
from collections.abc import Callable

from db import Database, Unavailable, conversations
from handlers.presence import Presence
from handlers.views import Event, conversation_event

AT_ONCE = 100
RETRY_SECONDS = 1.0


class Told:
    """How far the messages are told. An object: to set a class's attribute makes Python forget what it cached of it."""

    __slots__ = ("newest_id",)

    def __init__(self) -> None:
        self.newest_id = 0


class Feed:
    """Tells the whole conversation after it changed; many changes that come quickly are told as one."""

    def __init__(self, database: Database, presence: Presence, publish: Callable[[Event], None]) -> None:
        self._database = database
        self._presence = presence
        self._publish = publish
        self._changed: dict[int, None] = {}  # customers, in the order of their changes
        self._telling: asyncio.Task[None] | None = None

    def note(self, user_id: int) -> None:
        """This customer's conversation has changed."""
        if not self._presence.listeners:
            return
        self._changed[user_id] = None
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        while self._changed:
            user_ids = list(self._changed)[:AT_ONCE]
            for user_id in user_ids:
                del self._changed[user_id]
            try:
                found = await self._database.read(conversations.find_many, user_ids)
            except Unavailable:
                self._changed = dict.fromkeys(user_ids) | self._changed
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for conversation in found:
                online = self._presence.is_online(conversation.user_id)
                self._publish(conversation_event(conversation, online=online))

    def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
