"""What the service does to all connections at once: after a reconnect, a revocation, and at its stop."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from db import Connection, Database, conversations, messages, retention, search_index, users
from handlers.presence import Presence
from handlers.protocol import GOING_AWAY, LOG_IN_AGAIN, SERVICE_RESTART
from handlers.views import conversation_event
from handlers.websocket import WebSocketHandler

logger = logging.getLogger("chat")

KEYS_AT_ONCE = 500
DAY_SECONDS = 86_400
PAUSE, BUSY_PAUSE = 1, 19  # times as long as a batch took is the pause behind it, and while others write


class News(NamedTuple):
    """What the database holds after a reconnect: its newest id, and the messages above the last one told."""

    newest_id: int
    page: messages.Page


def recover(connection: Connection) -> News:
    """In the writer's thread, after a reconnect: what was stored and may not have been told."""
    newest_id = messages.find_newest_id(connection)
    return News(newest_id, messages.list_newest_of_all(connection, WebSocketHandler.told.newest_id))


def recovered(news: News) -> None:
    """Tell it. Where it is too much, or the database is an older one, the clients come again and resume."""
    if news.page.has_more or news.newest_id < WebSocketHandler.told.newest_id:
        WebSocketHandler.told.newest_id = news.newest_id
        close_all(SERVICE_RESTART)
        return
    for message in news.page.messages:
        if message.message_id > WebSocketHandler.told.newest_id:
            WebSocketHandler.broadcast(message)


async def close_revoked(database: Database) -> None:
    """Close the connections whose token has expired, or whose key is no longer their user's. Raises db.Unavailable."""
    now = time.time()
    for handler in list(WebSocketHandler.open_handlers):
        if handler.session and handler.session.expires_at < now:
            handler.leave(LOG_IN_AGAIN)
    is_anybody_revoked = False
    online = list(WebSocketHandler.by_user)
    for start in range(0, len(online), KEYS_AT_ONCE):
        user_ids = online[start : start + KEYS_AT_ONCE]
        keys = await database.read(users.list_keys, user_ids)
        for user_id in user_ids:
            for handler in list(WebSocketHandler.by_user.get(user_id, ())):
                if handler.session and handler.session.user.key != keys.get(user_id):
                    is_anybody_revoked = True
                    handler.leave(LOG_IN_AGAIN)
    if is_anybody_revoked:  # behind the last message that a connection of the old role has sent
        await database.write(conversations.close_operators_own)


async def release_held(database: Database, presence: Presence, grace: float) -> None:
    """Give what waits for an operator who is away for longer than the grace, in seconds, back to all.

    Raises db.Unavailable.
    """
    for user_id, operator_id in await database.read(conversations.list_held):
        if presence.absence(operator_id) >= grace and not presence.is_online(operator_id):
            released = await database.write(conversations.release, user_id, operator_id)
            if released is not None:
                event = conversation_event(released, online=presence.is_online(user_id))
                WebSocketHandler.publish(event)


async def index_messages(database: Database) -> None:
    """Bring the search index up to date, and let others write most of the time. Raises db.Unavailable."""
    is_behind = await database.read(search_index.is_behind)
    while is_behind:
        started = time.monotonic()
        is_behind = await database.write(search_index.index_batch)
        await _give_way(database, started)


async def purge_old(database: Database, presence: Presence, days: int) -> None:
    """Delete what is older than so many days, and let others write most of the time. Raises db.Unavailable."""
    before, count, has_more = int(time.time()) - days * DAY_SECONDS, 0, True
    while has_more:
        started = time.monotonic()
        purged = await database.write(retention.purge, before)
        for changed in purged.changed:
            WebSocketHandler.publish(conversation_event(changed, online=presence.is_online(changed.user_id)))
        count, has_more = count + purged.deleted, purged.has_more
        await _give_way(database, started)
    if count:
        logger.info("deleted %d messages and notes older than %d days", count, days)


async def _give_way(database: Database, started: float) -> None:
    """Pause behind a batch that began then."""
    pause = BUSY_PAUSE if database.is_busy else PAUSE
    await asyncio.sleep(pause * (time.monotonic() - started))


def close_all(code: int) -> None:
    for handler in list(WebSocketHandler.connections):
        handler.leave(code)


async def close_all_answered(answer_seconds: float, close_seconds: float) -> None:
    """Take no further frames, answer those that were taken, and see the connections off with 1001."""
    for handler in WebSocketHandler.connections:
        handler.is_deaf = True
    await _wait_until(lambda: not any(one.flight.frames for one in WebSocketHandler.connections), answer_seconds)
    close_all(GOING_AWAY)
    await _wait_until(lambda: not WebSocketHandler.connections, close_seconds)  # to end with unread frames resets them


async def _wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
