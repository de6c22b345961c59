"""A backup: one SQLite file with all that a database holds, whichever its engine, and the way back from it.

The search index stays out: it follows from the messages.
"""

import contextlib
import hashlib
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from db import schema, search_index
from db.clock import utc_text
from db.engine import Connection, Engine, Unavailable
from db.sqlite import SQLite, SQLiteConnection

logger = logging.getLogger("chat.db")

# The tables and their keys, in an order in which rows refer to those before them.
TABLES = {"users": "id", "messages": "id", "conversations": "user_id", "notes": "id", "replies": "shortcut"}
CHUNK = 500  # rows in memory at once
LIFT = 1_000_000  # ids and versions that a restore leaves out: clients may hold some that the backup does not know
INDEXED_AT_ONCE = 100  # batches of the search index in one transaction

MARK = "CREATE TABLE backup (created DATETIME NOT NULL, digest VARCHAR(16) NOT NULL, secret VARCHAR(255))"

Shape = dict[str, list[str]]  # the columns of each table
Progress = Callable[[int], None]  # is told of so many more rows


class Backup(NamedTuple):
    """What is in a backup. `created` is in Unix seconds; `rows` are counted by table; `secret` is the tokens'."""

    created: int
    secret: str | None
    version: int
    rows: dict[str, int]


def count(engine: Engine) -> int:
    """About how many rows a backup has to read, for `progress`, which `save` tells of each twice."""
    with contextlib.closing(engine.connect(answer_seconds=None)) as connection:
        return _count(engine, connection)


def _count(engine: Engine, connection: Connection) -> int:
    sql = "SELECT COUNT(*) FROM "
    return sum(connection.execute(sql + table).fetchone()[0] for table in _shape(engine, connection))


def count_in(path: Path) -> int:
    """The same of a backup. Raises as `check` does."""
    with _opened(path) as connection:
        return _count(SQLite(str(path)), connection)


def save(engine: Engine, path: Path, secret: str | None, progress: Progress) -> Backup:
    """Write the database, as it is at one moment, into a new file, and read that again. The service may be running.

    The file gets its name when it is whole. Raises ValueError where another backup is writing it, or it is not what was
    written, OSError, and what the databases raise.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.touch(0o600, exist_ok=False)
    except FileExistsError as error:
        raise ValueError(f"another backup writes {part}: wait for it; if none does, remove it") from error
    try:
        _write(engine, part, secret, progress)
        saved = check(part, progress)
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return saved


def _write(engine: Engine, part: Path, secret: str | None, progress: Progress) -> None:
    file = SQLite(str(part))
    with (
        contextlib.closing(engine.connect(answer_seconds=None)) as source,
        contextlib.closing(file.connect()) as target,
    ):
        source.execute("/*! SET TRANSACTION ISOLATION LEVEL REPEATABLE READ */")
        source.execute("BEGIN")  # its first read makes the snapshot
        version = schema.find_version(engine, source)
        if version == schema.NEWEST:
            schema.prepare(file, target)
        else:
            _imitate(_shape(engine, source), version, target)
        target.execute("PRAGMA journal_mode = OFF")  # what fails is thrown away
        target.execute("PRAGMA synchronous = OFF")
        target.execute("PRAGMA foreign_keys = OFF")  # a row that somebody orphaned by hand is backed up too
        target.execute("BEGIN")
        digest = _copy(source, target, _shape(file, target), progress)
        target.execute(MARK)
        values = (utc_text(int(time.time())), digest, secret)
        target.execute("INSERT INTO backup (created, digest, secret) VALUES (?, ?, ?)", values)
        target.execute("COMMIT")


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _imitate(shape: Shape, version: int, target: Connection) -> None:
    """Tables that take the rows of an older schema, and its migrations."""
    for table, columns in shape.items():
        types = {TABLES[table]: "INTEGER PRIMARY KEY AUTOINCREMENT", "created": "DATETIME"}
        listed = ", ".join(f"{name} {types.get(name, '')}" for name in columns)
        target.execute(f"CREATE TABLE {table} ({listed})")
    target.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
    target.execute("INSERT INTO schema_version (version) VALUES (?)", (version,))


def _shape(engine: Engine, connection: Connection) -> Shape:
    """The tables that are there, in TABLES' order, with their columns, by name."""
    tables = [table for table in TABLES if engine.has_table(connection, table)]
    nothing = "SELECT * FROM "  # its columns are what is asked for
    return {
        table: sorted(column[0] for column in connection.execute(f"{nothing}{table} LIMIT 0").description)
        for table in tables
    }


def _read(connection: Connection, shape: Shape) -> Iterator[tuple[str, Sequence[Any]]]:
    """All rows, table by table, in chunks by key."""
    for table, columns in shape.items():
        key = TABLES[table]
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"  # noqa: S608  # names
        last: Any = "" if key == "shortcut" else 0
        while rows := connection.execute(sql, (last, CHUNK)).fetchall():
            yield table, rows
            last = rows[-1][columns.index(key)]


def _copy(source: Connection, target: Connection, shape: Shape, progress: Progress) -> str:
    """Copy all rows. Returns their digest."""
    digest = Digest()
    for table, rows in _read(source, shape):
        digest.add(table, rows)
        columns = shape[table]
        if "created" in columns:
            place = columns.index("created")
            rows = [(*row[:place], utc_text(row[place]), *row[place + 1 :]) for row in rows]
        marks = ", ".join("?" * len(columns))
        target.insert(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608  # names
        progress(len(rows))
    return str(digest)


class Digest:
    """Of rows, in whatever order they come; what an engine gives for the same row is the same."""

    def __init__(self) -> None:
        self._sum = 0
        self.rows: dict[str, int] = {}

    def add(self, table: str, rows: Sequence[Any]) -> None:
        for row in rows:
            hashed = hashlib.blake2b(repr((table, *row)).encode(), digest_size=8).digest()
            self._sum += int.from_bytes(hashed)
        self.rows[table] = self.rows.get(table, 0) + len(rows)

    def __str__(self) -> str:
        return f"{self._sum % 2**64:016x}"


def check(path: Path, progress: Progress) -> Backup:
    """Read a backup whole. Raises ValueError, with a line for people, where it is none, damaged, or a newer one."""
    with _opened(path) as connection:
        return _check(path, connection, progress)


def _check(path: Path, connection: Connection, progress: Progress) -> Backup:
    file = SQLite(str(path))
    if not file.has_table(connection, "backup"):
        raise ValueError(f"{path} is no backup: name a file that ./run.sh backup has written")
    version = schema.find_version(file, connection)
    if version > schema.NEWEST:
        raise ValueError(
            f"{path} is of version {version} and this service knows {schema.NEWEST}: restore it with the newer one"
        )
    fault = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if fault != "ok":
        raise ValueError(f"{path} is damaged: {fault}; take another backup")
    digest = Digest()
    for table, rows in _read(connection, _shape(file, connection)):
        digest.add(table, rows)
        progress(len(rows))
    created, written, secret = connection.execute("SELECT created, digest, secret FROM backup").fetchone()
    if str(digest) != written:
        raise ValueError(f"{path} is damaged: its rows are not those that were written; take another backup")
    return Backup(created, secret, version, digest.rows)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    """Read only: a backup is never changed. Raises ValueError where it can't be read."""
    if not path.is_file():
        raise ValueError(f"there is no backup {path}")
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            detect_types=sqlite3.PARSE_DECLTYPES,
            factory=SQLiteConnection,
        )
        with contextlib.closing(connection):
            yield cast(Connection, connection)
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} is no backup, or a damaged one: {error}") from error


def restore(engine: Engine, path: Path, version: int, progress: Progress) -> None:
    """Copy a backup of that version, which was checked, into an empty database: whole, or not at all.

    Raises Unavailable where the database is not empty, or in use, and what it raises.
    """
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(contextlib.closing(engine.connect(answer_seconds=None)))
        engine.lock(target)
        stack.callback(engine.unlock)
        _ensure_empty(engine, target)
        schema.prepare(engine, target)
        if version < schema.NEWEST:
            path = _upgrade(path, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        source = stack.enter_context(_opened(path))
        target.execute(engine.begin)
        _copy(source, target, _shape(engine, target), progress)
        _lift(target)
        target.execute("COMMIT")


def _ensure_empty(engine: Engine, connection: Connection) -> None:
    for table in _shape(engine, connection):
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608  # a name
            raise Unavailable(f"the database has {table} already: restore into an empty one, with --database=")


def _upgrade(path: Path, folder: Path) -> Path:
    """A copy of the backup that has the newest schema."""
    upgraded = folder / "upgraded.db"
    shutil.copyfile(path, upgraded)
    file = SQLite(str(upgraded))
    with contextlib.closing(file.connect()) as connection:
        schema.prepare(file, connection)
    return upgraded


def _lift(connection: Connection) -> None:
    """Let the next ids, and the versions of conversations, be above any that a client may have seen."""
    newest = "SELECT COALESCE(MAX(id), 0) FROM "
    user_id, message_id, note_id = (
        connection.execute(newest + table).fetchone()[0] + LIFT for table in ("users", "messages", "notes")
    )
    # A row that comes and goes moves the counter, in both engines.
    user = "INSERT INTO users (id, user_name, user_password) VALUES (?, '', '')"
    connection.execute(user, (user_id,))
    message = "INSERT INTO messages (id, user_id, invader_name, is_from_support) VALUES (?, ?, '', FALSE)"
    connection.execute(message, (message_id, user_id))
    note = "INSERT INTO notes (id, user_id, operator_name, note, message_id) VALUES (?, ?, '', '', 0)"
    connection.execute(note, (note_id, user_id))
    connection.execute("DELETE FROM notes WHERE id = ?", (note_id,))
    connection.execute("DELETE FROM messages WHERE id = ?", (message_id,))
    connection.execute("DELETE FROM users WHERE id = ?", (user_id,))
    connection.execute("UPDATE conversations SET version = version + ?", (LIFT,))


def index(engine: Engine, progress: Progress) -> None:
    """Build the search index of a restored database. What is interrupted, the service goes on with."""
    with contextlib.closing(engine.connect(answer_seconds=None)) as connection:
        is_behind = True
        while is_behind:
            connection.execute(engine.begin)
            for _ in range(INDEXED_AT_ONCE):
                is_behind = search_index.index_batch(connection)
                progress(search_index.BATCH)
                if not is_behind:
                    break
            connection.execute("COMMIT")


def save_before_upgrade(engine: Engine, folder: Path, secret: str) -> None:
    """Back up a database whose schema is older, unless that was done and nothing was written since.

    Raises Unavailable where it can't be written.
    """
    with contextlib.closing(engine.connect(answer_seconds=None)) as connection:
        version = schema.find_version(engine, connection)
        if not 0 < version < schema.NEWEST:
            return
        newest_id = connection.execute("SELECT COALESCE(MAX(id), 0) FROM messages").fetchone()[0]
    path = folder / f"version-{version}-message-{newest_id}.db"
    logger.warning("the database is of version %d: it is backed up to %s, then upgraded", version, path)
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        path.with_name(path.name + ".part").unlink(missing_ok=True)  # of a start that was killed
        if not path.exists():
            save(engine, path, secret, lambda _: None)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise Unavailable(
            f"cannot back up the database to {path} before its upgrade: {error}; "
            "make room, or name another folder with --backup-folder="
        ) from error
