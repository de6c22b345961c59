"""What the two engines have in common: the shape of a connection and of an engine, and the errors."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, Protocol

ANSWER_SECONDS = 10  # a server that is silent for longer counts as away


class Cursor(Protocol):
    """The part of a DB-API cursor (PEP 249) that the SQL functions use."""

    @property
    def lastrowid(self) -> int | None: ...
    @property
    def rowcount(self) -> int: ...
    @property
    def description(self) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Sequence[Any]: ...


class SearchSQL(NamedTuple):
    """The statements of the search index, which no two engines share: see db/search.py."""

    create: str
    add: str  # with a message's id and its tokens, as for `remove`
    remove: str
    find: str  # with what `match` gives, an id above all that is wanted, and a limit: ids, newest first
    match: Callable[[list[str], list[str]], str]  # of a text's tokens, in its order and the rarest first
    at_once: int  # ids to ask for: the engine's cost is of what it gives, or of what it has


class Connection(Protocol):
    """A connection in autocommit mode. Parameters stand as `?` in every statement."""

    search: SearchSQL

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun."""

    @property
    def total_changes(self) -> int:
        """The rows that its INSERT, UPDATE and DELETE have met so far."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...
    def insert(self, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
        """Run an INSERT of one row for each of the rows; behind its VALUES may come what a conflict updates instead.

        Returns the ids that were generated, if any, in the order of the rows.
        Raises Conflict, and then, of up to 1,000 rows, none is stored.
        """

    def insert_later(self, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
        """As `insert`, but it may be kept back until the next statement or the commit, which may raise FailedLater."""

    def commit(self) -> None:
        """Commit, and perhaps begin the next transaction. The connection may keep back rows from then on."""

    def rollback(self) -> None: ...

    def ensure_room(self) -> None:
        """Raises OSError where the disk, if it is this machine's, has no room for the next messages."""

    def close(self) -> None: ...


class Engine(Protocol):
    """What differs between SQLite and MariaDB."""

    begin: str

    def exists(self) -> bool:
        """Whether there may be a database; False where `connect` would make one."""

    def connect(self, *, answer_seconds: float | None = ANSWER_SECONDS) -> Connection:
        """A new connection, or Unavailable with a line that says what to do.

        A server that is silent for longer counts as away; None waits as long as it takes.
        """

    def lock(self, connection: Connection) -> None:
        """Make this process the only service on the database, or raise Unavailable."""

    def unlock(self) -> None:
        """Give up what `lock` took beyond the connection itself."""

    def preallocate(self) -> None:
        """Make the log about as long as it gets: to write into a file takes the disk less time than to lengthen it.

        It raises nothing.
        """

    def is_away(self, error: Exception) -> bool:
        """Whether the database failed, and not the statement."""

    def is_done(self, error: Exception) -> bool:
        """Whether a migration's step failed because an interrupted run had done it."""

    def has_table(self, connection: Connection, name: str) -> bool: ...

    def spell(self, statement: str) -> str:
        """A statement of `schema.sql`, or of a migration, as this engine spells it."""


def marks(mark: str, between: str, count: int) -> tuple[str, int]:
    """The mark so often, at least `count` times, and how often: few different statements are prepared but once."""
    step = 1 << max(0, (count - 1).bit_length() - 3)
    size = -(-count // step) * step
    return between.join([mark] * size), size


def any_of(ids: Collection[int]) -> tuple[str, list[int]]:
    """The marks in an IN that means any of these, at least one, and its values."""
    condition, count = marks("?", ", ", len(ids))
    values = [*ids]
    return condition, values + values[-1:] * (count - len(values))


def split_insert(sql: str) -> tuple[str, str, str]:
    """An INSERT's parts: up to its VALUES, the row of them, and what a conflict updates instead."""
    head, rest = sql.split("VALUES", 1)
    values, conflict, update = rest.partition("ON CONFLICT")
    return head, values, conflict + update


class Unavailable(Exception):
    """The database does not answer. Nothing was stored, or nobody can know; the text is for an administrator."""


class Conflict(Exception):
    """What must be unique stands already, or what is referred to is not there."""


class FailedLater(Exception):
    """What was kept back has failed: nothing of the transaction is stored, and until a commit no more is kept back."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Refused(Exception):
    """A function's answer that it can't do this. Raised before its first write, so that nothing is rolled back."""


class UnknownUser(Refused):
    """No such user, or one of the other role."""


class KeyReused(Refused):
    """The key stands with another text."""


class AlreadyAnswered(Refused):
    """Another operator's answer is newer than what the operator had seen."""


class NotSeen(Refused):
    """A customer's message is newer than what the operator had seen."""


class TooMany(Refused):
    """The table holds as many as it may."""
