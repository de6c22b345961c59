"""The line between the widget and the service: what is shown of it, and what one does without it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, stop_clock, until
from tests.pages.network import Network
from tests.pages.peer import Peer, read_id
from tests.pages.widget import Widget
from tests.pages.wire import Wire

EnterPeer = Callable[[str], Peer]
Backup = Callable[[], Callable[[], None]]


def test_the_lines_state_is_true_at_every_moment(open_page: OpenPage, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    widget.page.clock.install()
    network.cut()
    widget.wait_for_line("waiting")
    expect(widget.line).to_have_text(re.compile(r"Reconnecting in \d+ sTry now"))
    expect(widget.status).to_have_text("Connection lost.")
    expect(widget.composer).to_be_editable()
    stop_clock(widget.page)  # so that it does not come back by itself
    widget.wait_for_line("waiting")
    network.mend()
    widget.panel.get_by_role("button", name="Try now").click()
    widget.wait_for_line()
    widget.page.clock.resume()
    expect(widget.status).to_have_text("Connected again.")


@pytest.mark.parametrize(
    "clock", ["", "const now = Date.now; Date.now = () => now() - 3_600_000"], ids=["clock right", "clock put back"]
)
def test_a_dead_network_is_noticed_although_it_tells_nobody(
    open_page: OpenPage, network: Network, watch: Watch, clock: str
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    widget.page.clock.install()
    widget.page.reload()  # so that all its timers are the clock's
    widget.wait_for_line()
    stop_clock(widget.page)
    widget.page.evaluate(clock)
    network.silence()
    widget.send("into the void")
    for _ in range(12):
        widget.page.clock.run_for(5_000)  # a step at a time: whoever is asked again has no longer to answer for it
    expect(widget.line).not_to_have_attribute("data-state", "nobody")
    network.mend()
    widget.page.clock.resume()
    until(widget.page, lambda: not widget.unsent())  # until then the stored one stands beside it
    expect(widget.bubbles).to_have_text(["into the void"])
    expect(widget.state("into the void")).to_have_text("Sent")


def test_a_line_that_falls_silent_while_one_logs_in_is_given_up(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    wire = Wire(widget.page)
    wire.hold("events.subscribe")
    widget.page.clock.install()
    widget.fill_in("anna")
    until(widget.page, lambda: "events.subscribe" in wire.calls)
    stop_clock(widget.page)
    widget.page.clock.run_for(45_000)
    expect(widget.status).to_have_text("Connection lost.")


def test_who_tries_now_by_keyboard_stays_in_the_panel(open_page: OpenPage, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    network.cut()
    widget.wait_for_line("waiting")
    network.mend()
    button = widget.panel.get_by_role("button", name="Try now")
    button.focus()
    button.press("Enter")
    widget.wait_for_line()
    widget.page.keyboard.press("Escape")
    expect(widget.panel).to_be_hidden()


def test_who_comes_back_to_the_page_waits_no_longer_for_the_line(
    open_page: OpenPage, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    widget.page.clock.install()
    network.cut()
    widget.wait_for_line("waiting")
    stop_clock(widget.page)  # so that it does not come back by itself
    widget.wait_for_line("waiting")
    network.mend()
    widget.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    widget.wait_for_line()
    widget.page.clock.resume()


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


def test_what_was_read_in_a_break_stays_read_and_is_told_after_it(
    open_page: OpenPage, network: Network, peer: EnterPeer, ids: dict[str, int], watch: Watch
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    widget.page.evaluate("document.hasFocus = () => false")  # the customer is in another window
    olga = peer("olga")
    answer = olga.answer(ids["anna"], "an answer")
    expect(widget.launcher.locator(".badge")).to_have_text("1")
    network.cut()
    widget.wait_for_line("waiting")
    widget.page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))")
    expect(widget.launcher.locator(".badge")).to_have_text("0")
    widget.page.keyboard.press("Escape")
    network.mend()
    until(widget.page, lambda: read_id(olga, ids["anna"]) == answer["message_id"])
    expect(widget.launcher).to_have_accessible_name("Open chat")


@pytest.mark.parametrize("kept", [0, 1])
def test_after_a_restored_backup_the_widget_shows_what_there_is(
    open_page: OpenPage, backup: Backup, watch: Watch, peer: EnterPeer, ids: dict[str, int], kept: int
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    olga = peer("olga")
    for n in range(kept):
        olga.answer(ids["anna"], f"kept {n}")
    restore = backup()
    olga.answer(ids["anna"], "lost one")
    olga.answer(ids["anna"], "lost two")
    expect(widget.bubble("lost two")).to_be_visible()
    restore()
    olga = peer("olga")
    for n in range(3):  # the ids that the lost ones had, and one more
        olga.answer(ids["boris"], f"another's {n}")
    widget.wait_for_line()
    olga.answer(ids["anna"], "new one")
    expect(widget.bubble("new one")).to_be_visible()
    expect(widget.bubbles).to_have_count(kept + 1)


def test_a_read_mark_that_is_refused_is_told_by_one_however_often_the_line_comes_back(
    open_page: OpenPage, network: Network, peer: EnterPeer, ids: dict[str, int], watch: Watch
) -> None:
    watch.allow(NETWORK)
    page = open_page("/", base=network.url)
    wire = Wire(page)
    widget = Widget(page)
    widget.log_in("anna")
    wire.refused["message.read"] = 6
    peer("olga").answer(ids["anna"], "an answer")
    until(page, lambda: "message.read" in wire.calls)
    for _ in range(3):
        network.cut()
        widget.wait_for_line("waiting")
        network.mend()
        page.evaluate("dispatchEvent(new Event('online'))")
        widget.wait_for_line()
    wire.calls.clear()
    page.wait_for_timeout(3000)  # two seconds are between two tries
    assert wire.calls.count("message.read") <= 2
