"""The conversation in the widget: what is written, shown, read, and what survives."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.pages.browsing import NETWORK, OpenPage, Watch
from tests.pages.conftest import on_both_engines
from tests.pages.fill import add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.widget import ROOT, Widget
from tests.service import Service

EnterPeer = Callable[[str], Peer]


@pytest.fixture
def widget(open_page: OpenPage) -> Widget:
    """Anna's."""
    made = Widget(open_page("/"))
    made.log_in("anna")
    return made


# Sending


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


def test_a_draft_survives_a_reload_and_a_switch_of_the_language(widget: Widget) -> None:
    widget.composer.fill("half a thought")
    widget.page.reload()
    expect(widget.composer).to_have_value("half a thought")
    widget.choose("language", "ru")
    russian = Widget(widget.page, "ru")
    expect(russian.composer).to_have_value("half a thought")
    assert russian.focus() == "Меню"
    expect(widget.page.get_by_role("heading", level=1)).to_have_text("Чем помочь?")
    russian.page.reload()
    expect(russian.composer).to_have_value("half a thought")


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
        for text in texts:
            expect(tab.state(text)).to_have_text("Sent")
        expect(tab.bubbles).to_have_text(texts)
        expect(tab.panel.locator(".pending")).to_have_count(0)
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


def test_the_lines_state_is_true_at_every_moment(open_page: OpenPage, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    network.cut()
    widget.wait_for_line("waiting")
    expect(widget.line).to_have_text(re.compile(r"Reconnecting in \d+ seconds?Try now"))
    expect(widget.status).to_have_text("Connection lost.")
    expect(widget.composer).to_be_editable()
    network.mend()
    widget.panel.get_by_role("button", name="Try now").click()
    widget.wait_for_line()
    expect(widget.status).to_have_text("Connected again.")


def test_what_was_missed_in_a_break_comes_after_it(
    open_page: OpenPage, network: Network, peer: EnterPeer, ids: dict[str, int], watch: Watch
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    widget.send("a question")
    expect(widget.state("a question")).to_have_text("Sent")
    network.cut()
    widget.wait_for_line("waiting", "connecting")
    peer("olga").answer(ids["anna"], "an answer")
    network.mend()
    expect(widget.bubbles).to_have_text(["a question", "an answer"])


# What the operators do


def test_typing_is_shown_both_ways(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    widget.send("a question")
    expect(widget.state("a question")).to_have_text("Sent")
    olga = peer("olga")
    olga.call("events.subscribe", ["typing"])
    olga.call("message.typing", ids["anna"])
    expect(widget.panel.locator(".typing")).to_have_text("olga is typing…")
    expect(widget.status).to_have_text("olga is typing…")
    widget.composer.press_sequentially("what")
    assert olga.wait_for("typing")["user_id"] == ids["anna"]
    expect(widget.panel.locator(".typing")).to_be_empty()  # she stopped
    olga.call("message.typing", ids["anna"])
    expect(widget.panel.locator(".typing")).not_to_be_empty()
    olga.answer(ids["anna"], "an answer")
    expect(widget.panel.locator(".typing")).to_be_empty()


def test_only_the_newest_read_message_says_so(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    for text in ("one", "two", "three"):
        widget.send(text)
        expect(widget.state(text)).to_have_text("Sent")
    olga = peer("olga")
    olga.call("message.read", ids["anna"], olga.messages[1]["message_id"])
    expect(widget.state("two")).to_have_text("Read")
    expect(widget.state("one")).to_have_count(0)
    expect(widget.state("three")).to_have_text("Sent")
    widget.page.reload()
    expect(widget.state("two")).to_have_text("Read")
    expect(widget.state("one")).to_have_count(0)


def test_a_message_is_read_when_the_customer_has_seen_it(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    olga = peer("olga")
    olga.call("events.subscribe", ["read"])
    widget.page.keyboard.press("Escape")
    olga.answer(ids["anna"], "while the panel is closed")
    expect(widget.launcher).to_have_accessible_name("Open chat, 1 unread message")
    widget.page.add_init_script("document.hasFocus = () => false")
    widget.page.reload()  # opened by data-open, yet nobody looks
    expect(widget.bubbles).to_have_count(1)
    widget.page.wait_for_timeout(1500)  # longer than a glance
    assert not [push for push in olga.pushes if "read" in push]
    assert peer("anna").call("desk.status")["unread"] == 1
    widget.page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))")
    assert olga.wait_for("read")["customer_read_id"] > 0
    assert peer("anna").call("desk.status")["unread"] == 0
    widget.page.reload()
    expect(widget.bubbles).to_have_count(1)
    widget.page.keyboard.press("Escape")
    expect(widget.panel.locator(".new")).to_have_count(0)


def test_the_launcher_counts_what_is_unread(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    badge = widget.launcher.locator(".badge")
    expect(widget.launcher).to_have_attribute("aria-expanded", "true")
    widget.composer.press("Escape")
    expect(widget.panel).to_be_hidden()
    expect(widget.launcher).to_be_focused()
    expect(widget.launcher).to_have_accessible_name("Open chat")
    expect(widget.launcher).to_have_attribute("aria-expanded", "false")
    expect(badge).to_be_hidden()
    olga = peer("olga")
    olga.answer(ids["anna"], "1")
    olga.answer(ids["anna"], "2")
    expect(widget.launcher).to_have_accessible_name("Open chat, 2 unread messages")
    expect(badge).to_have_text("2")
    for n in range(3, 12):
        olga.answer(ids["anna"], str(n))
    expect(badge).to_have_text("9+")
    widget.launcher.click()
    expect(widget.panel.locator(".new")).to_have_text("New")
    expect(widget.composer).to_be_focused()
    widget.page.keyboard.press("Escape")
    expect(widget.launcher).to_have_accessible_name(re.compile("Open chat"))


def test_the_log_has_exactly_the_new_messages_of_others(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int], database_url: str
) -> None:
    add_messages(database_url, "anna", 40)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.bubble("Message 40")).to_be_visible()
    log = widget.page.locator("support-chat [role=log]")
    widget.send("my own")
    expect(widget.state("my own")).to_have_text("Sent")
    widget.panel.locator("chat-transcript").evaluate("(scroller) => { scroller.scrollTop = 0 }")
    expect(widget.bubble("Message 1")).to_be_visible()
    olga = peer("olga")
    olga.answer(ids["anna"], "short")
    olga.answer(ids["anna"], "long " * 100)
    said = log.locator("p")
    expect(said).to_have_text(["olga: short", re.compile(r"^olga: (long ){38}long$|^olga: (long ){40}$")])
    for n in range(6):
        olga.answer(ids["anna"], f"answer {n}")
    expect(said).to_have_text([f"olga: answer {n}" for n in range(1, 6)])
    widget.page.reload()
    expect(widget.bubble("answer 5")).to_be_visible()
    expect(said).to_have_count(0)


def test_new_messages_below_are_counted_while_one_reads_above(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int], database_url: str
) -> None:
    add_messages(database_url, "anna", 60)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.bubble("Message 60")).to_be_visible()
    expect(widget.to_end).to_be_hidden()
    widget.panel.locator("chat-transcript").evaluate("(scroller) => { scroller.scrollTop = 0 }")
    expect(widget.to_end).to_have_accessible_name("To the newest message")
    olga = peer("olga")
    for n in range(3):
        olga.answer(ids["anna"], f"answer {n}")
    expect(widget.to_end).to_have_text("3 new")
    widget.to_end.click()
    expect(widget.bubble("answer 2")).to_be_in_viewport()
    expect(widget.to_end).to_be_hidden()


def test_earlier_messages_come_on_scrolling_up_and_the_place_is_kept(
    open_page: OpenPage, ids: dict[str, int], database_url: str
) -> None:
    add_messages(database_url, "anna", 700)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.bubble("Message 700")).to_be_in_viewport()
    oldest = "Message 201"  # of the first answer
    jump_up(widget, oldest)
    top = widget.bubble(oldest).bounding_box()
    widget.page.wait_for_timeout(300)
    assert widget.bubble(oldest).bounding_box() == top
    for text in ("Message 101", "Message 1"):
        jump_up(widget, text)


def jump_up(widget: Widget, text: str) -> None:
    """Scroll up, again and again, until the message is there."""
    widget.page.wait_for_function(
        f"""(text) => {{
            const scroller = {ROOT}.querySelector("chat-transcript");
            const found = [...scroller.querySelectorAll(".text")].find((node) => node.textContent === text);
            if (found) found.scrollIntoView();
            else scroller.scrollBy(0, -400);
            return found;
        }}""",
        arg=text,
        polling=50,
    )


# Texts

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script><style>*{display:none}</style>",
    "javascript:alert(1) JAVASCRIPT:alert(1) data:text/html,<script>alert(1)</script>",
    'https://192.0.2.1/"onmouseover=alert(1)//',
    "http://[bad https:// http:///x https://user:pass@192.0.2.1/?a=<b>&c='d'",
    "\u202eright to left\u202c \u2066isolated \u0000".replace("\u0000", ""),
    "{{ version }} ${alert(1)} &lt;b&gt; %3Cscript%3E",
    "a" * 3000,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
]


def test_hostile_texts_are_text_whoever_sends_them(
    widget: Widget, peer: EnterPeer, ids: dict[str, int], watch: Watch
) -> None:
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    widget.page.on("dialog", dismiss)
    olga = peer("olga")
    for text in HOSTILE:
        widget.send(text)
        expect(widget.state(text)).to_have_text("Sent")
        olga.answer(ids["anna"], text)
        expect(widget.panel.locator("chat-transcript .text").last).to_have_text(text, use_inner_text=False)
    widget.page.reload()
    for n, node in enumerate(widget.panel.locator("chat-transcript .text").all()[-6:]):
        assert node.text_content() == HOSTILE[(2 * len(HOSTILE) - 6 + n) // 2]
    addresses = widget.panel.locator("chat-transcript a").evaluate_all("(links) => links.map((link) => link.href)")
    assert all(address.startswith(("http://", "https://")) for address in addresses)
    assert widget.panel.locator("chat-transcript").locator("img, script, style, b").count() == 0
    assert widget.page.evaluate(
        f"{ROOT}.querySelector('dialog').scrollWidth <= {ROOT}.querySelector('dialog').clientWidth"
    )
    assert not dialogs
    assert not watch.notes


def test_a_link_opens_elsewhere_and_knows_nothing_of_this_page(widget: Widget) -> None:
    widget.send("see https://example.com/a_(b), and (https://example.org/).")
    links = widget.panel.locator("chat-transcript a")
    expect(links).to_have_text(["https://example.com/a_(b)", "https://example.org/"])
    for link in links.all():
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        expect(link).to_have_attribute("target", "_blank")


def test_days_are_separated_and_groups_show_a_name_once(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int]
) -> None:
    olga = peer("olga")
    olga.answer(ids["anna"], "one")
    olga.answer(ids["anna"], "two")
    widget = Widget(open_page("/", timezone_id="Asia/Tokyo"))
    widget.log_in("anna")
    expect(widget.panel.locator(".day")).to_have_text("Today")
    expect(widget.panel.locator(".author:not(.hidden)")).to_have_text(["olga"])
    expect(widget.panel.locator("chat-transcript time")).to_have_count(1)
