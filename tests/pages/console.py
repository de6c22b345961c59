"""The console as its operator meets it, in a page of Playwright's."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Locator, Page, ViewportSize, expect

from manage.database import transaction
from tests.conftest import PASSWORD
from tests.pages.browsing import OpenPage, until
from tests.pages.wire import Wire

WIDE: ViewportSize = {"width": 1280, "height": 800}  # there is room for three regions
MIDDLE: ViewportSize = {"width": 800, "height": 700}  # for two
PHONE: ViewportSize = {"width": 390, "height": 780}  # for one
NARROW: ViewportSize = {"width": 320, "height": 640}  # the narrowest there is
TEXTS = """async (language) => {
    const script = document.querySelector("script[type=module]").src;
    return (await import(script.replace("main.js", `texts/${language}.js`))).default;
}"""
FOCUS = """() => {
    const focus = document.activeElement;
    if (focus === document.body) return "body";
    const name = focus.querySelector(".name")?.textContent;
    return focus.getAttribute("aria-label") || name || focus.labels?.[0]?.textContent || focus.textContent;
}"""
SCROLL_UP = """(scroller) => new Promise((drawn) => {
    scroller.scrollBy(0, -900);
    requestAnimationFrame(() => requestAnimationFrame(drawn));
})"""
LETTERS = {
    "J": "о", "K": "л", "U": "г", "R": "к", "N": "т", "A": "ф", "I": "ш", "E": "у", "Z": "я", "D": "в",
}  # fmt: skip


class Console:
    """The one console of a page. What stands in it is found by its words, as an operator would name it."""

    def __init__(self, page: Page, language: str = "en") -> None:
        self.page = page
        self._texts: dict[str, Any] = page.evaluate(TEXTS, language)
        self.name = page.get_by_label(self.t("user_name"), exact=True)
        self.password = page.get_by_label(self.t("password"), exact=True)
        self.queue = page.get_by_role("navigation", name=self.t("queue"))
        self.heading = self.queue.get_by_role("heading", name=self.t("queue"))
        self.rows = self.queue.get_by_role("list", name=self.t("queue")).get_by_role("button")
        self.found = self.queue.get_by_role("list", name=self.t("found")).get_by_role("button")
        self.search = self.queue.get_by_role("searchbox")
        self.update = self.queue.locator(".update")
        self.title = page.get_by_role("main").get_by_role("heading", level=2)
        self.messages = page.get_by_role("region", name=self.t("messages"))
        self.composer = page.get_by_role("main").get_by_role("textbox")
        self.presence = page.locator("desk-composer .presence")
        self.collision = page.get_by_role("main").get_by_role("alert")
        self.options = page.get_by_role("listbox").get_by_role("option")
        self.details = page.get_by_role("complementary", name=self.t("details"))
        self.dialog = page.get_by_role("dialog")
        self.line = page.locator("desk-topbar .line")
        self.alerts = page.locator("desk-topbar .alerts")
        self.toast = page.locator(".toast")
        self.log = page.get_by_role("log")
        self.status = page.locator(".hidden[role=status]")
        self.below = page.locator(".to-end")

    def t(self, name: str, **values: object) -> str:
        """A text of the page's own table, for what is the same in both languages."""
        text = self._texts[name]
        assert isinstance(text, str), name
        return re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), text)

    # Coming and going

    def fill_in(self, name: str, password: str = PASSWORD) -> None:
        self.name.fill(name)
        self.password.fill(password)
        self.password.press("Enter")

    def log_in(self, name: str) -> None:
        """Log in, and wait for the queue."""
        self.fill_in(name)
        self.wait_for_line()

    def wait_for_line(self) -> None:
        """Until it is connected and what it shows is there."""
        expect(self.line).to_have_text(self.t("connected"))
        expect(self.tab("waiting").locator(".count")).not_to_have_text("–")

    def reload(self) -> None:
        self.page.reload()
        self.wait_for_line()

    def narrow(self) -> None:
        """Make the window narrow where a conversation is open, and wait for that one's entry in the history."""
        self.page.set_viewport_size(NARROW)
        self.wait_for_entry()

    def wait_for_entry(self) -> None:
        """Until the open conversation has an entry of its own in the history, above the queue's."""
        until(self.page, lambda: self.page.evaluate("Boolean(history.state?.isAboveQueue)"))

    def log_out(self) -> None:
        self.page.get_by_role("button", name=self.t("log_out"), exact=True).click()

    # The queue

    def tab(self, filter_name: str) -> Locator:
        """`filter_name` is "waiting", "mine", "open" or "closed"."""
        return self.queue.get_by_role("tab", name=self.t(f"filter_{filter_name}"))

    def row(self, name: str) -> Locator:
        """A customer's row."""
        return self.rows.filter(has=self.page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$")))

    def names(self) -> list[str]:
        """The customers in the queue, from top to bottom. A row may go between the finding and the measuring."""
        found: list[str] = self.rows.evaluate_all(
            """(rows) => rows
                .filter((row) => row.isConnected)
                .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
                .map((row) => row.querySelector(".name").textContent)"""
        )
        return found

    def open(self, name: str) -> None:
        """Click a customer's row, wait for the conversation, and take the pointer away: under it nothing moves."""
        self.row(name).click()
        self.page.mouse.move(0, 0)
        self.wait_for(name)

    def wait_for(self, name: str) -> None:
        """Until a customer's conversation is open."""
        expect(self.title).to_have_text(name)
        expect(
            self.messages.get_by_role("listitem").or_(self.page.get_by_text(self.t("no_messages"))).first
        ).to_be_visible()

    # The conversation

    def bubble(self, text: str) -> Locator:
        """A message or a note in the open conversation."""
        return self.messages.get_by_role("listitem").filter(has=self.page.get_by_text(text, exact=True))

    def top(self, text: str) -> float:
        """How far below the window's top a message stands, in pixels."""
        box = self.bubble(text).bounding_box()
        assert box
        return box["y"]

    def read_up_to(self, text: str) -> set[str]:
        """Scroll up to a message. Returns the texts on the way."""
        seen: set[str] = set()
        while text not in seen:
            seen.update(self.messages.locator("li .text").all_text_contents())
            self.messages.evaluate(SCROLL_UP)
        return seen

    def state(self, text: str) -> Locator:
        """The state that a message shows."""
        return self.bubble(text).locator(".state")

    def write(self, text: str, kind: str = "answer") -> None:
        """Write, but do not send."""
        self.page.get_by_role("tab", name=self.t(f"kind_{kind}")).click()
        self.composer.fill(text)

    def send(self, text: str, kind: str = "answer") -> None:
        self.write(text, kind)
        self.composer.press("Enter")

    def button(self, text: str, **values: object) -> Locator:
        """A button by the name of its text."""
        return self.page.get_by_role("button", name=self.t(text, **values), exact=True).locator("visible=true")

    # Keys

    def press(self, code: str, key: str = "", modifiers: int = 0) -> None:
        """Press a key as on a Russian layout: its place on the keyboard, and the letter that stands there.

        `modifiers` are those of Chromium's protocol: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift.
        """
        key = key or LETTERS.get(code.removeprefix("Key"), code.removeprefix("Digit"))
        event = {"key": key, "code": code, "modifiers": modifiers}
        text = {"text": key} if len(key) == 1 and not modifiers & 7 else {}
        session = self.page.context.new_cdp_session(self.page)
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", **event, **text})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})
        session.detach()

    def focus(self) -> str:
        """The name of what has the focus: a row's is its customer's; "body" where nothing has it."""
        found: str = self.page.evaluate(FOCUS)
        return found

    def expect_focus(self) -> None:
        """Somewhere: what had it and went gives it back in a turn of the page's loop."""
        until(self.page, lambda: self.focus() != "body")

    # What the browser keeps

    def kept(self) -> dict[str, Any]:
        """What the console keeps in this browser, by its names without the prefix."""
        items = self.page.evaluate("Object.entries(localStorage)")
        return {key.removeprefix("desk:"): json.loads(text) for key, text in items if key.startswith("desk:")}


def enter(open_page: OpenPage, name: str = "olga", **options: Any) -> Console:
    """A console in a page of its own, with an operator logged in."""
    console = Console(open_page("/operator", **options))
    console.log_in(name)
    return console


def enter_wired(open_page: OpenPage, **options: Any) -> tuple[Console, Wire]:
    """The same, and the page's connection, in hand before the log-in."""
    page = open_page("/operator", **options)
    wire = Wire(page)
    console = Console(page)
    console.log_in("olga")
    return console, wire


def expect_sent_once(console: Console, text: str) -> None:
    """In the end: while a tab waits for another's acknowledgement it may show the message and the waiting answer."""
    expect(console.bubble(text).locator(".state.sent")).to_have_count(1)
    expect(console.bubble(text)).to_have_count(1)


def use_real_focus(*consoles: Console) -> None:
    """From now on only the page that was brought to the front last has the focus, as it is without Playwright."""
    for console in consoles:
        session = console.page.context.new_cdp_session(console.page)
        session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    consoles[-1].page.bring_to_front()


def make_old(url: str, user_id: int, minutes: int) -> None:
    """Let a customer's messages have come so long ago."""
    created = datetime.now(UTC) - timedelta(minutes=minutes)
    with transaction(url) as connection:
        connection.execute(
            "UPDATE messages SET created = ? WHERE user_id = ?", (created.strftime("%Y-%m-%d %H:%M:%S"), user_id)
        )
