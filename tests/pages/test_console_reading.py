"""What an operator has seen: what is told to be read, what is new, and what is spoken."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, stop_clock, until
from tests.pages.conftest import in_a_window
from tests.pages.console import PHONE, Console, enter, enter_wired, expect_sent_once, use_real_focus
from tests.pages.fill import add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]


def test_what_is_before_the_eyes_is_read_and_stays_so(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    anna = peer("anna")
    anna.call("events.subscribe", ["read"])
    asked = anna.send("a question")
    console = enter(open_page)
    expect(console.row("anna").locator(".count")).to_have_text("1 unread message")
    console.open("anna")
    expect(console.row("anna").locator(".count")).to_have_count(0)
    assert anna.wait_for("read")["operator_read_id"] == asked["message_id"]
    console.send("an answer")
    expect(console.state("an answer")).to_have_text("Sent")
    anna.call("message.read", anna.wait_for("message")["message_id"])
    expect(console.state("an answer")).to_have_text("Read")
    console.send("another answer")
    expect(console.state("another answer")).to_have_text("Sent")
    console.reload()
    expect(console.state("an answer")).to_have_text("Read")
    expect(console.state("another answer")).to_have_text("Sent")
    console.tab("open").click()
    expect(console.row("anna")).to_be_visible()
    expect(console.row("anna").locator(".count")).to_have_count(0)


@in_a_window
def test_nothing_is_read_on_a_page_without_the_focus(open_page: OpenPage, peer: Enter) -> None:
    peer("boris").send("a question")
    behind = enter(open_page)
    peer("anna").send("a question")
    before = Console(open_page("/operator", beside=behind.page))
    before.wait_for_line()
    use_real_focus(before, behind)
    behind.open("boris")
    expect(behind.row("boris").locator(".count")).to_have_count(0)
    before.page.bring_to_front()
    peer("boris").send("one more")
    expect(behind.bubble("one more")).to_be_visible()
    before.open("anna")
    expect(before.row("anna").locator(".count")).to_have_count(0)  # a second has passed for both
    expect(behind.row("boris").locator(".count")).to_have_text("1 unread message")
    behind.page.bring_to_front()
    expect(behind.row("boris").locator(".count")).to_have_count(0)
    expect(before.row("boris").locator(".count")).to_have_count(0)


def test_the_line_new_stays_until_one_switches(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("seen")
    peer("boris").send("a question")
    console = enter(open_page)
    console.open("anna")
    expect(console.row("anna").locator(".count")).to_have_count(0)
    console.open("boris")
    anna.send("not seen")
    anna.send("not seen either")
    expect(console.row("anna").locator(".count")).to_have_text("2 unread messages")
    console.open("anna")
    items = console.messages.get_by_role("listitem")
    line = items.filter(has_text="New")
    expect(items.nth(2)).to_have_text("New")
    expect(console.row("anna").locator(".count")).to_have_count(0)
    anna.call("events.subscribe", ["read"])
    last = anna.send("one more")
    expect(console.bubble("one more")).to_be_visible()
    while anna.wait_for("read")["operator_read_id"] < last["message_id"]:
        pass
    expect(line).to_have_count(1)
    expect(items.nth(2)).to_have_text("New")
    console.open("boris")
    console.open("anna")
    expect(console.bubble("one more")).to_be_visible()
    expect(line).to_have_count(0)


def test_what_comes_below_is_counted_and_not_read(
    open_page: OpenPage, peer: Enter, database_url: str, ids: dict[str, int]
) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    oleg.call("message.read", ids["anna"], add_messages(database_url, "anna", 80)[-1])
    console = enter(open_page)
    console.tab("open").click()
    console.open("anna")
    expect(console.bubble("Message 80")).to_be_in_viewport()
    expect(console.below).to_be_hidden()
    console.messages.hover()
    console.page.mouse.wheel(0, -800)
    expect(console.below).to_have_accessible_name("To the newest message")
    seen = console.bubble("Message 65")
    expect(seen).to_be_in_viewport()
    before = seen.bounding_box()
    anna.send("first below")
    anna.send("second below")
    expect(console.below).to_have_text("2 new")
    oleg.answer(ids["anna"], "a colleague's is none of them")
    expect(console.below).to_have_text("2 new")
    after = seen.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) <= 1
    expect(console.row("anna").locator(".count")).to_have_text("2 unread messages")
    console.below.click()
    expect(console.bubble("second below")).to_be_in_viewport()
    expect(console.below).to_be_hidden()
    expect(console.messages).to_be_focused()
    expect(console.row("anna").locator(".count")).to_have_count(0)
    anna.send("the end is followed")
    expect(console.bubble("the end is followed")).to_be_in_viewport()
    console.messages.hover()
    console.page.mouse.wheel(0, -800)
    expect(console.below).to_be_visible()
    console.send("my own")
    expect(console.bubble("my own")).to_be_in_viewport()


def test_the_log_speaks_exactly_the_new_incoming_messages(
    open_page: OpenPage, peer: Enter, database_url: str, ids: dict[str, int], network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    anna, oleg = peer("anna"), peer("oleg")
    oleg.call("message.read", ids["anna"], add_messages(database_url, "anna", 150)[-1])
    console = enter(open_page, base=network.url)
    console.tab("open").click()
    console.open("anna")
    tab = Console(open_page("/operator", beside=console.page, base=network.url))
    tab.tab("open").click()
    tab.open("anna")
    console.page.bring_to_front()
    expect(console.bubble("Message 150")).to_be_in_viewport()
    console.messages.evaluate("(scroller) => scroller.scrollTo(0, 0)")
    expect(console.bubble("Message 45")).to_be_attached()
    tab.send("an own one")
    expect(console.bubble("an own one")).to_have_count(1)  # the tab that sends may still hold it as one to be sent
    console.send("another own one")
    expect(console.state("another own one")).to_have_text("Sent")
    console.page.clock.install()
    stop_clock(console.page)  # so that what is said within a second comes within it
    peer("boris").send("of another conversation")
    anna.send("a question")
    oleg.answer(ids["anna"], "an answer")
    expect(console.row("anna")).to_contain_text("oleg: an answer")
    console.page.clock.run_for(1_000)
    entries = console.log.locator("p")
    expect(console.log).to_have_text("anna: a question oleg: an answer")
    expect(entries).to_have_count(1)
    console.page.clock.resume()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    anna.send("in the break")
    network.mend()
    expect(console.status).to_have_text("Connected again.")
    expect(entries).to_have_text([*entries.all_text_contents(), "anna: in the break"])
    anna.send("long " * 50)
    expect(entries.last).to_have_text("anna: " + ("long " * 40).strip())
    for n in range(3):
        anna.send(f"number {n}")
        expect(entries.last).to_have_text(f"anna: number {n}")
    expect(entries).to_have_count(5)


def test_two_tabs_of_one_operator_show_the_same(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("a question")
    one = enter(open_page)
    other = Console(open_page("/operator", beside=one.page))
    for console in (one, other):
        console.open("anna")
    one.send("from the first")
    expect(other.bubble("from the first")).to_have_count(1)
    other.send("from the second")
    expect_sent_once(one, "from the second")
    assert [message["message_text"] for message in peer("anna").messages] == [
        "a question",
        "from the first",
        "from the second",
    ]
    other.log_out()
    expect(one.name).to_be_visible()
    expect(other.name).to_be_focused()
    assert "session" not in one.kept()


def test_what_is_hidden_within_a_second_is_not_read(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("a question")
    console = enter(open_page, viewport=PHONE)
    console.page.clock.install()
    stop_clock(console.page)
    console.row("anna").click()
    while not console.bubble("a question").is_visible():
        console.page.clock.run_for(50)
    console.page.clock.run_for(500)
    console.button("back").click()
    expect(console.messages).to_be_hidden()
    console.page.evaluate("new Promise((resolve) => new ResizeObserver(resolve).observe(document.body))")
    console.page.clock.run_for(5_000)
    console.page.clock.resume()
    anna.send("another question")
    expect(console.row("anna").locator(".count")).to_have_text("2 unread messages")


def test_a_mark_that_was_lost_with_the_line_is_told_again(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    anna = peer("anna")
    anna.send("a question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    expect(console.row("anna").locator(".count")).to_have_count(0)
    console.page.clock.install()
    stop_clock(console.page)
    anna.send("one more")
    expect(console.row("anna").locator(".count")).to_have_text("1 unread message")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.page.clock.run_for(1_500)  # it was looked at, and nobody could be told
    network.mend()
    console.page.clock.resume()
    expect(console.status).to_have_text("Connected again.")
    expect(console.row("anna").locator(".count")).to_have_count(0)


def test_what_came_in_a_break_is_spoken_though_nobody_waited_before_it(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch, ids: dict[str, int]
) -> None:
    watch.allow(NETWORK)
    anna, oleg = peer("anna"), peer("oleg")
    anna.send("a question")
    oleg.answer(ids["anna"], "an answer")
    console = enter(open_page, base=network.url)
    console.tab("open").click()
    console.open("anna")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    anna.send("in the break")
    peer("boris").send("of another conversation")
    network.mend()
    expect(console.log.locator("p")).to_have_text(["anna: in the break"])


def test_what_comes_behind_the_details_is_not_read(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("a question")
    console = enter(open_page, viewport=PHONE)
    console.open("anna")
    anna.call("events.subscribe", ["read"])
    anna.wait_for("read")
    console.page.clock.install()
    stop_clock(console.page)
    console.button("details").click()
    expect(console.details).to_be_visible()
    anna.send("behind the details")
    while not console.page.locator("chat-transcript").get_by_text("behind the details").count():
        console.page.clock.run_for(50)
    console.page.clock.run_for(5_000)
    console.page.keyboard.press("Escape")
    expect(console.bubble("behind the details")).to_be_in_viewport()
    console.button("back").click()
    console.page.clock.resume()
    anna.send("another question")
    expect(console.row("anna").locator(".count")).to_have_text("2 unread messages")


def test_what_is_below_the_edge_of_a_low_window_is_not_read(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    for n in range(20):
        anna.send(f"line {n}")
    console = enter(open_page, viewport={"width": 844, "height": 390})
    console.open("anna")
    console.below.click()
    console.bubble("line 19").scroll_into_view_if_needed()
    expect(console.row("anna").locator(".count")).to_have_count(0)
    console.page.evaluate("scrollTo(0, 0)")
    console.page.clock.install()
    stop_clock(console.page)
    anna.send("below the edge")
    while not console.bubble("below the edge").is_visible():
        console.page.clock.run_for(50)
    expect(console.bubble("below the edge")).not_to_be_in_viewport()
    console.page.clock.run_for(5_000)
    console.page.clock.resume()
    anna.send("another")
    expect(console.row("anna").locator(".count")).to_have_text("2 unread messages")
    console.bubble("another").scroll_into_view_if_needed()
    expect(console.row("anna").locator(".count")).to_have_count(0)


def test_a_mark_that_was_refused_for_the_moment_is_told_again(open_page: OpenPage, peer: Enter) -> None:
    peer("boris").send("a question")
    anna = peer("anna")
    anna.send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    wire.refused["message.read"] = 5
    console.open("anna")
    until(console.page, lambda: "message.read" in wire.calls)
    for text in ("and one more", "are you there?"):
        anna.send(text)
        console.page.wait_for_timeout(1_500)  # longer than a glance
    wire.refused.clear()
    refused = wire.calls.count("message.read")
    expect(console.row("anna").locator(".count")).to_have_count(0)
    console.page.wait_for_timeout(2_500)
    assert wire.calls.count("message.read") == refused + 1  # the newest mark is told, none of those before it


def test_a_read_mark_that_is_refused_is_told_by_one_however_often_one_comes_back(
    open_page: OpenPage, peer: Enter
) -> None:
    console, wire = enter_wired(open_page)
    for name in ("anna", "boris"):
        peer(name).send("a question")
    wire.refused["message.read"] = 6
    for _ in range(3):
        for name in ("anna", "boris"):
            console.open(name)
            wire.calls.clear()
            until(console.page, lambda: "message.read" in wire.calls)
    wire.calls.clear()
    console.page.wait_for_timeout(3000)  # two seconds are between two tries
    assert wire.calls.count("message.read") <= 4
