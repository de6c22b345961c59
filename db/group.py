"""What shares a transaction: the jobs, what comes of each, and which of them the database would not store lately."""

import math
import time
from collections.abc import Callable
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from msgspec import Struct

from db.engine import Connection, Refused

FAILING_SECONDS = 60  # for which a database that answers, and would not store something, is not believed

Function = Callable[..., Any]
T = TypeVar("T")


class Job(Struct, frozen=True, gc=False):
    function: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    settle: Callable[[Any], None]
    is_each: bool = False  # the function takes the items of its neighbours too


class Runner:
    """Runs groups. A function that fails is remembered until it really stores something again, or for a while.

    What another one stores says nothing: it may be smaller, or go where there is room.
    """

    def __init__(self) -> None:
        self._running: Function | None = None
        self._stored: set[Function] = set()  # in this transaction
        self._failed_at: dict[Function | None, float] = {}

    @property
    def is_failing(self) -> bool:
        return time.monotonic() < max(self._failed_at.values(), default=-math.inf) + FAILING_SECONDS

    def run_all(self, connection: Connection, group: list[Job]) -> list[Any]:
        """Each job's outcome, in their order. What is raised ends the transaction."""
        outcomes: list[Any] = []
        self._stored.clear()
        for (function, is_each), some in groupby(group, key=attrgetter("function", "is_each")):
            self._running, before = function, connection.total_changes
            if is_each:
                outcomes += function(connection, [job.args[0] for job in some])
            else:
                outcomes += [run(function, connection, job.args, job.kwargs) for job in some]
            if connection.total_changes != before:
                self._stored.add(function)
        return outcomes

    def note_commit(self) -> None:
        """What ran last is stored."""
        if self._failed_at:
            self._failed_at = {one: at for one, at in self._failed_at.items() if one not in self._stored}

    def note_failure(self) -> None:
        """The database would not take what ran last."""
        self._failed_at = {**self._failed_at, self._running: time.monotonic()}


def run(
    function: Callable[..., T], connection: Connection, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T | Refused:
    """The function's result, or its refusal, which is a value too: it ends no transaction."""
    try:
        return function(connection, *args, **kwargs)
    except Refused as refusal:
        return refusal
