"""A whole conversation between a customer's page and the console, both in browsers."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.browsing import OpenPage
from tests.pages.conftest import on_both_engines
from tests.pages.console import enter
from tests.pages.peer import Peer
from tests.pages.widget import Widget


@on_both_engines
def test_a_customer_and_an_operator_talk(open_page: OpenPage, peer: Callable[[str], Peer]) -> None:
    console = enter(open_page)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.line).to_have_attribute("data-state", "open")

    widget.send("Where is my parcel?\n1 < 2 & https://example.com/track?id=1 🙂")
    expect(console.row("anna")).to_contain_text("Where is my parcel?")
    expect(console.page).to_have_title("(1) Desk")
    console.press("KeyU")
    console.wait_for("anna")
    link = console.messages.get_by_role("link", name="https://example.com/track?id=1")
    expect(link).to_have_attribute("href", "https://example.com/track?id=1")
    expect(widget.panel.locator("chat-transcript .state")).to_have_text("Read")

    console.page.keyboard.type("It is on its way.")
    expect(widget.panel).to_contain_text("olga is typing…")
    console.page.keyboard.press("Enter")
    expect(widget.bubble("It is on its way.")).to_be_visible()
    expect(console.state("It is on its way.")).to_have_text("Read")
    expect(console.page).to_have_title("Desk")
    console.tab("mine").click()
    expect(console.row("anna")).to_contain_text("You: It is on its way.")

    widget.composer.press_sequentially("Thank")
    expect(console.presence).to_have_text("anna is typing…")
    console.send("a thing for colleagues", "note")
    widget.send("Thank you!")
    expect(console.bubble("Thank you!")).to_be_visible()
    expect(console.presence).to_have_text("")
    expect(widget.bubbles).to_have_count(3)

    console.row("anna").focus()
    console.press("KeyE")
    expect(console.queue.get_by_text("Nothing is assigned to you.")).to_be_visible()
    console.press("Digit4")
    expect(console.row("anna")).to_be_visible()
    widget.send("One thing more")
    expect(console.tab("closed").locator(".count")).to_have_text("0")
    expect(console.tab("mine").locator(".count")).to_have_text("1")
    expect(console.bubble("One thing more")).to_be_visible()
    messages = [message["message_text"].split("\n")[0] for message in peer("anna").messages]
    assert messages == ["Where is my parcel?", "It is on its way.", "Thank you!", "One thing more"]


def test_a_customer_sees_that_an_operator_comes_and_goes(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.panel).to_contain_text("Nobody is here now. Leave a message, we will answer here.")
    console = enter(open_page)
    expect(widget.line).to_have_attribute("data-state", "open")
    console.log_out()
    expect(widget.line).to_have_attribute("data-state", "nobody")
