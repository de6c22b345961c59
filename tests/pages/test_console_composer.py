"""Where an operator writes: drafts that nothing loses, and notes."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.console import NARROW, PHONE, Console, enter
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.wire import Wire
from tests.service import Service

Enter = Callable[[str], Peer]

NAMES = ("anna", "boris", "vera")


def expect_drafts(console: Console) -> None:
    """Of all three customers, an answer and a note each."""
    for name in NAMES:
        console.open(name)
        for kind in ("answer", "note"):
            console.page.get_by_role("tab", name=console.t(f"kind_{kind}")).click()
            expect(console.composer).to_have_value(f"{kind} to {name}")
        expect(console.row(name)).to_contain_text(f"Draft: answer to {name}")


def test_drafts_survive_all_but_the_log_out(open_page: OpenPage, peer: Enter, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    for name in NAMES:
        peer(name).send("a question")
    console = enter(open_page, base=network.url)
    for name in NAMES:
        console.open(name)
        console.write(f"answer to {name}")
        console.write(f"note to {name}", "note")
    expect_drafts(console)
    network.cut()
    expect(console.line).not_to_have_text("Connected")
    expect_drafts(console)
    network.mend()
    expect(console.line).to_have_text("Connected")
    expect_drafts(console)
    console.composer.fill("typed at the last moment")
    console.reload()  # within the 300 ms after the last key
    console.page.get_by_role("tab", name="Note").click()
    expect(console.composer).to_have_value("typed at the last moment")
    console.composer.fill("note to vera")
    expect_drafts(console)
    console.log_out()
    expect(console.dialog).to_contain_text("6 texts are not sent yet. Logging out deletes them.")
    console.dialog.get_by_role("button", name="Cancel").click()
    expect_drafts(console)
    console.log_out()
    console.dialog.get_by_role("button", name="Log out").click()
    expect(console.name).to_be_focused()
    assert not [name for name in console.kept() if name.startswith(("draft:", "outbox:", "session"))]
    console.log_in("olga")
    console.open("anna")
    console.page.get_by_role("tab", name="Answer").click()
    expect(console.composer).to_have_value("")
    expect(console.row("anna")).not_to_contain_text("Draft")


def test_a_draft_is_its_operators_own(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.write("begun by olga")
    console.page.evaluate("localStorage.setItem('desk:session', JSON.stringify({token: '', user_id: 2}))")
    console.page.reload()
    expect(console.page.get_by_text("Your session has ended. Log in again: what you wrote is kept.")).to_be_visible()
    console.log_in("oleg")
    console.wait_for("anna")
    expect(console.composer).to_have_value("")
    console.log_out()
    console.log_in("olga")
    console.wait_for("anna")
    expect(console.composer).to_have_value("begun by olga")


def test_two_tabs_show_one_draft(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    peer("anna").send("a question")
    one = enter(open_page)
    one.open("anna")
    other = Console(open_page(f"/operator#{ids['anna']}", beside=one.page))
    other.wait_for("anna")
    one.write("an answer")
    expect(other.composer).to_have_value("an answer")
    other.composer.press("Enter")
    expect(other.state("an answer")).to_have_text("Sent")
    expect(one.composer).to_have_value("")
    one.tab("open").click()
    expect(one.row("anna")).not_to_contain_text("Draft")


def test_the_customer_and_the_colleagues_hear_that_an_operator_types(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    anna, boris, oleg = peer("anna"), peer("boris"), peer("oleg")
    anna.send("a question")
    boris.send("another question")
    for one in (anna, oleg):
        one.call("events.subscribe", ["typing"])
    console = enter(open_page)
    console.open("anna")
    console.write("Let me")
    assert anna.wait_for("typing")["invader_name"] == "olga"
    assert oleg.wait_for("typing")["user_id"] == ids["anna"]
    console.open("boris")
    console.write("In a moment")
    assert oleg.wait_for("typing")["user_id"] == ids["boris"]
    console.open("anna")
    console.write(" look", kind="note")
    anna.send("one more")
    assert not [push for push in anna.pushes if "typing" in push]  # a note is nobody's news


def test_who_views_and_types_is_shown_above_the_composer(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    anna.send("a question")
    console = enter(open_page)
    console.open("anna")
    expect(console.presence).to_have_text("")
    oleg.call("conversation.open", ids["anna"])
    expect(console.presence).to_have_text("oleg is viewing")
    oleg.call("message.typing", ids["anna"])
    expect(console.presence).to_have_text("oleg is typing an answer")
    anna.call("message.typing")
    expect(console.presence).to_have_text("oleg is typing an answer · anna is typing…")
    oleg.call("conversation.open", None)
    expect(console.presence).to_have_text("anna is typing…")
    anna.send("one more")
    expect(console.presence).to_have_text("")


def test_a_note_is_for_colleagues_alone(open_page: OpenPage, peer: Enter, ids: dict[str, int]) -> None:
    anna, oleg = peer("anna"), peer("oleg")
    anna.call("events.subscribe", ["note", "conversation"])
    oleg.call("events.subscribe", ["note"])
    anna.send("a question")
    console = enter(open_page)
    console.open("anna")
    console.write("an answer, later")
    console.send("he called, too", "note")
    expect(console.bubble("he called, too")).to_contain_text("Note – customers can’t see this · olga")
    expect(console.composer).to_have_value("")
    assert oleg.wait_for("note")["text"] == "he called, too"
    assert [message["message_text"] for message in peer("anna").messages] == ["a question"]
    console.page.get_by_role("tab", name="Answer").click()
    expect(console.composer).to_have_value("an answer, later")
    expect(console.page.get_by_role("button", name="Send to anna")).to_be_visible()
    oleg.call("note.add", ids["anna"], "a colleague's")
    expect(console.bubble("a colleague's")).to_contain_text("oleg")
    console.reload()
    expect(console.bubble("he called, too")).to_be_visible()


def test_what_is_typed_while_a_note_is_added_stays(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    wire.hold("note.add")
    console.send("he called", "note")
    console.page.keyboard.type(" and will call again")
    expect(console.composer).to_have_value("he called and will call again")
    wire.release()
    expect(console.bubble("he called")).to_be_visible()
    expect(console.composer).to_have_value("and will call again")
    console.composer.press("Enter")
    expect(console.bubble("and will call again")).to_be_visible()
    expect(console.composer).to_have_value("")


def test_a_note_on_its_way_holds_up_nothing_but_the_next_note_there(open_page: OpenPage, peer: Enter) -> None:
    anna, boris = peer("anna"), peer("boris")
    anna.send("a question")
    boris.send("another question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    wire.hold("note.add")
    console.send("he called", "note")
    expect(console.page.get_by_role("main")).to_contain_text("Adding…")
    console.send("an answer")
    assert anna.wait_for("message")["message_text"] == "an answer"
    console.tab("open").click()
    console.open("boris")
    console.send("another answer")
    assert boris.wait_for("message")["message_text"] == "another answer"
    console.send("he called, too", "note")
    until(console.page, lambda: wire.calls.count("note.add") == 2)
    wire.release()
    expect(console.bubble("he called, too")).to_be_visible()
    expect(console.composer).to_have_value("")
    console.open("anna")
    expect(console.bubble("he called")).to_be_visible()
    expect(console.composer).to_have_value("")


def test_enter_sends_and_shift_enter_breaks_the_line(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    empty = console.composer.bounding_box()
    console.composer.press("Enter")  # nothing to send
    console.composer.press_sequentially("one")
    console.page.context.new_cdp_session(console.page).send(
        "Input.imeSetComposition", {"text": "ni", "selectionStart": 2, "selectionEnd": 2}
    )
    console.composer.press("Enter")  # takes what the input method offers
    expect(console.bubble("one")).to_have_count(0)
    console.composer.fill("")
    for n in range(20):
        console.composer.press_sequentially(f"line {n}")
        console.composer.press("Shift+Enter")
    full = console.composer.bounding_box()
    assert empty
    assert full
    assert 30 <= empty["height"] <= 70
    assert 150 <= full["height"] <= 200
    console.composer.press("Enter")
    expect(console.messages).to_contain_text("line 0\nline 1")


def test_an_answer_from_right_to_left_is_written_as_it_will_look(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.composer.fill("שלום, מה שלומך?")
    expect(console.composer).to_have_css("direction", "rtl")


def test_a_text_is_seen_whole_where_the_window_becomes_narrow(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    console.composer.fill("a text that takes a line or two in a wide window " * 3)
    console.page.set_viewport_size(NARROW)
    until(console.page, lambda: console.composer.evaluate("(field) => field.scrollHeight <= field.clientHeight"))


def test_on_a_touch_screen_enter_breaks_the_line(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page, has_touch=True, is_mobile=True, viewport=PHONE)
    console.row("anna").tap()
    console.wait_for("anna")
    console.composer.tap()
    console.page.keyboard.type("one")
    console.composer.press("Enter")
    console.page.keyboard.type("two")
    expect(console.composer).to_have_value("one\ntwo")
    console.page.get_by_role("button", name="Send to anna").tap()
    expect(console.bubble("one\ntwo")).to_be_visible()


def test_code_points_are_counted_where_the_end_is_near(open_page: OpenPage, peer: Enter) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    console.open("anna")
    composer = console.page.locator("desk-composer")
    console.composer.fill("🙂" * 14_999)
    expect(composer).not_to_contain_text("characters")
    console.composer.fill("🙂" * 15_000)
    expect(composer).to_contain_text("15000 of 16000 characters")
    console.composer.fill("🙂" * 16_001)
    expect(composer).to_contain_text("1 character too many")
    console.composer.press("Enter")
    expect(console.composer).not_to_have_value("")
    console.composer.fill("🙂" * 16_000)
    console.composer.press("Enter")
    expect(console.composer).to_have_value("")
    expect(console.messages.locator(".state")).to_have_text("Sent")


def test_an_answer_that_fails_elsewhere_is_told_with_its_customer(open_page: OpenPage, peer: Enter) -> None:
    for name in ("anna", "boris"):
        peer(name).send("a question")
    console = enter(open_page)
    wire = Wire(console.page)
    console.reload()
    console.open("anna")
    wire.refused["message.operatorSend"] = 7  # as if she had been erased
    console.write("my answer")
    console.composer.press("Control+Enter")
    console.wait_for("boris")
    expect(console.toast).to_contain_text("anna")


def test_an_old_answer_that_is_given_up_at_the_start_is_told(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("a question")
    console = enter(open_page)
    name = f"desk:outbox:{ids['olga']}:{'a' * 32}"
    item = {"key": "a" * 32, "created": 1_000, "text": "of long ago", "user_id": ids["anna"], "seen_id": 1}
    console.page.evaluate("([name, item]) => localStorage.setItem(name, JSON.stringify(item))", [name, item])
    console.reload()
    expect(console.toast).to_have_text(re.compile("^(anna: )?Not sent$"))


def test_an_expired_session_is_explained_in_every_tab(open_page: OpenPage, service: Service, watch: Watch) -> None:
    watch.allow(NETWORK)
    first = enter(open_page)
    second = Console(open_page("/operator", beside=first.page))
    second.wait_for_line()
    service.kill()
    for tab in (first, second):
        expect(tab.line).not_to_have_text("Connected")
    session = {**first.kept()["session"], "token": "expired"}
    first.page.evaluate("(session) => localStorage.setItem('desk:session', JSON.stringify(session))", session)
    service.start()
    for tab in (first, second):
        expect(tab.page.get_by_text("Your session has ended.")).to_be_visible()
    first.log_in("olga")
    first.log_out()
    expect(first.name).to_be_visible()
    expect(first.page.get_by_text("Your session has ended.")).to_be_hidden()
