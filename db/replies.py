"""The desk's canned replies."""

from dataclasses import dataclass

from db.engine import Connection, TooMany

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Reply:
    shortcut: str
    text: str


def list_all(connection: Connection) -> list[Reply]:
    """The replies, by shortcut."""
    sql = "SELECT shortcut, reply FROM replies ORDER BY shortcut"
    return [Reply(*row) for row in connection.execute(sql).fetchall()]


def save(connection: Connection, shortcut: str, text: str) -> None:
    """Store a reply, in place of the one with that shortcut. Raises TooMany."""
    if connection.execute("UPDATE replies SET reply = ? WHERE shortcut = ?", (text, shortcut)).rowcount:
        return
    if connection.execute("SELECT COUNT(*) FROM replies").fetchone()[0] >= MOST:
        raise TooMany
    connection.execute("INSERT INTO replies (shortcut, reply) VALUES (?, ?)", (shortcut, text))


def delete(connection: Connection, shortcut: str) -> None:
    """Also where there is none."""
    connection.execute("DELETE FROM replies WHERE shortcut = ?", (shortcut,))
