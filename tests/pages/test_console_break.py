"""What an operator does while the line is away, and what becomes of it."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch
from tests.pages.console import Console, enter
from tests.pages.network import Network
from tests.pages.peer import Peer

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
