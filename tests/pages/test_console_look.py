"""Every state of the console under axe, in both languages and themes, and on small and enlarged screens."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import BOTH_THEMES, NETWORK, OpenPage, Theme, Watch, axe, small_targets
from tests.pages.console import MIDDLE, NARROW, WIDE, Console, enter, make_old
from tests.pages.fill import add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]
FORBID_STORAGE = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("denied", "SecurityError"); }
})"""
FILL_STORAGE = """() => {
    for (let size = 1 << 20; size; size >>= 1)
        for (;;) try { localStorage.setItem(Math.random(), "x".repeat(size)); } catch { break; }
}"""

ZOOMED = {"width": 320, "height": 256}  # 1280×1024 at 400 %
LONG = "https://example.com/" + "long" * 60
SPILL = """() => {
    const parts = "html, desk-topbar, .region, chat-transcript, desk-list, .dialog, desk-composer";
    const isWide = (part) => part.scrollWidth > part.clientWidth;
    return [...document.querySelectorAll(parts)].filter(isWide).map((part) => part.localName);
}"""  # what would scroll sideways


class Walk:
    """Leads through the console's states and looks at each, in these themes."""

    def __init__(self, console: Console, themes: tuple[Theme, ...]) -> None:
        self.console = console
        self.themes = themes
        self.is_narrow = console.page.evaluate("innerWidth < 720")

    def check(self, state: str) -> None:
        found = axe(self.console.page, self.themes)
        assert not found, f"{state}:\n{found}"
        assert not small_targets(self.console.page, 24), state
        spill = self.console.page.evaluate(SPILL)
        assert not spill, f"{state}: {spill}"

    def check_dialog(self, state: str) -> None:
        expect(self.console.dialog).to_be_visible()
        self.check(state)
        self.console.page.keyboard.press("Escape")
        expect(self.console.dialog).to_have_count(0)

    def go_to_queue(self) -> None:
        if self.is_narrow:
            self.console.button("back").click()

    def press(self, code: str, key: str = "", modifiers: int = 0) -> None:
        """A key, away from fields."""
        (self.console.title if self.is_narrow else self.console.heading).focus()
        self.console.press(code, key, modifiers)


@pytest.mark.parametrize(
    ("language", "themes", "viewport"),
    [
        ("en", BOTH_THEMES, WIDE),
        ("ru", BOTH_THEMES, WIDE),
        ("en", ("dark",), MIDDLE),
        ("ru", ("light",), NARROW),
        ("ru", ("dark",), ZOOMED),
    ],
    ids=["en-wide", "ru-wide", "en-middle", "ru-phone", "ru-zoomed"],
)
@pytest.mark.parametrize("service_settings", [["--login-failures=1"]], ids=["throttling"])
def test_every_state_is_accessible_and_fits(
    open_page: OpenPage,
    network: Network,
    watch: Watch,
    peer: Enter,
    ids: dict[str, int],
    database_url: str,
    language: str,
    themes: tuple[Theme, ...],
    viewport: dict[str, int],
) -> None:
    watch.allow(f"{NETWORK}|status of 403")
    page = open_page("/operator", base=network.url, viewport=viewport, color_scheme=themes[0], locale=language)
    page.emulate_media(reduced_motion="reduce")
    console = Console(page, language)
    walk = Walk(console, themes)

    expect(console.name).to_be_visible()
    walk.check("log-in")
    console.fill_in("nobody", "wrong")
    expect(page.get_by_text(console.t("wrong_password"))).to_be_visible()
    walk.check("a wrong password")
    console.fill_in("nobody", "wrong again")
    expect(page.get_by_text(console.t("throttled", n=600)[:20])).to_be_visible()
    walk.check("too many attempts")
    console.log_in("olga")
    expect(page.get_by_text(console.t("empty_waiting"))).to_be_visible()
    walk.check("an empty queue")

    oleg = peer("oleg")
    for name, minutes in (("anna", 18), ("boris", 12), ("vera", 4)):
        peer(name).send(f"A question of {name} {LONG}")
        make_old(database_url, ids[name], minutes)
    add_messages(database_url, "vera", 5)
    oleg.call("note.add", ids["anna"], f"A note {LONG}")
    oleg.call("reply.save", "hello", f"Good day! {LONG}")
    oleg.call("conversation.assign", ids["boris"], oleg.user_id)
    oleg.call("conversation.open", ids["anna"])
    failed = {
        "user_id": ids["anna"],
        "text": f"Refused {LONG}",
        "seen_id": None,
        "key": "k",
        "failed": 1,
        "created": 2**41,
    }
    page.evaluate(
        "([name, text]) => localStorage.setItem(name, text)", [f"desk:outbox:{ids['olga']}:k", json.dumps(failed)]
    )
    console.reload()
    for level in ("late", "warn", "calm"):
        expect(console.queue.locator(f".wait.{level}")).to_be_visible()
    walk.check("waits of all levels")

    console.open("anna")
    expect(console.messages.locator(".note")).to_be_visible()
    console.send(f"An answer {LONG}")
    expect(console.messages.locator(".state.sent")).to_be_visible()
    walk.check("a conversation with a note and a failed answer")
    console.write("A note", "note")
    walk.check("writing a note")
    console.write("/he")
    expect(console.options).to_have_count(1)
    walk.check("choosing a reply")
    console.composer.press("Escape")
    console.write("An answer that comes too late")
    oleg.answer(ids["anna"], f"A colleague's answer {LONG}")
    expect(console.messages.get_by_text("A colleague's answer")).to_be_attached()
    oleg.call("message.typing", ids["anna"])
    console.composer.press("Enter")
    expect(console.collision).to_be_visible()
    walk.check("a collision")
    console.button("discard").click()

    walk.press("KeyA")
    walk.check_dialog("assigning")
    walk.press("Slash", "?", 8)
    walk.check_dialog("help")
    console.alerts.click()
    walk.check_dialog("sound and notifications")
    if not console.details.is_visible():
        walk.press("KeyD")
    expect(console.details).to_be_visible()
    walk.check("details")
    console.button("edit_replies").click()
    walk.check_dialog("canned replies")
    if viewport != WIDE:
        page.keyboard.press("Escape")
        expect(console.details).to_be_hidden()
    console.write("begun")
    console.log_out()
    walk.check_dialog("logging out with a draft")

    walk.go_to_queue()
    console.search.fill("question")
    expect(console.found).to_have_count(3)
    walk.check("a search")
    console.search.fill("nowhere")
    expect(page.get_by_text(console.t("nothing_found", text="nowhere"))).to_be_visible()
    walk.check("a search that finds nothing")
    console.search.press("Escape")
    console.open("boris")
    network.cut()
    expect(console.line).to_have_class("line bad")
    console.send("A waiting answer")
    expect(console.state("A waiting answer")).to_be_visible()
    walk.check("without a line")


def test_targets_are_large_enough_for_fingers(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    peer("oleg").call("reply.save", "hello", "Good day!")
    console = Console(open_page("/operator", has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}))
    page = console.page

    def check(state: str) -> None:
        assert not small_targets(page, 44), state

    expect(console.name).to_be_visible()
    check("log-in")
    console.log_in("olga")
    check("queue")
    console.row("anna").tap()
    console.wait_for("anna")
    console.composer.fill("/")
    expect(console.options).to_have_count(1)
    check("conversation and replies")
    console.composer.fill("")
    for name in ("details", "help"):
        page.get_by_role("button", name=console.t(name)).tap()
        check(name)
        page.keyboard.press("Escape")
    console.alerts.tap()
    check("alerts")
    page.keyboard.press("Escape")
    console.button("details").tap()
    for name in ("assign", "edit_replies"):
        console.button(name).tap()
        check(name)
        page.keyboard.press("Escape")


def test_the_language_and_the_theme_are_chosen_by_the_browser_and_switchable(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = Console(open_page("/operator", locale="ru-RU", color_scheme="dark"), "ru")
    console.log_in("olga")
    background = "getComputedStyle(document.body).backgroundColor"
    assert console.page.evaluate(background) == "rgb(20, 23, 28)"
    expect(console.tab("waiting")).to_have_text("Ждут1")
    expect(console.row("anna").locator(".hidden").filter(has_text="непрочитанное сообщение")).to_have_count(1)
    for theme, colour in (("Светлая", "rgb(255, 255, 255)"), ("Тёмная", "rgb(20, 23, 28)"), ("Как в системе", None)):
        console.page.get_by_role("button", name="Тема: ").click()
        expect(console.page.get_by_role("button", name=f"Тема: {theme}")).to_be_focused()
        assert console.page.evaluate(background) == (colour or "rgb(20, 23, 28)")
    console.page.get_by_role("button", name="English").click()
    english = Console(console.page)
    english.wait_for_line()
    expect(english.tab("waiting")).to_have_text("Waiting1")
    assert console.page.evaluate("document.documentElement.lang") == "en"
    english.reload()
    expect(english.tab("waiting")).to_have_text("Waiting1")


def test_a_theme_that_is_chosen_is_every_tabs(open_page: OpenPage) -> None:
    one = enter(open_page)
    other = Console(open_page("/operator", beside=one.page))
    other.wait_for_line()
    one.page.get_by_role("button", name="Theme: Like the system").click()
    expect(other.page.get_by_role("button", name="Theme: Light")).to_be_visible()
    expect(other.page.locator("html")).to_have_attribute("data-theme", "light")


def test_what_is_marked_in_a_heading_or_the_details_stays_so_when_something_else_changes_there(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    oleg = peer("oleg")
    console = enter(open_page)
    console.open("anna")
    number = console.details.get_by_role("definition").first
    for node, text, assignee in (
        (number, f"{ids['anna']}", "oleg"),
        (console.details.get_by_role("heading"), "anna", None),
        (console.title, "anna", "oleg"),
    ):
        node.dblclick(position={"x": 4, "y": 8})
        oleg.call("conversation.assign", ids["anna"], assignee and ids[assignee])
        expect(console.details.get_by_text(assignee or console.t("nobody"))).to_be_visible()
        assert console.page.evaluate("getSelection().toString().trim()") == text


@pytest.mark.parametrize("storage", ["full", "forbidden"])
def test_the_language_does_not_change_where_what_was_written_would_be_lost(
    open_page: OpenPage, peer: Enter, storage: str
) -> None:
    peer("anna").send("a question")
    page = open_page("/operator")
    if storage == "forbidden":
        page.add_init_script(FORBID_STORAGE)
        page.reload()
    console = Console(page)
    console.log_in("olga")
    console.open("anna")
    if storage == "full":
        page.evaluate(FILL_STORAGE)
    console.write("my answer")
    page.get_by_role("button", name="Русский").click()
    expect(console.toast).to_contain_text("language")
    expect(console.composer).to_have_value("my answer")
