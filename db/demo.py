"""The demo: accounts whose passwords it can always tell, and canned replies, to try the service with."""

import asyncio
import base64
import hmac
from typing import NamedTuple

from db import replies, users
from db.credentials import check_password, hash_password
from db.database import Database
from db.engine import Connection

PEOPLE = (("operator", True), ("olga", True), ("anna", False), ("boris", False))
REPLIES = (
    ("hello", "Hello! How can I help you?"),
    ("hours", "We are here from Monday to Friday, 9:00 to 18:00. Leave a message, and we will answer."),
    ("thanks", "Thank you for writing to us. Have a nice day!"),
)


class Account(NamedTuple):
    name: str
    is_admin: bool
    password: str


def derive_password(secret: str, name: str) -> str:
    """A demo account's password: nobody can guess it without the secret, and nothing needs to keep it."""
    digest = hmac.digest(secret.encode(), f"demo password of {name}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest)[:12].decode()


async def prepare(database: Database, secret: str) -> list[Account]:
    """Make the demo's accounts and replies in a database without users.

    Returns those of its accounts that have their demo password: none where the users are somebody else's.
    """
    accounts = [Account(name, is_admin, derive_password(secret, name)) for name, is_admin in PEOPLE]
    if await database.read(users.has_any):
        found = await asyncio.gather(*(_check(database, account) for account in accounts))
        return [account for account in found if account]
    hashes = await asyncio.gather(*(asyncio.to_thread(hash_password, account.password) for account in accounts))
    await database.write(_add, dict(zip(accounts, hashes, strict=True)))
    return accounts


async def _check(database: Database, account: Account) -> Account | None:
    """The account in its present role; None where it is gone or its password was changed."""
    user = await database.read(users.find_by_name, account.name)
    if user is None or not await asyncio.to_thread(check_password, account.password, user.user_password):
        return None
    return account._replace(is_admin=user.is_admin)


def _add(connection: Connection, hashes: dict[Account, str]) -> None:
    for account, password_hash in hashes.items():
        users.add(connection, account.name, password_hash, is_admin=account.is_admin)
    for shortcut, text in REPLIES:
        replies.save(connection, shortcut, text)
