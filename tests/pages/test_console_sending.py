"""What sends an answer or a note, and what comes after it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import OpenPage, until
from tests.pages.console import PHONE, Console, enter
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]

PRESS_TWICE = """() => {
    const options = {key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true};
    for (let n = 0; n < 2; n++) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
}"""


@pytest.mark.parametrize(("kind", "button"), [("answer", "Send to anna"), ("note", "Add note")])
def test_who_sends_with_a_click_writes_on(open_page: OpenPage, peer: Enter, kind: str, button: str) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.write("We looked for it.", kind)
    console.row("anna").focus()
    console.page.get_by_role("button", name=button).click()
    expect(console.bubble("We looked for it.")).to_be_visible()
    expect(console.composer).to_be_focused()
    console.page.keyboard.type("you")
    expect(console.composer).to_have_value("you")


def test_on_a_touch_screen_the_keyboard_stays_as_it_was(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page, has_touch=True, is_mobile=True, viewport=PHONE)
    console.row("anna").tap()
    console.wait_for("anna")
    console.composer.tap()
    console.page.keyboard.type("one")
    send = console.page.get_by_role("button", name="Send to anna")
    send.tap()
    expect(console.bubble("one")).to_be_visible()
    expect(console.composer).to_be_focused()
    console.composer.fill("two")
    console.title.focus()
    send.tap()
    expect(console.bubble("two")).to_be_visible()
    expect(console.title).to_be_focused()


@pytest.fixture
def console(open_page: OpenPage, peer: Enter) -> Console:
    """An answer to anna is written, and one to boris, who is the next that waits, only begun."""
    for name in ("anna", "boris"):
        peer(name).send("a question")
    opened = enter(open_page)
    opened.open("boris")
    opened.write("only begun")
    opened.open("anna")
    opened.write("an answer")
    return opened


def test_control_enter_that_is_held_down_sends_no_draft_of_the_next(console: Console) -> None:
    console.page.keyboard.down("Control")
    console.page.keyboard.down("Enter")
    console.wait_for("boris")
    for _ in range(3):
        console.page.keyboard.down("Enter")  # a repeat
    console.page.keyboard.up("Enter")
    console.page.keyboard.up("Control")
    console.page.wait_for_timeout(500)
    expect(console.composer).to_have_value("only begun")


def test_control_enter_pressed_twice_sends_no_draft_of_the_next(console: Console, peer: Enter) -> None:
    console.page.evaluate(PRESS_TWICE)
    console.wait_for("boris")
    until(console.page, lambda: peer("anna").messages[-1]["message_text"] == "an answer")
    expect(console.composer).to_have_value("only begun")

    def is_sent() -> bool:  # as it is, where it is meant
        console.page.keyboard.press("Enter")
        return console.composer.input_value() == ""

    until(console.page, is_sent)
    expect(console.bubble("only begun")).to_be_visible()
