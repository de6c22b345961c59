"""What the console shows of a conversation that is not loaded, or has changed behind its back."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from db import retention
from manage.database import transaction
from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.console import Console, enter, enter_wired, make_old
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.service import manage

Enter = Callable[[str], Peer]
Backup = Callable[[], Callable[[], None]]


def test_an_answer_to_a_conversation_that_is_not_loaded_is_seen_to_wait(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    console = enter(open_page, base=network.url)
    expect(console.row("anna")).to_be_visible()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.row("anna").click()
    expect(console.title).to_have_text("anna")
    console.send("my answer")
    expect(console.bubble("my answer").locator(".state")).to_have_text("Waiting for connection")
    network.mend()
    expect(console.bubble("my answer").locator(".state")).to_have_text("Sent")
    expect(console.bubble("a question")).to_be_visible()


def test_an_answer_is_seen_while_its_conversation_loads(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console, wire = enter_wired(open_page)
    wire.hold("conversation.open", "message.operatorSend")
    console.row("anna").click()
    expect(console.title).to_have_text("anna")
    console.send("my answer")
    expect(console.bubble("my answer").locator(".state")).to_have_text("Sending…")


def test_an_answer_to_nobody_is_not_lost_from_sight(open_page: OpenPage) -> None:
    console = Console(open_page("/operator#999"))
    console.log_in("olga")
    console.send("my answer")
    expect(console.bubble("my answer").get_by_role("button", name="Delete")).to_be_visible()


def test_a_note_stays_though_no_message_stands_before_it(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], database_url: str
) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    oleg.call("note.add", ids["anna"], "before she wrote")
    anna.send("an old question")
    make_old(database_url, ids["anna"], 60 * 24 * 40)
    oleg.call("note.add", ids["anna"], "behind what is gone")
    anna.send("a new question")
    with transaction(database_url) as connection:
        retention.purge(connection, int(time.time()) - 30 * 86_400)
    console = enter(open_page)
    console.open("anna")
    expect(console.bubble("a new question")).to_be_visible()
    expect(console.bubble("an old question")).to_have_count(0)
    expect(console.bubble("behind what is gone")).to_be_visible()
    expect(console.bubble("before she wrote")).to_be_visible()


def test_what_was_erased_in_a_break_is_gone_from_the_open_conversation(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch, database_url: str
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("my secret illness")
    console = enter(open_page, base=network.url)
    console.open("anna")
    expect(console.bubble("my secret illness")).to_be_visible()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    assert manage("user", "erase", "anna", "--yes", f"--database={database_url}").returncode == 0
    network.mend()
    expect(console.title).to_have_text("erased 3")
    expect(console.bubble("my secret illness")).to_have_count(0)


@pytest.mark.parametrize("kept", [0, 1])
def test_after_a_restored_backup_the_console_shows_what_there_is(
    open_page: OpenPage, backup: Backup, watch: Watch, peer: Enter, ids: dict[str, int], kept: int
) -> None:
    watch.allow(NETWORK)
    anna, oleg = peer("anna"), peer("oleg")
    for n in range(kept):
        anna.send(f"kept {n}")
    console = enter(open_page)
    restore = backup()
    anna.send("a lost question")
    oleg.answer(ids["anna"], "a lost answer")
    console.tab("open").click()
    console.open("anna")
    expect(console.bubble("a lost answer")).to_be_visible()
    restore()
    expect(console.status).to_have_text("Connected again.")
    peer("anna").send("a new question")
    expect(console.bubble("a new question")).to_be_visible()
    expect(console.bubble("a lost answer")).to_have_count(0)


def test_what_comes_while_a_conversation_loads_is_not_read(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    for n in range(3):
        anna.send(f"question {n}")
    console, wire = enter_wired(open_page)
    wire.hold("conversation.open")
    console.row("anna").click()
    until(console.page, lambda: "conversation.open" in wire.calls)
    anna.send("one more")
    expect(console.row("anna")).to_contain_text("one more")
    console.page.wait_for_timeout(1500)  # longer than a message must be seen
    assert oleg.call("conversation.open", ids["anna"])["conversation"]["unread"] == 4
    wire.release()
    expect(console.messages.get_by_text("New", exact=True)).to_be_visible()


def test_words_about_a_conversation_that_is_not_loaded_stand_above_the_answers(
    open_page: OpenPage, peer: Enter
) -> None:
    peer("anna").send("a question")
    console, wire = enter_wired(open_page)
    wire.refused |= {"conversation.open": 5, "message.operatorSend": 5}
    console.row("anna").click()
    for n in range(9):
        console.send(f"answer {n}")
    expect(console.bubble("answer 8")).to_be_in_viewport()
    words = console.page.get_by_role("main").get_by_text("could not be loaded").bounding_box()
    answers = console.messages.bounding_box()
    assert words
    assert answers
    assert words["y"] + words["height"] <= answers["y"]


def test_an_answer_keeps_its_row_when_it_is_acknowledged(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console, wire = enter_wired(open_page)
    console.open("anna")
    wire.hold("message.operatorSend")
    console.send("12345")
    console.bubble("12345").locator(".text").dblclick()
    assert console.page.evaluate("String(getSelection())") == "12345"
    wire.release()
    expect(console.state("12345")).to_have_text("Sent")
    assert console.page.evaluate("String(getSelection())") == "12345"
