"""Where one stands in a conversation, also after it was out of sight; and what it is on paper."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.console import PHONE, enter, enter_wired
from tests.pages.fill import add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]


def test_what_comes_while_the_conversation_is_hidden_leaves_its_place_and_asks_for_nothing_older(
    open_page: OpenPage, peer: Enter, database_url: str, ids: dict[str, int]
) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    oleg.call("message.read", ids["anna"], add_messages(database_url, "anna", 300)[-1])
    console, wire = enter_wired(open_page, viewport=PHONE)
    console.tab("open").click()
    console.open("anna")
    expect(console.bubble("Message 300")).to_be_in_viewport()
    console.messages.evaluate("(scroller) => scroller.scrollBy(0, -1500)")
    expect(console.bubble("Message 280")).to_be_in_viewport()
    place = console.top("Message 280")
    console.button("back").click()
    expect(console.messages).to_be_hidden()
    for n in range(3):
        anna.send(f"meanwhile {n}")
    expect(console.row("anna").locator(".count")).to_have_text("3 unread messages")
    console.open("anna")
    expect(console.bubble("Message 280")).to_be_in_viewport()
    assert abs(console.top("Message 280") - place) <= 1  # pixels, of which a browser has parts
    expect(console.below).to_have_text("3 new")
    console.below.click()
    console.button("back").click()
    expect(console.messages).to_be_hidden()
    anna.send("one more")
    expect(console.row("anna")).to_contain_text("one more")
    console.open("anna")
    expect(console.bubble("one more")).to_be_in_viewport()
    assert "message.history" not in wire.calls


def test_a_conversation_is_printed_in_plain_rows(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    for n in range(30):
        anna.send(f"question {n}")
    oleg.call("note.add", ids["anna"], "a colleague's note")
    console = enter(open_page)
    console.open("anna")
    console.messages.evaluate("(scroller) => scroller.scrollTo(0, 200)")
    expect(console.bubble("question 5")).to_be_in_viewport()
    place = console.top("question 5")
    console.page.emulate_media(media="print")
    console.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = console.page.locator(".print")
    expect(paper.get_by_role("heading")).to_have_text("anna")
    expect(paper).to_contain_text("30 loaded messages")
    expect(paper.get_by_role("listitem")).to_have_count(31)
    expect(paper.get_by_role("listitem").first).to_contain_text("anna · ")
    expect(paper.get_by_role("listitem").first).to_contain_text("question 0")
    expect(paper.get_by_role("listitem").last).to_contain_text("Note – customers can’t see this · oleg · ")
    for hidden in (console.queue, console.composer, console.messages, console.line, console.details):
        expect(hidden).to_be_hidden()
    console.page.evaluate("dispatchEvent(new Event('afterprint'))")
    console.page.emulate_media(media="screen")
    expect(paper).to_have_count(0)
    expect(console.bubble("question 5")).to_be_in_viewport()
    assert abs(console.top("question 5") - place) <= 1  # pixels, of which a browser has parts


def test_earlier_messages_that_come_after_a_long_break_leave_no_gap(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch, database_url: str, ids: dict[str, int]
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("before the break")
    peer("oleg").call("message.read", ids["anna"], add_messages(database_url, "anna", 150)[-1])
    console = enter(open_page, base=network.url)
    console.tab("open").click()
    console.open("anna")
    expect(console.bubble("Message 150")).to_be_in_viewport()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    add_messages(database_url, "anna", 650)
    wire = Wire(console.page)
    wire.hold("conversation.open", "message.history")
    network.mend()
    until(console.page, lambda: "conversation.open" in wire.calls)

    def asks_for_older() -> bool:
        console.messages.evaluate("(scroller) => { scroller.scrollTop = 0 }")  # again, as who holds Home down
        return "message.history" in wire.calls

    until(console.page, asks_for_older)
    wire.release()
    expect(console.bubble("Message 650")).to_be_attached()
    seen = console.read_up_to("before the break")
    assert {f"Message {n}" for n in range(1, 651)} <= seen


def test_the_line_new_is_in_view_also_on_coming_back(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("a question")
    peer("boris").send("a question")
    console = enter(open_page)
    console.open("anna")
    expect(console.row("anna").locator(".count")).to_have_count(0)
    console.open("boris")
    for n in range(30):
        anna.send(f"line {n}\n\nand more")
    expect(console.row("anna").locator(".count")).to_have_text("30 unread messages")
    console.open("anna")
    expect(console.messages.get_by_role("listitem").filter(has_text="New")).to_be_in_viewport()
    expect(console.below).to_be_visible()


def test_going_to_and_fro_between_conversations_loads_nothing_older(
    open_page: OpenPage, peer: Enter, database_url: str, ids: dict[str, int]
) -> None:
    peer("oleg").call("message.read", ids["anna"], add_messages(database_url, "anna", 300)[-1])
    for name in ("anna", "boris"):
        peer(name).send("a question")
    console, wire = enter_wired(open_page)
    for name in ("anna", "boris") * 3:
        console.open(name)
        expect(console.bubble("a question")).to_be_in_viewport()
    assert "message.history" not in wire.calls


def test_who_answered_without_a_line_stays_at_that_answer_when_it_is_back(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    anna = peer("anna")
    for n in range(30):
        anna.send(f"line {n}\n\nand more")
    peer("boris").send("a question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    console.open("boris")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.open("anna")
    console.send("my answer")
    expect(console.bubble("my answer")).to_be_in_viewport()
    network.mend()
    expect(console.status).to_have_text("Connected again.")
    console.page.wait_for_timeout(1_000)
    expect(console.bubble("my answer")).to_be_in_viewport()
    expect(console.state("my answer")).to_have_text("Sent")
