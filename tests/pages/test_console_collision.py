"""A colleague who was faster: nothing is stored, and nothing that was written is lost."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch
from tests.pages.console import Console, enter, enter_wired, expect_sent_once
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.wire import Wire

Enter = Callable[[str], Peer]


def test_a_colleague_who_answers_first_is_shown_and_nothing_is_stored_twice(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    anna, boris, oleg = peer("anna"), peer("boris"), peer("oleg")
    anna.send("a question")
    boris.send("another question")
    console = enter(open_page)
    console.open("boris")
    console.open("anna")
    console.write("my answer")
    oleg.answer(ids["anna"], "his answer")
    expect(console.bubble("his answer")).to_be_visible()
    expect(console.collision).to_be_hidden()
    console.composer.press("Enter")
    expect(console.collision).to_contain_text("oleg answered first:")
    expect(console.collision).to_contain_text("his answer")
    expect(console.composer).to_have_value("my answer")
    expect(console.composer).to_be_focused()
    expect(console.bubble("my answer")).to_have_count(0)
    oleg.answer(ids["anna"], "and one more")
    expect(console.collision).to_contain_text("and one more")
    console.composer.press("Enter")
    expect(console.page.get_by_role("button", name="Send anyway")).to_be_focused()
    expect(console.bubble("my answer")).to_have_count(0)
    console.page.keyboard.press("Enter")
    expect(console.state("my answer")).to_have_text("Sent")
    expect(console.collision).to_be_hidden()
    expect(console.composer).to_be_focused()
    expect(console.composer).to_have_value("")
    stored = [message["message_text"] for message in peer("anna").messages]
    assert stored == ["a question", "his answer", "and one more", "my answer"]


def test_an_enter_that_is_held_down_does_not_slip_through(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.write("my answer")
    peer("oleg").answer(ids["anna"], "his answer")
    expect(console.bubble("his answer")).to_be_visible()
    focused = console.page.locator(":focus")
    for place in (console.collision, console.page.get_by_role("button", name="Send anyway").and_(focused)):
        console.page.keyboard.down("Enter")
        expect(place).to_be_visible()
        for _ in range(5):
            console.page.keyboard.down("Enter")  # a repeat
        console.page.keyboard.up("Enter")
        expect(console.composer).to_have_value("my answer")
    expect(console.collision).to_be_visible()
    assert [message["message_text"] for message in peer("anna").messages] == ["a question", "his answer"]


def test_a_refused_answer_stands_before_what_was_typed_since(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    peer("boris").send("a question")
    console = enter(open_page, base=network.url)
    console.open("boris")
    console.open("anna")
    network.cut()
    expect(console.line).not_to_have_text("Connected")
    console.send("my answer")
    expect(console.state("my answer")).to_have_text("Waiting for connection")
    console.write("typed since")
    peer("oleg").answer(ids["anna"], "his answer")
    console.open("boris")
    network.mend()
    expect(console.toast).to_have_text("A colleague answered anna first. Your text is kept.")
    console.tab("open").click()
    console.open("anna")
    expect(console.collision).to_contain_text("his answer")
    expect(console.composer).to_have_value("my answer\ntyped since")
    console.collision.get_by_role("button", name="Discard").click()
    expect(console.collision).to_be_hidden()
    expect(console.composer).to_be_focused()
    expect(console.composer).to_have_value("")
    expect(console.row("anna")).not_to_contain_text("Draft")


def test_an_answer_that_is_refused_comes_back_in_all_tabs_once(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    one = enter(open_page)
    wire = Wire(one.page)
    one.reload()
    one.open("anna")
    other = Console(open_page(f"/operator#{ids['anna']}", beside=one.page))
    other.wait_for("anna")
    one.write("my answer")
    peer("oleg").answer(ids["anna"], "his answer")
    wire.hold("message.operatorSend")
    one.composer.press("Enter")
    expect(other.collision).to_contain_text("his answer")  # it tries as well, and hears it first
    for console in (other, one):
        expect(console.bubble("my answer")).to_have_count(0)
        expect(console.composer).to_have_value("my answer")
    wire.release()
    other.composer.press_sequentially(", all the same")
    expect(one.composer).to_have_value("my answer, all the same")
    one.composer.press("Enter")
    expect(one.collision).to_contain_text("his answer")


def test_refused_answers_come_back_in_their_order(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    network.cut()
    expect(console.line).not_to_have_text("Connected")
    for text in ("first", "second"):
        console.send(text)
        expect(console.state(text)).to_have_text("Waiting for connection")
    peer("oleg").answer(ids["anna"], "his answer")
    network.mend()
    expect(console.collision).to_contain_text("his answer")
    expect(console.bubble("second")).to_have_count(0)
    expect(console.composer).to_have_value("first\nsecond")


def test_a_colleague_is_first_where_the_conversation_was_not_loaded(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("boris").send("another question")
    peer("anna").send("a question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    network.cut()
    expect(console.line).not_to_have_text("Connected")
    console.row("boris").click()
    expect(console.title).to_have_text("boris")
    console.send("my answer")
    peer("oleg").answer(ids["boris"], "his answer")
    network.mend()
    expect(console.collision).to_contain_text("his answer")
    expect(console.composer).to_have_value("my answer")
    assert [message["message_text"] for message in peer("boris").messages] == ["another question", "his answer"]


def test_one_more_answer_of_a_colleague_leaves_the_focus_on_the_choice(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    oleg = peer("oleg")
    console = enter(open_page)
    console.open("anna")
    console.write("an answer")
    oleg.answer(ids["anna"], "I was first")
    expect(console.bubble("I was first")).to_be_visible()
    console.composer.press("Enter")
    expect(console.collision).to_contain_text("I was first")
    console.composer.press("Enter")
    expect(console.button("send_anyway")).to_be_focused()
    oleg.answer(ids["anna"], "and second")
    expect(console.collision).to_contain_text("and second")
    expect(console.button("send_anyway")).to_be_focused()


def write_late(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> tuple[Console, Wire]:
    """ "my answer" to anna's question is written, and a colleague's is there already."""
    peer("anna").send("a question")
    console, wire = enter_wired(open_page)
    console.open("anna")
    console.write("my answer")
    peer("oleg").answer(ids["anna"], "his answer")
    expect(console.bubble("his answer")).to_be_visible()
    return console, wire


def test_a_conversation_stays_open_where_the_answer_before_the_close_was_refused(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    console, wire = write_late(open_page, peer, ids)
    wire.hold("message.operatorSend")
    console.composer.press("Enter")
    expect(console.state("my answer")).to_have_text("Sending…")
    console.composer.press("Escape")
    console.press("KeyE")
    wire.release()
    expect(console.collision).to_contain_text("his answer")
    console.page.wait_for_timeout(500)
    assert "conversation.close" not in wire.calls


def test_an_answer_that_is_refused_elsewhere_is_told_to_who_sees(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("boris").send("a question")
    console, _ = write_late(open_page, peer, ids)
    console.composer.press("Control+Enter")
    console.wait_for("boris")
    expect(console.toast).to_have_text("A colleague answered anna first. Your text is kept.")


def test_send_anyway_sends_the_answer_also_from_the_tab_of_notes(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    console, _ = write_late(open_page, peer, ids)
    console.composer.press("Enter")
    expect(console.collision).to_contain_text("his answer")
    console.page.get_by_role("tab", name="Note").click()
    console.button("send_anyway").click()
    expect(console.state("my answer")).to_have_text("Sent")


def test_what_one_types_into_a_note_goes_on_into_the_note_when_an_answer_comes_back(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    console, wire = write_late(open_page, peer, ids)
    wire.hold("message.operatorSend")
    console.composer.press("Enter")
    console.page.get_by_role("tab", name="Note").click()
    console.composer.press_sequentially("she is ")
    wire.release()
    expect(console.collision).to_contain_text("his answer")
    console.page.keyboard.type("rude")
    console.page.wait_for_timeout(500)
    kept = console.kept()
    texts = {name.split(":")[-1]: draft["text"] for name, draft in kept.items() if name.startswith("draft:")}
    assert texts == {"answer": "my answer", "note": "she is rude"}


@pytest.mark.parametrize("is_decided", [False, True], ids=["at once", "decided there"])
def test_a_refused_answer_that_another_tab_tried_first_is_explained_where_it_was_written(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], is_decided: bool
) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    one = enter(open_page)
    wire = Wire(one.page)
    one.reload()
    one.open("anna")
    other = Console(open_page(f"/operator#{ids['boris']}", beside=one.page))
    other.wait_for("boris")
    one.write("my answer")
    peer("oleg").answer(ids["anna"], "his answer")
    wire.hold("message.operatorSend")
    one.composer.press("Enter")
    expect(other.toast).to_contain_text("A colleague answered anna first.")  # it tried after three seconds
    if is_decided:
        other.tab("open").click()
        other.open("anna")
        other.button("discard").click()
    wire.release()
    expect(one.composer).to_have_value("" if is_decided else "my answer")
    one.page.wait_for_timeout(500)
    expect(one.collision).to_be_visible(visible=not is_decided)


def test_a_collision_that_another_tab_has_decided_is_over(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    one = enter(open_page)
    one.open("anna")
    one.write("my answer")
    other = Console(open_page(f"/operator#{ids['anna']}", beside=one.page))
    expect(other.composer).to_have_value("my answer")
    peer("oleg").answer(ids["anna"], "his answer")
    expect(one.bubble("his answer")).to_be_visible()
    one.composer.press("Enter")
    one.button("send_anyway").focus()
    expect(other.composer).to_have_value("my answer")
    other.composer.fill("")
    expect(one.collision).to_be_hidden()
    expect(one.composer).to_be_focused()
    one.send("another answer")
    expect_sent_once(one, "another answer")


def test_a_text_that_is_taken_out_and_put_back_is_to_be_decided_on_still(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    console, wire = write_late(open_page, peer, ids)
    console.composer.press("Enter")
    expect(console.collision).to_be_visible()
    wire.calls.clear()
    console.composer.press("Control+a")
    console.composer.press("Backspace")
    console.composer.press("Control+z")
    expect(console.composer).to_have_value("my answer")
    console.composer.press("Enter")
    expect(console.button("send_anyway")).to_be_focused()
    assert "message.operatorSend" not in wire.calls
