"""Who is at the other end of a request."""

import ipaddress
import logging
from types import TracebackType

from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError

logger = logging.getLogger("chat")


class LogsNoRequest:
    """For a handler: an unexpected error is logged without the request, whose query may hold a token."""

    def log_exception(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not isinstance(error, HTTPError):
            logger.error("a request failed", exc_info=(kind, error, traceback) if kind and error else None)


def find_address(request: HTTPServerRequest, trusted_proxies: list[str]) -> str:
    """The client's address: the peer's, or the X-Real-IP that a trusted proxy gives."""
    peer = request.remote_ip or ""
    if peer in trusted_proxies:
        try:
            return str(ipaddress.ip_address(request.headers.get("X-Real-IP", "")))
        except ValueError:
            pass
    return peer
