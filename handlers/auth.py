"""AuthHandler: POST /v1/auth/ gives a token for a name and a password (seed 5); and what a token is taken for."""

import logging
import math
from typing import Annotated

import msgspec
import tornado.web
from msgspec import Meta
from tornado.http1connection import HTTP1Connection

import metrics
from db import Database, Unavailable, users
from db.credentials import normalize_name
from handlers import protocol
from handlers.client import find_address
from handlers.guarded import Guarded
from handlers.passwords import PasswordChecks, Throttled
from handlers.tokens import Claim, Tokens

logger = logging.getLogger("chat.auth")

MAX_BODY = 65_536
DRAINED_BODY = 100 * 2**20  # read and thrown away, so that a client that is still sending gets to read its answer
RETRY_SECONDS = 2  # the longest pause between attempts to reach the database


class Credentials(msgspec.Struct):
    user_name: str
    password: str


class Token(msgspec.Struct):
    token: str


class Reply(msgspec.Struct):
    error: None
    result: Token
    id: int


class Identity(protocol.Params):
    """`message.auth [token, after_id?]` (seed 1.1)."""

    token: str
    after_id: Annotated[int, Meta(ge=0)] | None = None


def identify(request: protocol.Request, tokens: Tokens) -> tuple[Claim, int | None]:
    """What the token of a `message.auth` says, and its `after_id`. Raises Unauthorized."""
    try:
        params = protocol.decode_params(Identity, request.params)
    except protocol.IncorrectArgument:
        raise protocol.Unauthorized from None
    claim = tokens.read(params.token)
    if claim is None:
        raise protocol.Unauthorized
    return claim, params.after_id


@tornado.web.stream_request_body
class AuthHandler(Guarded, tornado.web.RequestHandler):
    def initialize(self) -> None:
        self.body = bytearray()
        self.is_too_large = False

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.clear_header("Content-Type")
        self.set_header("Cache-Control", "no-store")
        if self._is_allowed_origin():
            self.set_header("Access-Control-Allow-Origin", self.request.headers["Origin"])
            self.set_header("Access-Control-Expose-Headers", "Retry-After")
            self.set_header("Vary", "Origin")

    def _is_allowed_origin(self) -> bool:
        return self.request.headers.get("Origin") in self.settings["trusted_origins"]

    # The body, as it arrives

    def prepare(self) -> None:
        if self.request.method == "OPTIONS" and self._is_allowed_origin():
            self._preflight()
        elif self.request.method != "POST":
            self._answer(404)
        else:
            self._expect_body()

    def _expect_body(self) -> None:
        header = self.request.headers.get("Content-Length", "")
        length = int(header) if header.isdecimal() and len(header) < 20 else 0
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)
        connection.set_max_body_size(max(length, DRAINED_BODY))  # past it Tornado would answer for us
        if length > DRAINED_BODY or (length > MAX_BODY and "Expect" in self.request.headers):
            self._answer(404)  # and hang up: it is too much to let pass by, or waits for leave to send
        elif length > MAX_BODY:
            self._refuse_body()

    def data_received(self, chunk: bytes) -> None:
        if len(self.body) + len(chunk) > MAX_BODY:
            self._refuse_body()
        if not self.is_too_large:
            self.body += chunk

    def _refuse_body(self) -> None:
        """Answer at once; `post` runs when the rest of the body has passed by."""
        if not self.is_too_large:
            self.is_too_large = True
            self.body.clear()
            self.set_status(404)
            self.set_header("Content-Length", "0")
            self.flush()

    # The answers

    async def post(self) -> None:
        if self.is_too_large:
            self.finish()
            return
        try:
            credentials = msgspec.json.decode(self.body, type=Credentials)
        except (msgspec.DecodeError, RecursionError):
            self._answer(404)
            return
        try:
            reply = await self._log_in(credentials)
        except Throttled as throttled:
            metrics.LOG_INS.labels("throttled").inc()
            self._answer(403, retry_after=throttled.retry_after)
        except Unavailable:
            metrics.LOG_INS.labels("unavailable").inc()
            self._answer(404, retry_after=RETRY_SECONDS)
        else:
            metrics.LOG_INS.labels("ok" if reply else "refused").inc()
            if reply is None:
                self._answer(403)
            else:
                self.set_header("Content-Type", "application/json")
                self.finish(msgspec.json.encode(reply))

    async def _log_in(self, credentials: Credentials) -> Reply | None:
        """The reply with the user's token; None for a wrong name or password. Raises Throttled, Unavailable."""
        checks: PasswordChecks = self.settings["password_checks"]
        database: Database = self.settings["database"]
        tokens: Tokens = self.settings["tokens"]
        address = find_address(self.request, self.settings["trusted_proxies"])
        try:
            user_name = normalize_name(credentials.user_name)
        except ValueError:
            user_name = ""  # nobody's
        checks.ensure_allowed(address, user_name)
        user = await database.read(users.find_by_name, user_name)
        password_hash = user.user_password if user else None
        is_right = await checks.check(address, user_name, credentials.password, password_hash)
        fields = {"address": address, "user": user.id if user else "-", "outcome": "ok" if is_right else "refused"}
        logger.info("log-in from %(address)s as user %(user)s %(outcome)s", fields)
        if user is None or not is_right:
            return None
        key = user.key or await database.write(users.ensure_key, user.id)
        return Reply(None, Token(tokens.issue(user.id, key)), user.id) if key else None

    def _preflight(self) -> None:
        """The answer to a browser that asks whether a page of another origin may log in (Fetch standard 3.3)."""
        self.set_header("Access-Control-Allow-Methods", "POST")
        self.set_header("Access-Control-Allow-Headers", "Content-Type")
        self.set_header("Access-Control-Max-Age", "86400")
        self._answer(204)

    def write_error(self, status_code: int, **_: object) -> None:
        """Everything else (seed 5.1.1.3)."""
        self._answer(404)

    def _answer(self, status: int, *, retry_after: float = 0) -> None:
        self.set_status(status)
        if retry_after:
            self.set_header("Retry-After", str(math.ceil(retry_after)))
        self.finish()
