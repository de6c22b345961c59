"""Who is at the other end of a request."""

import ipaddress

from tornado.httputil import HTTPServerRequest


def find_address(request: HTTPServerRequest, trusted_proxies: list[str]) -> str:
    """The client's address: the peer's, or the X-Real-IP that a trusted proxy gives."""
    peer = request.remote_ip or ""
    if peer in trusted_proxies:
        try:
            return str(ipaddress.ip_address(request.headers.get("X-Real-IP", "")))
        except ValueError:
            pass
    return peer
