"""The picker of canned replies beside what else is done in the text: nothing is lost, and nothing half-written goes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import OpenPage
from tests.pages.console import Console, enter
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]

TEXT = "Your parcel is on its way. "


@pytest.fixture
def console(open_page: OpenPage, peer: Enter) -> Console:
    """The conversation with anna is open, the caret is in the composer, and the desk has one reply."""
    peer("anna").send("a question")
    peer("oleg").call("reply.save", "bye", "Good bye!")
    opened = enter(open_page)
    opened.open("anna")
    opened.composer.focus()
    return opened


@pytest.mark.parametrize("how", ["End", "Shift+ArrowRight", "click"])
def test_a_caret_that_is_moved_chooses_no_reply(console: Console, how: str) -> None:
    console.page.keyboard.type(TEXT)
    console.page.keyboard.press("Home")
    console.page.keyboard.press("Control+/")
    expect(console.options).to_have_count(1)
    if how == "click":
        console.composer.click()
    else:
        console.page.keyboard.press(how)
    expect(console.options).to_have_count(0)
    console.page.keyboard.press("Tab")
    expect(console.composer).to_have_value(TEXT)


def test_a_caret_within_what_chooses_still_does(console: Console) -> None:
    console.page.keyboard.type("/by")
    console.page.keyboard.press("ArrowLeft")
    expect(console.options).to_have_count(1)
    console.page.keyboard.press("Enter")
    expect(console.composer).to_have_value("Good bye!")


def test_a_reply_takes_the_place_of_what_is_marked(console: Console) -> None:
    console.page.keyboard.type(TEXT)
    console.page.keyboard.press("Control+a")
    console.page.get_by_role("button", name="Replies", exact=True).click()
    console.options.click()
    expect(console.composer).to_have_value("Good bye!")


def test_control_enter_inserts_and_never_sends(console: Console) -> None:
    console.page.keyboard.type("/by")
    expect(console.options).to_have_count(1)
    console.page.keyboard.press("Control+Enter")
    expect(console.composer).to_have_value("Good bye!")
    expect(console.title).to_have_text("anna")
    console.page.keyboard.press("Control+Enter")
    expect(console.bubble("Good bye!")).to_be_visible()
    expect(console.bubble("/by")).to_have_count(0)


def test_keys_with_shift_do_what_they_do_without_a_picker(console: Console) -> None:
    console.page.keyboard.type("/")
    expect(console.options).to_have_count(1)
    console.page.keyboard.press("Shift+Enter")
    console.page.keyboard.type("/")
    expect(console.composer).to_have_value("/\n/")
    expect(console.options).to_have_count(1)
    console.page.keyboard.press("Shift+Tab")
    expect(console.composer).not_to_be_focused()
    expect(console.composer).to_have_value("/\n/")


def test_what_a_colleague_saves_is_offered_and_what_was_chosen_stays(console: Console, peer: Enter) -> None:
    oleg = peer("oleg")
    oleg.call("reply.save", "been", "Have you been here?")
    oleg.call("reply.save", "bye", "Good night!")
    console.page.keyboard.type("/")
    expect(console.options).to_have_text(["/beenHave you been here?", "/byeGood night!"])
    console.page.keyboard.press("Enter")
    expect(console.composer).to_have_value("Good night!")
