"""What an operator does while the line is away, and what becomes of it."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.console import Console, enter
from tests.pages.fill import add_conversations, add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]


def test_a_language_that_is_chosen_without_a_line_comes_with_the_next_load(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.page.get_by_role("button", name="Русский").click()
    expect(console.toast).to_contain_text("language")
    expect(console.bubble("a question")).to_be_visible()
    network.mend()
    expect(console.status).to_have_text("Connected again.")
    console.page.reload()
    Console(console.page, "ru").wait_for_line()


def test_no_row_is_blank_where_the_pointer_was_in_the_queue_during_a_break(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch, database_url: str
) -> None:
    watch.allow(NETWORK)
    customers = add_conversations(database_url, 60)
    console = enter(open_page, base=network.url)
    console.row("customer 0003").hover()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    peer("oleg").answer(customers[39], "an answer")
    network.mend()
    expect(console.update).to_have_text("1 changed – update")
    console.page.mouse.wheel(0, 68 * 34)
    expect(console.row("customer 0039")).to_be_in_viewport()
    expect(console.row("customer 0040")).to_be_in_viewport()
    console.page.mouse.move(0, 0)
    expect(console.row("customer 0039")).to_be_attached()
    expect(console.row("customer 0040")).to_have_count(0)


def test_what_was_found_and_is_opened_in_a_break_is_shown_after_it(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch, database_url: str
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("Where is my parcel?")
    add_messages(database_url, "anna", 300)
    console = enter(open_page, base=network.url)
    console.search.fill("parcel")
    expect(console.found).to_have_count(1)
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.found.click()
    network.mend()
    expect(console.bubble("Where is my parcel?")).to_be_in_viewport()


def test_colleagues_and_replies_that_are_refused_for_the_moment_come_later(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    oleg = peer("oleg")
    oleg.call("reply.save", "hello", "Good day!")
    peer("anna").send("a question")
    oleg.call("conversation.assign", ids["anna"], ids["oleg"])
    page = open_page("/operator")
    wire = Wire(page)
    wire.refused |= {"operator.list": 5, "reply.list": 6}
    console = Console(page)
    console.log_in("olga")
    console.open("anna")
    until(page, lambda: {"operator.list", "reply.list"} <= set(wire.calls))
    wire.refused.clear()
    expect(console.details).to_contain_text("oleg")
    console.composer.press_sequentially("/hel")
    expect(console.options).to_have_count(1)
