"""The console while the line, the service or its database is away: all is readable, and what was written is sent."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests import mariadb
from tests.pages.browsing import NETWORK, OpenPage, Watch, axe, stop_clock
from tests.pages.conftest import on_both_engines
from tests.pages.console import Console, enter, enter_wired, expect_sent_once
from tests.pages.fill import add_conversations, add_messages, add_people
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.service import Service, running

Enter = Callable[[str], Peer]


def texts(customer: Peer) -> list[str]:
    return [message["message_text"] for message in customer.messages]


def test_without_a_line_answers_wait_and_what_cannot_says_why(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    peer("boris").send("another question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    console.page.clock.install()
    network.cut()
    expect(console.line).to_have_text(re.compile(r"^Reconnecting in \d+ s$"))
    expect(console.page).to_have_title("(!) Desk")
    expect(console.status).to_have_text("Connection lost.")
    reason = "It needs the connection: possible again once it is back."
    expect(console.details).to_contain_text(reason)
    for name in ("Assign to me", "Assign…", "Close conversation"):
        expect(console.details.get_by_role("button", name=name)).to_have_attribute("aria-disabled", "true")
        expect(console.details.get_by_role("button", name=name)).to_have_accessible_description(reason)
    console.row("anna").focus()
    for code in ("KeyE", "KeyI"):
        console.page.evaluate("document.querySelector('.toast').replaceChildren()")
        console.press(code)
        expect(console.toast).to_have_text(reason)
    console.write("a note", "note")
    expect(console.page.get_by_role("button", name="Add note")).to_have_attribute("aria-disabled", "true")
    expect(console.page.get_by_role("button", name="Add note")).to_have_accessible_description(reason)
    console.composer.press("Enter")
    expect(console.composer).to_have_value("a note")
    console.composer.fill("")
    console.write("first")
    expect(console.page.get_by_role("main")).to_contain_text("Answers wait for the connection.")
    console.composer.press("Enter")
    console.send("second")
    expect(console.state("second")).to_have_text("Waiting for connection")
    console.row("boris").click()
    expect(console.page.get_by_role("main")).to_contain_text("It is loaded as soon as the connection is back.")
    console.open("anna")
    expect(console.bubble("a question")).to_be_visible()
    console.tab("closed").click()
    expect(console.queue.get_by_text("It is loaded as soon as the connection is back.")).to_be_visible()
    stop_clock(console.page)  # so that it does not come back by itself
    expect(console.line).to_have_text(re.compile("Reconnecting"))
    network.mend()
    console.page.get_by_role("button", name="Try now").click()
    expect(console.line).to_have_text("Connected")
    console.page.clock.resume()
    for text in ("first", "second"):
        expect(console.state(text)).to_have_text("Sent")
    expect(console.status).to_have_text("Connected again.")
    expect(console.page).to_have_title("(1) Desk")
    assert texts(peer("anna")) == ["a question", "first", "second"]
    expect(console.queue.get_by_text("No conversation is closed.")).to_be_visible()
    console.tab("waiting").click()
    console.open("boris")
    expect(console.bubble("another question")).to_be_visible()


def test_without_a_line_each_answer_opens_another_that_waits(
    open_page: OpenPage, database_url: str, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    customers = [f"customer {n + 1:04}" for n in range(len(add_conversations(database_url, 3)))]
    console = enter(open_page, base=network.url)
    console.open(customers[0])
    network.cut()
    expect(console.line).not_to_have_text("Connected")
    for name in customers:
        expect(console.title).to_have_text(name)
        console.composer.fill("an answer")
        console.composer.press("Control+Enter")
    expect(console.status).to_have_text("Nobody is waiting.")


def test_a_short_break_is_not_made_much_of(open_page: OpenPage, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    console = enter(open_page, base=network.url)
    console.page.evaluate(
        """() => {
            window.said = new Set();
            const line = document.querySelector("desk-topbar .line");
            new MutationObserver(() => said.add(line.textContent)).observe(line, {childList: true});
        }"""
    )
    network.cut()
    expect(console.line).to_have_text("Connecting…")
    network.mend()
    expect(console.line).to_have_text("Connected")
    assert console.page.evaluate("[...said]") == ["Connecting…", "Connected"]


def test_while_it_connects_again_the_title_says_that_it_is_offline(
    open_page: OpenPage, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    console = enter(open_page, base=network.url)
    console.page.clock.install()
    network.cut()
    expect(console.line).to_have_text(re.compile("Reconnecting"))
    stop_clock(console.page)
    expect(console.line).to_have_text(re.compile("Reconnecting"))
    network.mend()
    network.silence()
    console.page.get_by_role("button", name="Try now").click()
    expect(console.line).to_have_text("Connecting…")
    console.page.clock.resume()
    assert console.page.title() == "(!) Desk"
    console.expect_focus()
    network.mend()
    expect(console.page).to_have_title("Desk")


def test_a_list_that_takes_long_shows_that_it_is_loading(open_page: OpenPage, network: Network) -> None:
    console = enter(open_page, base=network.url)
    network.silence()
    console.tab("closed").click()
    expect(console.queue.locator(".skeleton")).to_have_count(5)
    expect(console.queue.get_by_text("Loading…")).to_be_attached()
    network.mend()
    expect(console.queue.get_by_text("No conversation is closed.")).to_be_visible()
    expect(console.queue.locator(".skeleton")).to_have_count(0)


@on_both_engines
def test_a_killed_service_stores_the_answers_once_and_in_order(
    open_page: OpenPage, peer: Enter, service: Service, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    service.kill()
    for n in range(3):
        console.send(f"answer {n}")
    console.page.goto("about:blank")
    service.start()
    console.page.goto(f"{service.url}/operator#{peer('anna').user_id}")
    other = Console(open_page("/operator", beside=console.page))
    for n in range(3):
        expect_sent_once(console, f"answer {n}")
    assert texts(peer("anna")) == ["a question", "answer 0", "answer 1", "answer 2"]
    service.kill()
    console.send("answer 3")
    service.start()
    expect(console.state("answer 3")).to_have_text("Sent")
    other.wait_for_line()
    assert texts(peer("anna"))[3:] == ["answer 2", "answer 3"]


def test_two_tabs_send_one_outbox_once(open_page: OpenPage, peer: Enter, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    peer("anna").send("a question")
    one = enter(open_page, base=network.url)
    other = Console(open_page("/operator", beside=one.page, base=network.url))
    for console in (one, other):
        console.open("anna")
    network.cut()
    for console in (one, other):
        expect(console.line).not_to_have_text("Connected")
    one.send("from the first")
    expect(other.state("from the first")).to_have_text("Waiting for connection")
    other.send("from the second")
    network.mend()
    for console in (one, other):
        for text in ("from the first", "from the second"):
            expect_sent_once(console, text)
    assert texts(peer("anna")) == ["a question", "from the first", "from the second"]


def test_a_refused_answer_can_be_tried_again_or_deleted(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    item = {"user_id": ids["boris"] + 100, "text": "to nobody", "seen_id": None, "key": "k", "created": 1}
    failed = {**item, "user_id": ids["anna"], "key": "j", "text": "refused", "failed": 1, "created": 2**41}
    for one in (item, failed):
        name = f"desk:outbox:{ids['olga']}:{one['key']}"
        console.page.evaluate("([name, text]) => localStorage.setItem(name, text)", [name, json.dumps(one)])
    console.reload()
    expect(console.state("refused")).to_have_text("Not sent")
    console.page.get_by_role("button", name="Try again").click()
    expect(console.state("refused")).to_have_text("Sent")
    outbox = [item for name, item in console.kept().items() if name.startswith("outbox:") and "failed" in item]
    assert [item["text"] for item in outbox] == ["to nobody"]


def test_a_list_that_cannot_be_loaded_stays_and_is_tried_again(
    open_page: OpenPage, tmp_path: Path, watch: Watch
) -> None:
    watch.allow(NETWORK)
    for folder in ("database", "service"):
        (tmp_path / folder).mkdir()
    with mariadb.running(tmp_path / "database") as database:
        database.execute("CREATE DATABASE chat")
        url = f"mysql://root@127.0.0.1:{database.port}/chat"
        add_people(url)
        with running(tmp_path / "service", f"--database={url}") as service:
            peer = Peer(service.url, "anna")
            peer.send("a question")
            console = enter(open_page, base=service.url)
            console.open("anna")
            database.stop()
            console.tab("open").click()
            expect(console.queue.get_by_text("The list could not be loaded.")).to_be_visible()
            expect(console.row("anna")).to_be_visible()
            expect(console.queue.locator("desk-list.stale")).to_be_visible()
            assert not axe(console.page)
            console.search.fill("question")
            expect(console.queue.get_by_text("The search failed.")).to_be_visible()
            console.send("an answer")
            expect(console.state("an answer")).to_have_text("Waiting for connection")
            database.start()
            expect(console.state("an answer")).to_have_text("Sent")
            console.queue.get_by_role("button", name="Retry").click()
            expect(console.search).to_be_focused()
            expect(console.found).to_have_count(1)
            console.search.press("Escape")
            console.queue.get_by_role("button", name="Retry").click()
            expect(console.queue.get_by_text("The list could not be loaded.")).to_be_hidden()
            expect(console.row("anna")).to_be_visible()
            peer.close()


def test_after_a_long_break_a_conversation_has_no_gap(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch, database_url: str
) -> None:
    watch.allow(NETWORK)
    peer("boris").send("another question")
    anna = peer("anna")
    anna.send("before the break")
    console = enter(open_page, base=network.url)
    console.open("anna")
    console.open("boris")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    add_messages(database_url, "anna", 650)
    network.mend()
    expect(console.status).to_have_text("Connected again.")
    last = anna.send("after the break")
    peer("oleg").call("message.read", anna.user_id, last["message_id"])
    expect(console.row("anna")).to_contain_text("after the break")
    expect(console.row("anna").locator(".count")).to_have_count(0)
    console.open("anna")
    expect(console.bubble("Message 650")).to_be_in_viewport()
    seen = console.read_up_to("before the break")
    assert {f"Message {n}" for n in range(1, 651)} <= seen


def test_a_page_of_the_list_that_is_refused_is_asked_for_once(open_page: OpenPage, database_url: str) -> None:
    add_conversations(database_url, 250)
    console, wire = enter_wired(open_page)
    expect(console.rows.first).to_be_visible()
    wire.refused["conversation.list"] = 5
    wire.calls.clear()
    console.rows.first.evaluate("(row) => row.closest('desk-list').scrollTo(0, 1e6)")
    retry = console.queue.get_by_role("button", name="Retry")
    expect(retry).to_be_visible()
    console.open("customer 0100")
    assert wire.calls.count("conversation.list") <= 2  # the page, and perhaps the counts
    wire.refused.clear()
    retry.click()
    expect(retry).to_be_hidden()
    expect(console.row("customer 0105")).to_be_attached()


def test_after_a_break_the_queue_keeps_its_place_and_what_was_answered_goes(
    open_page: OpenPage, peer: Enter, network: Network, watch: Watch, database_url: str
) -> None:
    watch.allow(NETWORK)
    customers = add_conversations(database_url, 350)
    console = enter(open_page, base=network.url)
    size = console.queue.locator("desk-list li").first
    scroll = "(list, rows) => list.scrollTo(0, rows * 68)"
    queue = console.queue.locator("desk-list").first
    for number in (100, 200, 300, 350):
        expect(size).to_have_attribute("aria-setsize", f"{number}")
        queue.evaluate(scroll, number)
    queue.evaluate(scroll, 200)
    expect(console.row("customer 0203")).to_be_in_viewport()
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    oleg = peer("oleg")
    for customer in (customers[9], customers[249]):
        oleg.answer(customer, "an answer")
    network.mend()
    expect(size).to_have_attribute("aria-setsize", "348")
    expect(console.row("customer 0203")).to_be_in_viewport()
    queue.evaluate(scroll, 245)
    expect(console.row("customer 0251")).to_be_in_viewport()
    expect(console.row("customer 0250")).to_have_count(0)
    expect(console.tab("waiting").locator(".count")).to_have_text("348")


def test_retry_keeps_the_focus_while_the_customer_writes(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("a question")
    console, wire = enter_wired(open_page)
    wire.refused["conversation.open"] = 5
    console.row("anna").click()
    retry = console.page.get_by_role("main").get_by_role("button", name="Retry")
    retry.focus()
    for text in ("are you there?", "hello?"):
        anna.send(text)
        expect(console.row("anna")).to_contain_text(text)
    expect(retry).to_be_focused()
    wire.refused.clear()
    retry.press("Enter")
    expect(console.bubble("hello?")).to_be_visible()
    console.expect_focus()
