"""The chat service: the application, and its life from start to stop. Its settings are in settings.py."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ParamSpec

import tornado.httpserver
import tornado.web
from tornado.options import OptionParser, options

import listening
import logs
import settings
import systemd
from db import Database, Unavailable, backup, demo, find_engine, messages, users
from db.demo import Account
from handlers import ROUTES, upkeep
from handlers.auth import MAX_BODY, AuthHandler
from handlers.client import find_address
from handlers.connections import Connections, Server
from handlers.feed import Feed
from handlers.guarded import NotFoundHandler
from handlers.limits import Rates, Throttle
from handlers.metrics import make_metrics_app
from handlers.outbox import Outbox
from handlers.pages import FileHandler, Pages
from handlers.passwords import PasswordChecks
from handlers.presence import Presence
from handlers.pulse import Pulses
from handlers.tokens import Tokens, find_secret
from handlers.websocket import WebSocketHandler

logger = logging.getLogger("chat")

P = ParamSpec("P")

REVOCATION_SECONDS = 30  # how often open connections' keys are compared with the database
ABSENCE_SECONDS = 5  # how often it is looked who is absent
PURGE_SECONDS = 3_600  # how often old messages are deleted, where they are
INDEX_SECONDS = 1  # how often new messages are indexed
CALL_BURST = 100  # calls of a user at once, before the rate counts: a page that opens makes a dozen
# New objects until cycles are looked for among them, and how many such looks until one among the older ones. Messages
# are many objects and no cycle; a connection that was closed is one, and is found as early as by Python's own figures.
GARBAGE = 10_000, 2, 2
HTTP_SECONDS = 60  # for a request to arrive, and for a connection between two
ANSWER_SECONDS, CLOSE_SECONDS, COMMIT_SECONDS = 5, 2, 2  # at the stop: to answer, to say goodbye, to commit


async def open_database(url: str) -> Database:
    """The database at `url`, ready for the handlers. Raises ValueError, db.Unavailable."""
    database = Database(find_engine(url), upkeep.recover, upkeep.recovered, Outbox.flush_all)
    WebSocketHandler.told.newest_id = await database.read(messages.find_newest_id)
    return database


def make_app(
    database: Database, tokens: Tokens, options: OptionParser, accounts: Sequence[Account] = ()
) -> tornado.web.Application:
    """`accounts` are the demo's, which its pages show."""
    throttle = Throttle(options.login_failures, options.login_failures_per_address, options.login_window)
    presence = Presence(WebSocketHandler.publish)
    WebSocketHandler.feed = Feed(database, presence, WebSocketHandler.publish)
    return tornado.web.Application(
        ROUTES,
        default_handler_class=NotFoundHandler,
        default_handler_args={"status_code": 404},
        database=database,
        tokens=tokens,
        password_checks=PasswordChecks(throttle),
        presence=presence,
        connections=Connections(options.connections, options.connections_per_address, options.trusted_proxies),
        pages=Pages(options.text_limit, accounts),
        trusted_origins=options.allowed_origins,
        trusted_proxies=options.trusted_proxies,
        auth_timeout=options.auth_timeout,
        text_limit=options.text_limit,
        message_rate=options.message_rate,
        message_burst=options.message_burst,
        call_rates=Rates(options.call_rate, CALL_BURST),
        websocket_max_message_size=options.frame_limit,
        pulses=Pulses(options.ping_interval),
        log_function=log_request,
    )


def log_request(handler: tornado.web.RequestHandler) -> None:
    """One line a request, without what a client made up, which may be a token. A page fetches many files."""
    level = logging.DEBUG if isinstance(handler, FileHandler) else logging.INFO
    request = handler.request
    address = find_address(request, handler.settings["trusted_proxies"])
    status = handler.get_status()
    fields = {
        "method": request.method if request.method in handler.SUPPORTED_METHODS else "-",
        "path": request.path if status not in (404, 405) or isinstance(handler, AuthHandler) else "-",
        "address": address,
        "status": status,
        "milliseconds": round(request.request_time() * 1000, 1),
    }
    logger.log(level, "%(method)s %(path)s from %(address)s %(status)d %(milliseconds)s ms", fields)


async def serve() -> bool:
    """Serve until SIGTERM or SIGINT. Returns whether the stop was clean; raises ValueError, db.Unavailable."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        on_signal(number, stop.set)
    sockets, watched = find_sockets()
    with contextlib.ExitStack() as stack:
        for listener in (*sockets, *watched):
            stack.enter_context(contextlib.closing(listener))
        return await serve_on(sockets, watched, stop)


def on_signal(number: int, callback: Callable[[], None]) -> None:
    """Let the loop call it at a signal. asyncio's own way loses it while threads have filled its pipe."""
    loop = asyncio.get_running_loop()

    def hear(*_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(callback)

    signal.signal(number, hear)


def find_sockets() -> tuple[list[socket.socket], list[socket.socket]]:
    """Where clients come in, and where `/metrics` is: systemd's sockets, which outlive a restart, else our own."""
    given = systemd.take_sockets()
    watched = given.pop("metrics", [])
    if not watched and options.metrics_port:
        watched = listening.bind("127.0.0.1", options.metrics_port, "--metrics-port")
    sockets = [one for some in given.values() for one in some]
    return sockets or listening.bind(options.address, options.port), watched


async def serve_on(sockets: list[socket.socket], watched: list[socket.socket], stop: asyncio.Event) -> bool:
    certificate = read_certificate()
    scheme = "https" if certificate else "http"
    tokens = Tokens(find_secret(options.secret_file), options.token_days)
    engine, folder = find_engine(options.database), Path(options.backup_folder)
    await asyncio.to_thread(backup.save_before_upgrade, engine, folder, tokens.secret)
    database = await open_database(options.database)
    accounts = []
    if options.demo:
        accounts = await demo.prepare(database, tokens.secret)
        print_demo(accounts, f"{scheme}://127.0.0.1:{sockets[0].getsockname()[1]}")
    elif not await database.read(users.has_any):
        logger.warning(
            "there are no users yet: add one with ./run.sh user add NAME [--operator] --database=%s", options.database
        )
    application = make_app(database, tokens, options, accounts)
    server = make_server(application, certificate)
    if certificate:
        on_signal(signal.SIGHUP, partial(renew_certificate, server))
    server.add_sockets(sockets)
    for listener in sockets:
        host, port = listener.getsockname()[:2]
        logger.info("serving on %s://%s:%d", scheme, f"[{host}]" if ":" in host else host, port)
    if watched:
        tornado.httpserver.HTTPServer(make_metrics_app(database)).add_sockets(watched)
        logger.info("metrics on http://127.0.0.1:%d/metrics", watched[0].getsockname()[1])
    watches = start_watches(database, application.settings["presence"])
    systemd.notify("READY=1")
    await stop.wait()
    systemd.notify("STOPPING=1")
    logger.info("stopping")
    for watch in watches:
        watch.cancel()
    server.stop()
    await upkeep.close_all_answered(ANSWER_SECONDS, CLOSE_SECONDS)
    is_clean = await database.close(COMMIT_SECONDS)
    logger.info("stopped")
    return is_clean


def start_watches(database: Database, presence: Presence) -> list[asyncio.Future[None]]:
    """What is looked after for as long as the service runs: a task each."""
    looks = [
        repeat(REVOCATION_SECONDS, upkeep.close_revoked, database),
        repeat(ABSENCE_SECONDS, upkeep.release_held, database, presence, options.assignment_grace),
        repeat(INDEX_SECONDS, upkeep.index_messages, database),
    ]
    if options.retention_days:
        looks.append(repeat(PURGE_SECONDS, upkeep.purge_old, database, presence, options.retention_days))
    if beat_seconds := systemd.find_beat_seconds():
        looks.append(repeat(beat_seconds, systemd.beat))
    return [asyncio.ensure_future(look) for look in looks]


def read_certificate() -> ssl.SSLContext | None:
    """What TLS is spoken with; None for plain HTTP. Raises ValueError."""
    return listening.load_certificate(options.certfile, options.keyfile) if options.certfile else None


def renew_certificate(server: tornado.httpserver.HTTPServer) -> None:
    """Connections that come from now on get the certificate that the files hold now, unless it is a bad one."""
    try:
        server.ssl_options = read_certificate()
    except ValueError as error:
        logger.error("%s; the one in use stays", error)
    else:
        logger.info("read the certificate again: new connections get it")


def print_demo(accounts: list[Account], url: str) -> None:
    """Where the demo is, and who can log in."""
    lines = [
        f"Customer's page:  {url}/",
        f"Operator's:       {url}/operator",
        f"Log in:           POST {url}/v1/auth/",
        f"Chat:             {url.replace('http', 'ws', 1)}/v1/ws/",
        "Accounts:"
        if accounts
        else "The demo's accounts are gone or have other passwords; an empty database gets them.",
    ]
    lines += [f"  {'operator' if one.is_admin else 'customer'}  {one.name:<10}{one.password}" for one in accounts]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def make_server(application: tornado.web.Application, certificate: ssl.SSLContext | None = None) -> Server:
    return Server(
        application,
        ssl_options=certificate,
        max_body_size=MAX_BODY,
        body_timeout=HTTP_SECONDS,
        idle_connection_timeout=HTTP_SECONDS,
    )


def open_files() -> None:
    """Make room for the connections, each an open file, or take fewer: a failed accept would be tried on and on."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY and options.connections > most - settings.OTHER_FILES:
        logger.warning(
            "--connections=%d needs a hard limit of %d open files and it is %d: raise what ulimit -Hn says, or "
            "LimitNOFILE of the systemd unit; until then %d connections are the most",
            *(options.connections, options.connections + settings.OTHER_FILES, most, most - settings.OTHER_FILES),
        )
        options.connections = most - settings.OTHER_FILES


async def repeat(seconds: float, look: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
    """Look after something, now and then."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await look(*args, **kwargs)
        except Unavailable:
            pass  # what a database that is away hides is seen the next time
        except Exception:
            logger.exception("%s failed; it is tried again", look.__name__)


def main() -> None:
    gc.set_threshold(*GARBAGE)
    try:
        settings.read(sys.argv[1:])
        logging.getLogger("tornado.general").setLevel(logging.WARNING)  # it would quote what clients send
        open_files()
        is_clean = asyncio.run(serve())
    except (ValueError, Unavailable) as error:
        sys.exit(logs.last_words(options.log_format, error))
    except Exception:
        logger.exception("the service ends by a defect")
        sys.exit(1)
    if not is_clean:
        logging.shutdown()
        os._exit(0)  # a thread that waits for a silent database would hold up the end


if __name__ == "__main__":
    main()
