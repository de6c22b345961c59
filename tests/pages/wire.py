"""A page's connection as the test wants it: replies that are held back, requests that are refused."""

import json
import re
from collections.abc import Callable
from functools import partial

from playwright.sync_api import Page, WebSocketRoute


class Wire:
    """Stands between a page and the service, on each connection that the page makes from now on."""

    def __init__(self, page: Page) -> None:
        self.calls: list[str] = []  # the methods that were called
        self.refused: dict[str, int] = {}  # methods that the service never hears of, with the error's code
        self._held: set[str] = set()  # methods
        self._waiting: list[Callable[[], None]] = []
        page.route_web_socket(re.compile(r"/v1/ws/$"), self._relay)

    def hold(self, *methods: str) -> None:
        """Their replies come when `release` is called."""
        self._held |= set(methods)

    def release(self) -> None:
        self._held.clear()
        while self._waiting:
            self._waiting.pop(0)()

    def _relay(self, browser: WebSocketRoute) -> None:
        service = browser.connect_to_server()
        methods: dict[int, str] = {}  # by the request's id

        def ask(frame: str | bytes) -> None:
            request = json.loads(frame)
            method = methods[request["id"]] = request["method"]
            self.calls.append(method)
            if method in self.refused:
                error = {"code": self.refused[method], "message": ""}
                browser.send(json.dumps({"error": error, "result": None, "id": request["id"]}))
            else:
                service.send(frame)

        def answer(frame: str | bytes) -> None:
            if methods.get(json.loads(frame)["id"]) in self._held:
                self._waiting.append(partial(browser.send, frame))
            else:
                browser.send(frame)

        browser.on_message(ask)
        service.on_message(answer)
