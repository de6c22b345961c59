"""The conversations: a row for each customer who has written or been written to, in step with its messages."""

from db.engine import Connection


def mark_waiting(connection: Connection, user_id: int, message_id: int) -> None:
    """The customer's message waits for an answer, behind those that wait already."""
    sql = "UPDATE conversations SET waiting_id = COALESCE(waiting_id, ?) WHERE user_id = ?"
    if not connection.execute(sql, (message_id, user_id)).rowcount:
        connection.execute("INSERT INTO conversations (user_id, waiting_id) VALUES (?, ?)", (user_id, message_id))


def mark_answered(connection: Connection, user_id: int) -> None:
    if not connection.execute("UPDATE conversations SET waiting_id = NULL WHERE user_id = ?", (user_id,)).rowcount:
        connection.execute("INSERT INTO conversations (user_id) VALUES (?)", (user_id,))
