"""Where the focus is in the widget, that the host page keeps its own, and that each press reaches what it is on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.conftest import PASSWORD
from tests.pages.browsing import NETWORK, OpenPage, Watch, stop_clock, until
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.widget import Widget

EnterPeer = Callable[[str], Peer]


def add_search(page: Page) -> None:
    """A field of the host page's own."""
    page.evaluate(
        """() => {
            const field = document.createElement("input");
            field.id = "search";
            document.querySelector("main").append(field);
        }"""
    )


def read_above(widget: Widget) -> None:
    """A row that is drawn in the same frame takes the view back to the end: until it is away from there."""
    scroller = widget.panel.locator("chat-transcript")

    def is_away() -> bool:
        scroller.evaluate("(scroller) => scroller.scrollTo(0, 0)")
        return widget.to_end.is_visible()

    until(widget.page, is_away)


def hold_enter(page: Page) -> None:
    for _ in range(3):  # the second and the third are repeats
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")


def test_a_key_held_down_on_the_launcher_opens_the_panel_and_sends_no_draft(widget: Widget, peer: EnterPeer) -> None:
    widget.composer.fill("half a thought")
    widget.page.keyboard.press("Escape")
    expect(widget.launcher).to_be_focused()
    hold_enter(widget.page)
    expect(widget.composer).to_be_focused()
    expect(widget.composer).to_have_value("half a thought")
    assert peer("anna").messages == []


def test_a_key_held_down_in_the_log_in_sends_no_draft(open_page: OpenPage, peer: EnterPeer) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    widget.composer.fill("half a thought")
    widget.expire()
    widget.page.reload()
    expect(widget.panel).to_contain_text("Your session has ended.")
    widget.name.fill("anna")
    widget.password.fill(PASSWORD)
    widget.page.keyboard.down("Enter")
    expect(widget.composer).to_be_focused()
    widget.page.keyboard.down("Enter")
    widget.page.keyboard.up("Enter")
    widget.wait_for_line()
    expect(widget.composer).to_have_value("half a thought")
    assert peer("anna").messages == []


def test_a_press_on_the_launcher_counts_though_a_message_comes_during_it(
    widget: Widget, peer: EnterPeer, ids: dict[str, int]
) -> None:
    widget.page.keyboard.press("Escape")
    box = widget.launcher.bounding_box()
    assert box
    widget.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    widget.page.mouse.down()
    peer("olga").answer(ids["anna"], "an answer")
    expect(widget.launcher).to_have_accessible_name("Open chat, 1 unread message")
    widget.page.mouse.up()
    expect(widget.panel).to_be_visible()


def test_a_press_on_the_way_to_the_end_counts_though_a_message_comes_during_it(
    widget: Widget, peer: EnterPeer, ids: dict[str, int]
) -> None:
    olga = peer("olga")
    for n in range(30):
        olga.answer(ids["anna"], f"answer {n}")
    expect(widget.bubble("answer 29")).to_be_visible()
    read_above(widget)
    olga.answer(ids["anna"], "one")
    expect(widget.to_end).to_have_text("1 new")
    box = widget.to_end.locator("svg").bounding_box()
    assert box
    widget.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    widget.page.mouse.down()
    olga.answer(ids["anna"], "two")
    expect(widget.to_end).to_have_text("2 new")
    widget.page.mouse.up()
    expect(widget.bubble("two")).to_be_in_viewport()


def test_a_tap_on_the_way_to_the_end_brings_no_keyboard(
    open_page: OpenPage, peer: EnterPeer, ids: dict[str, int]
) -> None:
    widget = Widget(open_page("/", has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}))
    widget.log_in("anna")
    olga = peer("olga")
    for n in range(30):
        olga.answer(ids["anna"], f"answer {n}")
    expect(widget.bubble("answer 29")).to_be_visible()
    read_above(widget)
    widget.to_end.tap()
    expect(widget.bubble("answer 29")).to_be_in_viewport()
    expect(widget.panel.locator("chat-transcript")).to_be_focused()


@pytest.mark.parametrize("place", ["the host page", "the menu"])
def test_a_wrong_password_leaves_the_focus_to_who_went_on_elsewhere(
    open_page: OpenPage, watch: Watch, place: str
) -> None:
    watch.allow("403")
    widget = Widget(open_page("/"))
    add_search(widget.page)
    held: list[Route] = []
    widget.page.route("**/v1/auth/", lambda route: held.append(route))
    widget.fill_in("anna", "wrong password")
    until(widget.page, lambda: bool(held))
    elsewhere = widget.page.locator("#search")
    if place == "the menu":
        widget.open_menu()
        elsewhere = widget.panel.get_by_label("Theme", exact=True)
    elsewhere.focus()
    held[0].continue_()
    expect(widget.error).to_be_visible()
    expect(elsewhere).to_be_focused()


def test_a_log_out_elsewhere_leaves_the_focus_to_who_left_the_question_for_the_host_page(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    add_search(widget.page)
    widget.log_in("anna")
    other = Widget(open_page("/", beside=widget.page))
    other.wait_for_line()
    widget.composer.fill("half")
    widget.log_out()
    expect(widget.panel.get_by_role("alertdialog")).to_be_visible()
    widget.page.locator("#search").focus()
    expect(other.composer).to_have_value("half")
    other.composer.fill("")
    expect(widget.composer).to_have_value("")
    other.log_out()
    expect(widget.name).to_be_visible()
    expect(widget.page.locator("#search")).to_be_focused()


@pytest.mark.parametrize("place", ["Log out", "Try now"])
def test_a_log_out_elsewhere_leaves_the_focus_in_the_panel(
    open_page: OpenPage, network: Network, watch: Watch, place: str
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    other = Widget(open_page("/", beside=widget.page, base=network.url))
    other.wait_for_line()
    widget.page.clock.install()
    network.cut()
    widget.wait_for_line("waiting")
    stop_clock(widget.page)
    widget.wait_for_line("waiting")
    if place == "Log out":
        widget.open_menu()
    widget.panel.get_by_role("button", name=place).focus()
    other.log_out()
    expect(widget.name).to_be_visible()
    widget.page.clock.resume()
    widget.page.evaluate("() => new Promise(requestAnimationFrame)")  # what is hidden has lost the focus by then
    assert widget.focus() != ""
