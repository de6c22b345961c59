"""The load, a process of its own: a Plan comes in on standard input, a list of Figures goes out on standard output."""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from statistics import fmean

import msgspec

from bench.client import Wrong, enter_all, watched
from bench.crowd import FIRST, Customer, Operator, Window

DRAIN_SECONDS = 10  # for the last answers of a phase
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


class Phase(msgspec.Struct):
    """So many customers keep so many messages in flight.

    A message is in flight until it is acknowledged, or `until_delivered` to all operators. One more customer, whose
    own waiting is not counted, keeps `flood` in flight.
    """

    customers: int
    in_flight: int
    seconds: float
    flood: int = 0
    until_delivered: bool = False


class Plan(msgspec.Struct):
    """Where to connect and as whom, what to do there, and of which processes to count the CPU time."""

    port: int
    operator_token: str
    operators: int  # connections
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
    delivery_p50: float  # to the last of the operators
    delivery_p99: float
    load_cpu: float
    server_cpu: float
    database_cpu: float
    other_cpu: float  # what else ran on the machine, or was kept from it by its host

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


def together(phases: Sequence[Figures]) -> Figures:
    """Alike phases as one, such as those before and behind another: counts and CPU time added, latencies their mean."""
    return Figures(
        sum(phase.messages for phase in phases),
        sum(phase.seconds for phase in phases),
        fmean(phase.ack_p50 for phase in phases),
        fmean(phase.ack_p99 for phase in phases),
        fmean(phase.delivery_p50 for phase in phases),
        fmean(phase.delivery_p99 for phase in phases),
        sum(phase.load_cpu for phase in phases),
        sum(phase.server_cpu for phase in phases),
        sum(phase.database_cpu for phase in phases),
        sum(phase.other_cpu for phase in phases),
    )


async def run(plan: Plan) -> list[Figures]:
    """Run the phases one after the other on the same connections. Raises Wrong."""
    operators = [Operator(plan.operator_token) for _ in range(plan.operators)]
    most = max(phase.customers + bool(phase.flood) for phase in plan.phases)
    customers = [Customer(token, place) for place, token in enumerate(plan.customer_tokens[:most])]
    await enter_all([*operators, *customers], plan.port)
    sent = 0
    figures = []
    for phase in plan.phases:
        window = Window(FIRST + sent, plan.operators, _sender(customers) if phase.until_delivered else None)
        figures.append(await _run_phase(plan, phase, window, operators, customers))
        sent += len(window.sent)
    for person in (*operators, *customers):
        person.close()
    return figures


def _sender(customers: Sequence[Customer]) -> Callable[[int], None]:
    return lambda place: customers[place].send()


async def _run_phase(
    plan: Plan, phase: Phase, window: Window, operators: Sequence[Operator], customers: Sequence[Customer]
) -> Figures:
    for operator in operators:
        operator.window = window
    cpu, start = _cpu_seconds(plan), time.perf_counter()
    if phase.flood:
        customers[phase.customers].start(window, phase.flood)
    for customer in customers[: phase.customers]:
        customer.start(window, phase.in_flight)
    await asyncio.sleep(phase.seconds)
    window.is_open = False
    end = time.perf_counter()
    used = [after - before for after, before in zip(_cpu_seconds(plan), cpu, strict=True)]
    await _drain(window)
    in_time = sum(max(times) <= end for times in zip(window.acked, window.delivered, strict=True))
    latencies = (
        *_percentiles(window, window.acked, phase.customers),
        *_percentiles(window, window.delivered, phase.customers),
    )
    return Figures(in_time, end - start, *latencies, *used)


def resident_kib(pid: int) -> int:
    """The memory of a process that is in RAM."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * PAGE_KIB


def peak_kib(pid: int) -> int:
    """The most memory that a process has had in RAM; 0 of one that has ended."""
    with open(f"/proc/{pid}/status") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)


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
    while window.acks < count or window.deliveries < count * window.readers:
        if time.perf_counter() > deadline:
            raise Wrong(f"of {count} messages {window.acks} were acknowledged and {window.deliveries} delivered")
        await asyncio.sleep(0.005)


def _percentiles(window: Window, arrived: list[float], customers: int) -> tuple[float, float]:
    """The median and the 99th percentile of the first customers' milliseconds until then."""
    times = zip(window.senders, window.sent, arrived, strict=True)
    latencies = sorted(1000 * (end - start) for sender, start, end in times if sender < customers)
    return latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]


if __name__ == "__main__":
    gc.disable()  # a pause would look like the server's; the run is short
    try:
        figures = asyncio.run(watched(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan))))
    except (Wrong, OSError) as error:  # a TimeoutError has no text
        sys.exit(str(error) or "the server does not answer")
    sys.stdout.buffer.write(msgspec.json.encode(figures))
