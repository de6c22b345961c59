"""What Python runs for a message, function by function, in bytecodes: figures without the noise that all times have."""

import os
import signal
import threading

import msgspec

from bench.client import Wrong
from bench.counted import THREADS, Steps
from bench.lab import ENGINES, Lab, measure
from bench.load import Phase
from bench.report import Round, Row

CUSTOMERS = 50
IN_FLIGHT = (1, 8)
CONNECT_SECONDS = 3  # at most, while all is counted: what runs but once is left out
SHOWN = 25  # functions of a thread
MESSAGE = "WebSocketHandler.broadcast"  # runs once for each


def run(lab: Lab) -> list[Round]:
    """One round of a table for each engine and number of messages in flight. Raises Wrong."""
    return [
        {
            f"Bytecodes for a message, {engine}, {CUSTOMERS} customers, {in_flight} in flight": _count(
                lab, engine, in_flight
            )
            for engine in ENGINES
            for in_flight in IN_FLIGHT
        }
    ]


def _count(lab: Lab, engine: str, in_flight: int) -> list[Row]:
    file = lab.folder / "steps.json"
    with lab.start(engine, CUSTOMERS, program=("-m", "bench.counted", str(file))) as target:
        timer = threading.Timer(CONNECT_SECONDS, os.kill, (target.pid, signal.SIGUSR1))
        timer.start()
        try:
            measure(target, [Phase(CUSTOMERS, in_flight, CONNECT_SECONDS + lab.seconds(3))])
        finally:
            timer.cancel()  # of a target that is gone by then
    steps = msgspec.json.decode(file.read_bytes(), type=list[Steps])
    messages = sum(one.calls for one in steps if one.function == MESSAGE)
    if not messages:
        raise Wrong("no message was counted")
    return [
        row for thread in THREADS.values() for row in _rows([one for one in steps if one.thread == thread], messages)
    ]


def _rows(steps: list[Steps], messages: int) -> list[Row]:
    """All of a thread, then its functions."""
    total = Steps(steps[0].thread, "all", sum(one.calls for one in steps), sum(one.bytecodes for one in steps))
    return [
        Row(
            {
                "thread": one.thread,
                "function": one.function,
                "calls": one.calls / messages,
                "bytecodes": one.bytecodes / messages,
            }
        )
        for one in [total, *steps[:SHOWN]]
    ]
