"""The console by keyboard alone, on a Russian layout: by a key's place, not by its letter."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.pages.browsing import OpenPage
from tests.pages.console import Console, enter
from tests.pages.fill import add_conversations
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]

ALT, CTRL, META, SHIFT = 1, 2, 4, 8
SINGLE = [
    *(("Key" + letter, "") for letter in "JKURNAIEZD"),
    *((f"Digit{n}", "") for n in (1, 2, 3, 4)),
    ("ArrowDown", "ArrowDown"),
    ("ArrowUp", "ArrowUp"),
    ("Slash", "."),
    ("Slash", "/"),
    ("Digit7", "/"),
    ("Slash", ","),
    ("Digit7", "?"),
]
STATE = """() => {
    const name = (element) => element.querySelector(".name")?.textContent ?? element.id;
    const chosen = [...document.querySelectorAll("[aria-selected=true], [aria-current], dialog")];
    const details = document.querySelector("desk-workplace").dataset.details;
    return [document.activeElement, ...chosen].map(name).join() + details;
}"""
COMPOSING = """([code, key]) => {
    const options = {code, key, isComposing: true, bubbles: true, cancelable: true};
    return document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
}"""


@pytest.fixture
def console(open_page: OpenPage, peer: Enter) -> Console:
    """Three conversations wait, that of boris is open, its row has the focus."""
    for name in ("anna", "boris", "vera"):
        peer(name).send(f"a question of {name}")
    opened = enter(open_page)
    opened.open("boris")
    opened.row("boris").focus()
    return opened


def test_keys_move_in_the_queue_and_open(console: Console) -> None:
    for code, name in (
        ("KeyJ", "vera"),
        ("KeyJ", "vera"),  # the last
        ("KeyK", "boris"),
        ("KeyK", "anna"),
        ("ArrowDown", "boris"),
        ("ArrowUp", "anna"),
    ):
        console.press(code, code if code.startswith("Arrow") else "")
        expect(console.row(name)).to_be_focused()
    console.page.keyboard.press("Enter")
    console.wait_for("anna")
    expect(console.row("anna")).to_be_focused()
    expect(console.row("anna")).to_have_attribute("aria-current", "true")


def test_digits_choose_a_list(console: Console) -> None:
    for digit, name in ((2, "mine"), (3, "open"), (4, "closed"), (1, "waiting")):
        console.press(f"Digit{digit}")
        expect(console.tab(name)).to_have_attribute("aria-selected", "true")
        console.expect_focus()
        expect(console.queue).to_contain_text("Nothing is assigned to you." if name == "mine" else "Queue")
        focused = console.row("vera" if name == "open" else "anna") if name in ("open", "waiting") else console.heading
        expect(focused).to_be_focused()


def test_a_slash_and_control_k_go_to_the_search(console: Console) -> None:
    for code, key, modifiers in (
        ("Slash", ".", 0),
        ("Slash", "/", 0),
        ("Digit7", "/", SHIFT),  # where a German keyboard has it
        ("KeyK", "л", CTRL),
        ("KeyK", "л", META),
    ):
        console.row("anna").focus()
        console.press(code, key, modifiers)
        expect(console.search).to_be_focused()
        expect(console.search).to_have_value("")
    console.composer.focus()
    console.press("KeyK", "л", CTRL)
    expect(console.search).to_be_focused()


def test_keys_answer_write_a_note_and_open_the_longest_waiting(console: Console) -> None:
    console.press("KeyR")
    expect(console.composer).to_be_focused()
    expect(console.composer).to_have_accessible_name("Answer to boris")
    console.page.keyboard.press("Escape")
    expect(console.row("boris")).to_be_focused()
    console.press("KeyN")
    expect(console.composer).to_have_accessible_name("Note – customers can’t see this")
    console.page.keyboard.press("Escape")
    console.press("KeyU")
    console.wait_for("anna")
    expect(console.composer).to_be_focused()
    expect(console.composer).to_have_value("")


def test_keys_show_the_details_and_the_help(console: Console) -> None:
    expect(console.details).to_be_visible()
    console.press("KeyD")
    expect(console.details).to_be_hidden()
    expect(console.row("boris")).to_be_focused()
    console.press("KeyD")
    expect(console.details.get_by_role("heading")).to_be_focused()
    for code, key, modifiers in (("Slash", ",", SHIFT), ("Slash", "?", SHIFT), ("Digit7", "?", SHIFT)):
        console.row("anna").focus()
        console.press(code, key, modifiers)
        expect(console.dialog.get_by_role("heading")).to_have_text("Keys")
        console.page.keyboard.press("Escape")
        expect(console.dialog).to_have_count(0)
        expect(console.row("anna")).to_be_focused()


def test_escape_goes_from_the_picker_to_the_dialog_to_the_composer_to_the_row(console: Console, peer: Enter) -> None:
    peer("oleg").call("reply.save", "hi", "Good day")
    console.reload()
    console.press("KeyR")
    console.composer.press_sequentially("/h")
    expect(console.options).to_have_count(1)
    console.page.keyboard.press("Escape")
    expect(console.options).to_have_count(0)
    expect(console.composer).to_be_focused()
    console.page.keyboard.press("Escape")
    expect(console.row("boris")).to_be_focused()
    console.press("KeyA")
    expect(console.dialog).to_be_visible()
    console.press("KeyJ")  # no key goes past a dialog
    console.page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    expect(console.row("boris")).to_be_focused()


def test_alt_and_an_arrow_in_the_composer_open_the_other_conversation(console: Console) -> None:
    console.press("KeyR")
    console.press("ArrowDown", "ArrowDown", ALT)
    console.wait_for("vera")
    expect(console.composer).to_be_focused()
    console.press("ArrowUp", "ArrowUp", ALT)
    console.press("ArrowUp", "ArrowUp", ALT)
    console.wait_for("anna")
    expect(console.composer).to_be_focused()


def test_control_enter_sends_and_opens_the_next_that_waits(console: Console) -> None:
    console.press("KeyR")
    console.page.keyboard.type("an answer")
    console.press("Enter", "Enter", CTRL)
    console.wait_for("anna")
    expect(console.composer).to_be_focused()
    expect(console.composer).to_have_value("")
    expect(console.row("boris")).to_have_count(0)


def test_single_keys_are_inert_in_fields(console: Console) -> None:
    for field in (console.composer, console.search):
        field.focus()
        for code, key in SINGLE:
            console.press(code, key, SHIFT if key in "?," else 0)
            expect(field).to_be_focused()
        expect(console.dialog).to_have_count(0)
        expect(console.details).to_be_visible()
        expect(console.title).to_have_text("boris")
    expect(console.composer).to_have_value("олгктфшуяв1234.//,?")


def test_single_keys_are_inert_with_a_modifier_and_while_composing(console: Console) -> None:
    def stays(*keys: tuple[str, str]) -> None:
        before = console.page.evaluate(STATE)
        for code, key in keys:
            for modifier in (ALT, CTRL, META):
                if code != "KeyK" or modifier == ALT:
                    console.press(code, key, modifier)
            assert console.page.evaluate(COMPOSING, [code, key])
        assert console.page.evaluate(STATE) == before

    stays(*SINGLE)
    console.press("KeyD")
    expect(console.details).to_be_hidden()


def test_a_key_that_is_held_down_only_moves_on(console: Console) -> None:
    reopen = console.page.get_by_role("main").get_by_role("button", name="Reopen")
    console.page.keyboard.down("KeyE")
    expect(reopen).to_be_visible()
    for _ in range(3):
        console.page.keyboard.down("KeyE")  # a repeat
    console.page.keyboard.up("KeyE")
    expect(console.tab("closed").locator(".count")).to_have_text("1")
    expect(reopen).to_be_visible()
    console.row("anna").focus()
    console.page.keyboard.down("KeyJ")
    expect(console.row("vera")).to_be_focused()
    console.press("Digit3")
    console.page.keyboard.down("KeyJ")
    console.page.keyboard.up("KeyJ")
    expect(console.row("anna")).to_be_focused()


def test_a_key_that_is_held_down_writes_nothing_in_the_field_it_goes_to(console: Console) -> None:
    for key in "rnu/":
        field = console.search if key == "/" else console.composer
        console.row("vera").focus()
        for _ in range(3):
            console.page.keyboard.down(key)
        console.page.keyboard.up(key)
        expect(field).to_have_value("")
        for _ in range(3):
            console.page.keyboard.down(key)  # pressed in the field it writes
        console.page.keyboard.up(key)
        expect(field).to_have_value(key * 3)
        field.fill("")


def test_a_switch_in_the_help_turns_single_keys_off(console: Console) -> None:
    console.press("Slash", "?", SHIFT)
    console.dialog.get_by_label("Single keys are on").uncheck()
    console.page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    console.row("boris").focus()
    before = console.page.evaluate(STATE)
    for code, key in SINGLE:
        if not code.startswith("Arrow"):
            console.press(code, key, SHIFT if key in "?," else 0)
    assert console.page.evaluate(STATE) == before
    console.press("KeyK", "л", CTRL)
    expect(console.search).to_be_focused()
    console.reload()
    console.row("boris").focus()
    console.press("KeyJ")
    expect(console.row("boris")).to_be_focused()
    console.page.get_by_role("button", name="Keys").click()
    console.dialog.get_by_label("Single keys are on").check()
    console.page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    console.row("boris").focus()
    console.press("KeyJ")
    expect(console.row("vera")).to_be_focused()


def test_the_focus_never_falls_to_the_page(console: Console) -> None:
    places: list[Locator] = [
        console.row("boris"),
        console.tab("open"),
        console.title,
        console.messages,
        console.details.get_by_role("button", name="Assign to me"),
        console.page.get_by_role("main").get_by_role("button", name="Close conversation"),
    ]
    for code, key in SINGLE:
        place = places[SINGLE.index((code, key)) % len(places)]
        if place.is_visible():
            place.focus()
        console.press(code, key, SHIFT if key in "?," else 0)
        console.page.evaluate("new Promise((done) => setTimeout(done))")
        console.expect_focus()
        console.page.keyboard.press("Escape")
        console.page.evaluate("new Promise((done) => setTimeout(done))")
        console.expect_focus()


def test_skip_links_come_first_and_lead_to_the_regions(console: Console) -> None:
    for name, target in (
        ("To the queue", console.row("boris")),
        ("To the conversation", console.title),
        ("To the composer", console.composer),
    ):
        link = console.page.get_by_role("link", name=name)
        link.focus()
        expect(link).to_be_in_viewport()
        console.page.keyboard.press("Enter")
        expect(target).to_be_focused()
    assert console.page.url.endswith("/operator#4")


def test_the_longest_waiting_is_found_behind_a_page_that_others_have_answered(
    open_page: OpenPage, peer: Enter, database_url: str
) -> None:
    customers = add_conversations(database_url, 103)
    console = enter(open_page)
    console.tab("mine").click()
    expect(console.queue.get_by_text("Nothing is assigned to you.")).to_be_visible()
    oleg = peer("oleg")
    for customer in customers[:100]:
        oleg.answer(customer, "an answer")
    expect(console.tab("waiting").locator(".count")).to_have_text("3")
    for customer in customers[101:]:
        oleg.answer(customer, "an answer")
    expect(console.tab("waiting").locator(".count")).to_have_text("1")
    console.heading.focus()
    console.press("KeyU")
    console.wait_for("customer 0101")


def test_below_720_pixels_keys_and_skip_links_show_the_region_first(console: Console) -> None:
    console.narrow()
    for name, target, address in (
        ("To the queue", console.row("boris"), "/operator"),
        ("To the conversation", console.title, "/operator#4"),
        ("To the queue", console.row("boris"), "/operator"),
        ("To the composer", console.composer, "/operator#4"),
        ("To the queue", console.row("boris"), "/operator"),
    ):
        console.page.get_by_role("link", name=name).focus()
        console.page.keyboard.press("Enter")
        expect(target).to_be_focused()
        expect(console.page).to_have_url(re.compile(f"{address}$"))
    for code, label in (("KeyR", "Answer"), ("KeyN", "Note")):
        console.press(code)
        expect(console.composer).to_be_focused()
        expect(console.page.get_by_role("tab", name=label)).to_have_attribute("aria-selected", "true")
        console.page.go_back()
        expect(console.row("boris")).to_be_focused()


def test_below_720_pixels_the_focus_is_in_the_conversation_after_a_reload(console: Console) -> None:
    console.narrow()
    console.page.reload()
    console.wait_for("boris")
    expect(console.title).to_be_focused()


def test_after_a_log_in_u_opens_who_waits_longest_whatever_list_is_shown(
    open_page: OpenPage, peer: Enter, ids: dict[str, int]
) -> None:
    peer("anna").send("I wait longest")
    peer("boris").send("I wait too")
    oleg = peer("oleg")
    console = enter(open_page)
    oleg.call("conversation.assign", ids["boris"], console.kept()["session"]["user_id"])
    console.tab("mine").click()
    expect(console.row("boris")).to_be_visible()
    console.log_out()
    console.log_in("olga")
    expect(console.row("boris")).to_be_visible()
    console.heading.focus()
    console.press("KeyU")
    console.wait_for("anna")
