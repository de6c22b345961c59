"""The schema's version, and how an older database is brought up to date."""

from pathlib import Path

from db.engine import Connection, Engine, Unavailable

SCRIPT = Path(__file__).resolve().parent.parent / "schema.sql"

# From each version to the next, append-only. MariaDB commits every step by itself, so each can be run again.
# Version 1 is the seed's two tables, as a database made by hand from it has them.
MIGRATIONS = {
    2: (
        "/*! ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */",
        "/*! ALTER TABLE messages CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */",
        "CREATE UNIQUE INDEX users_by_name ON users (user_name)",
        "CREATE UNIQUE INDEX messages_by_user ON messages (user_id, id)",
        "ALTER TABLE messages ADD COLUMN client_key VARCHAR(64)",
        "CREATE UNIQUE INDEX messages_by_key ON messages (user_id, client_key, invader_name)",
        "UPDATE users SET token = NULL",  # the seed's were the tokens themselves, ours are keys to sign with
        """
        CREATE TABLE IF NOT EXISTS conversations (
            user_id INTEGER /*! UNSIGNED */ PRIMARY KEY,
            waiting_id INTEGER /*! UNSIGNED */,
            CONSTRAINT conversation_of_user FOREIGN KEY (user_id) REFERENCES users (id),
            CONSTRAINT conversations_by_waiting UNIQUE (waiting_id)
        ) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */
        """,
        """
        INSERT INTO conversations (user_id, waiting_id)
        SELECT m.user_id, MIN(CASE WHEN m.id > COALESCE(answered.id, 0) THEN m.id END)
        FROM messages m
        LEFT JOIN (SELECT user_id, MAX(id) AS id FROM messages WHERE is_from_support GROUP BY user_id) answered
            ON answered.user_id = m.user_id
        WHERE m.user_id IS NOT NULL AND m.user_id NOT IN (SELECT user_id FROM conversations)
        GROUP BY m.user_id
        """,
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) /*! ENGINE = InnoDB */",
    ),
    3: (
        "ALTER TABLE conversations ADD COLUMN is_closed BOOL NOT NULL DEFAULT FALSE",
        "ALTER TABLE conversations ADD COLUMN operator_id INTEGER /*! UNSIGNED */",
        "ALTER TABLE conversations ADD COLUMN last_id INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN customer_read_id INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN operator_read_id INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN customer_unread INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN operator_unread INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN version INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 1",
        # Nobody has marked anything yet: what stands before the first question that waits was seen by operators.
        """
        UPDATE conversations SET
            last_id = (SELECT MAX(m.id) FROM messages m WHERE m.user_id = conversations.user_id),
            customer_read_id = (SELECT MAX(m.id) FROM messages m WHERE m.user_id = conversations.user_id),
            operator_read_id = COALESCE(
                waiting_id - 1, (SELECT MAX(m.id) FROM messages m WHERE m.user_id = conversations.user_id)),
            operator_unread = (
                SELECT COUNT(*) FROM messages m
                WHERE m.user_id = conversations.user_id AND m.id >= conversations.waiting_id AND NOT m.is_from_support)
        """,
        "CREATE UNIQUE INDEX conversations_by_status ON conversations (is_closed, last_id, user_id)",
        "CREATE UNIQUE INDEX conversations_by_operator ON conversations (operator_id, is_closed, last_id, user_id)",
        "CREATE UNIQUE INDEX conversations_by_activity ON conversations (last_id, user_id)",
        """
        CREATE TABLE IF NOT EXISTS notes (
            id INTEGER /*! UNSIGNED */ PRIMARY KEY AUTO_INCREMENT,
            user_id INTEGER /*! UNSIGNED */ NOT NULL,
            operator_name VARCHAR(255) NOT NULL,
            note TEXT NOT NULL,
            created DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
            message_id INTEGER /*! UNSIGNED */ NOT NULL,
            client_key VARCHAR(64),
            CONSTRAINT notes_of_user FOREIGN KEY (user_id) REFERENCES users (id),
            CONSTRAINT notes_by_user UNIQUE (user_id, id),
            CONSTRAINT notes_by_key UNIQUE (user_id, client_key, operator_name)
        ) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */
        """,
        """
        CREATE TABLE IF NOT EXISTS replies (
            shortcut VARCHAR(64) NOT NULL,
            reply TEXT NOT NULL,
            CONSTRAINT replies_by_shortcut UNIQUE (shortcut)
        ) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */
        """,
        """
        CREATE TABLE IF NOT EXISTS search_progress (
            indexed_id INTEGER /*! UNSIGNED */ NOT NULL
        ) /*! ENGINE = InnoDB */
        """,
    ),
}
NEWEST = max(MIGRATIONS)


def find_version(engine: Engine, connection: Connection) -> int:
    """The schema's version: 0 for an empty database, 1 for the seed's tables."""
    if engine.has_table(connection, "schema_version"):
        row = connection.execute("SELECT version FROM schema_version").fetchone()
        if row is not None:
            return int(row[0])
    return 1 if engine.has_table(connection, "messages") else 0


def prepare(engine: Engine, connection: Connection) -> None:
    """Create the schema, or bring it up to date. The caller holds the lock.

    Raises Unavailable where a newer version of the service has made it, or a step fails.
    """
    version = find_version(engine, connection)
    if version == NEWEST:
        return
    if version > NEWEST:
        raise Unavailable(
            f"the database is of version {version} and this service knows {NEWEST}: start the newer service"
        )
    if version == 0:
        lines = [line for line in SCRIPT.read_text().splitlines() if not line.startswith("--")]
        steps = [statement for statement in "\n".join(lines).split(";") if statement.strip()]
    else:
        steps = [step for number in range(version + 1, NEWEST + 1) for step in MIGRATIONS[number]]
    patient = engine.connect(answer_seconds=None)  # a step over millions of rows takes its time
    try:
        patient.execute(engine.begin)
        for step in (*steps, patient.search.create):
            _take(engine, patient, step)
        patient.execute("DELETE FROM schema_version")
        patient.execute("INSERT INTO schema_version (version) VALUES (?)", (NEWEST,))
        patient.execute("COMMIT")
        _ensure_ours(patient)
    finally:
        patient.close()


def _ensure_ours(connection: Connection) -> None:
    """Raises Unavailable where tables of these names were there before and are another program's."""
    try:
        connection.execute("SELECT id, user_name, user_password, token, is_admin FROM users LIMIT 1").fetchone()
        connection.execute("SELECT id, user_id, invader_name, message FROM messages LIMIT 1").fetchone()
    except Exception as error:
        raise Unavailable(f"the database is another program's: {error}; choose another with --database=") from error


def _take(engine: Engine, connection: Connection, step: str) -> None:
    try:
        connection.execute(engine.spell(step))
    except Exception as error:
        if not engine.is_done(error):
            start = " ".join(step.split())[:80]
            raise Unavailable(f"cannot bring the database to version {NEWEST}: {error} in «{start}»") from error


def ensure_writable(engine: Engine, connection: Connection) -> None:
    """Raises Unavailable where this user may only read."""
    try:
        connection.execute(engine.begin)
        touch(connection)
        connection.execute("COMMIT")
    except Exception as error:
        raise Unavailable(
            f"cannot write to the database: {error}; make room on its disk, "
            "or give this user the right to (of SQLite's files also -wal and -shm)"
        ) from error


def touch(connection: Connection) -> None:
    """Prove that the database takes a write: for `/healthz`."""
    connection.ensure_room()
    for _ in range(2):  # a value that stays the same is not written by either engine
        connection.execute("UPDATE schema_version SET version = -version")
