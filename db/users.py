"""The users: who may log in, and the key that their tokens are signed over."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from db import search_index
from db.engine import Connection, UnknownUser, any_of


@dataclass(frozen=True, slots=True)
class User:
    """A row of `users`. `key` is the column `token`: None until the first log-in."""

    id: int
    user_name: str
    user_password: str
    key: str | None
    is_admin: bool


def _user(row: Any) -> User:
    return User(row[0], row[1], row[2], row[3], bool(row[4]))


def find(connection: Connection, user_id: int) -> User | None:
    sql = "SELECT id, user_name, user_password, token, is_admin FROM users WHERE id = ?"
    row = connection.execute(sql, (user_id,)).fetchone()
    return _user(row) if row else None


def get_customer(connection: Connection, user_id: int) -> User:
    """Raises UnknownUser where there is no such user, or it is an operator."""
    user = find(connection, user_id)
    if user is None or user.is_admin:
        raise UnknownUser
    return user


def find_by_name(connection: Connection, user_name: str) -> User | None:
    sql = "SELECT id, user_name, user_password, token, is_admin FROM users WHERE user_name = ?"
    row = connection.execute(sql, (user_name,)).fetchone()
    return _user(row) if row else None


def list_all(connection: Connection) -> list[User]:
    sql = "SELECT id, user_name, user_password, token, is_admin FROM users ORDER BY id"
    return [_user(row) for row in connection.execute(sql).fetchall()]


def list_operators(connection: Connection) -> list[User]:
    """The operators, at most 500, by name."""
    sql = "SELECT id, user_name, user_password, token, is_admin FROM users WHERE is_admin ORDER BY user_name LIMIT 500"
    return [_user(row) for row in connection.execute(sql).fetchall()]


def list_keys(connection: Connection, user_ids: Collection[int]) -> dict[int, str | None]:
    """The key of each of these users that still exists."""
    if not user_ids:
        return {}
    condition, values = any_of(user_ids)
    sql = f"SELECT id, token FROM users WHERE id IN ({condition})"  # noqa: S608  # marks alone
    return {row[0]: row[1] for row in connection.execute(sql, values).fetchall()}


def find_names(connection: Connection, user_ids: Collection[int]) -> dict[int, str]:
    """The names of those of these users who are customers."""
    if not user_ids:
        return {}
    condition, values = any_of(user_ids)
    sql = f"SELECT id, user_name FROM users WHERE id IN ({condition}) AND NOT is_admin"  # noqa: S608  # marks alone
    return {row[0]: row[1] for row in connection.execute(sql, values).fetchall()}


def has_any(connection: Connection) -> bool:
    return connection.execute("SELECT id FROM users LIMIT 1").fetchone() is not None


def add(connection: Connection, user_name: str, password_hash: str, *, is_admin: bool) -> int:
    """Store a user whose name is normalized and free. Returns its id."""
    sql = "INSERT INTO users (user_name, user_password, is_admin) VALUES (?, ?, ?)"
    user_id = connection.execute(sql, (user_name, password_hash, is_admin)).lastrowid
    assert user_id is not None
    return user_id


def ensure_key(connection: Connection, user_id: int) -> str | None:
    """The user's key, made now where there is none: two first log-ins at once get the same. None: no such user."""
    sql = "UPDATE users SET token = ? WHERE id = ? AND token IS NULL"
    connection.execute(sql, (secrets.token_urlsafe(24), user_id))
    user = find(connection, user_id)
    return user.key if user else None


def replace_key(connection: Connection, user_id: int) -> None:
    """Every token of the user dies."""
    connection.execute("UPDATE users SET token = ? WHERE id = ?", (secrets.token_urlsafe(24), user_id))


def set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Every token of the user dies with the old password."""
    sql = "UPDATE users SET user_password = ?, token = ? WHERE id = ?"
    connection.execute(sql, (password_hash, secrets.token_urlsafe(24), user_id))


def replace_password(connection: Connection, user: User, password_hash: str) -> str | None:
    """As `set_password`, unless the password is no longer the one in `user`. Returns the new key, else None."""
    sql = "UPDATE users SET user_password = ?, token = ? WHERE id = ? AND user_password = ?"
    key = secrets.token_urlsafe(24)
    changed = connection.execute(sql, (password_hash, key, user.id, user.user_password)).rowcount
    return key if changed else None


def set_role(connection: Connection, user_id: int, *, is_admin: bool) -> None:
    """Every token of the user dies, so that no open connection keeps the rights of the old role.

    A new operator's own conversation is closed, a former operator's conversations are nobody's.
    """
    sql = "UPDATE users SET is_admin = ?, token = ? WHERE id = ?"
    connection.execute(sql, (is_admin, secrets.token_urlsafe(24), user_id))
    own = "UPDATE conversations SET is_closed = TRUE, waiting_id = NULL, version = version + 1 WHERE user_id = ?"
    connection.execute(own, (user_id,))
    held = "UPDATE conversations SET operator_id = NULL, version = version + 1 WHERE operator_id = ?"
    connection.execute(held, (user_id,))


def remove(connection: Connection, user_id: int) -> None:
    """Remove the user and its conversation. What it answered as an operator stays, under its name."""
    replace_key(connection, user_id)  # locks the row, so that no message arrives in between
    sql = "UPDATE conversations SET operator_id = NULL, version = version + 1 WHERE operator_id = ?"
    connection.execute(sql, (user_id,))
    texts = "SELECT id, message FROM messages WHERE user_id = ?"
    search_index.forget(connection, connection.execute(texts, (user_id,)).fetchall())
    connection.execute("DELETE FROM notes WHERE user_id = ?", (user_id,))
    connection.execute("DELETE FROM conversations WHERE user_id = ?", (user_id,))
    connection.execute("DELETE FROM messages WHERE user_id = ?", (user_id,))
    connection.execute("DELETE FROM users WHERE id = ?", (user_id,))
