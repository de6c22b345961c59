"""Database: plain functions run against it in threads, the writes of many callers in one transaction."""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import metrics
from db import schema
from db.engine import Connection, Engine, FailedLater, Refused, Unavailable
from db.group import Job, Runner, run
from db.notifier import Notifier

logger = logging.getLogger("chat.db")

READERS = 4
READS_WAITING = 1_000
WRITES_WAITING = 10_000
GROUP_SIZE = 1_000
SMALL_GROUP = 16  # which is not halved
WRITE_SECONDS = 4  # in which the server must answer the writer: everybody waits for it
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts to reconnect

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")


class Database:
    """One writer thread with one connection, and a few readers with theirs.

    `recover(connection)` runs in the writer's thread after every reconnect, before the next group; its result
    goes to `recovered(result)` on the loop, in its place between the results of groups. `settled()` is called there
    behind those of each group.
    """

    def __init__(
        self,
        engine: Engine,
        recover: Callable[[Connection], T],
        recovered: Callable[[T], None],
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        """Connect, take the lock, bring the schema up to date. Raises Unavailable; needs a running loop."""
        self._engine = engine
        self._recover = recover
        self._recovered = recovered
        self._settled = settled
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Job] = []  # what one turn of the loop wants written
        self._queue: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._writes_waiting = 0
        self._closed = asyncio.Event()
        self._reads_waiting = 0
        self._idle: list[Connection] = []  # of the readers
        self._connection: Connection | None = None
        self._is_new = True
        self._is_away = False
        self._pause = FIRST_PAUSE
        self._next_attempt = 0.0
        self._runner = Runner()
        try:
            self._connect()
        except Unavailable:
            engine.unlock()
            raise
        self._notifier = Notifier()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._writer = threading.Thread(target=self._write_groups, name="writer", daemon=True)
        self._writer.start()

    async def close(self, seconds: float) -> bool:
        """Commit what waits, then disconnect and give up the lock. Returns whether that was done in time."""
        self._hand_over()
        self._queue.put(None)
        self._readers.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + seconds
        try:
            await asyncio.wait_for(self._closed.wait(), seconds)
        except TimeoutError:
            return False
        while self._reads_waiting:  # in a thread, which a silent database may hold for long
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        self._drop_idle()
        self._notifier.close()
        self._engine.unlock()
        return True

    # Reading

    async def read(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(connection, …)` on one snapshot of the database. Raises what it raises, and Unavailable."""
        if self._is_away or self._reads_waiting >= READS_WAITING:
            raise Unavailable("the database is away")
        self._reads_waiting += 1
        try:
            return await self._loop.run_in_executor(self._readers, self._read, function, args, kwargs)
        finally:
            self._reads_waiting -= 1

    def _read(self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        for is_last_try in (False, True):
            if self._is_away:  # since it waited for its turn
                raise Unavailable("the database is away")
            connection = self._take_idle() or self._engine.connect()
            try:
                if not connection.in_transaction:
                    connection.execute("BEGIN")
                outcome = run(function, connection, args, kwargs)
                connection.commit()
            except Exception as error:
                _close(connection)
                if not self._engine.is_away(error):
                    raise
                self._drop_idle()  # as lost as this one
                if is_last_try:
                    raise Unavailable(str(error)) from error
                continue
            self._idle.append(connection)
            if isinstance(outcome, Refused):
                raise outcome
            return outcome
        raise AssertionError("unreachable")

    def _take_idle(self) -> Connection | None:
        """The connection that read last: what it has cached is still in the processor's own cache, too."""
        try:
            return self._idle.pop()
        except IndexError:  # `if` would not do: other readers take, too
            return None

    def _drop_idle(self) -> None:
        while connection := self._take_idle():
            _close(connection)

    # Writing

    @property
    def is_busy(self) -> bool:
        return self._writes_waiting > 0

    @property
    def writes_waiting(self) -> int:
        return self._writes_waiting

    @property
    def is_failing(self) -> bool:
        """Whether it answers, and yet would not store something, nor anything like it since: its disk is full."""
        return self._runner.is_failing

    async def write(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(connection, …)` in a transaction, shared with others, and return when it is committed.

        Calls take effect, and their callers go on, in the order of the calls. Raises what the function raises,
        and Unavailable. The function must touch nothing but the database: it may be run again.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._submit(Job(function, args, kwargs, partial(_resolve, future)))
        return await future

    def write_each(
        self,
        function: Callable[[Connection, Sequence[Item]], Sequence[T | Refused]],
        item: Item,
        settle: Callable[[T | Exception], None],
    ) -> None:
        """As `write`, for a function of many items, which gives an outcome for each: neighbours go into one call.

        `settle(outcome)` is called on the loop, and must raise nothing: it costs less than a task that waits.
        """
        self._submit(Job(function, (item,), {}, settle, is_each=True))

    def _submit(self, job: Job) -> None:
        """Hand the job over, with all others of this turn of the loop: the writer's thread wakes once for them.

        Where none is under way it goes at once, before the turn's end.
        """
        if self._writes_waiting >= WRITES_WAITING:
            raise Unavailable("too many writes wait")
        self._writes_waiting += 1
        if self._writes_waiting == 1:
            self._queue.put([job])
            return
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(job)

    def _hand_over(self) -> None:
        self._queue.put(self._gathered)
        self._gathered = []

    def _write_groups(self) -> None:
        """Commit group after group, of at most half of what is under way: the loop answers the other half meanwhile."""
        self._engine.preallocate()  # beside the rest of the start
        waiting: list[Job] = []
        is_open = True
        while is_open or waiting:
            is_open = is_open and self._take(waiting)
            most = min(GROUP_SIZE, max(SMALL_GROUP, self._writes_waiting // 2))
            group = waiting[:most]
            del waiting[:most]
            started = time.perf_counter()
            try:
                outcomes = self._commit(group)
            except Exception as error:  # a defect must cost its group alone, not the writer
                logger.exception("the writer failed")
                outcomes = [error] * len(group)
            ended = time.perf_counter()
            size = len(group)
            self._notifier.call(self._settle, group, outcomes)
            del group, outcomes  # for the loop to free, which has them at hand
            if size:
                metrics.GROUP_SIZE.observe(size)
                metrics.GROUP_SECONDS.observe(ended - started)
        self._drop()
        self._notifier.call(self._closed.set)

    def _take(self, waiting: list[Job]) -> bool:
        """Put what was handed over behind the jobs that wait; where none does, wait for some, or to reconnect.

        Returns False once `close` was called.
        """
        try:
            jobs = self._queue.get(block=not waiting, timeout=None if self._connection else self._pause)
            while jobs is not None:
                waiting += jobs
                jobs = self._queue.get_nowait()
        except queue.Empty:
            return True
        return False

    def _commit(self, group: list[Job]) -> list[Any]:
        """Run a group in one transaction. Returns each job's result, or the exception that its caller gets."""
        error: Exception
        for _ in range(2):  # what failed before its COMMIT is not stored
            try:
                connection = self._connect()
                if not group:
                    return []
                if not connection.in_transaction:
                    connection.execute(self._engine.begin)
                outcomes = self._runner.run_all(connection, group)
                self._confirm(connection)
                return outcomes
            except Unavailable as unavailable:
                return [unavailable] * len(group)
            except FailedLater as failure:  # by itself it may succeed, or say what is wrong
                error = failure.cause
                self._end_transaction(error)
            except Exception as failure:
                error = failure
                self._end_transaction(error)
                if self._engine.is_away(error):
                    continue
                if len(group) == 1:
                    return [error]
                return [outcome for job in group for outcome in self._commit([job])]
        self._runner.note_failure()  # on a new connection too
        self._stay_away(error)
        return [Unavailable(str(error))] * len(group)

    def _confirm(self, connection: Connection) -> None:
        """Commit. Raises FailedLater, and Unavailable where nobody can know what is stored: never run that again."""
        try:
            connection.commit()
        except FailedLater:
            raise
        except Exception as failure:
            self._drop(failure)
            raise Unavailable(f"the commit was not confirmed: {failure}") from failure
        self._runner.note_commit()
        if not self._runner.is_failing:
            self._pause = FIRST_PAUSE

    def _connect(self) -> Connection:
        """The writer's connection, made anew where it was lost. Raises Unavailable."""
        if self._connection is not None:
            return self._connection
        if time.monotonic() < self._next_attempt:
            raise Unavailable("the database is away")
        try:
            self._connection = self._engine.connect(answer_seconds=WRITE_SECONDS)
            self._engine.lock(self._connection)
            schema.prepare(self._engine, self._connection)
            schema.ensure_writable(self._engine, self._connection)
            if not self._is_new:
                self._notifier.call(self._recovered, self._recover(self._connection))
        except Exception as error:
            self._drop()
            self._stay_away(error)
            raise Unavailable(str(error)) from error
        if self._is_away:
            logger.info("the database is back")
        self._is_away = self._is_new = False
        return self._connection

    def _stay_away(self, error: Exception) -> None:
        """Refuse all until the next attempt."""
        self._next_attempt = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if not (self._is_away or self._is_new):
            logger.error("the database is away: %s", error)
        self._is_away = True

    def _drop(self, error: Exception | None = None) -> None:
        if error is not None:
            logger.warning("lost the connection to the database: %s", error)
        if self._connection is not None:
            _close(self._connection)
        self._connection = None

    def _end_transaction(self, error: Exception) -> None:
        """Roll back, or give up the connection where the error says that it is lost."""
        if self._engine.is_away(error):
            self._drop(error)
            return
        try:
            assert self._connection is not None
            self._connection.rollback()
        except Exception as failure:
            self._drop(failure)

    def _settle(self, group: list[Job], outcomes: list[Any]) -> None:
        for job, outcome in zip(group, outcomes, strict=True):
            self._writes_waiting -= 1
            job.settle(outcome)
        self._settled()


def _resolve(future: asyncio.Future[T], outcome: T | Exception) -> None:
    if future.done():  # its caller was cancelled
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _close(connection: Connection) -> None:
    try:
        connection.close()
    except Exception as error:
        logger.debug("while closing: %s", error)
