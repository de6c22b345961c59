"""What the tests of faults found is told at the end of the run: no time is asserted, but each is worth knowing."""

from collections.abc import Callable
from statistics import median

import pytest

from tests.conftest import FOUND
from tests.faults.load import Tally

Tell = Callable[[str, int, Tally, list[float]], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Record a fault, how often it was tried, what became of the messages, and the seconds until each recovery."""

    def record(fault: str, times: int, tally: Tally, seconds: list[float]) -> None:
        recovery = f"{median(seconds):.2f} s, at most {max(seconds):.2f} s"
        figures = f"{tally.acknowledged} acknowledged, {tally.lost} lost, {tally.doubled} doubled"
        record_property(FOUND, f"{fault}: {times} times, {figures}, answered again after {recovery}")

    return record
