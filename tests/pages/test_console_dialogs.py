"""Dialogs and the pointer: a click beside one closes it, and nothing else that is done with a mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, expect

from tests.pages.browsing import OpenPage
from tests.pages.console import Console, enter
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]


@pytest.fixture
def console(open_page: OpenPage, peer: Enter) -> Console:
    """The conversation with anna is open, with a draft."""
    peer("anna").send("a question")
    opened = enter(open_page)
    opened.open("anna")
    opened.write("a draft")
    return opened


def show_replies(console: Console) -> FloatRect:
    """Open the dialog of canned replies, and write into it. Returns its rectangle."""
    console.details.get_by_role("button", name="Canned replies…").click()
    console.dialog.get_by_label("Text").fill("A long text that took a while")
    box = console.dialog.bounding_box()
    assert box
    return box


@pytest.mark.parametrize("name", ["Assign…", "Canned replies…", "Keys", "Log out"])
def test_a_double_click_opens_a_dialog(console: Console, name: str) -> None:
    console.page.get_by_role("button", name=name, exact=True).dblclick()
    expect(console.dialog).to_be_visible()


def test_the_second_click_of_a_double_click_chooses_nothing_in_the_dialog_that_came_under_it(console: Console) -> None:
    console.page.get_by_role("button", name="Assign…", exact=True).click()
    choice = console.dialog.get_by_role("button", name="oleg")
    choice.hover()
    console.page.mouse.down(click_count=2)
    console.page.mouse.up(click_count=2)
    expect(console.dialog).to_be_visible()
    choice.click()
    expect(console.dialog).to_have_count(0)
    expect(console.details).to_contain_text("oleg")


def test_a_click_beside_a_dialog_closes_it_and_one_on_its_margin_does_not(console: Console) -> None:
    box = show_replies(console)
    console.page.mouse.click(box["x"] + 5, box["y"] + box["height"] / 2)
    expect(console.dialog.get_by_label("Text")).to_have_value("A long text that took a while")
    console.page.mouse.click(box["x"] - 5, box["y"] + box["height"] / 2)
    expect(console.dialog).to_have_count(0)


def test_a_mouse_that_marks_text_and_is_let_go_beside_a_dialog_does_not_close_it(console: Console) -> None:
    box = show_replies(console)
    console.dialog.get_by_label("Text").hover()
    console.page.mouse.down()
    console.page.mouse.move(box["x"] - 5, box["y"] + box["height"] / 2)
    console.page.mouse.up()
    expect(console.dialog.get_by_label("Text")).to_have_value("A long text that took a while")
