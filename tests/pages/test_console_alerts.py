"""Nobody is missed: what sounds, what is shown by the system, and what is said where neither can be."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.pages.browsing import NETWORK, OpenPage, Watch
from tests.pages.conftest import in_a_window
from tests.pages.console import Console, enter, make_old, use_real_focus
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.service import Service

pytestmark = in_a_window

Enter = Callable[[str], Peer]

OBSERVE = """
    window.shown = [];
    window.tones = 0;
    const Native = Notification;
    window.Notification = class extends Native {
        constructor(title, options) {
            super(title, options);
            shown.push({title, ...options});
            window.last = this;
        }
    };
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
        tones++;
        start.apply(this, when);
    };
"""


def set_permission(browser: Browser, console: Console, setting: str) -> None:
    """`setting` is "granted", "denied" or "prompt"."""
    target = console.page.context.new_cdp_session(console.page).send("Target.getTargetInfo")["targetInfo"]
    permission = {"permission": {"name": "notifications"}, "setting": setting}
    context = {"browserContextId": target["browserContextId"]}
    browser.new_browser_cdp_session().send("Browser.setPermission", permission | context)


@pytest.fixture
def console(open_page: OpenPage) -> Console:
    """Everything is allowed, and what sounds and is shown is noted."""
    opened = enter(open_page, permissions=["notifications"])
    opened.page.context.add_init_script(OBSERVE)
    opened.reload()
    opened.heading.click()
    expect(opened.alerts).to_have_text("Sound on · Notifications on")
    return opened


def shown(console: Console) -> list[Any]:
    found: list[Any] = console.page.evaluate("shown.map(({title, tag, body}) => [title, tag, body])")
    return found


def wait_for_shown(console: Console, number: int) -> None:
    console.page.wait_for_function("(number) => shown.length >= number", arg=number)


def open_untouched(console: Console) -> Console:
    """The console in one more tab, in which nobody has clicked yet."""
    page = console.page.context.new_page()
    with page.expect_websocket():  # until then Playwright may not look into the page: to Chromium that is a gesture
        page.goto(console.page.url)
    return Console(page)


def test_without_a_gesture_it_says_that_the_sound_is_blocked(open_page: OpenPage) -> None:
    console = enter(open_page)
    expect(console.alerts).to_contain_text("Notifications")
    tab = open_untouched(console)
    expect(tab.alerts).to_have_text("Sound blocked – click to allow")
    tab.heading.click()
    expect(tab.alerts).to_have_text("Sound on · Notifications not allowed yet")
    tab.alerts.click()
    tab.dialog.get_by_role("button", name="Sound: Turn off").click()
    expect(tab.dialog).to_contain_text("Sound off")
    expect(tab.alerts).to_contain_text("Sound off")
    expect(console.alerts).to_contain_text("Sound off")  # the other tab too
    tab.dialog.get_by_role("button", name="Test").click()
    expect(tab.dialog.get_by_role("status")).to_have_text("Sound off. Notifications not allowed yet.")


def test_the_first_click_reaches_what_was_pressed(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    first = enter(open_page, viewport={"width": 360, "height": 740})
    console = open_untouched(first)
    expect(console.alerts).to_have_text("Sound blocked – click to allow")
    box = console.row("anna").bounding_box()
    assert box
    console.page.mouse.move(box["x"] + 100, box["y"] + box["height"] - 4)
    console.page.mouse.down()
    console.page.wait_for_timeout(500)  # longer than a sound takes to be allowed
    console.page.mouse.up()
    console.wait_for("anna")
    expect(console.alerts).to_have_accessible_name("Sound on. Notifications not allowed yet.")


def test_each_permission_is_said_in_words(open_page: OpenPage, browser: Browser) -> None:
    console = enter(open_page)
    for setting, words in (
        ("prompt", "Notifications not allowed yet"),
        ("denied", "Notifications blocked by the browser"),
        ("granted", "Notifications on"),
    ):
        set_permission(browser, console, setting)
        console.reload()
        console.alerts.click()
        expect(console.dialog).to_contain_text(words)
        allow = console.dialog.get_by_role("button", name="Notifications: ")
        expect(allow).to_have_count(0 if setting == "denied" else 1)
        hint = console.dialog.get_by_text("The browser’s settings for this page can allow them again.")
        expect(hint).to_be_visible(visible=setting == "denied")
        console.dialog.get_by_role("button", name="Test").click()
        expect(console.dialog.get_by_role("status")).to_have_text(
            f"The sound was played. {'The notification was shown' if setting == 'granted' else words}."
        )
    console.dialog.get_by_role("button", name="Notifications: Turn off").click()
    expect(console.dialog).to_contain_text("Notifications off")
    console.dialog.get_by_role("button", name="Notifications: Allow").click()
    expect(console.dialog).to_contain_text("Notifications on")


def test_a_browser_that_allows_notifications_and_shows_none_is_told_of(open_page: OpenPage, peer: Enter) -> None:
    console = enter(open_page, permissions=["notifications"])
    throwing = "class extends Notification { constructor() { super(); throw new TypeError('Illegal constructor') } }"
    console.page.add_init_script(f"window.Notification = {throwing}")
    console.reload()
    console.alerts.click()
    console.dialog.get_by_role("button", name="Test").click()
    words = "The sound was played. The browser did not show the notification."
    expect(console.dialog.get_by_role("status")).to_have_text(words)
    console.page.keyboard.press("Escape")
    peer("anna").send("a question")
    expect(console.row("anna")).to_be_visible()


def test_on_plain_http_notifications_need_https(open_page: OpenPage, service: Service, watch: Watch) -> None:
    watch.allow("asked another host: (http|ws)://desk.test:|Cross-Origin-Opener-Policy header has been ignored")
    console = enter(open_page, base=f"http://desk.test:{service.port}")
    assert not console.page.evaluate("isSecureContext")
    expect(console.alerts).to_contain_text("Notifications need HTTPS")
    console.alerts.click()
    expect(console.dialog.get_by_role("button", name="Notifications: ")).to_have_count(0)
    console.dialog.get_by_role("button", name="Test").click()
    expect(console.dialog.get_by_role("status")).to_have_text("The sound was played. Notifications need HTTPS.")


def test_a_message_for_this_operator_sounds_and_is_shown(console: Console, peer: Enter, ids: dict[str, int]) -> None:
    anna, boris = peer("anna"), peer("boris")
    me = console.kept()["session"]["user_id"]
    anna.send("unassigned " * 20)
    wait_for_shown(console, 1)
    assert shown(console) == [["anna", f"customer {ids['anna']}", ("unassigned " * 20)[:80]]]
    assert console.page.evaluate("tones") == 2
    boris.send("at once after it")
    wait_for_shown(console, 2)
    assert console.page.evaluate("tones") == 2  # one sound in three seconds
    oleg = peer("oleg")
    oleg.call("conversation.assign", ids["boris"], me)
    boris.send("my own")
    wait_for_shown(console, 3)
    console.page.evaluate("last.dispatchEvent(new Event('click'))")
    console.wait_for("boris")
    boris.send("before my eyes")
    expect(console.bubble("before my eyes")).to_be_visible()
    anna.send("one more")
    wait_for_shown(console, 4)
    assert [body for _, _, body in shown(console)[2:]] == ["my own", "one more"]


def test_a_message_for_a_colleague_is_told_only_where_the_colleague_is_away(
    console: Console, peer: Enter, ids: dict[str, int]
) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    anna.send("a question")
    wait_for_shown(console, 1)
    oleg.call("conversation.assign", ids["anna"], oleg.user_id)
    expect(console.row("anna").get_by_title("Assigned to oleg")).to_be_visible()
    anna.send("for oleg, who is here")
    expect(console.row("anna")).to_contain_text("for oleg, who is here")
    peer("boris").send("for all")
    wait_for_shown(console, 2)
    console.open("anna")
    facts = console.details.get_by_role("definition")
    expect(facts.filter(has_text="oleg")).to_have_text("oleg (Online)")
    console.open("boris")
    oleg.close()
    console.open("anna")
    expect(facts.filter(has_text="oleg")).to_have_text("oleg (Offline)")
    console.open("boris")
    anna.send("for oleg, who is away")
    wait_for_shown(console, 3)
    assert [body for _, _, body in shown(console)] == ["a question", "for all", "for oleg, who is away"]


def test_who_waits_too_long_is_told_once_more(
    console: Console, peer: Enter, ids: dict[str, int], database_url: str
) -> None:
    console.page.clock.install()
    anna = peer("anna")
    anna.send("a question")
    make_old(database_url, ids["anna"], 14)
    console.reload()
    expect(console.row("anna").locator(".wait.warn")).to_have_text("waiting 14 min")
    assert shown(console) == []
    console.page.clock.fast_forward("01:15")
    expect(console.row("anna").locator(".wait.late")).to_have_text("late 15 min")
    wait_for_shown(console, 1)
    console.page.clock.fast_forward("05:00")
    expect(console.row("anna").locator(".wait.late")).to_have_text("late 20 min")
    assert shown(console) == [["anna", f"customer {ids['anna']}", "Has been waiting for long."]]


def test_only_the_tab_that_had_the_focus_last_tells(console: Console, open_page: OpenPage, peer: Enter) -> None:
    other = Console(open_page("/operator", beside=console.page))
    other.wait_for_line()
    use_real_focus(console, other)
    console.page.bring_to_front()
    peer("anna").send("a question")
    for tab in (console, other):
        expect(tab.row("anna")).to_be_visible()
    wait_for_shown(console, 1)
    other.page.bring_to_front()
    peer("boris").send("a question")
    for tab in (console, other):
        expect(tab.row("boris")).to_be_visible()
    wait_for_shown(other, 1)
    assert [title for title, _, _ in shown(console)] == ["anna"]
    assert [title for title, _, _ in shown(other)] == ["boris"]


def test_the_tab_that_had_the_focus_last_tells_alone_also_long_after(
    console: Console, open_page: OpenPage, peer: Enter
) -> None:
    console.page.clock.install()
    console.reload()
    other = Console(open_page("/operator", beside=console.page))
    other.wait_for_line()
    elsewhere = open_page("/", beside=console.page)
    use_real_focus(console, other)
    console.page.bring_to_front()
    console.page.wait_for_function("document.hasFocus()")
    console.page.evaluate("dispatchEvent(new Event('focus'))")  # the browser's own may come later, or not in time
    elsewhere.bring_to_front()
    console.page.wait_for_function("!document.hasFocus()")
    for _ in range(5):
        console.page.clock.fast_forward("01:00")  # behind other tabs timers run once a minute
    peer("anna").send("a question")
    for tab in (console, other):
        tab.wait_for_line()
        expect(tab.row("anna")).to_be_visible()
    wait_for_shown(console, 1)
    assert shown(other) == []


def test_who_is_late_already_when_the_page_is_loaded_is_not_told(
    console: Console, peer: Enter, ids: dict[str, int], database_url: str
) -> None:
    console.page.clock.install()
    for name, minutes in (("anna", 30), ("boris", 14)):
        peer(name).send("a question")
        make_old(database_url, ids[name], minutes)
    console.reload()
    expect(console.row("anna").locator(".wait.late")).to_have_text("late 30 min")
    assert shown(console) == []
    console.page.clock.fast_forward("01:15")
    expect(console.row("boris").locator(".wait.late")).to_have_text("late 15 min")
    wait_for_shown(console, 1)
    assert shown(console) == [["boris", f"customer {ids['boris']}", "Has been waiting for long."]]


def test_after_a_log_in_a_new_customers_first_message_is_told(open_page: OpenPage, peer: Enter) -> None:
    page = open_page("/operator", permissions=["notifications"])
    page.context.add_init_script(OBSERVE)
    page.reload()
    console = Console(page)
    console.log_in("olga")
    console.heading.click()
    expect(console.alerts).to_have_text("Sound on · Notifications on")
    peer("anna").send("my first question")
    expect(console.row("anna")).to_be_visible()
    console.page.wait_for_timeout(1_000)
    assert [title for title, _, _ in shown(console)] == ["anna"]


def test_in_a_break_nobody_is_said_to_wait_who_may_be_answered(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], network: Network, watch: Watch, database_url: str
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    make_old(database_url, ids["anna"], 1)  # what comes in the second of the log-in is news
    page = open_page("/operator", base=network.url, permissions=["notifications"])
    page.context.add_init_script(OBSERVE)
    page.clock.install()
    page.reload()
    console = Console(page)
    console.log_in("olga")
    expect(console.row("anna")).to_be_visible()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    peer("oleg").answer(ids["anna"], "an answer")
    console.page.clock.fast_forward("20:00")
    console.page.wait_for_timeout(500)
    assert shown(console) == []


def test_of_what_was_closed_in_a_break_nothing_is_told_when_it_is_listed(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    anna = peer("anna")
    page = open_page("/operator", base=network.url, permissions=["notifications"])
    page.context.add_init_script(OBSERVE)
    page.reload()
    console = Console(page)
    console.log_in("olga")
    console.reload()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    anna.send("thanks, all is well")
    peer("oleg").call("conversation.close", ids["anna"])
    network.mend()
    expect(console.status).to_have_text("Connected again.")
    console.tab("closed").click()
    expect(console.row("anna")).to_be_visible()
    console.page.wait_for_timeout(300)
    assert shown(console) == []
