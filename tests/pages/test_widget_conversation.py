"""The conversation in the widget: what is shown, read, counted and spoken."""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Dialog, expect

from tests.pages.browsing import OpenPage, Watch, stop_clock, until
from tests.pages.fill import add_messages
from tests.pages.peer import Peer, read_id
from tests.pages.widget import ROOT, Widget
from tests.pages.wire import Wire

EnterPeer = Callable[[str], Peer]


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
    expect(widget.status).to_be_empty()
    olga.call("message.typing", ids["anna"])
    expect(widget.panel.locator(".typing")).not_to_be_empty()
    olga.answer(ids["anna"], "an answer")
    expect(widget.panel.locator(".typing")).to_be_empty()


def test_only_the_newest_read_message_says_so(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    for text in ("one", "two", "three"):
        widget.send(text)
        expect(widget.state(text)).to_have_text("Sent")
    expect(widget.panel.locator("chat-transcript time")).to_have_count(1)  # on the last of the group
    olga = peer("olga")
    olga.call("message.read", ids["anna"], olga.messages[1]["message_id"])
    expect(widget.state("two")).to_have_text("Read")
    expect(widget.state("one")).to_have_count(0)
    expect(widget.state("three")).to_have_text("Sent")
    widget.page.reload()
    expect(widget.state("two")).to_have_text("Read")
    expect(widget.state("one")).to_have_count(0)


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ("document.hasFocus = () => false", "delete document.hasFocus"),
        (
            "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })",
            "delete document.visibilityState",
        ),
    ],
    ids=["without the focus", "hidden"],
)
def test_a_message_is_read_when_the_customer_has_seen_it(
    widget: Widget, peer: EnterPeer, ids: dict[str, int], away: str, back: str
) -> None:
    olga = peer("olga")
    olga.call("events.subscribe", ["read"])
    widget.page.keyboard.press("Escape")
    olga.answer(ids["anna"], "while the panel is closed")
    expect(widget.launcher).to_have_accessible_name("Open chat, 1 unread message")
    widget.page.add_init_script(away)
    widget.page.reload()  # opened by data-open, yet nobody looks
    expect(widget.bubbles).to_have_count(1)
    widget.page.wait_for_timeout(1500)  # longer than a glance
    assert not [push for push in olga.pushes if "read" in push]
    assert peer("anna").call("desk.status")["unread"] == 1
    widget.page.evaluate(f"{back}; dispatchEvent(new Event('focus'))")
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
    peer("anna").call("message.read", add_messages(database_url, "anna", 40)[-1])
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.bubble("Message 40")).to_be_visible()
    log = widget.page.locator("support-chat [role=log]")
    widget.send("my own")
    expect(widget.state("my own")).to_have_text("Sent")
    widget.panel.locator("chat-transcript").evaluate("(scroller) => { scroller.scrollTop = 0 }")
    expect(widget.bubble("Message 1")).to_be_visible()
    olga, clock = peer("olga"), widget.page.clock
    clock.install()
    stop_clock(widget.page)  # so that what is said within a second comes within it
    olga.answer(ids["anna"], "short")
    olga.answer(ids["anna"], "long " * 100)
    expect(widget.to_end).to_have_text("2 new")
    clock.run_for(1_000)
    said = log.locator("p")
    first = f"olga: short olga: {'long ' * 40}".strip()
    expect(said).to_have_text([first])  # joined, and cut
    for n in range(6):
        olga.answer(ids["anna"], f"answer {n}")
    expect(widget.to_end).to_have_text("8 new")
    clock.run_for(1_000)
    expect(said).to_have_text([first, " ".join(f"olga: answer {n}" for n in range(6))])
    clock.resume()
    widget.page.reload()
    expect(widget.bubble("answer 5")).to_be_visible()
    expect(said).to_have_count(0)


def test_new_messages_below_are_counted_while_one_reads_above(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int], database_url: str
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 60)[-1])
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


# Texts

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script><style>*{display:none}</style>",
    "javascript:alert(1) JAVASCRIPT:alert(1) javascript://x/%0aalert(1) data:text/html,<script>alert(1)</script>",
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
    texts = widget.panel.locator("chat-transcript .text")
    for text in HOSTILE:
        widget.send(text)
        expect(widget.state(text)).to_have_text("Sent")
        last = olga.answer(ids["anna"], text)
        expect(texts.last).to_have_text(text, use_inner_text=False)
    peer("anna").call("message.read", last["message_id"])  # else one is taken to what is new
    widget.page.reload()
    sent = [text for text in HOSTILE for _ in range(2)]
    expect(texts.last).to_have_text(sent[-1], use_inner_text=False)
    drawn = texts.all_text_contents()
    assert drawn == sent[-len(drawn) :]
    widget.panel.locator("chat-transcript").evaluate("(scroller) => { scroller.scrollTop = 0 }")
    expect(texts.first).to_have_text(sent[0], use_inner_text=False)
    drawn = texts.all_text_contents()
    assert drawn == sent[: len(drawn)]
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
    created = olga.answer(ids["anna"], "two")["created"]
    widget = Widget(open_page("/", timezone_id="Asia/Tokyo"))
    widget.log_in("anna")
    expect(widget.panel.locator(".day")).to_have_text("Today")
    expect(widget.panel.locator(".author:not(.hidden)")).to_have_text(["olga"])
    there = datetime.fromtimestamp(created, ZoneInfo("Asia/Tokyo"))
    expect(widget.panel.locator("chat-transcript time")).to_have_text([f"{there:%-I:%M %p}"])


def test_of_two_who_typed_none_is_said_to_type_for_ever(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    olga, oleg = peer("olga"), peer("oleg")
    olga.call("message.typing", ids["anna"])
    expect(widget.status).to_have_text("olga is typing…")
    oleg.call("message.typing", ids["anna"])
    expect(widget.panel.locator(".typing")).to_have_text("oleg is typing…")
    expect(widget.panel.locator(".typing")).to_be_empty()
    expect(widget.status).to_be_empty()


def test_what_the_low_panel_hides_is_not_read(open_page: OpenPage, peer: EnterPeer, ids: dict[str, int]) -> None:
    widget = Widget(open_page("/", viewport={"width": 568, "height": 190}))
    widget.log_in("anna")
    widget.panel.evaluate("(panel) => { panel.scrollTop = 0 }")
    peer("olga").answer(ids["anna"], "an answer")
    expect(widget.bubble("an answer")).to_be_visible()
    widget.panel.evaluate("(panel) => { panel.scrollTop = 0 }")
    expect(widget.bubble("an answer").locator(".bubble")).not_to_be_in_viewport(ratio=0.1)
    widget.page.wait_for_timeout(2000)
    assert peer("anna").call("desk.status")["unread"] == 1
    widget.panel.evaluate("(panel) => { panel.scrollTop = 1000 }")
    until(widget.page, lambda: peer("anna").call("desk.status")["unread"] == 0)


def test_a_link_that_has_the_focus_keeps_it_when_the_next_message_comes(
    widget: Widget, peer: EnterPeer, ids: dict[str, int]
) -> None:
    olga = peer("olga")
    olga.answer(ids["anna"], "see https://example.com/")
    link = widget.panel.get_by_role("link", name="https://example.com/")
    link.focus()
    olga.answer(ids["anna"], "the next")
    expect(widget.bubble("the next")).to_be_visible()
    expect(link).to_be_focused()


def test_a_read_mark_that_is_refused_is_told_again(open_page: OpenPage, peer: EnterPeer, ids: dict[str, int]) -> None:
    page = open_page("/")
    wire = Wire(page)
    widget = Widget(page)
    wire.refused["message.read"] = 5
    widget.log_in("anna")
    olga = peer("olga")
    answer = olga.answer(ids["anna"], "an answer")
    until(page, lambda: "message.read" in wire.calls)
    wire.refused.clear()
    until(page, lambda: read_id(olga, ids["anna"]) == answer["message_id"])


def test_today_is_yesterday_on_the_next_day(open_page: OpenPage) -> None:
    page = open_page("/")
    page.clock.install()
    page.reload()
    widget = Widget(page)
    widget.log_in("anna")
    widget.send("a question")
    expect(widget.panel.locator("li.day")).to_have_text("Today")
    page.clock.fast_forward("24:00:00")
    expect(widget.panel.locator("li.day")).to_have_text("Yesterday")
