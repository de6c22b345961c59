"""WebSocketHandler: a connection's life from its first frame to its close, and who hears of a new message."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Coroutine, Iterable, Iterator
from functools import partial
from itertools import chain, count
from typing import Any, ClassVar
from urllib.parse import urlsplit

import tornado.websocket
from msgspec import Raw
from tornado.websocket import WebSocketProtocol, WebSocketProtocol13

import metrics
from db import Database, Refused, Unavailable, drafts, messages
from db.drafts import Added
from db.messages import Message
from db.users import User
from handlers import methods, protocol, views
from handlers.auth import identify
from handlers.client import find_address
from handlers.connections import Counted, Full
from handlers.feed import Feed, Told
from handlers.flight import Flight
from handlers.frames import ReadsAhead
from handlers.guarded import Guarded
from handlers.limits import ANSWER_BYTES
from handlers.methods.messages import Post
from handlers.methods.session import Answer, Session
from handlers.outbox import Outbox
from handlers.protocol import LOG_IN_AGAIN, TRY_AGAIN_LATER, UNSUPPORTED_DATA
from handlers.work import AUTH, Work

logger = logging.getLogger("chat.ws")


class WebSocketHandler(Guarded, tornado.websocket.WebSocketHandler):
    connections: ClassVar[set["WebSocketHandler"]] = set()  # all, from open to close
    open_handlers: ClassVar[set["WebSocketHandler"]] = set()  # the authenticated ones, who hear of messages
    by_user: ClassVar[dict[int, tuple["WebSocketHandler", ...]]] = {}  # the same, by user: a set is four times as large
    operators: ClassVar[set["WebSocketHandler"]] = set()  # those of them that see every conversation
    resuming: ClassVar[set["WebSocketHandler"]] = set()  # the ones whose first history is being read
    tasks: ClassVar[set[asyncio.Task[None]]] = set()  # of frames; asyncio itself would forget them
    feed: ClassVar[Feed]  # tells what a message changes in its conversation
    told: ClassVar[Told] = Told()  # the newest message that was broadcast
    numbers: ClassVar[Iterator[int]] = count(1)

    # Python shares the keys of up to 30 attributes; with these the dictionary of each connection would have its own.
    __slots__ = (
        "address",
        "flight",
        "held",
        "is_deaf",
        "is_leaving",
        "newest_id",
        "number",
        "opened_at",
        "outbox",
        "session",
        "silence",
    )

    def initialize(self) -> None:
        self.number = next(self.numbers)
        self.session: Session | None = None
        self.flight = Flight()
        self.newest_id = 0  # of the messages that this connection was sent
        self.held: list[views.Push] = []  # what was broadcast while the history was being read
        self.is_deaf = self.is_leaving = False  # what arrives is not run; nor is anything sent
        self.opened_at = time.monotonic()
        self.silence: asyncio.TimerHandle | None = None

    # From open to close

    def prepare(self) -> None:
        try:
            urlsplit(self.request.headers.get("Origin", ""))
        except ValueError:  # Tornado would take it for a defect of its own
            self.set_status(403)
            self.finish()

    def open(self, *_: str, **__: str) -> None:
        assert self.ws_connection is not None
        stream = self.ws_connection.stream
        assert isinstance(stream, Counted)
        self.set_nodelay(True)
        self.outbox = Outbox(stream, self._note_cut_off)
        self.connections.add(self)
        self._limit_silence()
        self.pulse = self.settings["pulses"].start(self)
        self.address = find_address(self.request, self.settings["trusted_proxies"])
        self.forget_headers()
        logger.info("connection %(connection)d opened from %(address)s", self.named(address=self.address))
        try:
            stream.count_as(self.address)
        except Full:
            self.leave(TRY_AGAIN_LATER)

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Tornado's, but for how it reads; None for a client of another version."""
        usual = super().get_websocket_protocol()
        return ReadsAhead(self, usual.params) if isinstance(usual, WebSocketProtocol13) else usual

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Start work on a frame. The next waits behind the log-in, and where there are too many."""
        if not isinstance(message, str):
            self.leave(UNSUPPORTED_DATA if self.session else LOG_IN_AGAIN)
            return None
        if self.is_deaf:
            return None
        work, task = Work(), None
        try:
            task = self._start(work, message)
            self.flight.hold(work, message)
        except Exception as error:
            self._end(work, error)
        if self.session is None:
            return task  # nothing may overtake the log-in
        return self.flight.wait(len(message), self.session.calls if task else None)

    def _start(self, work: Work, frame: str) -> asyncio.Task[None] | None:
        """Do what a frame asks for, in a task unless it stores a message. Raises protocol's errors, db.Unavailable."""
        session = self.session
        work.request = request = protocol.decode(frame)
        if request.method == AUTH:
            return self._run(work, self._authenticate(request))
        if session is None:
            raise protocol.Unauthorized
        method = methods.find(session, request)
        if isinstance(method, Post):
            draft = method.draft(session)
            if session.messages.take():
                session.database.write_each(drafts.add_all, draft, partial(self._end_post, work, session))
                return None
        return self._run(work, method.run(session))

    def _run(self, work: Work, method: Coroutine[Any, Any, Answer | None]) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                self._end(work, await method)
            except Exception as error:
                self._end(work, error)
            finally:
                self.flight.end(work)

        work.is_call = True
        task = asyncio.ensure_future(run())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def _end_post(self, work: Work, session: Session, outcome: Added | Exception) -> None:
        self.flight.end(work)
        self._end(work, session.post(outcome) if isinstance(outcome, Added) else outcome)

    def _end(self, work: Work, outcome: Answer | Exception | None) -> None:
        """Answer a frame. This is the one place where errors end."""
        log, request = "ok", work.request
        try:
            if isinstance(outcome, Answer):
                self._reply(request.id, outcome.result)
                if outcome.message is not None:
                    if self.session and not self.session.database.is_busy:
                        self.outbox.flush()  # nothing follows that could leave with it
                    self.broadcast(outcome.message, sender=self)
                else:
                    self._tell(outcome)
            elif isinstance(outcome, Refused) and self.session:
                raise methods.refuse(self.session, outcome)
            elif isinstance(outcome, Exception):
                raise outcome
        except protocol.Unauthorized:
            log = f"closed {LOG_IN_AGAIN}"
            self.leave(LOG_IN_AGAIN)
        except protocol.Error as error:
            log = f"error {error.code}"
            self._refuse(error.request_id if isinstance(error, protocol.InvalidRequest) else request.id, error)
        except Exception as error:
            log = f"error {protocol.ServiceUnavailable.code}"
            if not isinstance(error, Unavailable):
                fields = self.named(method=work.method)
                logger.exception("connection %(connection)d user %(user)s %(method)s failed", fields)
            self._refuse(request.id, protocol.ServiceUnavailable())
        finally:
            del outcome  # an error's traceback has this frame, and would keep what the client sent
        work.log(self.named, log)

    def _tell(self, answer: Answer) -> None:
        """Everybody else hears what an answer changed, besides a message."""
        for event in answer.events:
            self.publish(event, sender=self)
        if answer.ends_others and self.session is not None:
            for handler in self.by_user.get(self.session.user.id, ()):
                if handler is not self:
                    handler.leave(LOG_IN_AGAIN)

    def _refuse(self, request_id: Raw, error: protocol.Error) -> None:
        metrics.ERRORS.labels(error.code).inc()
        is_away = isinstance(error, protocol.ServiceUnavailable)
        if self.session is None and not is_away:
            self.leave(LOG_IN_AGAIN)
            return
        self.outbox.send(protocol.encode_error(request_id, error))
        if self.session is None:
            self._limit_silence()  # it may try again

    def leave(self, code: int) -> None:
        """Close with a code. What was sent goes out before it; what still arrives is not run."""
        if self.is_leaving:
            return
        self.outbox.close()
        self.is_deaf = self.is_leaving = True
        self._forget()
        self.flight.end_pause()
        self.close(code)

    def on_close(self) -> None:
        self.is_deaf = self.is_leaving = True
        self._forget()
        self.connections.discard(self)
        fields = self.named(code=self.close_code or "-", seconds=round(time.monotonic() - self.opened_at, 1))
        logger.info("connection %(connection)d user %(user)s closed with %(code)s after %(seconds)s s", fields)

    def _forget(self) -> None:
        """Hear of no more messages."""
        self.pulse.stop()
        if self.silence is not None:
            self.silence.cancel()
        for handlers in (self.resuming, self.open_handlers, self.operators):
            handlers.discard(self)
        if self.session is not None and self in self.by_user.get(self.session.user.id, ()):
            others = tuple(one for one in self.by_user[self.session.user.id] if one is not self)
            self.by_user[self.session.user.id] = others
            if not others:
                del self.by_user[self.session.user.id]
            self.session.presence.leave(self.session)

    def _limit_silence(self) -> None:
        self.silence = asyncio.get_running_loop().call_later(self.settings["auth_timeout"], self.leave, TRY_AGAIN_LATER)

    def on_pong(self, data: bytes) -> None:
        self.pulse.note_answer()

    def _note_cut_off(self) -> None:
        logger.warning("connection %(connection)d user %(user)s is cut off: it does not read", self.named())

    def named(self, **fields: object) -> dict[str, object]:
        """What the log calls it, beside these fields of a line."""
        return {"connection": self.number, "user": self.session.user.id if self.session else "-", **fields}

    # Authentication

    async def _authenticate(self, request: protocol.Request) -> None:
        """Tell a connection what it lacks (seed 1.1, 1.2). Raises Unauthorized, db.Unavailable."""
        claim, after_id = identify(request, self.settings["tokens"])
        if self.session and self.session.user.id != claim.user_id:
            raise protocol.Unauthorized
        if self.silence is not None:
            self.silence.cancel()
        if self.session is None:
            await self.flight.pause(self.settings["call_rates"].of(claim.user_id).borrow(0))  # for what its user owes
            self.held = []
            self.resuming.add(self)
        database: Database = self.settings["database"]
        try:
            resumed = await database.read(messages.resume, claim.user_id, claim.key, after_id)
        finally:
            self.resuming.discard(self)
        if resumed is None:
            raise protocol.Unauthorized
        if self.is_leaving:
            return
        session = self._enter(resumed)
        session.expires_at = claim.expires_at
        self._reply(request.id, session.show_resumed(resumed.page, after_id))
        for push in self.held:
            self._push(push)
        self.held = []

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
        self.session = Session.begin(user, self.address, self.settings)
        self.session.calls.borrow()
        self.open_handlers.add(self)
        self.by_user[user.id] = (*self.by_user.get(user.id, ()), self)
        if user.is_admin:
            self.operators.add(self)
        self.session.presence.enter(self.session)
        return self.session

    # Frames out

    @classmethod
    def broadcast(cls, message: Message, sender: "WebSocketHandler | None" = None) -> None:
        """Push a committed message to all who may see it and do not have it (seed 3.1)."""
        cls.told.newest_id = message.message_id
        metrics.MESSAGES.counts[message.is_from_support] += 1
        push = views.Push(message)
        for handler in chain(cls.by_user.get(message.user_id, ()), cls.operators, cls.resuming):
            if handler is not sender:
                handler._push(push)
        cls.feed.note(message.user_id)

    @classmethod
    def publish(cls, event: views.Event, sender: "WebSocketHandler | None" = None) -> None:
        """Push an event to all who subscribed to it and may hear it."""
        if event.customer_id is not None:
            customers: Iterable[WebSocketHandler] = cls.by_user.get(event.customer_id, ())
        else:
            customers = cls.open_handlers - cls.operators if event.to_customer else ()
        for handler in [*customers, *cls.operators]:
            if handler is not sender and handler.session and event.name in handler.session.events:
                frame = event.to_operators if handler.session.user.is_admin else event.to_customer
                if frame is not None:
                    handler.outbox.send(frame)

    def _push(self, push: views.Push) -> None:
        session, message = self.session, push.message
        if session is None:
            self.held.append(push)
        elif message.message_id > self.newest_id:
            self.newest_id = message.message_id
            if session.user.is_admin:
                session.note_conversation(message.user_id)
                self.outbox.send(push.to_operators)
            elif session.user.id == message.user_id:
                self.outbox.send(push.to_customer)

    def _reply(self, request_id: Raw, result: Any) -> None:
        frame = protocol.encode_result(request_id, result)
        if len(frame) > ANSWER_BYTES and self.session is not None:
            self.session.calls.borrow(len(frame) / ANSWER_BYTES)
        self.outbox.send(frame)
