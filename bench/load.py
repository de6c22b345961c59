"""The load, a process of its own: a Plan comes in on standard input, a list of Figures goes out on standard output."""

import asyncio
import contextlib
import gc
import os
import sys
import time
from collections.abc import Sequence

import msgspec

from bench.client import Wrong
from bench.crowd import Customer, Operator, Window

ENTER_SECONDS = 20  # for all to authenticate
DRAIN_SECONDS = 10  # for the last answers of a phase


class Phase(msgspec.Struct):
    """So many customers keep so many messages in flight, until the time or the number of messages is up."""

    customers: int
    in_flight: int
    seconds: float
    messages: int = 1_000_000


class Plan(msgspec.Struct):
    """Where to connect and as whom, what to do there, and of which processes to count the CPU time."""

    port: int
    operator_token: str
    customer_tokens: list[str]
    phases: list[Phase]
    server_pid: int
    database_pid: int | None = None


class Figures(msgspec.Struct):
    """What a phase showed: latencies in milliseconds since the sending, CPU time in seconds."""

    messages: int  # delivered and acknowledged in time
    seconds: float
    ack_p50: float
    ack_p99: float
    delivery_p50: float
    delivery_p99: float
    load_cpu: float
    server_cpu: float
    database_cpu: float
    other_cpu: float  # what else ran on the machine, or was kept from it by its host


async def run(plan: Plan) -> list[Figures]:
    """Run the phases one after the other on the same connections. Raises Wrong."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[list[Figures]] = loop.create_future()

    def fail(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if not failed.done():  # what a connection raised
            failed.set_exception(Wrong(str(context.get("exception") or context["message"])))

    loop.set_exception_handler(fail)
    work = asyncio.ensure_future(_run(plan))
    await asyncio.wait((work, failed), return_when=asyncio.FIRST_COMPLETED)
    return failed.result() if failed.done() else work.result()


async def _run(plan: Plan) -> list[Figures]:
    operator = Operator(plan.operator_token)
    customers = [Customer(token, number) for number, token in enumerate(plan.customer_tokens)]
    people = (operator, *customers)
    async with asyncio.timeout(ENTER_SECONDS):
        for person in people:
            await person.enter(plan.port)
    figures = [await run_phase(plan, phase, operator, customers) for phase in plan.phases]
    for person in people:
        person.close()
    return figures


async def run_phase(plan: Plan, phase: Phase, operator: Operator, customers: Sequence[Customer]) -> Figures:
    window = Window(phase.messages)
    operator.start(window)
    cpu, start = _cpu_seconds(plan), time.perf_counter()
    for customer in customers[: phase.customers]:
        customer.start(window, phase.in_flight)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(window.is_full.wait(), phase.seconds)
    window.is_open = False
    end = time.perf_counter()
    used = [after - before for after, before in zip(_cpu_seconds(plan), cpu, strict=True)]
    await _drain(window)
    in_time = sum(max(times) <= end for times in zip(window.acked, window.delivered, strict=True))
    latencies = (*_percentiles(window.sent, window.acked), *_percentiles(window.sent, window.delivered))
    return Figures(in_time, end - start, *latencies, *used)


def _cpu_seconds(plan: Plan) -> list[float]:
    """CPU time used so far by the load, the server, the database and all others."""
    pids = (plan.server_pid, plan.database_pid)
    ours = [time.process_time(), *(time.clock_gettime(_cpu_clock(pid)) if pid else 0.0 for pid in pids)]
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, softirq, steal = (int(ticks) for ticks in file.readline().split()[1:9])
    busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return [*ours, busy - sum(ours)]


def _cpu_clock(pid: int) -> int:
    """The clock of another process's CPU time, made as Linux's clock_getcpuclockid(3) makes it."""
    return ~pid << 3 | 2


async def _drain(window: Window) -> None:
    """Wait for the answers to all that was sent. Raises Wrong where one stays away."""
    count, deadline = len(window.sent), time.perf_counter() + DRAIN_SECONDS
    while min(window.acks, window.deliveries) < count:
        if time.perf_counter() > deadline:
            raise Wrong(f"of {count} messages {window.acks} were acknowledged and {window.deliveries} delivered")
        await asyncio.sleep(0.005)


def _percentiles(sent: list[float], arrived: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile of the milliseconds in between."""
    latencies = sorted(1000 * (end - start) for start, end in zip(sent, arrived, strict=True))
    return latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]


if __name__ == "__main__":
    gc.disable()  # a pause would look like the server's; the run is short
    try:
        figures = asyncio.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)))
    except (Wrong, OSError) as error:  # a TimeoutError has no text
        sys.exit(str(error) or "the server does not answer")
    sys.stdout.buffer.write(msgspec.json.encode(figures))
