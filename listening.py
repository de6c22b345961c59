"""Where clients come in: the sockets, from systemd or bound here, and the certificate."""

import errno
import logging
import socket
import ssl

import tornado.netutil

logger = logging.getLogger("chat")


def bind(address: str, port: int, flag: str = "--port") -> list[socket.socket]:
    """Sockets on which clients queue from now on. Raises ValueError with a line for people."""
    try:
        return tornado.netutil.bind_sockets(port, address)
    except OSError as error:
        advice = {
            errno.EADDRINUSE: f"another program listens there: stop it, or choose another port with {flag}=",
            errno.EACCES: f"this user may not: choose a port above 1023 with {flag}=",
        }.get(error.errno or 0, f"{error.strerror}: choose an address of this machine with --address=")
        raise ValueError(f"cannot listen on {address} port {port}: {advice}") from error


def load_certificate(certfile: str, keyfile: str) -> ssl.SSLContext:
    """What TLS connections are made with. Raises ValueError with a line for people."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile, keyfile, password=_refuse_password)
    except ssl.SSLError as error:
        reason = (error.reason or "no PEM").lower().replace("_", " ")
        raise ValueError(f"the certificate in {certfile} and the key in {keyfile} do not serve: {reason}") from error
    except OSError as error:
        raise ValueError(f"cannot read the certificate {certfile} or its key {keyfile}: {error.strerror}") from error
    return context


def _refuse_password() -> str:
    """OpenSSL would ask for it on the terminal."""
    raise ValueError("the key of the certificate is encrypted: store it without a password, readable by its user alone")
