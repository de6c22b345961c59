"""The embedded engine: SQLite in WAL mode, a commit is on the disk when it returns."""

import contextlib
import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from db.clock import unix_seconds
from db.engine import ANSWER_SECONDS, Conflict, Connection, SearchSQL, Unavailable, marks, split_insert

ROOM = 2**20  # bytes on the disk, below which it is full
LOG_PAGES = 8_000  # in the log, past which the writer puts them into the database, and all wait for it
FILL_PAGES, FILL_SECONDS = 500, 1  # of the log at once, and for how long at most
ROWS = 1_000  # in one statement, whose values SQLite bounds
BUSY_SECONDS = 5  # how long a statement waits for another process's write, such as `user add`

# What the file or the disk refused, unlike SQLITE_ERROR or SQLITE_CONSTRAINT, which a statement earns.
AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}


sqlite3.register_converter("DATETIME", lambda text: unix_seconds(text.decode()))


SEARCH = SearchSQL(
    # Without the texts, which are in `messages`.
    create="CREATE VIRTUAL TABLE IF NOT EXISTS search_index USING fts5 (tokens, content = '', columnsize = 0)",
    add="INSERT INTO search_index (rowid, tokens) VALUES (?, ?)",
    remove="INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', ?, ?)",
    find="SELECT rowid FROM search_index WHERE tokens MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
    match=lambda tokens, _: f'"{" ".join(tokens)}"',
    at_once=100,
)


class SQLiteConnection(sqlite3.Connection):
    search = SEARCH
    folder: str

    def insert(self, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
        """Many rows in a statement: to run one gives the interpreter's lock away, and waits until it is free again."""
        ids: list[int] = []
        for start in range(0, len(rows), ROWS):
            ids += self._insert_some(sql, rows[start : start + ROWS])
        return ids

    insert_later = insert

    def commit(self) -> None:
        """Unlike sqlite3's own it fails where the transaction is no more."""
        self.execute("COMMIT")

    def _insert_some(self, sql: str, rows: Sequence[Sequence[Any]]) -> range:
        """Rows of zeros fill them up, and are left out: few different statements are prepared but once."""
        statement, parameters = sql, rows[0]
        if len(rows) > 1:
            statement, count = _spell_insert(sql, len(rows))
            zeros = [0] * len(rows[0]) * (count - len(rows))
            parameters = [*chain.from_iterable(rows), *zeros, len(rows)]
        try:
            newest_id = self.execute(statement, parameters).lastrowid or 0
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY):
                raise Conflict from error
            raise
        return range(newest_id - len(rows) + 1, newest_id + 1)

    def ensure_room(self) -> None:
        """What proves that the database takes a write may fit into the log's old pages, and the next message not."""
        disk = os.statvfs(self.folder)
        if disk.f_blocks and disk.f_bavail * disk.f_frsize < ROOM:
            raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}, less than {ROOM} bytes", self.folder)


@lru_cache
def _spell_insert(sql: str, least: int) -> tuple[str, int]:
    """An INSERT of at least so many rows, and how many: its last parameter says how many of them count."""
    head, values, tail = split_insert(sql)
    all_values, count = marks(values, ",", least)
    return f"{head} SELECT * FROM (VALUES {all_values}) LIMIT ? {tail}", count  # noqa: S608  # marks alone


class SQLite:
    begin = "BEGIN IMMEDIATE"  # a deferred one could meet another process's write halfway and fail

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock_file: int | None = None

    def exists(self) -> bool:
        return os.path.exists(self.path)

    def connect(self, *, answer_seconds: float | None = ANSWER_SECONDS) -> SQLiteConnection:
        try:
            # Only its owner reads it. One that exists is not opened here: to close it would end the locks that
            # this process's other connections have on it, and the next process would delete the log beside it.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            connection = sqlite3.connect(
                self.path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                detect_types=sqlite3.PARSE_DECLTYPES,
                factory=SQLiteConnection,
            )
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(
                f"cannot open the database {self.path}: {_reason(error)}; "
                "check that its folder is there, that it is a file, and that this user may write to both"
            ) from error
        connection.folder = os.path.dirname(self.path) or "."
        try:
            connection.execute("PRAGMA page_size = 2048")  # bytes, of a new database: a message changes nine pages
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")  # what undoes a statement of many rows
            connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        except sqlite3.Error as error:
            connection.close()
            raise Unavailable(
                f"cannot use the database {self.path}: {error}; check that it is a SQLite file "
                "and that this user may write to it and to its folder"
            ) from error
        return connection

    def lock(self, connection: Connection) -> None:
        connection.execute("PRAGMA cache_size = -4000")  # KiB: what the writer changes again and again
        if self._lock_file is not None:
            return
        path = self.path + ".lock"
        try:
            self._lock_file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.unlock()
            if not isinstance(error, BlockingIOError):
                raise Unavailable(f"cannot write the lock file {path}: {_reason(error)}") from error
            raise Unavailable(
                f"another service uses the database {self.path}: stop it first, "
                "or choose another database with --database="
            ) from None

    def unlock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def preallocate(self) -> None:
        """Fill the log with what is rolled back. All writes wait meanwhile, hence not for long.

        Where the disk has no room to spare, or anything fails, the log grows with the messages.
        """
        with contextlib.suppress(Exception), contextlib.closing(self.connect()) as connection:
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            disk = os.statvfs(connection.folder)
            if disk.f_bavail * disk.f_frsize < 2 * LOG_PAGES * page:
                return
            connection.execute("PRAGMA busy_timeout = 0")  # another process's write is not waited for
            connection.execute("PRAGMA cache_size = 10")  # pages: all others go to the log
            connection.execute(self.begin)
            connection.execute("CREATE TABLE log_room (filling)")
            filled, deadline = 0, time.monotonic() + FILL_SECONDS
            while filled < LOG_PAGES and time.monotonic() < deadline:
                connection.execute("INSERT INTO log_room (filling) VALUES (zeroblob(?))", (FILL_PAGES * page,))
                filled += FILL_PAGES
            connection.execute("ROLLBACK")

    def is_away(self, error: Exception) -> bool:
        code = getattr(error, "sqlite_errorcode", None)
        return isinstance(error, OSError) or (
            isinstance(code, int) and code & 0xFF in AWAY
        )  # the low byte is the primary

    def is_done(self, error: Exception) -> bool:
        return False  # a migration is one transaction here: it happened whole or not at all

    def has_table(self, connection: Connection, name: str) -> bool:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?"
        return connection.execute(sql, (name,)).fetchone() is not None

    def spell(self, statement: str) -> str:
        return statement.replace("AUTO_INCREMENT", "AUTOINCREMENT")


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
