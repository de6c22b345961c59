"""Writing in the widget: what is sent, and what survives a reload, a lost line and a killed service."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browsing import NETWORK, OpenPage, Watch
from tests.pages.conftest import on_both_engines
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.widget import Widget
from tests.service import Service

EnterPeer = Callable[[str], Peer]


def test_enter_sends_and_shift_enter_breaks_the_line(widget: Widget) -> None:
    widget.composer.press_sequentially("one")
    widget.composer.press("Shift+Enter")
    widget.composer.press_sequentially("two 👋")
    widget.composer.press("Enter")
    expect(widget.state("one\ntwo 👋")).to_have_text("Sent")
    expect(widget.composer).to_have_value("")
    expect(widget.composer).to_be_focused()


def test_enter_sends_nothing_while_a_word_is_composed(widget: Widget) -> None:
    widget.composer.fill("にほん")
    for event in ("{key: 'Enter', isComposing: true}", "{key: 'Enter', keyCode: 229}"):
        widget.composer.evaluate(
            f"(field) => field.dispatchEvent(new KeyboardEvent('keydown', {{bubbles: true, ...{event}}}))"
        )
    expect(widget.bubbles).to_have_count(0)
    widget.composer.press("Enter")
    expect(widget.bubbles).to_have_count(1)


def test_enter_breaks_the_line_where_fingers_type(open_page: OpenPage) -> None:
    widget = Widget(open_page("/", has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}))
    widget.log_in("anna")
    assert widget.focus() == "Chat with us"  # the heading: the keyboard would cover the half of it
    widget.composer.fill("one")
    widget.composer.press("Enter")
    expect(widget.composer).to_have_value("one\n")
    widget.panel.get_by_role("button", name="Send", exact=True).tap()
    expect(widget.bubbles).to_have_count(1)


def test_nothing_but_white_space_is_not_sent(widget: Widget) -> None:
    widget.send(" \n ")
    expect(widget.bubbles).to_have_count(0)


def test_the_composer_grows_to_six_lines(widget: Widget) -> None:
    heights = []
    for lines in (1, 3, 6, 12):
        widget.composer.fill("\n".join(["line"] * lines))
        box = widget.composer.bounding_box()
        assert box
        heights.append(box["height"])
    assert heights[0] < heights[1] < heights[2] == heights[3]


@pytest.mark.parametrize("service_settings", [["--text-limit=32"]])
def test_characters_are_counted_as_the_service_counts_them(widget: Widget) -> None:
    count = widget.panel.locator(".count")
    widget.composer.fill("👋" * 29)
    expect(count).to_be_hidden()
    widget.composer.fill("👋" * 31)
    expect(count).to_have_text("31 of 32 characters")
    widget.composer.fill("👋" * 33)
    expect(count).to_have_text("1 character too many")
    expect(widget.status).to_have_text("1 character too many")
    widget.composer.press("Enter")
    expect(widget.bubbles).to_have_count(0)
    widget.composer.fill("👋" * 32)
    widget.composer.press("Enter")
    expect(widget.state("👋" * 32)).to_have_text("Sent")


def test_characters_are_shown_from_15000(widget: Widget) -> None:
    widget.composer.fill("я" * 14_999)
    expect(widget.panel.locator(".count")).to_be_hidden()
    widget.composer.fill("я" * 15_000)
    expect(widget.panel.locator(".count")).to_have_text("15000 of 16000 characters")


# The outbox


@on_both_engines
def test_a_killed_service_gets_what_was_written_once_and_in_order(
    open_page: OpenPage, service: Service, peer: EnterPeer, watch: Watch
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    texts = ["first", "second", "third"]
    with kept_pages(widget.page, service):
        widget.wait_for_line("waiting")
        for text in texts:
            widget.send(text)
            expect(widget.state(text)).to_have_text("Waiting for connection")
        widget.page.reload()
        expect(widget.bubbles).to_have_text(texts)
        assert widget.unsent() == texts
    service.start()
    for text in texts:
        expect(widget.state(text)).to_have_text("Sent")
    expect(widget.bubbles).to_have_text(texts)
    assert [message["message_text"] for message in peer("anna").messages] == texts


@contextlib.contextmanager
def kept_pages(page: Page, service: Service) -> Iterator[None]:
    """While the service is away, somebody else has its files: a browser's cache, or a page of another site."""
    script = "performance.getEntriesByType('resource').map((entry) => entry.name)"
    urls = [f"{service.url}/", *(url for url in page.evaluate(script) if "/v1/" not in url)]
    kept = {urlsplit(url).path: page.request.get(url) for url in urls}
    files = {path: (answer.headers["content-type"], answer.body()) for path, answer in kept.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = files.get(self.path, ("", b""))
            self.send_response(200 if kind else 503)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            pass

    service.kill()
    with ThreadingHTTPServer(("127.0.0.1", service.port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def test_two_tabs_resend_one_outbox_once(open_page: OpenPage, network: Network, peer: EnterPeer, watch: Watch) -> None:
    watch.allow(NETWORK)
    first = Widget(open_page("/", base=network.url))
    first.log_in("anna")
    second = Widget(open_page("/", beside=first.page, base=network.url))
    second.wait_for_line()
    network.cut()
    texts = ["one", "two", "three"]
    for tab, text in zip((first, second, first), texts, strict=True):
        tab.wait_for_line("waiting", "connecting")
        tab.send(text)
        expect(tab.state(text)).to_have_text("Waiting for connection")
    for tab in (first, second):
        expect(tab.bubbles).to_have_text(texts)
    network.mend()
    for tab in (first, second):
        expect(tab.panel.locator(".pending")).to_have_count(0)  # a push may come before the other tab's word of it
        for text in texts:
            expect(tab.state(text)).to_have_text("Sent")
        expect(tab.bubbles).to_have_text(texts)
    assert [message["message_text"] for message in peer("anna").messages] == texts


@pytest.mark.parametrize("service_settings", [["--message-rate=0.5", "--message-burst=2"]])
def test_what_the_service_puts_off_waits_and_is_sent_by_itself(widget: Widget, peer: EnterPeer) -> None:
    texts = ["one", "two", "three"]
    for text in texts:
        widget.send(text)
    expect(widget.state("three")).to_have_text("Waiting for connection")
    for text in texts:
        expect(widget.state(text)).to_have_text("Sent")
    assert [message["message_text"] for message in peer("anna").messages] == texts


def test_a_refused_message_may_be_tried_again_or_deleted(widget: Widget) -> None:
    widget.page.evaluate(
        """() => {
            const { user_id } = JSON.parse(localStorage.getItem("chat:session"));
            for (const [index, key] of ["one", "two"].entries()) {
                const item = { key, created: Date.now() + index, text: `text ${key}`, failed: 1 };
                localStorage.setItem(`chat:outbox:${user_id}:${key}`, JSON.stringify(item));
            }
        }"""
    )
    widget.page.reload()
    expect(widget.state("text one")).to_have_text("Not sent")
    widget.bubble("text two").get_by_role("button", name="Delete").click()
    expect(widget.bubble("text two")).to_have_count(0)
    widget.bubble("text one").get_by_role("button", name="Try again").click()
    expect(widget.state("text one")).to_have_text("Sent")
    assert widget.unsent() == []


# The line


def test_half_a_character_holds_nothing_up(widget: Widget, peer: EnterPeer) -> None:
    widget.composer.evaluate(
        "(field) => { field.value = 'half \\ud83d'; field.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    widget.composer.press("Enter")
    widget.send("after it")
    expect(widget.state("after it")).to_have_text("Sent")
    assert [message["message_text"] for message in peer("anna").messages] == ["half \ufffd", "after it"]


def test_what_was_refused_and_is_old_may_be_tried_again(widget: Widget) -> None:
    widget.page.evaluate(
        """() => {
            const { user_id } = JSON.parse(localStorage.getItem("chat:session"));
            const item = { key: "one", created: Date.now() - 90_000_000, text: "of the day before", failed: 1 };
            localStorage.setItem(`chat:outbox:${user_id}:one`, JSON.stringify(item));
        }"""
    )
    widget.page.reload()
    widget.bubble("of the day before").get_by_role("button", name="Try again").click()
    expect(widget.state("of the day before")).to_have_text("Sent")
