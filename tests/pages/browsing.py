"""What the tests ask of Chromium: how it is started, what a page must never do, and axe's opinion."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP desk.test 127.0.0.1",  # on plain HTTP no secure context, as a network's addresses
]
PATIENCE = 20_000  # milliseconds for what is expected to come
NETWORK = r"net::ERR_|WebSocket connection to"  # for `Watch.allow`, where a test cuts the line or stops the service
DEFAULTS = {
    "locale": "en-US",
    "viewport": {"width": 1280, "height": 800},
    "extra_http_headers": {"Accept-Encoding": "identity"},  # each test's new service would compress the pages anew
}
REPORT_VIOLATIONS = """
    addEventListener("securitypolicyviolation", (event) =>
        console.error(`CSP: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
Theme = Literal["light", "dark"]
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()


class Watch:
    """Notes what a page must never do: errors, whatever the CSP stops, requests to other hosts than this one."""

    def __init__(self) -> None:
        self._noted: list[str] = []
        self._allowed: list[str] = []

    def allow(self, pattern: str) -> None:
        """In this test a note in which the regular expression is found is none, whenever it was made."""
        self._allowed.append(pattern)

    def follow(self, context: BrowserContext) -> None:
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("weberror", lambda error: self._note(f"uncaught: {error.error}"))
        context.on("request", lambda request: self._check_host(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._check_host(socket.url)))
        context.on(
            "console",
            lambda said: self._note(f"console: {said.text} ({said.location['url']})") if said.type == "error" else None,
        )

    def _check_host(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob", "about") and urlsplit(url).hostname != "127.0.0.1":
            self._note(f"asked another host: {url}")

    def _note(self, what: str) -> None:
        self._noted.append(what)

    @property
    def notes(self) -> list[str]:
        return [note for note in self._noted if not any(re.search(pattern, note) for pattern in self._allowed)]


class OpenPage:
    """Opens pages of a service, each watched from its first request."""

    def __init__(self, browser: Browser, watch: Watch, url: str) -> None:
        self._browser = browser
        self._watch = watch
        self._url = url
        self._contexts: list[BrowserContext] = []

    def __call__(self, path: str, *, beside: Page | None = None, base: str = "", **options: Any) -> Page:
        """A page at `path`, in a context of its own: nobody is logged in.

        With `beside` it is a second tab of that page's context, with the same storage. `base` is another address than
        the service's, such as a network's. `options` are those of Playwright's `Browser.new_context`: `locale`,
        `timezone_id`, `viewport`, `color_scheme`, `reduced_motion`, `permissions`, `has_touch` and others.
        """
        if beside:
            context = beside.context
        else:
            context = self._browser.new_context(**DEFAULTS | options)
            self._contexts.append(context)
            self._watch.follow(context)
        page = context.new_page()
        page.goto((base or self._url) + path)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for what no locator can: the browser's events come in meanwhile."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        page.wait_for_timeout(20)


def stop_clock(page: Page) -> None:
    """No timer that the page starts after its `clock.install()` ends before its `clock.resume()`."""
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))


OF_COLOURS = ("color-contrast", "link-in-text-block")  # axe's rules
BOTH_THEMES: tuple[Theme, ...] = ("light", "dark")
SMALL = """([root, least]) => {
    const controls = "button, input, textarea, select, [role=tab], [role=option], label.check";
    const found = [...(document.querySelector(root)?.shadowRoot ?? document).querySelectorAll(controls)];
    const isTarget = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest("[inert]") &&
        !node.matches("[type=checkbox]");  // its label is
    const isSmall = (node) => {
        const { width, height } = node.getBoundingClientRect();
        return width > 1 && Math.min(width, height) < least - 0.5;
    };
    return found.filter((node) => isTarget(node) && isSmall(node)).map((node) => node.outerHTML.slice(0, 120));
}"""


def small_targets(page: Page, least: int, root: str = "") -> list[str]:
    """The controls that a finger, or a mouse, would miss: under `least` pixels wide or high; those of the document, or
    of the shadow root of `root`."""
    found: list[str] = page.evaluate(SMALL, [root or "html", least])
    return found


def axe(page: Page, themes: Sequence[Theme] = ()) -> str:
    """What axe-core finds wrong with the page, a line for each place; an empty text for nothing.

    As it is now, or in each of the `themes`, of which the last stays: they differ in colours alone.
    """
    if themes:
        page.emulate_media(color_scheme=themes[0])
        found = [_run_axe(page)]
        for theme in themes[1:]:
            page.emulate_media(color_scheme=theme)
            found.append(_run_axe(page, OF_COLOURS))
        return "\n".join(filter(None, found))
    return _run_axe(page)


def _run_axe(page: Page, rules: Sequence[str] = ()) -> str:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return "\n".join(
        f"{violation['id']} ({violation['impact']}) at {' '.join(map(str, node['target']))}: {_why(node)}"
        for violation in found["violations"]
        for node in violation["nodes"]
    )


def _why(node: Any) -> str:
    return "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
