"""Canned replies: a picker that inserts and never sends, and the dialog that keeps them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.console import Console, enter
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]


@pytest.fixture
def console(open_page: OpenPage, peer: Enter) -> Console:
    """The conversation with anna is open, and the desk has ten replies."""
    peer("anna").send("a question")
    oleg = peer("oleg")
    oleg.call("reply.save", "hello", "Good day! How can I help?")
    oleg.call("reply.save", "wait", "One moment, please:\nI ask a colleague. Hello again soon.")
    for n in range(8):
        oleg.call("reply.save", f"x{n}", f"Text {n}")
    opened = enter(open_page)
    opened.open("anna")
    opened.composer.focus()
    return opened


def test_a_slash_at_a_lines_start_finds_by_shortcut_and_then_by_text(console: Console) -> None:
    console.page.keyboard.type("either/")
    expect(console.options).to_have_count(0)
    console.page.keyboard.press("Shift+Enter")
    console.page.keyboard.type("/")
    expect(console.options).to_have_count(8)
    console.page.keyboard.type("hel")
    expect(console.options).to_have_text(
        ["/helloGood day! How can I help?", "/waitOne moment, please: I ask a colleague. Hello again soon."]
    )
    expect(console.options.first).to_have_attribute("aria-selected", "true")
    active = console.composer.get_attribute("aria-activedescendant")
    assert active == console.options.first.get_attribute("id")
    console.page.keyboard.type("x")
    expect(console.options).to_have_count(0)
    console.page.keyboard.press("Backspace")
    expect(console.options).to_have_count(2)


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_a_key_inserts_at_the_caret_and_never_sends(console: Console, key: str) -> None:
    console.page.keyboard.type("Dear Anna,")
    console.page.keyboard.press("Shift+Enter")
    console.page.keyboard.type("/hel")
    console.page.keyboard.press("ArrowDown")
    console.page.keyboard.press("ArrowUp")
    console.page.keyboard.press(key)
    expect(console.composer).to_have_value("Dear Anna,\nGood day! How can I help?")
    expect(console.composer).to_be_focused()
    expect(console.options).to_have_count(0)
    expect(console.messages.locator(".bubble")).to_have_count(1)
    console.page.keyboard.press("Control+z")
    expect(console.composer).to_have_value("Dear Anna,\n/hel")
    console.page.keyboard.press("Control+Shift+z")
    expect(console.composer).to_have_value("Dear Anna,\nGood day! How can I help?")
    console.page.keyboard.press("Enter")
    expect(console.bubble("Dear Anna,\nGood day! How can I help?")).to_be_visible()


def test_escape_leaves_the_text(console: Console) -> None:
    console.page.keyboard.type("/hel")
    expect(console.options).to_have_count(2)
    console.page.keyboard.press("Escape")
    expect(console.options).to_have_count(0)
    expect(console.composer).to_have_value("/hel")
    expect(console.composer).to_be_focused()


def test_control_slash_and_a_button_choose_from_all_for_the_place_of_the_caret(console: Console) -> None:
    console.page.keyboard.type("Dear Anna, ")
    console.press("Slash", ".", 2)  # on a Russian layout
    expect(console.options).to_have_count(8)
    console.page.keyboard.type("wai")
    expect(console.options).to_have_count(1)
    console.page.keyboard.press("Enter")
    text = "Dear Anna, One moment, please:\nI ask a colleague. Hello again soon."
    expect(console.composer).to_have_value(text)
    console.page.get_by_role("button", name="Replies", exact=True).click()
    expect(console.composer).to_be_focused()
    console.options.filter(has_text="/hello").click()
    expect(console.composer).to_have_value(text + "Good day! How can I help?")
    console.page.get_by_role("tab", name="Note").click()
    console.page.keyboard.type("/hello")
    console.page.keyboard.press("Tab")
    expect(console.composer).to_have_value("Good day! How can I help?")


def test_the_dialog_adds_changes_and_deletes(console: Console, peer: Enter) -> None:
    console.details.get_by_role("button", name="Canned replies…").click()
    dialog = console.dialog
    dialog.get_by_label("Shortcut, without spaces").fill("with space")
    dialog.get_by_label("Text").fill("Thank you!")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("/with space")).to_have_count(0)
    dialog.get_by_label("Shortcut, without spaces").fill("thanks")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("listitem").filter(has_text="/thanks")).to_contain_text("Thank you!")
    expect(dialog.get_by_label("Shortcut, without spaces")).to_be_focused()
    dialog.get_by_role("button", name="Edit /thanks").click()
    dialog.get_by_label("Text").fill("Thanks a lot!")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("listitem").filter(has_text="/thanks")).to_contain_text("Thanks a lot!")
    dialog.get_by_role("button", name="Edit /x1").click()
    dialog.get_by_label("Shortcut, without spaces").fill("renamed")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("listitem").filter(has_text="/renamed")).to_contain_text("Text 1")
    expect(dialog.get_by_text("/x1")).to_have_count(0)
    dialog.get_by_role("button", name="Delete /hello").click()
    expect(dialog.get_by_text("/hello")).to_have_count(0)
    expect(dialog.get_by_label("Shortcut, without spaces")).to_be_focused()
    dialog.get_by_role("button", name="Close").click()
    expect(console.details.get_by_role("button", name="Canned replies…")).to_be_focused()
    console.composer.fill("")
    console.composer.press_sequentially("/thanks")
    expect(console.options).to_have_text(["/thanksThanks a lot!"])
    replies = {reply["shortcut"]: reply["text"] for reply in peer("oleg").call("reply.list")["replies"]}
    assert replies["thanks"] == "Thanks a lot!"
    assert "hello" not in replies


@pytest.mark.parametrize("is_renamed", [True, False])
def test_a_reply_does_not_take_the_place_of_another(console: Console, peer: Enter, is_renamed: bool) -> None:
    console.details.get_by_role("button", name="Canned replies…").click()
    if is_renamed:
        console.dialog.get_by_role("button", name="Edit /x1").click()
    console.dialog.get_by_label("Text").fill("Welcome!")
    console.dialog.get_by_label("Shortcut, without spaces").fill("hello")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.dialog.get_by_role("alert")).to_contain_text("/hello is there already.")
    console.dialog.get_by_label("Shortcut, without spaces").fill("welcome")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.dialog.get_by_role("listitem").filter(has_text="/welcome")).to_contain_text("Welcome!")
    expect(console.dialog.get_by_role("alert")).to_have_text("")
    replies = {reply["shortcut"]: reply["text"] for reply in peer("oleg").call("reply.list")["replies"]}
    assert replies["hello"] == "Good day! How can I help?"


def test_the_dialog_shows_what_a_colleague_has_saved(console: Console, peer: Enter) -> None:
    oleg = peer("oleg")
    oleg.call("reply.save", "hello", "Good evening!")
    oleg.call("reply.delete", "wait")
    console.details.get_by_role("button", name="Canned replies…").click()
    expect(console.dialog.get_by_role("listitem").filter(has_text="/hello")).to_contain_text("Good evening!")
    expect(console.dialog.get_by_text("/wait")).to_have_count(0)


def test_what_is_begun_while_a_reply_is_saved_stays(console: Console) -> None:
    wire = Wire(console.page)
    console.reload()
    console.details.get_by_role("button", name="Canned replies…").click()
    shortcut, text = console.dialog.get_by_label("Shortcut, without spaces"), console.dialog.get_by_label("Text")
    wire.hold("reply.save")
    shortcut.fill("one")
    text.fill("The first")
    console.dialog.get_by_role("button", name="Save").click()
    until(console.page, lambda: "reply.save" in wire.calls)
    shortcut.fill("two")
    text.fill("The second")
    wire.release()
    expect(console.dialog.get_by_role("listitem").filter(has_text="/one")).to_contain_text("The first")
    expect(shortcut).to_have_value("two")
    expect(text).to_have_value("The second")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.dialog.get_by_role("listitem").filter(has_text="/two")).to_contain_text("The second")
    expect(console.dialog.get_by_text("/one")).to_be_visible()
    expect(text).to_have_value("")


def test_a_reply_that_is_edited_while_another_is_renamed_stays(console: Console) -> None:
    wire = Wire(console.page)
    console.reload()
    console.details.get_by_role("button", name="Canned replies…").click()
    console.dialog.get_by_role("button", name="Edit /x1").click()
    console.dialog.get_by_label("Shortcut, without spaces").fill("renamed")
    wire.hold("reply.save")
    console.dialog.get_by_role("button", name="Save").click()
    until(console.page, lambda: "reply.save" in wire.calls)
    console.dialog.get_by_role("button", name="Edit /x2").click()
    wire.release()
    expect(console.dialog.get_by_text("/x1")).to_have_count(0)
    expect(console.dialog.get_by_role("listitem").filter(has_text="/renamed")).to_contain_text("Text 1")
    expect(console.dialog.get_by_role("listitem").filter(has_text="/x2")).to_contain_text("Text 2")
    expect(console.dialog.get_by_label("Text")).to_have_value("Text 2")


def test_a_reply_from_right_to_left_is_written_as_it_will_look(console: Console) -> None:
    console.details.get_by_role("button", name="Canned replies…").click()
    console.dialog.get_by_label("Text").fill("שלום!")
    expect(console.dialog.get_by_label("Text")).to_have_css("direction", "rtl")


def test_without_replies_the_button_opens_their_dialog(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.page.get_by_role("button", name="Replies", exact=True).click()
    expect(console.dialog).to_contain_text("There are none yet.")
    console.page.keyboard.press("Escape")
    expect(console.composer).to_be_focused()


def test_the_dialog_keeps_the_focus_over_a_break(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    oleg = peer("oleg")
    oleg.call("reply.save", "hello", "Good day!")
    peer("anna").send("a question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    console.details.get_by_role("button", name="Canned replies…").click()
    edit = console.dialog.get_by_role("button", name="Edit /hello")
    edit.focus()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    oleg.call("reply.save", "thanks", "Thank you!")
    network.mend()
    expect(console.dialog.get_by_role("listitem").filter(has_text="/thanks")).to_be_visible()
    expect(edit).to_be_focused()
