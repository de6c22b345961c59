"""Checking passwords: bcrypt off the loop, in an executor of its own, for those who have not failed too often."""

import asyncio
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from db.credentials import check_password, hash_password
from handlers.limits import Throttle, network

logger = logging.getLogger("chat.auth")

AT_ONCE = 2
WAITING, WAITING_OF_ADDRESS = 64, 8  # in all, and of one address, which must not keep the others out
BUSY_SECONDS = 10  # about what it takes to check those who wait


class Throttled(Exception):
    """Not now. `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        self.retry_after = retry_after


class PasswordChecks:
    """A flood of log-ins waits here, up to a bound, and takes no thread from messages."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="bcrypt")
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting: Counter[str] = Counter()  # by address

    def ensure_allowed(self, address: str, user_name: str) -> None:
        """Raises Throttled where this address failed too often, or too many wait."""
        self._ensure_few_failed(address, user_name)
        if self._waiting.total() >= WAITING or self._waiting[network(address)] >= WAITING_OF_ADDRESS:
            self._refuse(address, BUSY_SECONDS, "too many wait")

    def _ensure_few_failed(self, address: str, user_name: str) -> None:
        if retry_after := self._throttle.retry_after(address, user_name):
            self._refuse(address, retry_after, "too many were wrong")

    def _refuse(self, address: str, retry_after: float, reason: str) -> NoReturn:
        """Under the wrong name stands what a user typed, at times the password: the log has the address alone."""
        text = "a password from %(address)s was not checked, nor is one for %(seconds)d s: %(reason)s"
        logger.warning(text, {"address": address, "seconds": round(retry_after), "reason": reason})
        raise Throttled(retry_after)

    async def check(self, address: str, user_name: str, password: str, password_hash: str | None) -> bool:
        """Whether the password is right; no hash, of an unknown name, takes as long. Raises Throttled."""
        self.ensure_allowed(address, user_name)
        self._waiting[network(address)] += 1
        try:
            async with self._turn:
                # Those before it may have failed meanwhile: many tries at once are no way around the throttle.
                self._ensure_few_failed(address, user_name)
                loop = asyncio.get_running_loop()
                matches = await loop.run_in_executor(self._executor, check_password, password, password_hash)
        finally:
            self._waiting[network(address)] -= 1
            self._waiting += Counter()  # forgets those at 0
        if not matches:
            self._throttle.record(address, user_name)
        return matches

    async def hash(self, password: str) -> str:
        """The hash of a new password, which can be one."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, hash_password, password)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
