"""Every state of the widget under axe, on small screens, with a keyboard, and on paper."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import BOTH_THEMES, NETWORK, OpenPage, Watch, axe, small_targets
from tests.pages.fill import add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.widget import ROOT, Widget

LONG = "https://example.com/" + "long" * 60
SPILL = f"""() => {{
    const parts = {ROOT}.querySelectorAll("dialog, .log-in, chat-transcript, .menu, .composer");
    const found = [document.documentElement, ...parts];
    return found.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.className || node.localName);
}}"""  # what would scroll sideways


@pytest.mark.parametrize("service_settings", [["--login-failures=1"]], ids=["throttling"])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(
    "viewport", [{"width": 1024, "height": 768}, {"width": 320, "height": 256}], ids=["wide", "zoomed"]
)
def test_every_state_is_accessible_and_fits(
    open_page: OpenPage,
    network: Network,
    watch: Watch,
    peer: Callable[[str], Peer],
    ids: dict[str, int],
    viewport: dict[str, int],
    language: str,
) -> None:
    watch.allow(f"{NETWORK}|status of 403")
    page = open_page("/", base=network.url, viewport=viewport, locale=language)
    page.emulate_media(reduced_motion="reduce")
    widget = Widget(page, language)

    def check(state: str) -> None:
        found = axe(page, BOTH_THEMES)
        assert not found, f"{state}:\n{found}"
        assert not small_targets(page, 24, "support-chat"), state
        assert not page.evaluate(SPILL), state

    expect(widget.name).to_be_visible()
    check("log-in")
    widget.fill_in("nobody", "wrong")
    expect(widget.error).to_be_visible()
    check("a wrong password")
    widget.fill_in("nobody", "wrong again")
    expect(widget.error).to_have_text(re.compile(r"\d+"))
    check("too many attempts")
    page.reload()
    widget.fill_in("olga")
    expect(widget.panel.locator(".notice")).to_be_visible()
    check("an operator's account")
    widget.log_in("anna")
    check("an empty conversation")
    widget.send(f"A question 👋 {LONG}")
    expect(widget.panel.locator(".state.sent")).to_be_visible()
    olga = peer("olga")
    olga.answer(ids["anna"], f"An answer {LONG}")
    olga.call("message.read", ids["anna"], 10)
    olga.call("message.typing", ids["anna"])
    expect(widget.panel.locator(".typing")).not_to_be_empty()
    check("a conversation")
    widget.open_menu()
    check("the menu")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    olga.answer(ids["anna"], "Unread")
    expect(widget.launcher.locator(".badge")).to_be_visible()
    check("the launcher")
    widget.launcher.click()
    expect(widget.panel.locator(".new")).to_be_attached()
    check("the line New")
    widget.composer.fill("я" * 16_010)
    expect(widget.panel.locator(".count")).to_be_visible()
    check("a text that is too long")
    widget.composer.fill("")
    network.cut()
    widget.wait_for_line("waiting")
    widget.send("not sent")
    check("no line")
    widget.log_out()
    expect(widget.panel.get_by_role("alertdialog")).to_be_visible()
    check("the question before a log-out")
    widget.panel.get_by_role("button", name=widget.words["stay"]).click()
    page.evaluate(
        """() => {
            const read = (key) => JSON.parse(localStorage.getItem(key));
            const isUnsent = (key) => key.startsWith("chat:outbox:") && !read(key).message_id;
            const key = Object.keys(localStorage).find(isUnsent);
            localStorage.setItem(key, JSON.stringify({ ...read(key), failed: 1 }));
            dispatchEvent(new StorageEvent("storage", { key }));
        }"""
    )
    expect(widget.panel.locator(".state.failed")).to_be_attached()
    check("a message that failed")


def test_targets_are_large_enough_for_fingers(open_page: OpenPage, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    phone = {"width": 360, "height": 740}
    widget = Widget(open_page("/", base=network.url, has_touch=True, is_mobile=True, viewport=phone))

    def check(state: str) -> None:
        assert not small_targets(widget.page, 44, "support-chat"), state

    expect(widget.name).to_be_visible()
    check("log-in")
    widget.log_in("anna")
    check("conversation")
    widget.open_menu()
    out = widget.panel.get_by_role("button", name="Log out", exact=True)
    box = out.bounding_box()
    assert box
    assert box["width"] > 200  # the whole line of the menu
    check("menu")
    widget.page.keyboard.press("Escape")
    widget.composer.fill("begun")
    widget.log_out()
    check("the question before a log-out")
    widget.page.keyboard.press("Escape")
    network.cut()
    widget.wait_for_line("waiting")
    check("no line")


def test_a_narrow_screen_is_filled_and_holds_the_focus(open_page: OpenPage) -> None:
    page = open_page("/", viewport={"width": 360, "height": 640})
    widget = Widget(page)
    expect(widget.name).to_be_visible()
    assert page.evaluate(f"{ROOT}.querySelector('dialog').matches(':modal')")
    assert widget.panel.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 640}
    assert page.evaluate(f"parseFloat(getComputedStyle({ROOT}.querySelector('input')).fontSize)") >= 16
    page.set_viewport_size({"width": 360, "height": 400})  # a keyboard comes
    page.wait_for_function(f"() => {ROOT}.querySelector('dialog').offsetHeight === 400")
    page.set_viewport_size({"width": 1024, "height": 768})
    page.wait_for_function(f"() => !{ROOT}.querySelector('dialog').matches(':modal')")
    assert widget.panel.bounding_box() == {"x": 628, "y": 84, "width": 380, "height": 600}
    expect(widget.name).to_be_focused()
    page.keyboard.press("Escape")
    expect(widget.launcher).to_be_focused()


def test_new_messages_are_read_out_also_while_the_panel_fills_the_screen(
    open_page: OpenPage, peer: Callable[[str], Peer], ids: dict[str, int]
) -> None:
    widget = Widget(open_page("/", viewport={"width": 360, "height": 640}))
    widget.log_in("anna")
    peer("olga").answer(ids["anna"], "an answer")
    expect(widget.panel.get_by_role("log")).to_have_text("olga: an answer")  # what is outside is inert


def test_the_whole_widget_goes_by_keyboard(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    page = widget.page
    seen = []
    for _ in range(6):
        page.keyboard.press("Shift+Tab")
        seen.append(widget.focus())
    assert seen[:4] == ["Conversation", "Close", "Menu", "Close chat"]
    widget.panel.get_by_role("button", name="Menu").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert widget.focus() == "Language"
    page.keyboard.press("Escape")
    assert widget.focus() == "Menu"
    page.keyboard.press("Escape")
    expect(widget.launcher).to_be_focused()
    page.keyboard.press("Enter")
    expect(widget.composer).to_be_focused()


def test_without_motion_nothing_moves_and_forced_colours_show_the_focus(open_page: OpenPage) -> None:
    page = open_page("/", reduced_motion="reduce", forced_colors="active")
    widget = Widget(page)
    widget.log_in("anna")
    widget.open_menu()
    assert page.evaluate(f"{ROOT}.getAnimations().length") == 0
    page.keyboard.press("Tab")
    outline = page.evaluate(f"getComputedStyle({ROOT}.activeElement).outline")
    assert re.search(r"solid 2px", outline)


def test_the_page_is_printed_whole_with_full_times(
    open_page: OpenPage, peer: Callable[[str], Peer], ids: dict[str, int], database_url: str
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 300)[-1])
    widget = Widget(open_page("/", color_scheme="dark"))
    widget.log_in("anna")
    expect(widget.bubble("Message 300")).to_be_visible()
    page = widget.page
    page.emulate_media(media="print")
    paper = page.locator("support-chat .print")
    expect(paper).to_be_visible()
    expect(paper.get_by_role("heading")).to_have_text("Chat with us")
    expect(paper.locator("> p")).to_have_text("300 loaded messages")
    expect(paper.locator("li")).to_have_count(300)
    expect(paper.locator("li b").first).to_have_text(re.compile(r"^anna · .*\d{4}.*\d:\d\d:\d\d"))
    expect(paper).to_have_css("color", "rgb(27, 31, 39)")  # dark on paper, whatever the theme
    expect(widget.panel).to_be_hidden()
    page.emulate_media(media="screen")
    expect(paper).to_have_count(0)
    expect(widget.composer).to_be_visible()


def test_a_turned_screen_leaves_the_focus_in_the_open_menu(open_page: OpenPage) -> None:
    widget = Widget(open_page("/", viewport={"width": 700, "height": 700}))
    widget.log_in("anna")
    widget.page.keyboard.press("Escape")
    expect(widget.panel).to_be_hidden()
    widget.launcher.click()
    widget.open_menu()
    widget.page.keyboard.press("Tab")
    assert widget.focus() == "Language"
    widget.page.set_viewport_size({"width": 400, "height": 700})
    widget.page.wait_for_function(f"() => {ROOT}.querySelector('dialog').matches(':modal')")
    assert widget.focus()
