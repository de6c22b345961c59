"""Accounts to try the service with."""

import secrets
from typing import NamedTuple

from db import users
from db.credentials import hash_password
from db.engine import Connection

PEOPLE = (("operator", True), ("anna", False), ("boris", False))


class Account(NamedTuple):
    name: str
    is_admin: bool
    password: str
    password_hash: str


def make() -> list[Account]:
    """Accounts with random passwords, not stored yet. Takes a second."""
    passwords = [(name, is_admin, secrets.token_urlsafe(9)) for name, is_admin in PEOPLE]
    return [Account(name, is_admin, password, hash_password(password)) for name, is_admin, password in passwords]


def add(connection: Connection, accounts: list[Account]) -> None:
    for account in accounts:
        users.add(connection, account.name, account.password_hash, is_admin=account.is_admin)
