"""What an answer to a log-in gives away: neither in its bytes nor in its time who is a user."""

import math
import random
import time
from collections.abc import Sequence
from statistics import NormalDist, median

import bcrypt
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.web import Application

from db import credentials, users
from db.credentials import hash_password
from tests.conftest import Desk
from tests.test_login import Door, throttled

pytestmark = pytest.mark.gen_test

CERTAIN = 1e-6  # the odds at which chance alone would tell two of the same apart
SMALL = 0.1  # of what a log-in costs: what is less drowns on the way
ROUNDS = 24
COST = 10  # bcrypt's, of which each step doubles the time


def odds(some: Sequence[float], others: Sequence[float]) -> float:
    """The probability that two samples of one distribution differ so much in their ranks (Mann and Whitney)."""
    ranks = {value: rank for rank, value in enumerate(sorted([*some, *others]), 1)}
    n, m = len(some), len(others)
    surplus = sum(ranks[value] for value in some) - n * (n + m + 1) / 2
    return 2 * NormalDist().cdf(-abs(surplus) / math.sqrt(n * m * (n + m + 1) / 12))


def is_told_apart(some: Sequence[float], others: Sequence[float]) -> bool:
    return odds(some, others) < CERTAIN and abs(median(some) - median(others)) > SMALL * median(some)


def seen(answer: HTTPResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer, but for the clock."""
    return answer.code, answer.body, sorted((name, value) for name, value in answer.headers.get_all() if name != "Date")


@pytest.mark.slow
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # what MariaDB does is in no time of this process
@pytest.mark.gen_test(timeout=600)
async def test_neither_the_answer_nor_its_time_tells_a_user_from_nobody(
    desk: Desk, app: Application, http_client: AsyncHTTPClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a random order in each round, and in the processor's time, which no other program makes longer.

    All hashes cost a quarter of the usual, so that what else takes time weighs more. That of `cheap` costs a sixteenth
    of theirs: that this one is told apart shows that the comparison would see it.
    """
    throttled(app, 1000, 1000)
    door, chance = Door(desk, http_client), random.Random(7)
    usual, cheap = (bcrypt.hashpw(b"a password of hers", bcrypt.gensalt(cost)).decode() for cost in (COST, COST - 4))
    monkeypatch.setattr(credentials, "NOBODY", usual)
    for name in ("anna", "olga"):
        await desk.database.write(users.set_password, desk.ids[name], usual)
    await desk.database.write(users.add, "cheap", cheap, is_admin=False)
    tries = {
        "a customer": ("anna", "wrong"),
        "an operator": ("olga", "wrong"),
        "nobody": ("nobody", "wrong"),
        "no name": ("\0", "wrong"),
        "a long password": ("anna", "x" * 100),
        "cheap": ("cheap", "wrong"),
    }
    times: dict[str, list[float]] = {who: [] for who in tries}
    answers: set[object] = set()
    for _ in range(ROUNDS):
        for who in chance.sample(list(tries), len(tries)):
            started = time.process_time()
            answer = await door.knock(*tries[who])
            times[who].append(time.process_time() - started)
            answers.add(repr(seen(answer)))
    assert len(answers) == 1
    for who in ("an operator", "nobody", "no name", "a long password"):
        assert not is_told_apart(times["a customer"], times[who]), who
    assert is_told_apart(times["a customer"], times["cheap"])


async def test_each_log_in_costs_one_check_whoever_it_is(
    desk: Desk, app: Application, http_client: AsyncHTTPClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    throttled(app, 1000, 1000)
    checked: list[bytes] = []
    check = bcrypt.checkpw

    def count(password: bytes, hashed: bytes) -> bool:
        checked.append(hashed)
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", count)
    door = Door(desk, http_client)
    for name in ("anna", "olga"):
        await desk.database.write(users.set_password, desk.ids[name], hash_password("a password of hers"))
    rounds: set[bytes] = set()
    for name in ("anna", "olga", "nobody", "", "\0", "x" * 300, "anna'--"):
        for password in ("wrong", "", "x" * 100, "\0"):
            checked.clear()
            assert (await door.knock(name, password)).code == 403
            assert len(checked) == 1, (name, password)
            rounds.add(checked[0][:7])  # as in $2b$12$
    assert len(rounds) == 1


async def test_who_is_throttled_learns_nothing_either(
    desk: Desk, app: Application, http_client: AsyncHTTPClient
) -> None:
    throttled(app, 2, 1000)
    door = Door(desk, http_client)
    for name in ("anna", "olga", "nobody"):
        answers = [await door.knock(name) for _ in range(3)]
        assert [(one.code, one.body, "Retry-After" in one.headers) for one in answers] == [
            (403, b"", False),
            (403, b"", False),
            (403, b"", True),
        ]
