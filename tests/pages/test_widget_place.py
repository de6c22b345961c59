"""Where one stands in the widget's conversation, whatever comes, grows or turns."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, stop_clock, until
from tests.pages.fill import add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.widget import ROOT, Widget
from tests.pages.wire import Wire

EnterPeer = Callable[[str], Peer]


def test_earlier_messages_come_on_scrolling_up_and_the_place_is_kept(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int], database_url: str
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 700)[-1])
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.bubble("Message 700")).to_be_in_viewport()
    oldest = "Message 201"  # of the first answer
    jump_up(widget, oldest)
    place = top(widget, oldest)
    widget.page.wait_for_timeout(300)
    assert abs(top(widget, oldest) - place) < 2  # pixels, of which a browser has parts
    for text in ("Message 101", "Message 1"):
        jump_up(widget, text)


def test_a_closed_panel_asks_for_no_earlier_messages(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int], database_url: str
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 700)[-1])
    page = open_page("/")
    wire = Wire(page)
    widget = Widget(page)
    widget.log_in("anna")
    expect(widget.bubble("Message 700")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(widget.panel).to_be_hidden()
    olga = peer("olga")
    for n in range(3):
        olga.answer(ids["anna"], f"answer {n}")
    expect(widget.launcher).to_have_accessible_name("Open chat, 3 unread messages")
    widget.launcher.click()
    expect(widget.panel.locator(".new")).to_be_in_viewport()
    expect(widget.bubble("answer 2")).to_be_in_viewport()
    assert "message.history" not in wire.calls


def test_who_logs_in_finds_what_is_new_where_it_begins(
    open_page: OpenPage, ids: dict[str, int], database_url: str
) -> None:
    add_messages(database_url, "anna", 80)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.panel.locator(".new")).to_be_in_viewport()
    expect(widget.bubble("Message 80")).not_to_be_in_viewport()
    expect(widget.to_end).to_have_text("40 new")


def test_earlier_messages_that_are_refused_are_asked_for_again_after_a_pause(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int], database_url: str
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 700)[-1])
    widget = Widget(open_page("/"))
    wire = Wire(widget.page)
    wire.refused["message.history"] = 5
    widget.log_in("anna")
    expect(widget.bubble("Message 700")).to_be_in_viewport()
    widget.page.clock.install()
    stop_clock(widget.page)
    widget.panel.locator("chat-transcript").evaluate("(scroller) => { scroller.scrollTop = 0 }")
    while "message.history" not in wire.calls:
        widget.page.clock.run_for(20)  # until the browser has drawn
    peer("olga").answer(ids["anna"], "an answer")
    expect(widget.to_end).to_have_text("1 new")
    assert wire.calls.count("message.history") == 1
    wire.refused.clear()
    widget.page.clock.run_for(2_000)
    widget.page.clock.resume()
    expect(widget.bubble("Message 201")).to_be_attached()
    jump_up(widget, "Message 1")


def test_what_follows_a_long_message_stays_in_view(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    olga = peer("olga")
    olga.answer(ids["anna"], "\n".join(f"line {n}" for n in range(120)))
    for n in range(20):
        olga.answer(ids["anna"], f"answer {n}")
    expect(widget.bubble("answer 19")).to_be_in_viewport()
    widget.panel.locator("chat-transcript").evaluate(
        """(scroller) => {
            const long = [...scroller.querySelectorAll("li")].find((row) => row.textContent.includes("line 0"));
            scroller.scrollTop = long.offsetTop + long.offsetHeight - 150;
        }"""
    )
    expect(widget.bubble("answer 2")).to_be_in_viewport()
    olga.call("message.typing", ids["anna"])
    expect(widget.panel.locator(".typing")).to_have_text("olga is typing…")
    expect(widget.bubble("answer 2")).to_be_in_viewport()


def test_what_is_selected_stays_so_when_the_next_message_comes(
    widget: Widget, peer: EnterPeer, ids: dict[str, int]
) -> None:
    olga = peer("olga")
    olga.answer(ids["anna"], "12345")
    widget.bubble("12345").locator(".text").dblclick()
    olga.answer(ids["anna"], "the next")  # the time of the group goes to it
    expect(widget.bubble("the next")).to_be_visible()
    expect(widget.bubble("12345").locator("time")).to_have_count(0)
    assert widget.page.evaluate("String(getSelection())") == "12345"


def test_a_turned_phone_leaves_what_one_reads_where_it_is(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int], database_url: str
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 100)[-1])
    widget = Widget(open_page("/", viewport={"width": 400, "height": 800}))
    widget.log_in("anna")
    expect(widget.bubble("Message 100")).to_be_in_viewport()
    widget.panel.locator("chat-transcript").evaluate("(scroller) => scroller.scrollTo(0, 1000)")
    expect(widget.bubble("Message 100")).to_have_count(0)
    first = widget.page.evaluate(
        f"""() => {{
            const scroller = {ROOT}.querySelector("chat-transcript");
            const {{ top }} = scroller.getBoundingClientRect();
            const rows = [...scroller.querySelectorAll("li:has(.text)")];
            return rows.find((row) => row.getBoundingClientRect().top >= top).querySelector(".text").textContent;
        }}"""
    )
    widget.page.set_viewport_size({"width": 800, "height": 500})
    expect(widget.panel).not_to_have_attribute("style", re.compile("height"))
    expect(widget.bubble(first)).to_be_in_viewport()


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param("() => dispatchEvent(new StorageEvent('storage', { key: null }))", id="another tab has written"),
        pytest.param("(field) => { field.style.height = '20px' }", id="the view grows"),
    ],
)
def test_a_scroll_is_kept_that_comes_with_the_next_drawing(widget: Widget, draw: str, database_url: str) -> None:
    add_messages(database_url, "anna", 80)
    widget.page.reload()
    widget.wait_for_line()
    widget.composer.fill("\n" * 5)
    widget.to_end.click()
    expect(widget.bubble("Message 80")).to_be_in_viewport()
    place = widget.composer.evaluate(
        f"""(field) => {{
            const scroller = field.getRootNode().querySelector("chat-transcript");
            scroller.scrollBy(0, -300);
            const place = scroller.scrollTop;
            ({draw})(field);
            return place;
        }}"""
    )
    expect(widget.to_end).to_be_visible()
    assert widget.panel.locator("chat-transcript").evaluate("(scroller) => scroller.scrollTop") == place


def test_a_jump_to_the_oldest_arrives_there_that_comes_with_the_next_drawing(widget: Widget, database_url: str) -> None:
    add_messages(database_url, "anna", 80)
    widget.page.reload()
    widget.wait_for_line()
    widget.to_end.click()
    expect(widget.bubble("Message 80")).to_be_in_viewport()
    widget.panel.locator("chat-transcript").evaluate(
        "(scroller) => { scroller.scrollTo(0, 0); dispatchEvent(new StorageEvent('storage', { key: null })) }"
    )
    expect(widget.bubble("Message 1")).to_be_in_viewport()


def top(widget: Widget, text: str) -> float:
    box = widget.bubble(text).bounding_box()
    assert box
    return box["y"]


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


def test_what_one_reads_stays_when_the_line_new_moves(widget: Widget, peer: EnterPeer, ids: dict[str, int]) -> None:
    olga = peer("olga")
    widget.page.keyboard.press("Escape")
    for n in range(40):
        olga.answer(ids["anna"], f"answer {n}")
    expect(widget.launcher).to_have_accessible_name("Open chat, 40 unread messages")
    widget.launcher.click()
    scroller = widget.panel.locator("chat-transcript")
    scroller.evaluate("(scroller) => { scroller.scrollTop = scroller.scrollHeight }")
    until(widget.page, lambda: peer("anna").call("desk.status")["unread"] == 0)
    for _ in range(3):
        scroller.evaluate("(scroller) => { scroller.scrollTop = 0 }")
        widget.page.wait_for_timeout(200)
    scroller.evaluate("(scroller) => { scroller.scrollTop = scroller.querySelector('.new').offsetTop + 3 }")
    widget.page.wait_for_timeout(300)
    expect(widget.bubble("answer 1")).to_be_in_viewport()
    widget.page.evaluate("document.hasFocus = () => false")
    olga.answer(ids["anna"], "the next")
    expect(widget.to_end).to_have_text("1 new")
    expect(widget.bubble("answer 1")).to_be_in_viewport()


def test_a_waiting_message_that_is_acknowledged_stays_where_one_reads_it_and_selected(
    open_page: OpenPage, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    network.cut()
    widget.wait_for_line("waiting")
    widget.send("\n".join(f"line{n}" for n in range(200)))
    scroller = widget.panel.locator("chat-transcript")
    expect(widget.bubbles).to_have_count(1)
    scroller.evaluate("(scroller) => scroller.scrollTo(0, 1500)")
    expect(widget.to_end).to_be_visible()
    box = scroller.bounding_box()
    assert box
    widget.page.mouse.dblclick(box["x"] + box["width"] - 60, box["y"] + 100)
    selected = widget.page.evaluate("String(getSelection())")
    assert selected.startswith("line")
    place = scroller.evaluate("(scroller) => scroller.scrollTop")
    network.mend()
    expect(widget.panel.locator(".state")).to_have_text("Sent")
    assert widget.page.evaluate("String(getSelection())") == selected
    assert abs(scroller.evaluate("(scroller) => scroller.scrollTop") - place) <= 1  # pixels
