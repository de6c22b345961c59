"""WebSocketHandler: a connection's life from its first frame to its close, and who hears of a new message."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator
from itertools import count
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import tornado.websocket
from msgspec import Meta, Raw
from tornado.websocket import WebSocketProtocol, WebSocketProtocol13

from db import Database, Unavailable, messages
from db.messages import Message
from db.users import User
from handlers import methods, protocol, views
from handlers.client import LogsNoRequest, find_address
from handlers.feed import Feed
from handlers.frames import ReadsAhead
from handlers.limits import Bucket
from handlers.methods.session import Answer, Session
from handlers.outbox import Outbox

logger = logging.getLogger("chat.ws")

AUTH = "message.auth"
TYPING_RATE, TYPING_BURST = 5.0, 10  # relayed for one connection, in a second and at once
IN_FLIGHT = 64  # frames of one connection that are worked on at once

# RFC 6455 7.4.1, and IANA's registry for 1012 and 1013
GOING_AWAY, UNSUPPORTED_DATA, LOG_IN_AGAIN, SERVICE_RESTART, TRY_AGAIN_LATER = 1001, 1003, 1008, 1012, 1013


class Auth(protocol.Params):
    """`message.auth [token, after_id?]` (seed 1.1)."""

    token: str
    after_id: Annotated[int, Meta(ge=0)] | None = None


class WebSocketHandler(LogsNoRequest, tornado.websocket.WebSocketHandler):
    connections: ClassVar[set["WebSocketHandler"]] = set()  # all, from open to close
    open_handlers: ClassVar[set["WebSocketHandler"]] = set()  # the authenticated ones, who hear of messages
    by_user: ClassVar[dict[int, set["WebSocketHandler"]]] = {}  # the same, by user
    operators: ClassVar[set["WebSocketHandler"]] = set()  # those of them that see every conversation
    resuming: ClassVar[set["WebSocketHandler"]] = set()  # the ones whose first history is being read
    tasks: ClassVar[set[asyncio.Task[None]]] = set()  # frames that are worked on
    feed: ClassVar[Feed]  # tells what a message changes in its conversation
    told_id: ClassVar[int] = 0  # the newest message that was broadcast
    numbers: ClassVar[Iterator[int]] = count(1)

    def initialize(self) -> None:
        self.number = next(self.numbers)
        self.session: Session | None = None
        self.in_flight = 0  # frames that are worked on
        self.has_room = asyncio.Event()  # for one more
        self.newest_id = 0  # of the messages that this connection was sent
        self.held: list[views.Push] = []  # what was broadcast while the history was being read
        self.is_deaf = False  # what arrives is not run
        self.is_leaving = False  # nor is anything sent
        self.opened_at = time.monotonic()
        self.silence: asyncio.TimerHandle | None = None

    @property
    def key(self) -> str | None:
        """The key that its token was signed over."""
        return self.session.user.key if self.session else None

    # From open to close

    def prepare(self) -> None:
        try:
            urlsplit(self.request.headers.get("Origin", ""))
        except ValueError:  # Tornado would take it for a defect of its own
            self.set_status(403)
            self.finish()

    def open(self, *_: str, **__: str) -> None:
        assert self.ws_connection is not None
        assert self.ws_connection.stream is not None
        self.set_nodelay(True)
        self.outbox = Outbox(self.ws_connection.stream, self._note_cut_off)
        self.connections.add(self)
        self._limit_silence()
        address = find_address(self.request, self.settings["trusted_proxies"])
        logger.info("connection %d opened from %s", self.number, address)

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Tornado's, but for how it reads; None for a client of another version."""
        usual = super().get_websocket_protocol()
        if not isinstance(usual, WebSocketProtocol13):
            return usual
        return ReadsAhead(self, mask_outgoing=False, params=usual.params)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Start work on a frame. The next is read at once, but behind the log-in, and where many are in flight."""
        if isinstance(message, bytes):
            self.leave(UNSUPPORTED_DATA if self.session else LOG_IN_AGAIN)
        if self.is_deaf:
            return None
        assert isinstance(message, str)
        task = asyncio.ensure_future(self._answer(message))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        self.in_flight += 1
        if self.session is None:
            return task  # nothing may overtake the log-in
        if self.in_flight < IN_FLIGHT:
            return None
        return self._wait_for_room()

    async def _wait_for_room(self) -> None:
        self.has_room.clear()
        await self.has_room.wait()

    async def _answer(self, frame: str) -> None:
        """Run a frame, whatever is in it. This is the one place where errors end."""
        started = time.perf_counter()
        request = protocol.Request("-")
        outcome = "ok"
        try:
            request = protocol.decode(frame)
            if request.method == AUTH:
                await self._authenticate(request)
            elif self.session is None:
                raise protocol.Unauthorized
            else:
                answer = await methods.call(self.session, request)
                self._send(protocol.encode_result(request.id, answer.result))
                self._tell(answer)
        except protocol.Unauthorized:
            outcome = f"closed {LOG_IN_AGAIN}"
            self.leave(LOG_IN_AGAIN)
        except protocol.Error as error:
            outcome = f"error {error.code}"
            self._refuse(error.request_id if isinstance(error, protocol.InvalidRequest) else request.id, error)
        except Exception as error:
            outcome = f"error {protocol.ServiceUnavailable.code}"
            if not isinstance(error, Unavailable):
                logger.exception("%s %s failed", self._log_name(), _known(request.method))
            self._refuse(request.id, protocol.ServiceUnavailable())
        finally:
            self.in_flight -= 1
            self.has_room.set()
        milliseconds = (time.perf_counter() - started) * 1000
        level = logging.DEBUG if outcome == "ok" else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, "%s %s %s %.1f ms", self._log_name(), _known(request.method), outcome, milliseconds)

    def _tell(self, answer: Answer) -> None:
        """Everybody else hears what an answer changed."""
        if answer.message is not None:
            self.broadcast(answer.message, sender=self)
        for event in answer.events:
            self.publish(event, sender=self)
        if answer.ends_others and self.session is not None:
            for handler in self.by_user.get(self.session.user.id, set()) - {self}:
                handler.leave(LOG_IN_AGAIN)

    def _refuse(self, request_id: Raw, error: protocol.Error) -> None:
        is_away = isinstance(error, protocol.ServiceUnavailable)
        if self.session is None and not is_away:
            self.leave(LOG_IN_AGAIN)
            return
        self._send(protocol.encode_error(request_id, error))
        if self.session is None:
            self._limit_silence()  # it may try again

    def leave(self, code: int) -> None:
        """Close with a code. What was sent goes out before it; what still arrives is not run."""
        if self.is_leaving:
            return
        self.outbox.flush()
        self.is_deaf = self.is_leaving = True
        self._forget()
        self.close(code)

    def on_close(self) -> None:
        self.is_deaf = self.is_leaving = True
        self._forget()
        self.connections.discard(self)
        seconds = time.monotonic() - self.opened_at
        logger.info("%s closed with %s after %.1f s", self._log_name(), self.close_code, seconds)

    def _forget(self) -> None:
        """Hear of no more messages."""
        if self.silence is not None:
            self.silence.cancel()
        for handlers in (self.resuming, self.open_handlers, self.operators):
            handlers.discard(self)
        if self.session is not None and self in self.by_user.get(self.session.user.id, ()):
            mine = self.by_user[self.session.user.id]
            mine.discard(self)
            if not mine:
                del self.by_user[self.session.user.id]
            self.session.presence.leave(self.session)

    def _limit_silence(self) -> None:
        loop = asyncio.get_running_loop()
        self.silence = loop.call_later(self.settings["auth_timeout"], self.leave, TRY_AGAIN_LATER)

    def _note_cut_off(self) -> None:
        logger.warning("%s is cut off: it does not read", self._log_name())

    def _log_name(self) -> str:
        return f"connection {self.number} user {self.session.user.id if self.session else '-'}"

    # Authentication

    async def _authenticate(self, request: protocol.Request) -> None:
        """Tell a connection what it lacks (seed 1.1, 1.2). Raises Unauthorized, db.Unavailable."""
        user_id, key, after_id = self._identify(request)
        if self.silence is not None:
            self.silence.cancel()
        if self.session is None:
            self.held = []
            self.resuming.add(self)
        database: Database = self.settings["database"]
        try:
            resumed = await database.read(messages.resume, user_id, key, after_id)
        finally:
            self.resuming.discard(self)
        if resumed is None:
            raise protocol.Unauthorized
        if self.is_leaving:
            return
        session = self._enter(resumed)
        result = session.show_page(resumed.page)
        result["messages"] = result["messages"] or None  # seed 1.2.2
        if after_id is None and not session.user.is_admin:
            del result["has_more"]  # the seed's client knows no such field
        self._send(protocol.encode_result(request.id, result))
        for push in self.held:
            self._push(push)
        self.held = []

    def _identify(self, request: protocol.Request) -> tuple[int, str, int | None]:
        """The user's id and key in the token, and the `after_id`. Raises Unauthorized."""
        try:
            auth = protocol.decode_params(Auth, request.params)
        except protocol.IncorrectArgument:
            raise protocol.Unauthorized from None
        identity = self.settings["tokens"].read(auth.token)
        if identity is None or (self.session and self.session.user.id != identity[0]):
            raise protocol.Unauthorized
        return *identity, auth.after_id

    def _enter(self, resumed: messages.Resumed) -> Session:
        """Hear of messages from now on. Raises Unauthorized where the role is another than before."""
        if self.session is None:
            self.newest_id = resumed.newest_id
            return self._join(resumed.user)
        if self.session.user.is_admin != resumed.user.is_admin:
            raise protocol.Unauthorized
        self.session.user = resumed.user  # whose key may be a new one
        return self.session

    def _join(self, user: User) -> Session:
        settings = self.settings
        self.session = Session(
            user,
            find_address(self.request, settings["trusted_proxies"]),
            settings["database"],
            settings["tokens"],
            settings["password_checks"],
            settings["presence"],
            settings["text_limit"],
            messages=Bucket(settings["message_rate"], settings["message_burst"]),
            typing=Bucket(TYPING_RATE, TYPING_BURST),
        )
        self.open_handlers.add(self)
        self.by_user.setdefault(user.id, set()).add(self)
        if user.is_admin:
            self.operators.add(self)
        self.session.presence.enter(self.session)
        return self.session

    # Frames out

    @classmethod
    def broadcast(cls, message: Message, sender: "WebSocketHandler | None" = None) -> None:
        """Push a committed message to all who may see it and do not have it (seed 3.1)."""
        cls.told_id = max(cls.told_id, message.message_id)
        push = views.Push(message)
        entitled = [*cls.by_user.get(message.user_id, ()), *cls.operators]
        for handler in [*entitled, *cls.resuming]:
            if handler is not sender:
                handler._push(push)
        if any(handler.session and "conversation" in handler.session.events for handler in entitled):
            cls.feed.note(message.user_id)

    @classmethod
    def publish(cls, event: views.Event, sender: "WebSocketHandler | None" = None) -> None:
        """Push an event to all who subscribed to it and may hear it."""
        if event.customer_id is not None:
            customers = cls.by_user.get(event.customer_id, set())
        else:
            customers = cls.open_handlers - cls.operators if event.to_customer else set()
        for handler in [*customers, *cls.operators]:
            if handler is not sender and handler.session and event.name in handler.session.events:
                frame = event.to_operators if handler.session.user.is_admin else event.to_customer
                if frame is not None:
                    handler._send(frame)

    def _push(self, push: views.Push) -> None:
        message = push.message
        if self.session is None:
            self.held.append(push)
            return
        user = self.session.user
        if message.message_id <= self.newest_id or not (user.is_admin or user.id == message.user_id):
            return
        self.newest_id = message.message_id
        self.session.conversations.add(message.user_id)
        self._send(push.to_operator if user.is_admin else push.to_customer)

    def _send(self, frame: bytes) -> None:
        if not self.is_leaving:
            self.outbox.send(frame)


def _known(method: str) -> str:
    """A method's name for the log: a client's own invention does not get there."""
    return method if method in methods.METHODS or method == AUTH else "-"
