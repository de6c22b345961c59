"""What every answer and every log has in common."""

import logging
from asyncio import CancelledError
from types import TracebackType
from typing import ClassVar

import tornado.web
from tornado.web import HTTPError

logger = logging.getLogger("chat")

ONE_YEAR = "max-age=31536000"


class Guarded:
    """For a handler: its answers are good for nothing but what they were asked for, and its log holds no request."""

    guards: ClassVar[dict[str, str]] = {  # headers of every answer, errors too: no page of another site may use it
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }

    def set_default_headers(self) -> None:
        assert isinstance(self, tornado.web.RequestHandler)
        self.clear_header("Server")  # its version is nobody's business
        for name, value in self.guards.items():
            self.set_header(name, value)
        if self.request.protocol == "https":  # the service's own; behind a proxy it is the proxy's to say
            self.set_header("Strict-Transport-Security", ONE_YEAR)

    def forget_headers(self) -> None:
        """Drop the handshake's headers, a browser's kilobytes: Tornado keeps them while a WebSocket is open."""
        assert isinstance(self, tornado.web.RequestHandler)
        self.request.headers.clear()
        for name in self.guards:
            self.clear_header(name)

    def log_exception(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Log an unexpected error without the request, whose query may hold a token.

        What still waits when the service stops is cancelled, and no error.
        """
        if not isinstance(error, HTTPError | CancelledError):
            logger.error("a request failed", exc_info=(kind, error, traceback) if kind and error else None)


class NotFoundHandler(Guarded, tornado.web.ErrorHandler):
    """What has no route."""
