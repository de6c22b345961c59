"""Whose a conversation is, and whether it is closed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import OpenPage, stop_clock, until
from tests.pages.console import PHONE, enter
from tests.pages.fill import add_messages
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]


def test_a_conversation_is_given_to_oneself_to_a_colleague_and_back_to_all(open_page: OpenPage, peer: Enter) -> None:
    peer("oleg")
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    facts = console.page.get_by_role("main").locator(".facts")
    expect(facts).to_contain_text("Not assigned")
    console.row("anna").focus()
    console.press("KeyI")
    expect(facts).to_contain_text("Assigned to olga")
    console.press("KeyA")
    expect(console.dialog.get_by_role("heading")).to_have_text("Who has anna?")
    expect(console.dialog.get_by_role("button", name="Me")).to_be_focused()
    console.page.keyboard.press("ArrowDown")
    expect(console.dialog.get_by_role("button", name="oleg")).to_be_focused()
    expect(console.dialog.get_by_role("button", name="oleg")).to_have_text("olegOnline")
    console.page.keyboard.press("Enter")
    expect(facts).to_contain_text("Assigned to oleg")
    expect(console.row("anna")).to_be_focused()
    console.details.get_by_role("button", name="Assign…").click()
    console.dialog.get_by_role("button", name="Nobody: back to all").click()
    expect(facts).to_contain_text("Not assigned")


def test_the_dialog_gives_away_the_conversation_that_it_names(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    console = enter(open_page)
    facts = console.page.get_by_role("main").locator(".facts")
    console.open("anna")
    console.row("anna").focus()
    console.press("KeyA")
    expect(console.dialog.get_by_role("heading")).to_have_text("Who has anna?")
    console.page.evaluate("(id) => location.hash = id", ids["boris"])  # as by a notification, beneath the dialog
    console.wait_for("boris")
    console.dialog.get_by_role("button", name="Me").click()
    expect(console.row("anna")).to_contain_text("Assigned to olga")
    expect(facts).to_contain_text("Not assigned")


def test_what_cannot_be_done_says_why(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    console.row("anna").focus()
    wire.refused["conversation.assign"] = 5
    console.press("KeyI")
    expect(console.toast).to_have_text("The service can’t be reached. Try again in a moment.")
    wire.refused["conversation.assign"] = 7  # as if she had been erased meanwhile
    console.press("KeyI")
    expect(console.toast).to_have_text("The service refused it.")
    wire.refused.clear()
    console.page.evaluate("(id) => location.hash = id", ids["boris"])
    console.wait_for("boris")
    console.press("KeyI")
    expect(console.toast).to_have_text("Nothing has been written here yet.")


def test_after_a_close_the_next_row_has_the_focus_and_in_the_end_the_heading(open_page: OpenPage, peer: Enter) -> None:
    for name in ("anna", "boris", "vera"):
        peer(name).send("a question")
    console = enter(open_page)
    console.open("boris")
    console.row("boris").focus()
    console.press("KeyE")
    expect(console.row("vera")).to_be_focused()
    expect(console.row("boris")).to_have_count(0)
    console.page.keyboard.press("Enter")
    console.wait_for("vera")
    console.press("KeyE")
    expect(console.row("anna")).to_be_focused()
    console.page.keyboard.press("Enter")
    console.wait_for("anna")
    console.page.get_by_role("main").get_by_role("button", name="Close conversation").click()
    expect(console.heading).to_be_focused()
    expect(console.queue.get_by_text("Nobody is waiting.")).to_be_visible()


def test_a_close_waits_for_the_answers_before_it(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    wire.hold("message.operatorSend")
    for text in ("first", "second"):
        console.send(text)
    console.composer.press("Escape")
    console.press("KeyE")
    wire.release()
    expect(console.status).to_have_text("Closed: anna")
    expect(console.state("second")).to_have_text("Sent")
    expect(console.page.get_by_role("main").locator(".facts")).to_contain_text("Closed")
    sent = [method for method in wire.calls if method in ("message.operatorSend", "conversation.close")]
    assert sent == ["message.operatorSend", "message.operatorSend", "conversation.close"]


def test_a_close_is_undone_by_a_key_and_by_a_button(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    reopen = console.page.get_by_role("main").get_by_role("button", name="Reopen")
    console.open("anna")
    console.row("anna").focus()
    console.press("KeyE")
    expect(console.page.get_by_text("Closed: anna").first).to_be_visible()
    expect(reopen).to_be_visible()
    console.press("KeyZ")
    expect(console.page.get_by_role("main").get_by_role("button", name="Close conversation")).to_be_visible()
    expect(console.row("anna")).to_be_focused()
    console.press("KeyE")
    expect(reopen).to_be_visible()
    console.page.get_by_role("button", name="Undo").click()
    expect(console.row("anna")).to_be_focused()
    expect(console.page.get_by_role("button", name="Undo")).to_be_hidden()
    console.press("KeyZ")  # nothing is left to undo
    expect(console.tab("waiting").locator(".count")).to_have_text("1")


def test_a_close_that_could_not_be_undone_can_be_undone_still(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.page.clock.install()
    console.reload()
    console.open("anna")
    console.row("anna").focus()
    console.press("KeyE")
    undo = console.page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    stop_clock(console.page)  # the eight seconds
    wire.refused["conversation.close"] = 5
    console.press("KeyZ")
    expect(console.toast).not_to_be_empty()
    expect(undo).to_be_visible()
    wire.refused.clear()
    undo.click()
    expect(undo).to_be_hidden()
    console.page.clock.resume()
    expect(console.row("anna")).to_be_focused()


@pytest.mark.parametrize("who", ["operator", "customer"])
def test_what_is_open_again_is_no_longer_said_to_be_closed(open_page: OpenPage, peer: Enter, who: str) -> None:
    anna = peer("anna")
    anna.send("a question")
    console = enter(open_page)
    console.page.clock.install()
    console.reload()
    console.open("anna")
    console.row("anna").focus()
    console.press("KeyE")
    undo = console.page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    stop_clock(console.page)  # the eight seconds
    if who == "operator":
        console.button("reopen").first.click()
    else:
        anna.send("one more thing")
    expect(undo).to_be_hidden()


def test_a_close_can_be_undone_for_eight_seconds(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.page.clock.install()
    console.open("anna")
    console.row("anna").focus()
    console.press("KeyE")
    undo = console.page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    console.page.clock.fast_forward("00:05")
    expect(undo).to_be_visible()
    console.page.clock.fast_forward("00:03")
    expect(undo).to_be_hidden()
    console.press("KeyZ")
    expect(console.page.get_by_role("main").get_by_role("button", name="Reopen")).to_be_visible()


def test_a_close_and_its_undoing_disturb_nobody_who_went_on_meanwhile(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    peer("boris").send("another question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    console.row("anna").focus()
    wire.hold("conversation.close")
    console.press("KeyE")
    console.open("boris")
    console.page.keyboard.type("Dear B")
    wire.release()
    expect(console.status).to_have_text("Closed: anna")
    console.page.keyboard.type("oris")
    expect(console.composer).to_have_value("Dear Boris")
    console.composer.press("Escape")
    wire.hold("conversation.close")
    console.press("KeyZ")
    console.press("KeyR")
    console.page.keyboard.type(", l")
    wire.release()
    console.page.keyboard.type("ook")
    expect(console.row("anna")).to_be_visible()
    expect(console.composer).to_have_value("Dear Boris, look")


def test_on_a_phone_a_close_that_comes_late_leaves_the_next_conversation_open(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    peer("boris").send("another question")
    console = enter(open_page, viewport=PHONE)
    wire = Wire(console.page)
    console.reload()
    console.row("anna").click()
    console.wait_for("anna")
    wire.hold("conversation.close")
    console.button("close_conversation").click()
    console.page.go_back()
    console.row("boris").click()
    console.wait_for("boris")
    wire.release()
    expect(console.status).to_have_text("Closed: anna")
    expect(console.composer).to_be_visible()


def test_a_conversation_with_an_unseen_message_stays_open(open_page: OpenPage, peer: Enter, database_url: str) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.row("anna").focus()
    add_messages(database_url, "anna", 1)  # this page is not told of it
    console.press("KeyE")
    expect(console.toast).to_have_text("A new message came meanwhile. The conversation stays open.")
    expect(console.row("anna")).to_be_focused()
    expect(console.page.get_by_role("button", name="Undo")).to_be_hidden()


def test_a_page_that_is_refused_is_not_asked_for_again_at_once(
    open_page: OpenPage, peer: Enter, database_url: str
) -> None:
    peer("anna").send("Where is my parcel?")
    add_messages(database_url, "anna", 350)
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    wire.refused["message.history"] = 5
    console.search.fill("parcel")
    console.found.first.click()
    console.wait_for("anna")
    until(console.page, lambda: wire.calls.count("message.history") > 0)
    console.messages.evaluate("(messages) => messages.scrollTo(0, 0)")
    console.send("an answer")
    expect(console.state("an answer")).to_have_text("Sent")
    assert wire.calls.count("message.history") < 10
    wire.refused.clear()
    console.found.first.click()
    expect(console.bubble("Where is my parcel?")).to_be_in_viewport()


def test_a_close_that_comes_late_leaves_the_row_that_one_went_to(open_page: OpenPage, peer: Enter) -> None:
    for name in ("anna", "boris", "vera"):
        peer(name).send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    console.row("anna").focus()
    wire.hold("conversation.close")
    console.press("KeyE")
    until(console.page, lambda: "conversation.close" in wire.calls)
    console.press("KeyJ")
    console.press("KeyJ")
    expect(console.row("vera")).to_be_focused()
    wire.release()
    expect(console.status).to_have_text("Closed: anna")
    console.page.wait_for_timeout(300)
    expect(console.row("vera")).to_be_focused()


def test_a_double_click_on_close_closes(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    close = console.page.get_by_role("main").get_by_role("button", name="Close conversation")
    box = close.bounding_box()
    assert box
    console.page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, delay=100)
    console.page.wait_for_timeout(500)
    expect(console.page.get_by_role("main").locator(".facts")).to_contain_text("Closed")
