"""Where it is told why something could not be done."""

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.pages.browsing import NETWORK, OpenPage, Watch
from tests.pages.console import NARROW, WIDE, Console, enter
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]
COVERED = """(node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return !node.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


def is_covered(node: Locator) -> bool:
    """Whether something lies over it, or makes it inert."""
    covered: bool = node.evaluate(COVERED)
    return covered


def test_what_is_told_while_a_dialog_is_open_is_told_in_it(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    console.write("my answer")
    peer("oleg").answer(ids["anna"], "his answer")
    wire.hold("message.operatorSend")
    console.composer.press("Enter")
    console.open("boris")
    console.button("edit_replies").click()
    wire.release()
    expect(console.toast).to_contain_text("anna")
    assert not is_covered(console.toast)
    console.page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    expect(console.toast).to_contain_text("anna")


def test_on_a_phone_nothing_that_is_told_lies_over_the_composer(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    console = Console(open_page("/operator", viewport=NARROW, base=network.url))
    console.log_in("olga")
    console.open("anna")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.press("KeyE")
    expect(console.toast).not_to_be_empty()
    for node in (console.composer, console.page.get_by_role("button", name="Send to anna")):
        assert not is_covered(node)


def test_beside_the_queue_what_is_told_leaves_the_composer_free(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    console = enter(open_page, base=network.url, viewport=WIDE)
    console.open("anna")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.page.get_by_role("button", name="Русский").click()
    expect(console.toast).to_contain_text("language")
    toast, composer = console.toast.bounding_box(), console.composer.bounding_box()
    assert toast
    assert composer
    assert toast["x"] + toast["width"] <= composer["x"]


def test_on_a_phone_the_offer_to_undo_a_close_lies_over_nothing_of_the_next_composer(
    open_page: OpenPage, peer: Enter
) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    console = enter(open_page, viewport=NARROW)
    console.open("anna")
    console.button("close_conversation").click()
    expect(console.row("boris")).to_be_focused()
    console.open("boris")
    expect(console.button("undo")).to_be_visible()
    for name in ("Replies", "Send to boris"):
        assert not is_covered(console.page.get_by_role("button", name=name))
