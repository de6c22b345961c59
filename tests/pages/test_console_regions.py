"""The console's regions where there is room for one, two or three; and a window that is made wider and narrower."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import OpenPage, until
from tests.pages.console import MIDDLE, NARROW, WIDE, Console, enter, enter_wired
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]


def test_below_720_pixels_one_region_is_shown_and_back_returns_to_the_row(open_page: OpenPage, peer: Enter) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    console = Console(open_page("/operator", viewport={"width": 719, "height": 800}))
    console.log_in("olga")
    main = console.page.get_by_role("main")
    expect(console.queue).to_be_visible()
    expect(main).to_be_hidden()
    console.open("boris")
    expect(console.title).to_be_focused()
    expect(console.queue).to_be_hidden()
    console.page.get_by_role("button", name="Back to the queue").click()
    expect(console.row("boris")).to_be_focused()
    expect(main).to_be_hidden()
    console.page.keyboard.press("ArrowUp")
    console.page.keyboard.press("Enter")
    console.wait_for("anna")
    console.page.go_back()
    expect(console.row("anna")).to_be_focused()
    console.page.go_forward()
    expect(console.title).to_have_text("anna")
    expect(console.queue).to_be_hidden()
    console.page.get_by_role("button", name="Details").click()
    expect(console.details.get_by_role("heading")).to_be_focused()
    console.page.keyboard.press("Escape")
    expect(console.details).to_be_hidden()
    expect(console.title).to_be_focused()
    console.page.get_by_role("button", name="Close conversation").click()
    expect(console.row("boris")).to_be_focused()
    console.page.set_viewport_size({"width": 1280, "height": 800})
    expect(console.queue).to_be_visible()
    expect(main).to_be_visible()
    console.expect_focus()


def test_back_leads_to_the_queue_however_one_came_to_the_conversation(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    for name in ("anna", "boris", "vera"):
        peer(name).send("a question")
    console = enter(open_page)
    back = console.page.get_by_role("button", name="Back to the queue")
    console.open("anna")
    console.page.set_viewport_size(NARROW)  # as it is turned
    back.click()
    expect(console.row("anna")).to_be_focused()
    console.open("boris")
    back.click()
    expect(console.row("boris")).to_be_focused()
    console.open("vera")
    console.press("Digit3")
    expect(console.page).to_have_url(re.compile("/operator$"))
    console.open("anna")
    console.button("close_conversation").click()
    expect(console.page).to_have_url(re.compile("/operator$"))
    console.expect_focus()
    console.open("boris")
    back.click()
    expect(console.row("boris")).to_be_focused()
    linked = Console(open_page(f"/operator#{ids['vera']}", beside=console.page))
    linked.page.set_viewport_size(NARROW)
    linked.wait_for("vera")
    linked.page.get_by_role("button", name="Back to the queue").click()
    expect(linked.row("vera")).to_be_focused()


def test_the_browsers_back_leads_to_the_queue_where_the_window_became_narrow_meanwhile(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    console = enter(open_page, viewport=MIDDLE)
    console.open("anna")
    entries = console.page.evaluate("history.length")
    for size in (NARROW, MIDDLE, NARROW):  # as a phone is turned
        console.page.set_viewport_size(size)
        expect(console.queue).to_be_visible(visible=size == MIDDLE)
        console.wait_for_entry()
    assert console.page.evaluate("history.length") == entries + 1
    console.page.go_back()
    expect(console.row("anna")).to_be_focused()
    console.page.go_forward()
    console.wait_for("anna")
    expect(console.queue).to_be_hidden()
    linked = Console(open_page(f"/operator#{ids['anna']}", viewport=NARROW))
    linked.fill_in("olga")
    linked.wait_for("anna")
    linked.page.go_back()
    expect(linked.row("anna")).to_be_focused()


def test_what_was_pressed_before_the_page_heard_that_it_is_narrow_stands(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.page.add_init_script("""
        const listen = MediaQueryList.prototype.addEventListener;
        window.heard = new EventTarget();
        MediaQueryList.prototype.addEventListener = function (name, hear) {
          listen.call(this, name, (event) => heard.addEventListener("now", () => hear(event)));
        };
    """)
    console.page.reload()
    console.open("anna")
    console.page.set_viewport_size(NARROW)
    console.page.get_by_role("button", name="Back to the queue").click()
    expect(console.row("anna")).to_be_focused()
    console.page.evaluate("() => new Promise(requestAnimationFrame)")
    console.page.evaluate("heard.dispatchEvent(new Event('now'))")
    expect(console.row("anna")).to_be_focused()


def test_what_has_the_focus_keeps_it_where_a_window_becomes_narrow(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    console = enter(open_page, viewport=NARROW)
    console.open("anna")
    console.button("back").click()
    expect(console.page).to_have_url(re.compile("/operator$"))
    console.page.set_viewport_size(WIDE)
    expect(console.page).to_have_url(re.compile(f"#{ids['anna']}$"))
    console.press("Digit3")
    expect(console.row("anna")).to_be_focused()
    console.composer.focus()
    console.page.set_viewport_size(NARROW)
    expect(console.page.get_by_role("navigation")).to_be_hidden()
    expect(console.composer).to_be_focused()
    console.button("back").click()
    expect(console.row("anna")).to_be_focused()


def test_the_details_have_their_place_where_a_window_becomes_wide_and_none_where_it_becomes_narrow(
    open_page: OpenPage, peer: Enter
) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.button("assign_to_me").focus()
    for size, is_shown in ((MIDDLE, False), (WIDE, True), (NARROW, False)):
        console.page.set_viewport_size(size)
        expect(console.details).to_be_visible(visible=is_shown)
        console.expect_focus()
    console.page.set_viewport_size(WIDE)
    expect(console.details).to_be_visible()
    console.row("anna").focus()
    console.press("KeyD")
    expect(console.details).to_be_hidden()
    console.page.pdf(format="A4")
    expect(console.details).to_be_hidden()


def test_on_a_phone_who_goes_back_to_the_queue_is_not_said_to_view_the_conversation(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    oleg = peer("oleg")
    console = enter(open_page, viewport=NARROW)

    def is_viewing() -> bool:
        operators = {one["user_name"]: one["viewing"] for one in oleg.call("operator.list")["operators"]}
        return bool(operators["olga"] == [ids["anna"]])

    console.open("anna")
    until(console.page, is_viewing)
    console.button("back").click()
    until(console.page, lambda: not is_viewing())
    oleg.call("note.add", ids["anna"], "a colleague's note")
    console.page.go_forward()
    until(console.page, is_viewing)
    expect(console.bubble("a colleague's note")).to_be_visible()
    console.page.go_back()
    until(console.page, lambda: not is_viewing())
    console.open("anna")
    until(console.page, is_viewing)
    console.button("back").click()
    until(console.page, lambda: not is_viewing())
    console.page.set_viewport_size(MIDDLE)
    until(console.page, is_viewing)


def test_who_goes_back_in_a_wide_window_and_writes_on_writes_on_where_it_becomes_narrow(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    console = enter(open_page, viewport=NARROW)
    console.open("anna")
    console.page.set_viewport_size(MIDDLE)
    expect(console.page.get_by_role("navigation")).to_be_visible()
    console.page.evaluate(
        "() => new Promise((gone) => addEventListener('popstate', () => setTimeout(gone), history.back()))"
    )
    expect(console.page).to_have_url(re.compile(f"#{ids['anna']}$"))
    console.composer.fill("an answer that")
    console.page.set_viewport_size(NARROW)
    expect(console.page.get_by_role("navigation")).to_be_hidden()
    expect(console.composer).to_be_focused()


def test_paper_changes_nothing_in_the_history(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    entries = console.page.evaluate("history.length")
    console.page.pdf(format="A5")
    assert console.page.evaluate("history.length") == entries


def test_who_goes_back_to_the_queue_while_the_service_is_busy_is_not_said_to_view_for_ever(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    oleg = peer("oleg")
    console, wire = enter_wired(open_page, viewport=NARROW)
    console.open("anna")

    def viewed() -> list[int]:
        operators = oleg.call("operator.list")["operators"]
        return next(list(one["viewing"]) for one in operators if one["user_name"] == "olga")

    until(console.page, lambda: viewed() == [ids["anna"]])
    wire.calls.clear()
    wire.refused["conversation.open"] = 6
    console.button("back").click()
    until(console.page, lambda: "conversation.open" in wire.calls)
    wire.refused.clear()
    until(console.page, lambda: viewed() == [])
