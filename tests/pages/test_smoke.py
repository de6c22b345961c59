"""The pages load, and the tests would notice what must not happen."""

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import pytest

from tests.pages.browsing import NETWORK, OpenPage, Watch, axe, until
from tests.pages.conftest import on_both_engines
from tests.pages.fill import add_conversations, add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.service import Service
from tests.test_pages_served import reach

TEXTS = {"texts/en.js", "texts/ru.js", "console/texts/en.js", "console/texts/ru.js"}  # the longer ones are counted
HEALTH = "fetch('/healthz').then((answer) => answer.status, (error) => error.name)"


@pytest.mark.parametrize("path", ["/", "/operator"])
@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_a_page_loads_without_a_complaint_and_loads_what_is_counted(
    open_page: OpenPage, path: str, locale: str
) -> None:
    page = open_page(path, locale=locale, extra_http_headers={})  # compressed, as a browser asks for it
    page.wait_for_load_state("networkidle")
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    paths = [urlsplit(url).path for url in loaded]
    assert all(name == "/widget.js" or re.match("/web/[0-9a-f]{16}/", name) for name in paths)  # the kept ones
    counted = reach("customer.html", "widget.js") if path == "/" else reach("operator.html")
    assert {name.split("/", 3)[3] for name in paths if name != "/widget.js"} <= counted.keys() | TEXTS


def is_noted(watch: Watch, part: str) -> bool:
    return any(part in note for note in watch.notes)


def test_what_a_page_must_not_do_is_noticed(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/")
    assert not watch.notes
    for script, note in (
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        ("console.error('complained')", "complained"),
        ("document.body.setAttribute('style', 'color: red')", "CSP: style-src-attr"),
        ("try { document.body.innerHTML = '<b>text</b>' } catch {}", "CSP: require-trusted-types-for"),
        ("new Image().src = 'http://192.0.2.1/'", "asked another host: http://192.0.2.1/"),
        ("fetch('/nowhere').then((answer) => answer.status)", "404"),
    ):
        page.evaluate(f"() => {{ {script} }}")
        until(page, partial(is_noted, watch, note))
        watch.allow(re.escape(note))
    watch.allow("style|TrustedHTML|192.0.2.1")  # the browser's own words for the same
    assert not watch.notes


def test_axe_sees_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("document.body.append(document.createElement('button'))")
    assert "button-name (critical) at" in axe(page)


def test_a_second_tab_shares_the_storage_and_another_page_does_not(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("localStorage.setItem('name', 'anna')")
    assert open_page("/operator", beside=page).evaluate("localStorage.getItem('name')") == "anna"
    assert open_page("/").evaluate("localStorage.getItem('name')") is None


@on_both_engines
def test_users_without_a_browser_talk_to_each_other(
    peer: Callable[[str], Peer], ids: dict[str, int], database_url: str
) -> None:
    olga, anna = peer("olga"), peer("anna")
    asked = anna.send("a question")
    assert olga.wait_for("message")["message_id"] == asked["message_id"]
    olga.answer(ids["anna"], "an answer", seen_id=asked["message_id"])
    assert anna.wait_for("message")["message_text"] == "an answer"
    assert anna.refused("message.operatorSend", "an answer") == 4
    assert len(add_messages(database_url, "anna", 10)) == 10
    assert len(peer("anna").messages) == 12
    assert len(add_conversations(database_url, 20)) == 20
    assert olga.call("conversation.list", "all")["counts"]["all"] == 21


def test_a_killed_service_comes_back_at_the_same_address(service: Service, peer: Callable[[str], Peer]) -> None:
    url = service.url
    peer("anna").send("before")
    service.kill()
    service.start()
    assert service.url == url
    assert [message["message_text"] for message in peer("anna").messages] == ["before"]


def test_a_wire_is_cut_falls_silent_and_is_mended(open_page: OpenPage, network: Network, watch: Watch) -> None:
    page = open_page("/", base=network.url)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(HEALTH) == 200
    network.cut()
    watch.allow(NETWORK)
    assert page.evaluate(HEALTH) == "TypeError"
    network.mend()
    assert page.evaluate(HEALTH) == 200
    network.silence()
    page.evaluate(f"() => {{ window.health = {HEALTH} }}")
    network.mend()
    assert page.evaluate("window.health") == 200
