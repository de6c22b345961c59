"""A thousand conversations and ten thousand messages stay smooth: only what is seen is drawn."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect

from tests.pages.browsing import OpenPage
from tests.pages.console import Console, enter
from tests.pages.fill import add_conversations, add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer

CONVERSATIONS = 1_000
MESSAGES = 10_000
ROWS = 60
NODES = 200
LONGEST = 0.05  # seconds of a task
SCROLL = """async ([selector, steps]) => {
    const scroller = [...document.querySelectorAll(selector)].find((found) => found.clientHeight);
    let nodes = 0;
    for (const step of steps) {
        scroller.scrollBy(0, step);
        for (let n = 0; n < 2; n++) await new Promise((done) => requestAnimationFrame(done));
        nodes = Math.max(nodes, scroller.querySelectorAll("li").length);
    }
    return nodes;
}"""
READ = """() => {
    const {bottom} = document.querySelector("desk-conversation .head").getBoundingClientRect();
    const places = [...document.querySelectorAll("li.message")].map((li) => [li, li.getBoundingClientRect().top]);
    const [li, top] = places.find(([, top]) => top > bottom);
    return [li.querySelector(".text").textContent, top];
}"""  # the first message in view, and where it is


class Scroller:
    """Scrolls, and notes the most nodes at a time and the longest task.

    A task's length is the time that the page's thread ran for it: unlike a clock's it does not grow with what else the
    machine does.
    """

    def __init__(self, console: Console, selector: str) -> None:
        self._page = console.page
        self._selector = selector
        self.nodes = 0
        self.longest = 0.0

    def scroll(self, *steps: int) -> None:
        self.nodes = max(self.nodes, self._page.evaluate(SCROLL, [self._selector, steps]))

    @contextmanager
    def measured(self, browser: Browser) -> Iterator[None]:
        """What is done meanwhile counts for `longest`."""
        browser.start_tracing(page=self._page, categories=["toplevel"])
        yield
        events = json.loads(browser.stop_tracing())["traceEvents"]
        names = {(one["pid"], one["tid"]): one["args"]["name"] for one in events if one["name"] == "thread_name"}
        tasks = [one for one in events if one["name"].endswith("RunTask") and "tdur" in one]
        lengths = [one["tdur"] for one in tasks if names[one["pid"], one["tid"]] == "CrRendererMain"]
        self.longest = max(lengths) / 1e6


def smooth(run: Callable[[], Scroller]) -> Scroller:
    """What a run has noted; of three where a task was too long, since the machine's other work slows this one's too."""
    for _ in range(2):
        noted = run()
        if noted.longest <= LONGEST:
            return noted
    return run()


def test_a_thousand_conversations_scroll_smoothly(open_page: OpenPage, database_url: str, browser: Browser) -> None:
    add_conversations(database_url, CONVERSATIONS)
    console = enter(open_page)

    def run() -> Scroller:
        console.reload()
        queue = Scroller(console, "desk-list")
        with queue.measured(browser):
            while not console.row("customer 1000").is_visible():
                queue.scroll(*[1_000] * 5)
            while not console.row("customer 0001").is_visible():
                queue.scroll(*[-1_000] * 10)
        return queue

    queue = smooth(run)
    assert queue.nodes <= ROWS
    assert queue.longest <= LONGEST
    expect(console.tab("waiting").locator(".count")).to_have_text("500+")
    console.row("customer 0001").focus()
    console.page.keyboard.press("ArrowDown")
    queue.scroll(30_000)
    assert console.focus() == "customer 0002"  # it stays drawn
    assert queue.nodes <= ROWS


def test_ten_thousand_messages_scroll_smoothly(open_page: OpenPage, database_url: str, browser: Browser) -> None:
    add_messages(database_url, "anna", MESSAGES)
    console = enter(open_page)
    console.tab("open").click()
    console.open("anna")

    def run() -> Scroller:
        console.reload()
        console.wait_for("anna")
        messages = Scroller(console, "chat-transcript")
        with messages.measured(browser):
            while not console.bubble("Message 1").is_visible():
                messages.scroll(*[-6_000] * 10)
            messages.scroll(*[3_000] * 50, 200_000, -400_000, *[-100] * 50)
        return messages

    messages = smooth(run)
    assert messages.nodes <= NODES
    assert messages.longest <= LONGEST
    console.below.click()
    expect(console.bubble(f"Message {MESSAGES}")).to_be_in_viewport()
    assert console.messages.get_by_role("listitem").count() <= NODES


def test_an_older_page_leaves_what_is_read_where_it_is(
    open_page: OpenPage, database_url: str, network: Network, peer: Callable[[str], Peer], ids: dict[str, int]
) -> None:
    peer("oleg").call("message.read", ids["anna"], add_messages(database_url, "anna", 300)[-1])
    console = enter(open_page, base=network.url)
    console.tab("open").click()
    console.open("anna")
    network.silence()
    console.messages.evaluate("(scroller) => scroller.scrollTo(0, 300)")
    expect(console.bubble("Message 201")).to_be_attached()
    text, top = console.page.evaluate(READ)
    network.mend()
    expect(console.bubble("Message 195")).to_be_attached()
    read = console.bubble(text).bounding_box()
    assert read
    assert abs(read["y"] - top) <= 1
