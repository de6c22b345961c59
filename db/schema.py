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
    patient = engine.connect(is_patient=True)  # a step over millions of rows takes its time
    try:
        patient.execute(engine.begin)
        for step in steps:
            _take(engine, patient, step)
        patient.execute("DELETE FROM schema_version")
        patient.execute("INSERT INTO schema_version (version) VALUES (?)", (NEWEST,))
        patient.execute("COMMIT")
    finally:
        patient.close()


def _take(engine: Engine, connection: Connection, step: str) -> None:
    try:
        connection.execute(engine.spell(step))
    except Exception as error:
        if not engine.is_done(error):
            start = " ".join(step.split())[:80]
            raise Unavailable(f"cannot bring the database to version {NEWEST}: {error} in «{start}»") from error


def touch(connection: Connection) -> None:
    """Prove that the database takes a write: for `/healthz`."""
    connection.execute("UPDATE schema_version SET version = version")
