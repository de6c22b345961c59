"""The server engine: MariaDB or MySQL through PyMySQL."""

import contextlib
import re
import select
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import NoneType
from typing import Any, cast

import pymysql
import pymysql.connections
import pymysql.converters
from pymysql.constants import CLIENT, CR, ER, FIELD_TYPE, SERVER_STATUS

from db.clock import unix_seconds
from db.engine import ANSWER_SECONDS, Conflict, Connection, Cursor, FailedLater, SearchSQL, Unavailable, split_insert

CONNECT_SECONDS = 5
IDLE_SECONDS = 60  # after which the way to the server is tried; what forgets an idle way does so after minutes
LOCK_SECONDS = 3  # for a service that is just ending
COMMIT = "COMMIT AND CHAIN"
CHECK_ID = "IF LAST_INSERT_ID() <> {} THEN SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1062; END IF"  # ER.DUP_ENTRY

# What the server, or the way to it, failed, and what a statement earns.
LOST = (pymysql.OperationalError, pymysql.InterfaceError, pymysql.InternalError, OSError)
EARNED = (pymysql.IntegrityError, pymysql.DataError, pymysql.ProgrammingError, pymysql.NotSupportedError)
NOT_COMMITTED = (ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, ER.CHECKREAD, ER.RECORD_FILE_FULL, ER.DISK_FULL)

# Times are UTC, whatever the server's zone; a text that does not fit is an error, never cut.
SESSION = (
    "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
    "innodb_lock_wait_timeout = 3, auto_increment_increment = 1"
)

# A lock's name holds 64 characters, no more than a database's own: hence the hash.
TAKE_LOCK = "SELECT GET_LOCK(CONCAT('chat:', SHA1(DATABASE())), ?)"
FIND_HOLDER = "SELECT IS_USED_LOCK(CONCAT('chat:', SHA1(DATABASE())))"


CONVERSIONS: dict[Any, Any] = {**pymysql.converters.conversions, FIELD_TYPE.DATETIME: unix_seconds}


RAREST = 8
PACKET_CHARACTERS = 100_000  # of the rows in one statement

SEARCH = SearchSQL(
    create="""
        CREATE TABLE IF NOT EXISTS search_index (
            message_id INTEGER UNSIGNED PRIMARY KEY,
            tokens MEDIUMTEXT NOT NULL,
            FULLTEXT search_index_tokens (tokens)
        ) ENGINE = InnoDB DEFAULT CHARSET = ascii COLLATE = ascii_bin
    """,
    add="INSERT INTO search_index (message_id, tokens) VALUES (?, ?)",
    remove="DELETE FROM search_index WHERE message_id = ? AND tokens = ?",
    find="""
        SELECT message_id FROM search_index
        WHERE MATCH (tokens) AGAINST (? IN BOOLEAN MODE) AND message_id + 0 < ? ORDER BY message_id + 0 DESC LIMIT ?
    """,  # + 0 keeps MariaDB from going through the ids and matching each
    # Some pairs in any order, since a phrase of frequent ones takes MariaDB minutes; the first one decides the cost.
    match=lambda _, rarest: " ".join(f"+{token}" for token in rarest[:RAREST]),
    at_once=100_000,
)


class MySQLConnection(pymysql.connections.Connection):
    """PyMySQL's connection with the `execute` and the `total_changes` that sqlite3's has.

    What is inserted later goes to MariaDB with COMMIT, as one statement: for each round trip two threads have to wake.
    MySQL knows no such statement.
    """

    search = SEARCH
    total_changes = 0
    server_status: int  # of the last answer; types-pymysql knows neither
    server_version: str
    _sock: socket.socket  # private: tests/test_kept_back.py holds it

    def __init__(self, **options: Any) -> None:
        """PyMySQL's."""
        super().__init__(**options)
        if self._sock.family != socket.AF_UNIX:  # PyMySQL has set SO_KEEPALIVE, which begins after two hours
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE_SECONDS)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, IDLE_SECONDS // 6)
        self._may_keep = False
        self._kept: list[str] = []
        self._next_ids: dict[str, int] = {}  # by the INSERT; 0 where it gives none

    @property
    def in_transaction(self) -> bool:
        return bool(self.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        self._send_kept()
        cursor = self.cursor()
        cursor.execute(sql.replace("?", "%s"), parameters)
        if cursor.description is None:  # it gives no rows
            self.total_changes += cursor.rowcount
        return cast(Cursor, cursor)

    def escape(self, obj: Any, mapping: Mapping[Any, Any] | None = None) -> Any:
        """A value as SQL spells it: PyMySQL's, which looks at each character, only where there may be one to escape."""
        kind = type(obj)
        if kind is str and _is_plain(obj):
            return f"'{obj}'"
        return str(obj) if kind is int else super().escape(obj, mapping)

    def _escape_all(self, column: Sequence[Any]) -> Iterable[str]:
        """The same of many values, which are looked at together."""
        kinds = set(map(type, column))
        if kinds == {int}:
            return map(str, column)
        if kinds == {str} and _is_plain("".join(column)):
            return [f"'{text}'" for text in column]
        if kinds == {NoneType}:
            return ["NULL"] * len(column)
        return map(self.escape, column)

    def insert(self, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
        """Many rows in one statement, or in a few where a packet would not hold them."""
        if not rows:
            return ()
        self._send_kept()
        head, spelled, tail = self._spell(sql, rows)
        if sum(map(len, spelled)) <= PACKET_CHARACTERS:
            return self._insert_some(head, spelled, tail)
        self.query("SAVEPOINT parts")
        try:
            return [row_id for some in _split(spelled) for row_id in self._insert_some(head, some, tail)]
        except Conflict:
            self.query("ROLLBACK TO SAVEPOINT parts")
            raise

    def insert_later(self, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
        """The ids are those behind the last ones: were they not, it would fail, and be run statement by statement."""
        next_id = self._next_ids.get(sql)
        if next_id is None or not self._may_keep or not rows:
            return self._insert_now(sql, rows)
        ids = range(next_id, next_id + len(rows))
        head, spelled, tail = self._spell(sql, rows)
        for some in _split(spelled):
            self._keep(f"{head} VALUES {','.join(some)} {tail}")
            if next_id:
                self._keep(CHECK_ID.format(next_id))
                next_id += len(some)
        self._next_ids[sql] = next_id
        self.total_changes += len(rows)
        return ids

    def _insert_now(self, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
        ids = self.insert(sql, rows)
        if ids:
            self._next_ids[sql] = ids[-1] + 1 if ids[0] else 0
        return ids

    def commit(self) -> None:
        """It begins the next transaction: each group, and each read, is spared a round trip."""
        if self._kept and not self._was_cut():
            self._run_kept(COMMIT)
        else:
            self._send_kept()
            self.query(COMMIT)
        self._may_keep = "MariaDB" in self.server_version

    def rollback(self) -> None:
        self._kept.clear()
        super().rollback()

    def _keep(self, statement: str) -> None:
        if sum(map(len, self._kept)) + len(statement) > PACKET_CHARACTERS:
            self._send_kept()
        self._kept.append(statement)

    def _send_kept(self) -> None:
        if self._kept:
            self._run_kept()

    def _run_kept(self, *more: str) -> None:
        """Run it as one statement, which ends where a part of it fails.

        Raises FailedLater, but where COMMIT is a part, and may have been reached, what has happened.
        """
        statements = "; ".join([*self._kept, *more])
        self._kept.clear()
        try:
            self.query(f"BEGIN NOT ATOMIC {statements}; END")
        except Exception as error:
            self._may_keep = False
            if more and not _is_undone(error):
                raise
            raise FailedLater(error) from error

    def _was_cut(self) -> bool:
        """Whether the server has ended the session meanwhile: it says so, or closes the socket, unasked."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))

    def _insert_some(self, head: str, rows: Sequence[str], tail: str) -> range:
        """The ids of one statement follow one another (innodb_autoinc_lock_mode, simple inserts)."""
        cursor = self.cursor()
        try:
            cursor.execute(f"{head} VALUES {','.join(rows)} {tail}")
        except pymysql.IntegrityError as error:
            if error.args[0] not in (ER.DUP_ENTRY, ER.NO_REFERENCED_ROW_2):
                raise
            raise Conflict from error
        self.total_changes += len(rows)
        first_id = cursor.lastrowid or 0
        return range(first_id, first_id + len(rows))

    def _spell(self, sql: str, rows: Sequence[Sequence[Any]]) -> tuple[str, Sequence[str], str]:
        """An INSERT's parts, with a text for each row."""
        head, values, tail = _spell_insert(sql)
        columns = [self._escape_all(column) for column in zip(*rows, strict=True)]
        return head, [values % row for row in zip(*columns, strict=True)], tail

    def ensure_room(self) -> None:
        """Its disk is not ours to look at."""


def _is_undone(error: Exception) -> bool:
    """Whether a statement that ends with COMMIT failed before it, or COMMIT itself has undone all."""
    is_known = isinstance(error, pymysql.OperationalError) and error.args[0] in NOT_COMMITTED
    return is_known or isinstance(error, EARNED)


@lru_cache
def _spell_insert(sql: str) -> tuple[str, str, str]:
    """An INSERT's parts as they are spelled here."""
    head, values, tail = split_insert(sql.replace("?", "%s"))
    tail = re.sub(r"ON CONFLICT \(\w+\) DO UPDATE SET", "ON DUPLICATE KEY UPDATE", tail)
    return head, values, re.sub(r"excluded\.(\w+)", r"VALUES(\1)", tail)


def _is_plain(text: str) -> bool:
    """Whether it has nothing to escape."""
    return text.isprintable() and not ("'" in text or '"' in text or "\\" in text)


def _split(rows: Sequence[str]) -> Iterator[Sequence[str]]:
    """The rows in parts that a packet holds: max_allowed_packet has 1 MiB at least where it was not made smaller."""
    start = size = 0
    for index, row in enumerate(rows):
        if size + len(row) > PACKET_CHARACTERS and index > start:
            yield rows[start:index]
            start, size = index, 0
        size += len(row)
    yield rows[start:]


class MySQL:
    begin = "BEGIN"

    def __init__(self, name: str, user: str, password: str, **address: Any) -> None:
        """`address` is PyMySQL's: `host` and `port` or `unix_socket`, and the `ssl_…` parameters."""
        self.name = name
        self.user = user
        self._password = password
        self._address = address
        self._session: int | None = None  # the server's id of the connection that held the lock last

    def exists(self) -> bool:
        return True  # else connecting says what is missing

    def connect(self, *, answer_seconds: float | None = ANSWER_SECONDS) -> Connection:
        try:
            connection = MySQLConnection(
                database=self.name,
                user=self.user,
                password=self._password,
                charset="utf8mb4",
                collation="utf8mb4_bin",
                autocommit=True,
                client_flag=CLIENT.FOUND_ROWS,  # rowcount is what an UPDATE met, as in SQLite
                conv=CONVERSIONS,
                init_command=SESSION,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=answer_seconds,
                write_timeout=answer_seconds,
                **self._address,
            )
        except (pymysql.Error, OSError, RuntimeError) as error:  # RuntimeError: a log-in that needs a package
            raise Unavailable(self._advice(error)) from error
        return cast(Connection, connection)

    def _advice(self, error: Exception) -> str:
        place = self._address.get("unix_socket") or f"{self._address['host']}:{self._address['port']}"
        code = error.args[0] if error.args else None
        if code == ER.ACCESS_DENIED_ERROR:
            return (
                f"the database at {place} refuses the user {self.user} or its password ({error.args[1]}): "
                "set CHAT_DATABASE_PASSWORD, or the user in --database="
            )
        if code == ER.BAD_DB_ERROR:
            return f"there is no database {self.name} at {place}: create it with CREATE DATABASE {self.name}"
        if code == ER.DBACCESS_DENIED_ERROR:
            return (
                f"the user {self.user} may not use the database {self.name} at {place}: correct the name, or GRANT it"
            )
        if code in (CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR):
            return f"cannot reach the database at {place}: {error.args[1]}; check that it runs and --database= is right"
        if code == CR.CR_SSL_CONNECTION_ERROR:
            return f"the database at {place} speaks no TLS: leave ssl_ca out, or give the server a certificate"
        return f"the database at {place} does not answer: {error}"

    def lock(self, connection: Connection) -> None:
        holder = connection.execute(FIND_HOLDER).fetchone()[0]
        if holder is not None and holder == self._session:
            # A session of our own that the network cut: the server may not notice for hours, or just has.
            with contextlib.suppress(pymysql.OperationalError):
                connection.execute("KILL ?", (holder,))
        if connection.execute(TAKE_LOCK, (LOCK_SECONDS,)).fetchone()[0] != 1:
            holder = connection.execute(FIND_HOLDER).fetchone()[0]
            if holder is not None and holder == self._session:
                raise Unavailable(f"the lost connection {holder} still holds the database {self.name}")
            raise Unavailable(
                f"another service uses the database {self.name} (its connection {holder}): stop it first, "
                "or choose another database with --database="
            )
        self._session = connection.execute("SELECT CONNECTION_ID()").fetchone()[0]

    def unlock(self) -> None:
        """The lock ends with its connection."""

    def preallocate(self) -> None:
        """The server has made its log as long as it gets."""

    def is_away(self, error: Exception) -> bool:
        return isinstance(error, LOST)

    def is_done(self, error: Exception) -> bool:
        return isinstance(error, pymysql.Error) and error.args[0] in (ER.DUP_FIELDNAME, ER.DUP_KEYNAME)

    def has_table(self, connection: Connection, name: str) -> bool:
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        return connection.execute(sql, (name,)).fetchone() is not None

    def spell(self, statement: str) -> str:
        return statement
