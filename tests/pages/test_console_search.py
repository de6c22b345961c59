"""What an operator looks for in all messages, and where it is opened."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import OpenPage, until
from tests.pages.console import enter, enter_wired
from tests.pages.fill import add_messages
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]
KEY_OF_INPUT_METHOD = """(field, key) => field.dispatchEvent(
    new KeyboardEvent("keydown", { key, keyCode: 229, isComposing: true, bubbles: true, cancelable: true }))"""


def test_a_search_marks_what_it_found_and_opens_it(open_page: OpenPage, peer: Enter, database_url: str) -> None:
    peer("anna").send("Where is my ПОСЫЛКА, please?")
    add_messages(database_url, "anna", 350)
    peer("boris").send("посылка пришла")
    console = enter(open_page)
    console.row("boris").focus()
    console.press("Slash", "/")
    console.search.press_sequentially("посылка")
    expect(console.queue.get_by_text("2 messages found")).to_be_visible()
    expect(console.found).to_have_count(2)
    expect(console.found.first).to_contain_text("boris")
    assert console.found.locator("mark").all_text_contents() == ["посылка", "ПОСЫЛКА"]
    console.search.press("ArrowDown")
    console.page.keyboard.press("ArrowDown")
    expect(console.found.nth(1)).to_be_focused()
    console.page.keyboard.press("Enter")
    console.wait_for("anna")
    expect(console.bubble("Where is my ПОСЫЛКА, please?")).to_be_in_viewport()
    expect(console.bubble("Message 350")).to_have_count(0)
    expect(console.below).to_be_visible()
    console.below.click()
    expect(console.bubble("Message 350")).to_be_in_viewport()


def test_what_was_found_may_be_clicked_twice(open_page: OpenPage, peer: Enter, database_url: str) -> None:
    peer("anna").send("Where is my parcel?")
    add_messages(database_url, "anna", 350)
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.search.fill("parcel")
    wire.hold("message.history")
    console.found.first.dblclick()
    console.wait_for("anna")
    until(console.page, lambda: wire.calls.count("conversation.open") == 2)
    wire.release()
    expect(console.bubble("Where is my parcel?")).to_be_in_viewport()
    assert wire.calls.count("message.history") == 1


def test_of_two_found_messages_the_last_one_chosen_is_shown(
    open_page: OpenPage, peer: Enter, database_url: str
) -> None:
    peer("anna").send("Where is my first parcel?")
    add_messages(database_url, "anna", 350)
    peer("anna").send("Where is my second parcel?")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.search.fill("parcel")
    wire.hold("message.history")
    console.found.last.click()
    until(console.page, lambda: "message.history" in wire.calls)
    console.found.first.click()
    expect(console.messages.locator(".found")).to_contain_text("second")
    wire.release()
    expect(console.bubble("Where is my second parcel?")).to_be_in_viewport()
    console.read_up_to("Where is my first parcel?")
    expect(console.messages.locator(".found")).to_have_count(0)


def test_what_was_found_and_comes_late_takes_no_focus(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("Where is my parcel?")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.search.fill("parcel")
    wire.hold("conversation.open")
    console.found.first.click()
    expect(console.composer).to_be_focused()
    console.search.fill("")
    console.page.keyboard.type("Wh")
    wire.release()
    expect(console.bubble("Where is my parcel?")).to_be_visible()
    console.page.keyboard.type("ere")
    expect(console.search).to_have_value("Where")


def test_a_search_that_finds_nothing_repeats_what_was_looked_for(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.page.keyboard.press("Control+k")
    expect(console.search).to_be_focused()
    console.search.fill("n")
    expect(console.queue.get_by_text("Two characters at least.")).to_be_visible()
    console.search.fill("nowhere")
    expect(console.queue.get_by_text("Nothing was found for “nowhere”.")).to_be_visible()
    console.search.press("Escape")
    expect(console.search).to_have_value("")
    expect(console.row("anna")).to_be_visible()
    console.search.press("Escape")
    expect(console.row("anna")).to_be_focused()


@pytest.mark.parametrize("key", ["ArrowDown", "Escape"])
def test_the_keys_of_an_input_method_are_its_own_in_the_search(open_page: OpenPage, peer: Enter, key: str) -> None:
    peer("anna").send("日本語")
    console = enter(open_page)
    console.search.fill("日本")
    expect(console.found).to_have_count(1)
    console.search.evaluate(KEY_OF_INPUT_METHOD, key)
    expect(console.search).to_be_focused()
    expect(console.search).to_have_value("日本")


def test_a_search_that_is_entered_again_finds_what_came_since(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("the first invoice")
    console = enter(open_page)
    console.search.fill("invoice")
    expect(console.found).to_have_count(1)
    anna.send("the second invoice")
    console.search.press("Enter")
    expect(console.queue.get_by_text("2 messages found")).to_be_visible()
    expect(console.found.filter(has_text="first")).to_be_focused()


def test_what_is_found_behind_emoji_is_cut_between_characters(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("😀😀😀😀😀😀 needle")
    console = enter(open_page)
    console.search.fill("needle")
    expect(console.found).to_contain_text("😀 needle")
    assert console.found.evaluate("(row) => row.textContent.isWellFormed()")


def test_a_search_goes_on_to_the_next_page(open_page: OpenPage, database_url: str) -> None:
    add_messages(database_url, "anna", 120)
    console = enter(open_page)
    console.search.fill("message")
    expect(console.queue.get_by_text("50 messages found")).to_be_visible()
    for number in (100, 120):
        console.found.first.evaluate("(row) => row.closest('desk-list').scrollTo(0, 1e6)")
        expect(console.queue.get_by_text(f"{number} messages found")).to_be_visible()
    assert console.found.count() <= 60


def test_each_search_is_asked_for_once_and_one_letter_is_none(open_page: OpenPage, database_url: str) -> None:
    add_messages(database_url, "anna", 120)
    console, wire = enter_wired(open_page)
    console.search.fill("message")
    expect(console.queue.get_by_text("50 messages found")).to_be_visible()
    console.search.fill("message 11")
    expect(console.queue.get_by_text("11 messages found")).to_be_visible()
    assert wire.calls.count("message.search") == 2
    console.search.fill("message")
    expect(console.queue.get_by_text("50 messages found")).to_be_visible()
    console.search.fill("m")
    expect(console.queue.get_by_text("Two characters at least.")).to_be_visible()
    console.search.fill("message 119")
    expect(console.queue.get_by_text("1 message found")).to_be_visible()
    assert wire.calls.count("message.search") == 4


@pytest.mark.parametrize("way", ["Enter", "Retry"])
def test_a_search_that_failed_is_asked_for_again(open_page: OpenPage, peer: Enter, way: str) -> None:
    peer("anna").send("the needle")
    console, wire = enter_wired(open_page)
    wire.refused["message.search"] = 5
    console.search.fill("needle")
    expect(console.queue.get_by_text("The search failed.")).to_be_visible()
    wire.refused.clear()
    if way == "Enter":
        console.search.press("Enter")
    else:
        console.queue.get_by_role("button", name="Retry").click()
    expect(console.found).to_have_count(1)
    expect(console.search).to_be_focused()


def test_what_was_found_is_shown_also_to_who_presses_r_before_it_is_there(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("the needle")
    for n in range(60):
        last = anna.send(f"line {n}\n\nand more")
    peer("oleg").call("message.read", anna.user_id, last["message_id"])
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.search.fill("needle")
    expect(console.found).to_have_count(1)
    console.search.press("Enter")
    wire.hold("conversation.open")
    console.page.keyboard.press("Enter")
    console.press("KeyR")
    expect(console.composer).to_be_focused()
    wire.release()
    expect(console.bubble("the needle")).to_be_in_viewport()
