"""The operator's queue: who waits, how long, in which order; and who may see it."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, stop_clock, until
from tests.pages.console import Console, enter, enter_wired, make_old
from tests.pages.fill import add_conversations
from tests.pages.network import Network
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]


def test_a_wrong_password_is_said_and_the_name_stays(open_page: OpenPage, watch: Watch) -> None:
    watch.allow("status of 403")
    console = Console(open_page("/operator"))
    expect(console.name).to_be_focused()
    console.fill_in("olga", "wrong")
    expect(console.page.get_by_text("The name or the password is wrong.")).to_be_visible()
    expect(console.name).to_have_value("olga")
    expect(console.password).to_be_focused()
    console.log_in("olga")


def test_a_customers_account_is_refused(open_page: OpenPage) -> None:
    console = Console(open_page("/operator"))
    console.fill_in("anna")
    expect(console.page.get_by_text("This is a customer’s account. Operators log in here.")).to_be_visible()
    expect(console.queue).to_have_count(0)
    assert console.kept().get("session") is None
    console.log_in("olga")


def test_the_tabs_count_and_list_what_is_theirs(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    oleg = peer("oleg")
    for name in ("anna", "boris", "vera"):
        peer(name).send(f"from {name}")
    console = enter(open_page)
    expect(console.tab("waiting")).to_have_text("Waiting3")
    assert console.names() == ["anna", "boris", "vera"]
    oleg.call("conversation.assign", ids["boris"], console.kept()["session"]["user_id"])
    oleg.call("conversation.close", ids["vera"])
    for name, count, names in (
        ("waiting", 2, ["anna", "boris"]),
        ("mine", 1, ["boris"]),
        ("open", 2, ["boris", "anna"]),
        ("closed", 1, ["vera"]),
    ):
        console.tab(name).click()
        expect(console.tab(name).locator(".count")).to_have_text(str(count))
        expect(console.rows).to_have_count(len(names))
        assert console.names() == names
    oleg.call("conversation.close", ids["boris"])
    console.tab("mine").click()
    expect(console.queue.get_by_text("Nothing is assigned to you.")).to_be_visible()


def test_an_empty_queue_says_that_nobody_waits(open_page: OpenPage, peer: Enter) -> None:
    console = enter(open_page)
    expect(console.queue.get_by_text("Nobody is waiting.")).to_be_visible()
    peer("anna").send("a first question")
    expect(console.row("anna")).to_be_visible()
    expect(console.queue.get_by_text("Nobody is waiting.")).to_be_hidden()


def test_a_row_tells_who_it_is_and_what_was_said(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    for n in range(3):
        anna.send(f"question {n}")
    console = enter(open_page)
    row = console.row("anna")
    expect(row).to_have_accessible_name(re.compile("^Online: anna 3 unread messages 0 min anna: question 2$"))
    oleg.call("conversation.open", ids["anna"])
    expect(row.get_by_title("oleg is viewing")).to_have_text("Ol oleg is viewing")
    oleg.answer(ids["anna"], "an answer")
    console.tab("open").click()
    expect(row).to_contain_text("oleg: an answer")
    expect(row.get_by_title("Assigned to oleg")).to_be_visible()
    console.open("anna")
    console.send("one more")
    expect(row).to_contain_text("You: one more")
    console.write("begun")
    expect(row).to_contain_text("Draft: begun")
    anna.close()
    expect(row).to_have_accessible_name(re.compile("^Offline: anna"))


def test_waits_are_told_in_words_by_thresholds_that_can_be_set(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], database_url: str
) -> None:
    for name, minutes in (("anna", 18), ("boris", 12), ("vera", 4)):
        peer(name).send("a question")
        make_old(database_url, ids[name], minutes)
    console = enter(open_page)
    for name, words, level in (
        ("anna", "late 18 min", "late"),
        ("boris", "waiting 12 min", "warn"),
        ("vera", "4 min", "calm"),
    ):
        expect(console.row(name).locator(f".wait.{level}")).to_have_text(words)
    console.open("boris")
    expect(console.page.get_by_role("main").locator(".facts .wait")).to_have_text("waiting 12 min")
    console.alerts.click()
    console.dialog.get_by_label("late after (minutes)").fill("10")
    console.dialog.get_by_label("long after (minutes)").fill("3")
    console.dialog.get_by_label("long after (minutes)").press("Tab")
    console.dialog.get_by_role("button", name="Close").click()
    expect(console.row("boris").locator(".wait.late")).to_have_text("late 12 min")
    expect(console.row("vera").locator(".wait.warn")).to_have_text("waiting 4 min")
    console.reload()
    expect(console.row("vera").locator(".wait.warn")).to_have_text("waiting 4 min")


def test_a_threshold_that_is_set_is_shown_at_once(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], database_url: str
) -> None:
    peer("anna").send("a question")
    make_old(database_url, ids["anna"], 8)
    console = enter(open_page)
    console.page.clock.install()
    console.reload()
    expect(console.row("anna").locator(".wait.warn")).to_have_text("waiting 8 min")
    console.alerts.click()
    stop_clock(console.page)
    console.dialog.get_by_label("late after (minutes)").fill("7")
    console.dialog.get_by_label("late after (minutes)").press("Tab")
    expect(console.row("anna").locator(".wait.late")).to_have_text("late 8 min")


def test_nothing_moves_under_a_focus_while_fifty_conversations_reorder(
    open_page: OpenPage, peer: Enter, database_url: str
) -> None:
    customers = add_conversations(database_url, 50)
    oleg = peer("oleg")
    console = enter(open_page)
    console.tab("open").click()
    until(console.page, lambda: console.names()[0] == "customer 0050")  # the queue of those that wait begins with 0001
    console.row("customer 0048").focus()
    console.page.evaluate("window.row = document.activeElement")
    before = console.names()[:12]
    is_same = "document.activeElement === window.row && window.row.isConnected"
    for customer in customers[:20]:
        oleg.answer(customer, "an answer")
    expect(console.update).to_have_text("20 changed – update")
    assert console.names()[:12] == before
    assert console.page.evaluate(is_same)
    for _ in range(12):
        console.page.keyboard.press("ArrowDown")
    console.page.evaluate("window.row = document.activeElement")
    focused = console.focus()
    console.rows.first.evaluate("(row) => row.closest('desk-list').scrollTo(0, 0)")
    expect(console.row("customer 0050")).to_be_in_viewport()
    assert console.page.evaluate(is_same)
    console.update.click()
    expect(console.update).to_be_hidden()
    expect(console.row("customer 0020")).to_be_visible()
    console.expect_focus()
    console.row(focused).focus()
    assert console.focus() == focused


def test_the_focused_row_stays_the_same_node_when_others_pass_it(
    open_page: OpenPage, peer: Enter, database_url: str
) -> None:
    add_conversations(database_url, 50)
    anna = peer("anna")
    console = enter(open_page)
    console.tab("open").click()
    console.row("customer 0049").focus()
    console.page.evaluate("window.row = document.activeElement")
    anna.send("a question")
    expect(console.update).to_have_text("1 changed – update")
    console.page.keyboard.press("Enter")
    console.wait_for("customer 0049")
    console.update.click()
    expect(console.row("anna")).to_be_visible()
    assert console.page.evaluate("window.row.isConnected")


def test_an_open_conversation_stays_when_it_leaves_the_filter(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.send("an answer")
    expect(console.state("an answer")).to_have_text("Sent")
    expect(console.queue.get_by_text("Nobody is waiting.")).to_be_visible()
    expect(console.title).to_have_text("anna")
    expect(console.composer).to_be_focused()
    peer("oleg").call("conversation.close", ids["anna"])
    expect(console.page.get_by_role("main").get_by_role("button", name="Reopen")).to_be_visible()
    expect(console.bubble("an answer")).to_be_visible()


def test_the_title_and_the_icon_count_who_waits(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    icon = "document.querySelector('link[rel=icon]').href"
    console = enter(open_page)
    expect(console.page).to_have_title("Desk")
    plain = console.page.evaluate(icon)
    peer("anna").send("a question")
    peer("boris").send("a question")
    expect(console.page).to_have_title("(2) Desk")
    assert console.page.evaluate(icon).startswith("data:image/png")
    oleg = peer("oleg")
    oleg.answer(ids["anna"], "an answer")
    expect(console.page).to_have_title("(1) Desk")
    oleg.answer(ids["boris"], "an answer")
    expect(console.page).to_have_title("Desk")
    assert console.page.evaluate(icon) == plain


def test_a_list_that_is_chosen_comes_in_its_order_wherever_the_focus_is(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    peer("oleg").answer(ids["boris"], "an answer")
    console = enter(open_page)
    console.row("anna").focus()
    console.press("Digit3")
    expect(console.rows).to_have_count(2)
    expect(console.row("anna")).to_be_focused()
    assert console.names() == ["boris", "anna"]
    expect(console.update).to_be_hidden()


def test_nothing_moves_under_a_pointer(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    console = enter(open_page)
    console.row("boris").hover()
    peer("oleg").answer(ids["anna"], "an answer")
    expect(console.update).to_have_text("1 changed – update")
    assert console.names() == ["anna", "boris"]
    console.page.mouse.move(0, 0)
    expect(console.row("anna")).to_have_count(0)
    expect(console.update).to_be_hidden()


def test_retry_of_the_list_keeps_the_focus_while_customers_write(open_page: OpenPage, peer: Enter) -> None:
    anna = peer("anna")
    anna.send("a question")
    console, wire = enter_wired(open_page)
    expect(console.row("anna")).to_be_visible()
    wire.refused["conversation.list"] = 5
    console.tab("open").click()
    retry = console.queue.get_by_role("button", name="Retry")
    retry.focus()
    anna.send("and another")
    expect(console.row("anna")).to_contain_text("and another")
    console.page.wait_for_timeout(300)
    expect(retry).to_be_focused()


def test_who_was_answered_in_a_break_does_not_wait_again_on_going_offline(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    anna, boris = peer("anna"), peer("boris")
    anna.send("a question")
    boris.send("another question")
    console = enter(open_page, base=network.url)
    console.open("anna")
    console.open("boris")
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    oleg = peer("oleg")
    oleg.answer(ids["anna"], "an answer")
    network.mend()
    expect(console.status).to_have_text("Connected again.")
    expect(console.row("anna")).to_have_count(0)
    oleg.call("events.subscribe", ["presence"])
    anna.close()
    while oleg.wait_for("presence")["user_id"] != ids["anna"]:
        pass
    console.page.wait_for_timeout(300)
    expect(console.row("anna")).to_have_count(0)


def test_rows_do_not_move_under_the_focus_in_a_list_that_was_chosen_without_a_line(
    open_page: OpenPage, peer: Enter, ids: dict[str, int], network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peers = {name: peer(name) for name in ("anna", "boris", "vera")}
    for one in peers.values():
        one.send("a question")
    peer("oleg").answer(ids["vera"], "an answer")
    console = enter(open_page, base=network.url)
    console.tab("open").click()
    expect(console.rows).to_have_count(3)  # with who does not wait: it is loaded
    network.cut()
    expect(console.status).to_have_text("Connection lost.")
    console.tab("waiting").click()
    console.tab("open").click()
    assert console.names() == ["vera", "boris", "anna"]
    console.row("boris").focus()
    peers["anna"].send("one more")
    network.mend()
    expect(console.status).to_have_text("Connected again.")
    expect(console.row("anna")).to_contain_text("one more")
    console.page.wait_for_timeout(500)
    assert console.names() == ["vera", "boris", "anna"]
