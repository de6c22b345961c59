"""HealthHandler: GET /healthz tells a monitor whether messages can be stored."""

import asyncio

import tornado.web

from db import Database, Unavailable, schema
from handlers.client import find_address
from handlers.guarded import Guarded

ANSWER_SECONDS = 3


class HealthHandler(Guarded, tornado.web.RequestHandler):
    async def get(self) -> None:
        """200 `{"status": "ok"}`, or 503 with the `reason`; beside it the `address` that the asker comes from."""
        database: Database = self.settings["database"]
        self.set_header("Cache-Control", "no-store")
        try:
            await asyncio.wait_for(database.write(schema.touch), ANSWER_SECONDS)
        except TimeoutError:
            self._complain(f"the database has not answered for {ANSWER_SECONDS} s")
        except Unavailable:
            self._complain("the database does not answer")
        else:
            if database.is_failing:
                self._complain("the database answers and could not store what was last written")
            else:
                self._answer(status="ok")

    head = get

    def _complain(self, reason: str) -> None:
        """Why is for everybody to read; the database's own words are in the log."""
        self.set_status(503)
        self._answer(status="unavailable", reason=reason)

    def _answer(self, **fields: str) -> None:
        """Who asks through a proxy sees whether its own address arrives: `doctor` does."""
        self.finish({**fields, "address": find_address(self.request, self.settings["trusted_proxies"])})
