"""The widget's element: how it comes to a page, and what the page does with it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.fill import add_messages
from tests.pages.host import Host
from tests.pages.peer import Peer
from tests.pages.widget import Widget
from tests.service import Service


@pytest.fixture
def service_settings(host: Host) -> list[str]:
    return [f"--allowed-origins={host.url}"]


def test_a_second_script_adds_no_second_widget(open_page: OpenPage, host: Host, service: Service) -> None:
    host.embed(service)
    host.page += f'<script src="{service.url}/widget.js"></script>'
    widget = Widget(open_page("/", base=host.url))
    expect(widget.launcher).to_have_count(1)
    widget.page.wait_for_load_state("networkidle")
    expect(widget.launcher).to_have_count(1)


def test_a_page_that_was_saved_with_its_widget_has_one(
    open_page: OpenPage,
    host: Host,
    service: Service,
) -> None:
    host.embed(service, "data-open")
    host.page = host.page.replace("</main>", "</main><support-chat data-open></support-chat>")
    expect(Widget(open_page("/", base=host.url)).name).to_be_visible()


@pytest.mark.parametrize("is_answered", [True, False])
def test_styles_that_do_not_come_are_asked_for_again(
    open_page: OpenPage,
    host: Host,
    service: Service,
    watch: Watch,
    is_answered: bool,
) -> None:
    watch.allow(f"502|{NETWORK}")
    host.embed(service)
    page = open_page("/", base=host.url)
    expect(page.locator("support-chat .launcher")).to_be_visible()
    fail = (
        (lambda route: route.fulfill(status=502, body="<h1>Bad</h1>")) if is_answered else lambda route: route.abort()
    )
    page.route("**/whole.css", fail, times=1)
    page.reload()
    expect(page.locator("support-chat .launcher")).to_have_css("position", "fixed")


def test_a_widget_that_is_taken_out_and_put_back_goes_on(open_page: OpenPage, host: Host, service: Service) -> None:
    host.embed(service, "data-open")
    widget = Widget(open_page("/", base=host.url))
    widget.log_in("anna")
    widget.page.evaluate("window.chat = document.querySelector('support-chat'); window.chat.remove()")
    widget.page.evaluate("document.querySelector('main').append(window.chat)")
    widget.wait_for_line()
    widget.send("still here")
    expect(widget.state("still here")).to_have_text("Sent")
    expect(widget.bubbles).to_have_count(1)


def test_a_widget_that_was_out_meanwhile_knows_who_is_logged_in(
    open_page: OpenPage, host: Host, service: Service, peer: Callable[[str], Peer]
) -> None:
    host.embed(service, "data-open")
    peer("anna").send("a secret")
    first = Widget(open_page("/", base=host.url))
    first.log_in("anna")
    second = Widget(open_page("/", beside=first.page, base=host.url))
    second.wait_for_line()
    sockets: list[str] = []
    first.page.on("websocket", lambda socket: sockets.append(socket.url))
    first.page.evaluate("window.chat = document.querySelector('support-chat'); window.chat.remove()")
    second.log_out()
    second.log_in("boris")
    second.send("another one's")
    expect(second.state("another one's")).to_have_text("Sent")
    assert sockets == []  # who is out connects for nobody
    first.page.evaluate("document.body.append(window.chat)")
    expect(first.bubbles).to_have_text(["another one's"])


def test_a_widget_taken_out_while_it_loads_opens_when_it_is_put_back(
    open_page: OpenPage,
    host: Host,
    service: Service,
) -> None:
    host.embed(service, "data-open")
    page = open_page("/", base=host.url)
    expect(Widget(page).name).to_be_visible()
    held: list[Route] = []
    page.route("**/whole.css", lambda route: held.append(route))
    page.reload()
    until(page, lambda: bool(held))
    page.evaluate("window.chat = document.querySelector('support-chat'); window.chat.remove()")
    page.wait_for_timeout(200)
    held[0].continue_()
    page.wait_for_function("window.chat.shadowRoot.querySelector('.launcher')")
    page.evaluate("document.body.append(window.chat)")
    expect(Widget(page).name).to_be_visible()


def test_a_widget_that_was_taken_out_logged_out_leaves_the_next_drafts_alone(
    open_page: OpenPage,
    host: Host,
    service: Service,
) -> None:
    host.embed(service, "data-open")
    first = Widget(open_page("/", base=host.url))
    first.log_in("anna")
    first.log_out()
    expect(first.name).to_be_focused()
    first.page.evaluate("window.chat = document.querySelector('support-chat'); window.chat.remove()")
    second = Widget(open_page("/", beside=first.page, base=host.url))
    second.log_in("anna")
    second.composer.press_sequentially("a long text")
    second.page.wait_for_timeout(1000)
    second.page.reload()
    expect(second.composer).to_have_value("a long text")


def test_a_screen_turned_while_the_widget_is_out_closes_nothing(
    open_page: OpenPage,
    host: Host,
    service: Service,
) -> None:
    host.embed(service, "data-open")
    widget = Widget(open_page("/", base=host.url))
    expect(widget.name).to_be_visible()
    widget.page.evaluate("window.chat = document.querySelector('support-chat'); window.chat.remove()")
    widget.page.set_viewport_size({"width": 400, "height": 700})
    widget.page.wait_for_timeout(300)
    widget.page.evaluate("document.body.append(window.chat)")
    expect(widget.name).to_be_visible()


def test_a_widget_that_is_moved_stays_as_it_was(
    open_page: OpenPage,
    host: Host,
    service: Service,
    peer: Callable[[str], Peer],
    ids: dict[str, int],
    database_url: str,
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 60)[-1])
    host.embed(service, "data-open")
    phone = {"width": 390, "height": 700}
    for viewport in ({"width": 1280, "height": 800}, phone):
        widget = Widget(open_page("/", base=host.url, viewport=viewport))
        widget.log_in("anna")
        expect(widget.bubble("Message 60")).to_be_in_viewport()
        box = widget.panel.bounding_box()
        widget.page.evaluate("document.querySelector('main').append(document.querySelector('support-chat'))")
        widget.wait_for_line()
        expect(widget.bubble("Message 60")).to_be_in_viewport()
        assert widget.panel.bounding_box() == box
    widget.page.set_viewport_size({"width": 390, "height": 400})  # a keyboard comes
    expect(widget.composer).to_be_in_viewport()


def test_a_page_that_clones_its_body_has_a_widget_still(open_page: OpenPage, host: Host, service: Service) -> None:
    host.embed(service, "data-open")
    widget = Widget(open_page("/", base=host.url))
    expect(widget.name).to_be_visible()
    widget.page.evaluate("document.body.replaceWith(document.body.cloneNode(true))")
    widget.log_in("anna")


def test_a_script_of_a_newer_service_finds_the_element_known(open_page: OpenPage, host: Host, service: Service) -> None:
    host.embed(service, "data-open")
    widget = Widget(open_page("/", base=host.url))
    expect(widget.name).to_be_visible()
    script = widget.page.evaluate("async (url) => (await fetch(url)).text()", f"{service.url}/widget.js")
    newer = re.sub(r"/web/\w+/", "/web/newer/", script)
    widget.page.route("**/widget.js", lambda route: route.fulfill(body=newer, content_type="text/javascript"))
    widget.page.evaluate(
        """(url) => {
            document.querySelector("support-chat").remove();
            document.body.append(Object.assign(document.createElement("script"), { src: url }));
        }""",
        f"{service.url}/widget.js",
    )
    expect(widget.launcher).to_be_visible()
