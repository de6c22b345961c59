"""The database: what an address means. SQL stands in a file per noun, the engines' ways in a file each."""

import os
from urllib.parse import parse_qsl, unquote, urlsplit

from db.database import Database
from db.engine import Connection, Engine, KeyReused, Refused, Unavailable, UnknownUser
from db.mysql import MySQL
from db.sqlite import SQLite

__all__ = ["Connection", "Database", "Engine", "KeyReused", "Refused", "Unavailable", "UnknownUser", "find_engine"]


def find_engine(url: str) -> Engine:
    """The engine behind `sqlite:PATH` or `mysql://USER@HOST[:PORT]/NAME[?unix_socket=PATH][&ssl_ca=PATH]`.

    The password comes from the environment. Raises ValueError, with a line that says what to do.
    """
    scheme, _, path = url.partition(":")
    if scheme == "sqlite" and path and path != ":memory:":
        return SQLite(path)
    if scheme == "mysql":
        return _mysql(url)
    raise ValueError(f"unknown database {scheme}:…: say sqlite:PATH or mysql://USER@HOST/NAME")


def _mysql(url: str) -> MySQL:
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if parts.password is not None:
        raise ValueError("a password in --database= can be read by everyone on the machine: set CHAT_DATABASE_PASSWORD")
    if not name or not parts.username:
        raise ValueError("the database's address names no user or no database: say mysql://USER@HOST/NAME")
    options = dict(parse_qsl(parts.query))
    unix_socket, ssl_ca = options.pop("unix_socket", None), options.pop("ssl_ca", None)
    if options:
        raise ValueError(f"unknown in the database's address: {', '.join(options)}; known are unix_socket and ssl_ca")
    try:
        port = parts.port or 3306
    except ValueError as error:
        raise ValueError(f"the port in --database= is none: {error}") from error
    address: dict[str, object] = {"host": parts.hostname or "127.0.0.1", "port": port}
    if unix_socket:
        address = {"unix_socket": unix_socket}
    if ssl_ca:
        if not os.access(ssl_ca, os.R_OK):
            raise ValueError(f"cannot read ssl_ca={ssl_ca}: name the authority's certificate")
        address |= {"ssl_ca": ssl_ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
    return MySQL(name, unquote(parts.username), os.environ.get("CHAT_DATABASE_PASSWORD", ""), **address)
