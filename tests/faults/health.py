"""What /healthz says, all the time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

POLL_SECONDS = 0.05


class Word(NamedTuple):
    """An answer, and when it was asked for."""

    asked: float
    code: int


class Health:
    def __init__(self, url: str) -> None:
        self._url = f"{url}/healthz"
        self._words: list[Word] = []

    async def watch(self) -> None:
        while True:
            await self.ask()
            await asyncio.sleep(POLL_SECONDS)

    async def ask(self) -> int:
        """What it answers now, 0 where nobody does."""
        asked = time.monotonic()
        try:
            code = (await AsyncHTTPClient().fetch(self._url, raise_error=False, request_timeout=10)).code
        except (OSError, HTTPClientError):
            return 0
        self._words.append(Word(asked, code))
        return code

    def said(self, start: float) -> set[int]:
        """The codes of the answers that were asked for since then."""
        return {word.code for word in self._words if start < word.asked}

    async def until(self, code: int) -> None:
        while await self.ask() != code:
            await asyncio.sleep(POLL_SECONDS)


@contextlib.asynccontextmanager
async def watching(url: str) -> AsyncIterator[Health]:
    health = Health(url)
    watch = asyncio.ensure_future(health.watch())
    try:
        yield health
    finally:
        watch.cancel()
        await asyncio.wait([watch])
