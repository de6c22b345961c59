"""Texts that are meant to be more than text: nothing runs, nothing loads, and the console stays what it is."""

from collections.abc import Callable

from playwright.sync_api import Dialog, expect

from db import users
from manage.database import transaction
from tests.conftest import PASSWORD_HASH
from tests.pages.browsing import OpenPage
from tests.pages.console import enter
from tests.pages.peer import Peer

Enter = Callable[[str], Peer]

NAME = "<img src=x onerror=alert(1)>"
TEXTS = [
    "<script>alert(1)</script>",
    "<img src=//192.0.2.1/x onerror=alert(1)>",
    "</li></ol></chat-transcript><iframe src='javascript:alert(1)'></iframe>",
    "<svg onload=alert(1)><style>*{display:none}</style>",
    "javascript:alert(1) javascript://example.com/%0aalert(1) data:text/html,<script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "\u202egnp.exe " + "\u2066" * 20,
    "Z" + "\u0336\u0489" * 400,
    "a" * 4_000,
]
LINK = 'https://example.com/"onmouseover="alert(1) http://192.0.2.1/<b>'


def test_hostile_texts_are_only_text(open_page: OpenPage, peer: Enter, ids: dict[str, int], database_url: str) -> None:
    with transaction(database_url) as connection:
        hostile_id = users.add(connection, NAME, PASSWORD_HASH, is_admin=False)
    customer, oleg = peer(NAME), peer("oleg")
    for text in (*TEXTS, LINK):
        customer.send(text)
        oleg.call("note.add", hostile_id, text)
    oleg.call("reply.save", "<b>x</b>", TEXTS[1])
    open_dialogs: list[Dialog] = []
    console = enter(open_page)
    console.page.on("dialog", lambda dialog: open_dialogs.append(dialog))
    expect(console.row(NAME)).to_contain_text("https://example.com/")
    console.open(NAME)
    for text in TEXTS[:6]:
        expect(console.bubble(text)).to_have_count(2)  # the message and the note
    console.below.click()
    expect(console.bubble(LINK)).to_have_count(2)
    hrefs = {link.get_attribute("href") for link in console.messages.get_by_role("link").all()}
    assert hrefs == {"https://example.com/", "http://192.0.2.1/"}
    for link in console.messages.get_by_role("link").all():
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    console.write(TEXTS[1])
    expect(console.row(NAME)).to_contain_text(f"Draft: {TEXTS[1]}")
    console.composer.fill("/<b>")
    expect(console.options).to_contain_text(TEXTS[1])
    console.composer.press("Escape")
    console.send(TEXTS[0])
    expect(console.state(TEXTS[0])).to_have_text("Sent")
    console.search.fill("<script>")
    expect(console.queue.get_by_text("messages found")).to_be_visible()
    expect(console.found.first.locator("mark")).to_have_text("<script>")
    console.search.fill("<nothing><img src=x>")
    expect(console.queue.get_by_text("Nothing was found for “<nothing><img src=x>”.")).to_be_visible()
    console.search.press("Escape")
    console.row(NAME).or_(console.heading).first.focus()
    console.press("KeyA")
    expect(console.dialog).to_contain_text(f"Who has {NAME}?")
    console.page.keyboard.press("Escape")
    console.details.get_by_role("button", name="Canned replies…").click()
    expect(console.dialog).to_contain_text("/<b>x</b>")
    console.page.keyboard.press("Escape")
    oleg.answer(hostile_id, TEXTS[1])
    expect(console.log).to_contain_text(TEXTS[1])
    widest = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert console.page.evaluate(widest)
    assert console.page.locator("img, iframe, desk-console script, desk-console style, object, embed").count() == 0
    assert not open_dialogs
