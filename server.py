"""The chat service: its settings, the application, and its life from start to stop."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import tomllib

import tornado.httpserver
import tornado.netutil
import tornado.options
import tornado.web
from tornado.options import OptionParser, define, options

from db import Database, Unavailable, find_engine, messages, users
from handlers import ROUTES, upkeep
from handlers.auth import MAX_BODY
from handlers.client import find_address
from handlers.limits import Throttle
from handlers.passwords import PasswordChecks
from handlers.protocol import MAX_TEXT
from handlers.tokens import Tokens, find_secret
from handlers.websocket import WebSocketHandler

logger = logging.getLogger("chat")

define("address", "127.0.0.1", help="the address to listen on; 0.0.0.0 for all", group="chat")
define("port", 8888, help="the port to listen on", group="chat")
define("database", "sqlite:var/chat.db", help="sqlite:PATH or mysql://USER@HOST:PORT/NAME", group="chat")
define("config", type=str, help="a TOML file of these settings; flags count more", group="chat")
define("secret_file", "var/secret", help="the token secret, unless CHAT_SECRET holds it", group="chat")
define("token_days", 30, help="days until a token expires", group="chat")
define("allowed_origins", type=str, multiple=True, help="origins of other sites' pages that may use it", group="chat")
define("trusted_proxies", type=str, multiple=True, help="addresses of proxies whose X-Real-IP counts", group="chat")
define("auth_timeout", 10.0, help="seconds in which a connection must authenticate", group="chat")
define("frame_limit", 262_144, help="bytes in one frame", group="chat")
define("text_limit", MAX_TEXT, help=f"characters in one message, at most {MAX_TEXT}", group="chat")
define("message_rate", 20.0, help="messages a second for one connection; 0 for no limit", group="chat")
define("message_burst", 100, help="messages at once, before the rate counts", group="chat")
define("login_failures", 10, help="failed log-ins for one address and name in the window", group="chat")
define("login_failures_per_address", 100, help="failed log-ins for one address in the window", group="chat")
define("login_window", 600.0, help="seconds for which a failed log-in counts", group="chat")
define("ping_interval", 20.0, help="seconds between pings, which find dead connections", group="chat")

REVOCATION_SECONDS = 30  # how often open connections' keys are compared with the database
HTTP_SECONDS = 60  # for a request to arrive, and for a connection between two
ANSWER_SECONDS, CLOSE_SECONDS, COMMIT_SECONDS = 5, 2, 2  # at the stop: to answer, to say goodbye, to commit


def read_settings(arguments: list[str]) -> None:
    """Set `options` from the command line and the file that it names. Raises ValueError with a line for people."""
    _read_flags(arguments)
    if options.config:
        _read_file(options.config)
        _read_flags(arguments)
    for name in ("token_days", "auth_timeout", "frame_limit", "text_limit", "message_burst", "login_failures"):
        if options[name] <= 0:
            raise ValueError(f"--{name.replace('_', '-')} must be above 0")
    if not 0 <= options.port <= 65_535:
        raise ValueError("--port must be from 0 to 65535")
    if options.text_limit > MAX_TEXT:
        raise ValueError(f"--text-limit must be at most {MAX_TEXT}: the database holds no more")


def _read_flags(arguments: list[str]) -> None:
    for argument in arguments:
        name, _, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or name not in options:
            raise ValueError(f"unknown setting {argument}: ./run.sh serve --help lists them")
        try:
            options.parse_command_line(["server.py", argument], final=False)
        except (tornado.options.Error, ValueError):
            raise ValueError(f"--{name} does not take {value!r}: ./run.sh serve --help shows what it is") from None


def _read_file(path: str) -> None:
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read the settings in {path}: {error}") from error
    for name, value in settings.items():
        if name not in options or name in ("config", "help"):
            raise ValueError(f"unknown setting {name!r} in {path}: ./run.sh serve --help lists them")
        try:
            options[name] = value
        except tornado.options.Error as error:
            raise ValueError(f"{path}: {error}") from error


async def open_database(url: str) -> Database:
    """The database at `url`, ready for the handlers. Raises ValueError, db.Unavailable."""
    database = Database(find_engine(url), upkeep.recover, upkeep.recovered)
    WebSocketHandler.told_id = await database.read(messages.find_newest_id)
    return database


def make_app(database: Database, tokens: Tokens, settings: OptionParser) -> tornado.web.Application:
    throttle = Throttle(settings.login_failures, settings.login_failures_per_address, settings.login_window)
    return tornado.web.Application(
        ROUTES,
        database=database,
        tokens=tokens,
        password_checks=PasswordChecks(throttle),
        trusted_origins=settings.allowed_origins,
        trusted_proxies=settings.trusted_proxies,
        auth_timeout=settings.auth_timeout,
        text_limit=settings.text_limit,
        message_rate=settings.message_rate,
        message_burst=settings.message_burst,
        websocket_max_message_size=settings.frame_limit,
        websocket_ping_interval=settings.ping_interval,
        log_function=log_request,
    )


def log_request(handler: tornado.web.RequestHandler) -> None:
    """One line a request. Its query stays out: somebody may put a token there."""
    request = handler.request
    address = find_address(request, handler.settings["trusted_proxies"])
    milliseconds = request.request_time() * 1000
    logger.info("%s %s from %s %d %.1f ms", request.method, request.path, address, handler.get_status(), milliseconds)


def bind(address: str, port: int) -> list[socket.socket]:
    """Sockets on which clients queue from now on. Raises ValueError with a line for people."""
    try:
        return tornado.netutil.bind_sockets(port, address)
    except OSError as error:
        advice = {
            errno.EADDRINUSE: "another program listens there: stop it, or choose another port with --port=",
            errno.EACCES: "this user may not: choose a port above 1023 with --port=",
        }.get(error.errno or 0, f"{error.strerror}: choose an address of this machine with --address=")
        raise ValueError(f"cannot listen on {address} port {port}: {advice}") from error


async def serve() -> bool:
    """Serve until SIGTERM or SIGINT. Returns whether the stop was clean; raises ValueError, db.Unavailable."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sockets = bind(options.address, options.port)
    tokens = Tokens(find_secret(options.secret_file), options.token_days)
    database = await open_database(options.database)
    if not await database.read(users.has_any):
        logger.warning(
            "there are no users yet: add one with ./run.sh user add NAME [--operator] --database=%s", options.database
        )
    server = make_server(make_app(database, tokens, options))
    server.add_sockets(sockets)
    for listener in sockets:
        host, port = listener.getsockname()[:2]
        logger.info("serving on http://%s:%d", f"[{host}]" if ":" in host else host, port)
    revocation = asyncio.ensure_future(watch_revocation(database))
    await stop.wait()
    logger.info("stopping")
    revocation.cancel()
    server.stop()
    await upkeep.close_all_answered(ANSWER_SECONDS, CLOSE_SECONDS)
    is_clean = await database.close(COMMIT_SECONDS)
    logger.info("stopped")
    return is_clean


def make_server(application: tornado.web.Application) -> tornado.httpserver.HTTPServer:
    return tornado.httpserver.HTTPServer(
        application, max_body_size=MAX_BODY, body_timeout=HTTP_SECONDS, idle_connection_timeout=HTTP_SECONDS
    )


async def watch_revocation(database: Database) -> None:
    """Close, now and then, the connections of users who must log in again."""
    while True:
        await asyncio.sleep(REVOCATION_SECONDS)
        with contextlib.suppress(Unavailable):  # a database that is away logs nobody out
            await upkeep.close_revoked(database)


def main() -> None:
    try:
        read_settings(sys.argv[1:])
        options.run_parse_callbacks()
        is_clean = asyncio.run(serve())
    except (ValueError, Unavailable) as error:
        sys.exit(f"chat: {error}")
    if not is_clean:
        logging.shutdown()
        os._exit(0)  # a thread that waits for a silent database would hold up the end


if __name__ == "__main__":
    main()
