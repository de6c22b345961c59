"""Erasing a person: its texts and its name go, what is counted stays. In steps that hold up nobody."""

from db import search_index, users
from db.engine import Connection
from db.users import User

MESSAGES_AT_ONCE = 200  # of a conversation
IDS_AT_ONCE = 5_000  # that are looked through for a name


def stand_in(user_id: int) -> str:
    """The name that an erased user has from then on."""
    return f"erased {user_id}"


def hide(connection: Connection, user: User) -> None:
    """Take name and password: nobody logs in as this user any more, and its connections end within a minute."""
    users.set_password(connection, user.id, "")
    connection.execute("UPDATE users SET user_name = ? WHERE id = ?", (stand_in(user.id), user.id))
    sql = "UPDATE conversations SET is_closed = TRUE, waiting_id = NULL, version = version + 1 WHERE user_id = ?"
    connection.execute(sql, (user.id,))
    sql = "UPDATE conversations SET operator_id = NULL, version = version + 1 WHERE operator_id = ?"
    connection.execute(sql, (user.id,))
    connection.execute("UPDATE notes SET note = '', client_key = NULL WHERE user_id = ?", (user.id,))


def erase_texts(connection: Connection, user_id: int, after_id: int) -> int | None:
    """Empty the conversation's next messages behind an id, here and in the search index.

    Returns the last one's id, None where there was none.
    """
    sql = "SELECT id, message FROM messages WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?"
    rows = connection.execute(sql, (user_id, after_id, MESSAGES_AT_ONCE)).fetchall()
    if not rows:
        return None
    search_index.replace(connection, rows, "")
    last_id: int = rows[-1][0]
    sql = "UPDATE messages SET message = '', client_key = NULL WHERE user_id = ? AND id > ? AND id <= ?"
    connection.execute(sql, (user_id, after_id, last_id))
    return last_id


def erase_name(connection: Connection, name: str, other: str, after_id: int) -> int:
    """Put another name in the place of an operator's, in the next messages behind an id. Returns how many had it."""
    sql = "UPDATE messages SET invader_name = ?, client_key = NULL WHERE id > ? AND id <= ? AND invader_name = ?"
    return connection.execute(sql, (other, after_id, after_id + IDS_AT_ONCE, name)).rowcount


def erase_name_in_notes(connection: Connection, name: str, other: str) -> int:
    sql = "UPDATE notes SET operator_name = ?, client_key = NULL WHERE operator_name = ?"
    return connection.execute(sql, (other, name)).rowcount
