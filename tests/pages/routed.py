"""What a page and the service say to each other, for a test that counts it, or lets the service refuse."""

import json
import re

from playwright.sync_api import Page, WebSocketRoute


class Wire:
    """Everything goes through; what the page opened before is not here."""

    def __init__(self, page: Page) -> None:
        self.calls: list[str] = []  # the methods that were called, in their order
        self.refused: set[str] = set()  # the methods that are answered with error 5
        page.route_web_socket(re.compile("/v1/ws/"), self._join)

    def _join(self, browser: WebSocketRoute) -> None:
        service = browser.connect_to_server()

        def forward(frame: str | bytes) -> None:
            request = json.loads(frame)
            self.calls.append(request["method"])
            if request["method"] in self.refused:
                error = {"code": 5, "message": "refused by the test"}
                browser.send(json.dumps({"id": request["id"], "result": None, "error": error}))
            else:
                service.send(frame)

        browser.on_message(forward)
