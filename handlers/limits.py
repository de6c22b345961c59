"""What one client may take: messages and calls in a second, failed log-ins in ten minutes."""

import ipaddress
import time
from collections import OrderedDict, deque

ANSWER_BYTES = 65_536  # of an answer count as one more call: to read it and to write it takes time from all
TABLE_SIZE = 20_000  # so many addresses and names, or users, are kept; past that they are forgotten


class Bucket:
    """A token bucket: `rate` a second, up to `burst` at once. A rate of 0 is no limit.

    Kept as the time at which it is full again, as in the generic cell rate algorithm: one figure, which many idle ones
    have in common.
    """

    __slots__ = ("_full_at", "burst", "rate")

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._full_at = 0.0  # of time.monotonic

    def take(self) -> bool:
        """Whether one more is allowed now."""
        if not self.rate:
            return True
        now = time.monotonic()
        full_at = max(now, self._full_at) + 1 / self.rate
        if full_at > now + self.burst / self.rate:
            return False
        self._full_at = full_at
        return True

    def borrow(self, count: float = 1.0) -> float:
        """Take so many, which may not be there yet. Returns the seconds until they are, at most those of a burst."""
        if not self.rate:
            return 0.0
        now, seconds = time.monotonic(), self.burst / self.rate
        self._full_at = min(max(now, self._full_at) + count / self.rate, now + 2 * seconds)
        return max(0.0, self._full_at - seconds - now)


class Rates:
    """A bucket for each user, for all connections of it, also those that come after it left."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[int, Bucket] = {}

    def of(self, user_id: int) -> Bucket:
        if len(self._buckets) >= TABLE_SIZE:
            self._buckets.clear()  # who is connected keeps the own one
        return self._buckets.setdefault(user_id, Bucket(self._rate, self._burst))


class Throttle:
    """The failed log-ins of the last `window` seconds, by address, and by address and user name."""

    def __init__(self, per_name: int, per_address: int, window: float) -> None:
        self._per_name = per_name
        self._per_address = per_address
        self._window = window
        self._failures: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def record(self, address: str, user_name: str) -> None:
        """Count a failed log-in."""
        now = time.monotonic()
        address = network(address)
        for key, limit in (((address,), self._per_address), ((address, user_name), self._per_name)):
            self._failures.setdefault(key, deque(maxlen=limit)).append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > TABLE_SIZE:
            self._failures.popitem(last=False)

    def retry_after(self, address: str, user_name: str) -> float:
        """The seconds until this address may try this name again, 0 where it may now."""
        address = network(address)
        return max(self._wait((address,)), self._wait((address, user_name)))

    def _wait(self, key: tuple[str, ...]) -> float:
        failures = self._failures.get(key)
        if failures is None or len(failures) < (failures.maxlen or 1):
            return 0
        return max(0, failures[0] + self._window - time.monotonic())  # when the oldest of them is forgotten


def network(address: str) -> str:
    """One subscriber's addresses as one: an IPv6 /64, an IPv4 address also where it comes mapped into IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))
