"""The conversations: a row for each customer, changed in the transaction of what changes it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from db.engine import Connection, NotSeen, UnknownUser, any_of

NEWEST_ID = 2**63 - 1  # above every id
PREVIEW = 160  # characters of the last message
COUNTED = 500  # of a list's rows, at most: what counts all of them takes longer each year


@dataclass(frozen=True, slots=True)
class Preview:
    """A conversation's newest message, its text cut. `created` is in Unix seconds."""

    message_id: int
    message_text: str
    invader_name: str
    is_from_support: bool
    created: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A row of `conversations`, with what it refers to. `waiting_since` is in Unix seconds."""

    user_id: int
    user_name: str
    is_closed: bool
    operator_id: int | None
    waiting_id: int | None
    waiting_since: int | None
    last_id: int
    customer_read_id: int
    operator_read_id: int
    customer_unread: int
    operator_unread: int
    version: int
    last_message: Preview | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row behind which a list goes on. Each list uses the values that it is sorted by."""

    waiting_id: int = 0
    last_id: int = NEWEST_ID
    user_id: int = NEWEST_ID


# What every list of conversations selects. Each says which rows, and in what order; and to MariaDB by which index, for
# it would sort a list of most conversations, and read them all, whatever the LIMIT.
COLUMNS = """
    SELECT c.user_id, u.user_name, c.is_closed, c.operator_id, c.waiting_id, w.created, c.last_id,
        c.customer_read_id, c.operator_read_id, c.customer_unread, c.operator_unread, c.version,
        l.message, l.invader_name, l.is_from_support, l.created
    FROM conversations c
"""
JOINED = """
    JOIN users u ON u.id = c.user_id
    LEFT JOIN messages w ON w.id = c.waiting_id
    LEFT JOIN messages l ON l.id = c.last_id
"""
ROWS = COLUMNS + JOINED
BY_WAITING, BY_STATUS, BY_OPERATOR, BY_ACTIVITY = (
    f"{COLUMNS} /*! FORCE INDEX (conversations_by_{name}) */ {JOINED}"
    for name in ("waiting", "status", "operator", "activity")
)


def _conversation(row: Any) -> Conversation:
    preview = Preview(row[6], (row[12] or "")[:PREVIEW], row[13], bool(row[14]), row[15]) if row[6] else None
    marks = (row[7], row[8], row[9], row[10], row[11])
    return Conversation(row[0], row[1], bool(row[2]), row[3], row[4], row[5], row[6], *marks, preview)


def find(connection: Connection, user_id: int) -> Conversation | None:
    row = connection.execute(ROWS + "WHERE c.user_id = ?", (user_id,)).fetchone()
    return _conversation(row) if row else None


def get(connection: Connection, user_id: int) -> Conversation:
    """Raises UnknownUser where the customer has no conversation."""
    found = find(connection, user_id)
    if found is None:
        raise UnknownUser
    return found


def find_many(connection: Connection, user_ids: Collection[int]) -> list[Conversation]:
    """Those of these customers' conversations that exist, in the order of the ids."""
    if not user_ids:
        return []
    condition, values = any_of(user_ids)
    rows = connection.execute(ROWS + f"WHERE c.user_id IN ({condition})", values).fetchall()  # marks alone
    found = {row[0]: _conversation(row) for row in rows}
    return [found[user_id] for user_id in user_ids if user_id in found]


# Lists


def list_waiting(connection: Connection, after: Cursor, limit: int) -> list[Conversation]:
    """Those with a message that waits for an answer, the longest wait first."""
    sql = BY_WAITING + "WHERE c.waiting_id > ? ORDER BY c.waiting_id LIMIT ?"
    return [_conversation(row) for row in connection.execute(sql, (after.waiting_id, limit)).fetchall()]


def list_by_status(connection: Connection, after: Cursor, limit: int, *, is_closed: bool) -> list[Conversation]:
    """The open ones or the closed ones, the newest activity first."""
    sql = BY_STATUS + (
        "WHERE c.is_closed = ? AND c.last_id <= ? AND (c.last_id < ? OR c.user_id < ?) "
        "ORDER BY c.last_id DESC, c.user_id DESC LIMIT ?"
    )
    values = (is_closed, after.last_id, after.last_id, after.user_id, limit)
    return [_conversation(row) for row in connection.execute(sql, values).fetchall()]


def list_by_operator(connection: Connection, after: Cursor, limit: int, *, operator_id: int) -> list[Conversation]:
    """The open ones that an operator has, the newest activity first."""
    sql = BY_OPERATOR + (
        "WHERE c.operator_id = ? AND c.is_closed = FALSE AND c.last_id <= ? AND (c.last_id < ? OR c.user_id < ?) "
        "ORDER BY c.last_id DESC, c.user_id DESC LIMIT ?"
    )
    values = (operator_id, after.last_id, after.last_id, after.user_id, limit)
    return [_conversation(row) for row in connection.execute(sql, values).fetchall()]


def list_all(connection: Connection, after: Cursor, limit: int) -> list[Conversation]:
    """All, the newest activity first."""
    sql = BY_ACTIVITY + (
        "WHERE c.last_id <= ? AND (c.last_id < ? OR c.user_id < ?) ORDER BY c.last_id DESC, c.user_id DESC LIMIT ?"
    )
    values = (after.last_id, after.last_id, after.user_id, limit)
    return [_conversation(row) for row in connection.execute(sql, values).fetchall()]


def count(connection: Connection, operator_id: int) -> dict[str, int]:
    """How long each list is, COUNTED where it is longer; `mine` is that operator's.

    A list that reaches its row of that number is not counted: to step there takes half of the time.
    """
    sql = """
        SELECT
            COALESCE(
                (SELECT ? FROM conversations WHERE waiting_id > 0 ORDER BY waiting_id LIMIT 1 OFFSET ?),
                (SELECT COUNT(*) FROM conversations WHERE waiting_id > 0)
            ),
            COALESCE(
                (SELECT ? FROM conversations WHERE operator_id = ? AND is_closed = FALSE
                    ORDER BY last_id LIMIT 1 OFFSET ?),
                (SELECT COUNT(*) FROM conversations WHERE operator_id = ? AND is_closed = FALSE)
            ),
            COALESCE(
                (SELECT ? FROM conversations WHERE is_closed = FALSE ORDER BY last_id LIMIT 1 OFFSET ?),
                (SELECT COUNT(*) FROM conversations WHERE is_closed = FALSE)
            ),
            COALESCE(
                (SELECT ? FROM conversations WHERE is_closed = TRUE ORDER BY last_id LIMIT 1 OFFSET ?),
                (SELECT COUNT(*) FROM conversations WHERE is_closed = TRUE)
            )
    """
    most = (COUNTED, COUNTED - 1)
    values = (*most, COUNTED, operator_id, COUNTED - 1, operator_id, *most, *most)
    row = connection.execute(sql, values).fetchone()
    waiting, mine, are_open, are_closed = row
    return {
        "waiting": waiting,
        "mine": mine,
        "open": are_open,
        "closed": are_closed,
        "all": min(are_open + are_closed, COUNTED),
    }


def find_waits(connection: Connection) -> tuple[int, int | None]:
    """How many conversations wait for an answer, and since when the first of them does, in Unix seconds."""
    count = connection.execute("SELECT COUNT(*) FROM conversations WHERE waiting_id > 0").fetchone()[0]
    sql = """
        SELECT m.created FROM conversations c JOIN messages m ON m.id = c.waiting_id
        WHERE c.waiting_id > 0 ORDER BY c.waiting_id LIMIT 1
    """
    row = connection.execute(sql).fetchone()
    return count, row[0] if row else None


def list_held(connection: Connection) -> list[tuple[int, int]]:
    """The customer and the operator of each conversation that waits and is an operator's."""
    sql = "SELECT user_id, operator_id FROM conversations WHERE waiting_id > 0 AND operator_id IS NOT NULL"
    return [(row[0], row[1]) for row in connection.execute(sql).fetchall()]


# Changes


class Change(Struct, gc=False):
    """What new messages, in the order of their ids, change in a customer's conversation."""

    user_id: int
    waiting_id: int | None = None  # the first question behind the last answer
    operator_id: int | None = None  # the first answer's author
    last_id: int = 0
    questions: int = 0
    answers: int = 0

    def add_question(self, message_id: int) -> None:
        """The customer's message waits, behind those that wait."""
        self.waiting_id = self.waiting_id or message_id
        self.last_id = message_id
        self.questions += 1

    def add_answer(self, message_id: int, operator_id: int) -> None:
        """Nothing waits any more; a conversation that is nobody's becomes its author's."""
        self.waiting_id = None
        self.operator_id = self.operator_id or operator_id
        self.last_id = message_id
        self.answers += 1


def apply(connection: Connection, changes: Iterable[Change]) -> None:
    """Make the changes, of a customer each; what is closed opens again, and what was not begun begins."""
    sql = """
        INSERT INTO conversations (user_id, waiting_id, operator_id, last_id, customer_unread, operator_unread, version)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (user_id) DO UPDATE SET
            waiting_id = CASE
                WHEN excluded.customer_unread > 0 THEN excluded.waiting_id
                ELSE COALESCE(conversations.waiting_id, excluded.waiting_id)
            END,
            is_closed = FALSE,
            operator_id = COALESCE(conversations.operator_id, excluded.operator_id),
            last_id = excluded.last_id,
            customer_unread = conversations.customer_unread + excluded.customer_unread,
            operator_unread = conversations.operator_unread + excluded.operator_unread,
            version = conversations.version + excluded.version
    """
    rows = [
        (
            change.user_id,
            change.waiting_id,
            change.operator_id,
            change.last_id,
            change.answers,
            change.questions,
            change.questions + change.answers,
        )
        for change in changes
    ]
    connection.insert_later(sql, rows)


def ensure(connection: Connection, user_id: int) -> None:
    """Begin the customer's conversation where there is none."""
    if connection.execute("SELECT user_id FROM conversations WHERE user_id = ?", (user_id,)).fetchone() is None:
        connection.execute("INSERT INTO conversations (user_id, version) VALUES (?, 0)", (user_id,))


def touch(connection: Connection, user_id: int) -> None:
    """Begin the conversation where there is none, and count a change that is not in its row, such as a note."""
    ensure(connection, user_id)
    connection.execute("UPDATE conversations SET version = version + 1 WHERE user_id = ?", (user_id,))


def assign(connection: Connection, user_id: int, operator_id: int | None) -> Conversation:
    """Give a conversation to an operator, or back to all. Raises UnknownUser."""
    found = get(connection, user_id)
    if found.operator_id == operator_id:
        return found
    sql = "UPDATE conversations SET operator_id = ?, version = version + 1 WHERE user_id = ?"
    connection.execute(sql, (operator_id, user_id))
    return get(connection, user_id)


def close(connection: Connection, user_id: int, seen_id: int | None) -> Conversation:
    """Close a conversation: nothing in it waits. Raises UnknownUser, and NotSeen for a question above `seen_id`."""
    found = get(connection, user_id)
    if found.is_closed:
        return found
    if seen_id is not None and _has_newer_question(connection, user_id, seen_id):
        raise NotSeen
    sql = "UPDATE conversations SET is_closed = TRUE, waiting_id = NULL, version = version + 1 WHERE user_id = ?"
    connection.execute(sql, (user_id,))
    return get(connection, user_id)


def close_operators_own(connection: Connection) -> None:
    """Close what waits of those who were customers until lately: nobody can answer it."""
    sql = """
        UPDATE conversations SET is_closed = TRUE, waiting_id = NULL, version = version + 1
        WHERE waiting_id > 0 AND user_id IN (SELECT id FROM users WHERE is_admin)
    """
    connection.execute(sql)


def _has_newer_question(connection: Connection, user_id: int, seen_id: int) -> bool:
    sql = "SELECT id FROM messages WHERE user_id = ? AND id > ? AND NOT is_from_support LIMIT 1"
    return connection.execute(sql, (user_id, seen_id)).fetchone() is not None


def reopen(connection: Connection, user_id: int) -> Conversation:
    """Open a closed conversation: what was not answered waits again. Raises UnknownUser."""
    found = get(connection, user_id)
    if not found.is_closed:
        return found
    newest_answer = "SELECT id FROM messages WHERE user_id = ? AND is_from_support ORDER BY id DESC LIMIT 1"
    answer = connection.execute(newest_answer, (user_id,)).fetchone()
    first_behind = "SELECT id FROM messages WHERE user_id = ? AND id > ? ORDER BY id LIMIT 1"
    question = connection.execute(first_behind, (user_id, answer[0] if answer else 0)).fetchone()
    sql = "UPDATE conversations SET is_closed = FALSE, waiting_id = ?, version = version + 1 WHERE user_id = ?"
    connection.execute(sql, (question[0] if question else None, user_id))
    return get(connection, user_id)


def mark_read(connection: Connection, user_id: int, message_id: int, *, by_operator: bool) -> tuple[Conversation, bool]:
    """What the other side sent, up to that id, is read; a mark never falls.

    Returns the conversation and whether it changed. Raises UnknownUser.
    """
    found = get(connection, user_id)
    read_id = min(message_id, found.last_id)
    if read_id <= (found.operator_read_id if by_operator else found.customer_read_id):
        return found, False
    unread = "SELECT COUNT(*) FROM messages WHERE user_id = ? AND id > ? AND is_from_support = ?"
    count = connection.execute(unread, (user_id, read_id, not by_operator)).fetchone()[0]
    if by_operator:
        sql = """
            UPDATE conversations SET operator_read_id = ?, operator_unread = ?, version = version + 1
            WHERE user_id = ?
        """
    else:
        sql = """
            UPDATE conversations SET customer_read_id = ?, customer_unread = ?, version = version + 1
            WHERE user_id = ?
        """
    connection.execute(sql, (read_id, count, user_id))
    return get(connection, user_id), True


def release(connection: Connection, user_id: int, operator_id: int) -> Conversation | None:
    """Take a conversation that waits from an operator who is away. None where it is not so any more."""
    sql = """
        UPDATE conversations SET operator_id = NULL, version = version + 1
        WHERE user_id = ? AND operator_id = ? AND waiting_id > 0
    """
    changed = connection.execute(sql, (user_id, operator_id)).rowcount
    return find(connection, user_id) if changed else None
