"""The widget on somebody else's page: another origin, its policy, its styles, its attributes."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD
from tests.pages.browsing import OpenPage, until
from tests.pages.host import Host
from tests.pages.peer import Peer, read_id
from tests.pages.widget import ROOT, Widget
from tests.service import Service

DOCUMENT = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text()
HOSTILE = """
    :root { --brand: #fff; --accent: #f00 } * { --bg: lime; --text: lime; --font: serif; --title-size: 9em }
    html { font-size: 40px } body { transform: none; color: red; letter-spacing: 9px; word-spacing: 9px }
    * { all: unset !important; display: none !important; visibility: hidden !important; direction: rtl !important }
    html, body { display: block !important; visibility: visible !important }
    div, button, input, textarea, dialog, p { font: 60px serif !important; background: lime !important }
"""


@pytest.fixture
def service_settings(host: Host) -> list[str]:
    return [f"--allowed-origins={host.url}"]


def documented_policy(service: Service) -> str:
    found = re.search(r"^script-src https://chat.example; connect-src .*$", DOCUMENT, re.MULTILINE)
    assert found
    line = found[0].replace("https://chat.example", service.url)
    return line.replace("wss://chat.example", service.url.replace("http", "ws"))


def test_it_works_under_the_documented_policy_of_another_origin(
    open_page: OpenPage, host: Host, service: Service, peer: Callable[[str], Peer], ids: dict[str, int]
) -> None:
    host.embed(service)
    host.policy = f"default-src 'none'; style-src 'self'; {documented_policy(service)}"
    widget = Widget(open_page("/", base=host.url))
    expect(widget.launcher).to_have_accessible_name("Open chat")
    widget.launcher.click()
    widget.log_in("anna")
    widget.send("from a shop")
    expect(widget.state("from a shop")).to_have_text("Sent")
    peer("olga").answer(ids["anna"], "an answer")
    expect(widget.bubbles).to_have_text(["from a shop", "an answer"])


def test_the_styles_of_the_host_page_do_not_reach_it(open_page: OpenPage, host: Host, service: Service) -> None:
    looks = []
    for style in ("", HOSTILE):
        host.embed(service)
        host.style = style
        widget = Widget(open_page("/", base=host.url))
        widget.launcher.click()
        widget.log_in("anna")
        looks.append(look(widget.page))
    assert looks[0] == looks[1]


def look(page: Page) -> object:
    """Where every part of the widget is, and how it is written."""
    return page.evaluate(
        f"""() => [...{ROOT}.querySelectorAll("button, input, textarea, dialog, h2, p")].map((node) => {{
            const {{ x, y, width, height }} = node.getBoundingClientRect();
            const style = getComputedStyle(node);
            return [node.className, x, y, width, height, style.fontSize, style.fontFamily, style.color,
                style.backgroundColor, style.letterSpacing, style.direction, style.display].join();
        }})"""
    )


def test_its_keys_are_not_the_host_pages_shortcuts(open_page: OpenPage, host: Host, service: Service) -> None:
    host.embed(service)
    widget = Widget(open_page("/", base=host.url))
    widget.page.evaluate("addEventListener('keydown', (event) => { window.heard = event.key })")
    widget.launcher.click()
    widget.log_in("anna")
    widget.composer.press_sequentially("s?")
    assert widget.page.evaluate("window.heard") is None


def test_attributes_choose_place_language_title_and_theme(open_page: OpenPage, host: Host, service: Service) -> None:
    host.embed(service, 'data-position="left" data-lang="ru" data-title="Помощь" data-theme="dark" data-open')
    page = open_page("/", base=host.url)
    widget = Widget(page, "ru")
    expect(widget.panel.get_by_role("heading", name="Помощь")).to_be_visible()
    expect(widget.name).to_be_visible()
    expect(widget.launcher).to_have_accessible_name("Закрыть чат")
    assert page.evaluate("document.activeElement === document.body")  # the page keeps its focus
    for part in (widget.launcher, widget.panel):
        box = part.bounding_box()
        assert box
        assert box["x"] == 16
    assert colors(widget, "dialog")["backgroundColor"] == "rgb(20, 23, 28)"
    widget.choose("theme", "light")
    assert colors(widget, "dialog")["backgroundColor"] == "rgb(255, 255, 255)"
    page.reload()
    expect(widget.name).to_be_visible()
    assert colors(widget, "dialog")["backgroundColor"] == "rgb(255, 255, 255)"  # the customer's choice goes first


@pytest.mark.parametrize(
    ("accent", "fill", "ink", "edge"),
    [
        ("#0b7a5e", "rgb(11, 122, 94)", "rgb(255, 255, 255)", "rgb(11, 122, 94)"),
        ("gold", "rgb(255, 215, 0)", "rgb(0, 0, 0)", "rgb(116, 125, 141)"),  # too near to white: an edge
        ("color(srgb 0.4 0.2 0.6)", "rgb(102, 51, 153)", "rgb(255, 255, 255)", "rgb(102, 51, 153)"),
        ("rgb(0 0 0 / 50%)", "rgb(24, 88, 196)", "rgb(255, 255, 255)", "rgb(24, 88, 196)"),
        ("none of it", "rgb(24, 88, 196)", "rgb(255, 255, 255)", "rgb(24, 88, 196)"),
    ],
)
def test_an_accent_is_readable_whatever_it_is(
    open_page: OpenPage, host: Host, service: Service, accent: str, fill: str, ink: str, edge: str
) -> None:
    host.embed(service, f'data-accent="{accent}"')
    widget = Widget(open_page("/", base=host.url))
    expect(widget.launcher).to_be_visible()
    assert colors(widget, ".launcher") == {"backgroundColor": fill, "color": ink, "borderColor": edge}


def colors(widget: Widget, part: str) -> dict[str, str]:
    found: dict[str, str] = widget.page.evaluate(
        f"""(part) => {{
            const {{ backgroundColor, color, borderColor }} = getComputedStyle({ROOT}.querySelector(part));
            return {{ backgroundColor, color, borderColor }};
        }}""",
        part,
    )
    return found


def test_accounts_of_a_demo_fill_the_form_in(open_page: OpenPage, host: Host, service: Service) -> None:
    accounts = json.dumps([{"user_name": "anna", "password": PASSWORD}, {"user_name": "boris", "password": "<b>"}])
    host.embed(service, f"data-open data-accounts='{accounts}'")
    widget = Widget(open_page("/", base=host.url))
    expect(widget.panel.locator(".accounts li")).to_have_text(
        [re.compile(f"anna · {PASSWORD}"), re.compile("boris · <b>")]
    )
    widget.panel.get_by_role("button", name="Fill in anna").click()
    expect(widget.name).to_have_value("anna")
    assert widget.focus() == "Log in"
    widget.page.keyboard.press("Enter")
    widget.wait_for_line()


def test_it_connects_while_it_is_closed_only_where_somebody_is_logged_in(
    open_page: OpenPage, host: Host, service: Service, peer: Callable[[str], Peer], ids: dict[str, int]
) -> None:
    host.embed(service)
    widget = Widget(open_page("/", base=host.url))
    sockets: list[str] = []
    widget.page.on("websocket", lambda socket: sockets.append(socket.url))
    widget.page.reload()
    expect(widget.launcher).to_be_visible()
    widget.page.wait_for_load_state("networkidle")
    assert not sockets
    widget.launcher.click()
    widget.log_in("anna")
    widget.page.reload()
    expect(widget.launcher).to_be_visible()
    peer("olga").answer(ids["anna"], "an answer")
    for opened in (2, 3):
        expect(widget.launcher).to_have_accessible_name("Open chat, 1 unread message")
        assert len(sockets) == opened
        widget.page.reload()  # after which it is the same


def test_on_paper_it_vanishes_from_host_pages(open_page: OpenPage, host: Host, service: Service) -> None:
    host.embed(service, "data-open")
    widget = Widget(open_page("/", base=host.url))
    widget.log_in("anna")
    widget.page.emulate_media(media="print")
    expect(widget.page.locator("support-chat")).to_be_hidden()
    expect(widget.panel).to_be_hidden()


LAYOUTS = (
    "body { margin: 0; min-height: 100vh; display: grid; place-items: center }",
    "body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; justify-content: space-between }",
    "body { margin: 0; display: flex; gap: 40px } main { flex: 1 }",
    "body { margin: 0 } main { height: 100vh } h1 { margin: 0 }",
)
PLACES = """() => [document.documentElement, ...document.querySelectorAll("main, footer")].map((one) => {
    const { top, left, width, height } = one.getBoundingClientRect();
    return [top, left, width, height, one.scrollHeight, one.scrollWidth].join();
})"""


@pytest.mark.parametrize("layout", LAYOUTS, ids=["grid", "column", "row", "flow"])
def test_it_takes_no_place_in_the_layout_of_the_host_page(
    open_page: OpenPage, host: Host, service: Service, layout: str
) -> None:
    host.embed(service)
    host.style = layout
    script = f'<script src="{service.url}/widget.js" ></script>'
    assert script in host.page
    host.page = host.page.replace(script, "<footer>The end</footer>")
    page = open_page("/", base=host.url)
    places = page.evaluate(PLACES)
    page.add_script_tag(url=f"{service.url}/widget.js")
    expect(Widget(page).launcher).to_be_visible()
    assert page.evaluate(PLACES) == places


def test_what_is_written_can_be_copied_from_a_page_that_lets_nothing_be_selected(
    open_page: OpenPage, host: Host, service: Service, peer: Callable[[str], Peer], ids: dict[str, int]
) -> None:
    host.embed(service, 'data-open="true"')
    host.style = "body { user-select: none }"
    widget = Widget(open_page("/", base=host.url))
    widget.log_in("anna")
    peer("olga").answer(ids["anna"], "12345")
    widget.bubble("12345").locator(".text").dblclick()
    assert widget.page.evaluate("String(getSelection())") == "12345"


def test_a_page_that_is_zoomed_by_its_styles_has_the_same_widget(
    open_page: OpenPage, host: Host, service: Service, peer: Callable[[str], Peer], ids: dict[str, int]
) -> None:
    host.embed(service, 'data-open="true"')
    host.style = "html { zoom: 1.25 }"
    widget = Widget(open_page("/", base=host.url, viewport={"width": 400, "height": 780}))
    box = widget.panel.bounding_box()
    assert box
    assert (box["y"], box["height"]) == (0, 780)
    host.style = "html { zoom: 0.8 }"
    widget = Widget(open_page("/", base=host.url))
    widget.log_in("anna")
    olga = peer("olga")
    answers = [olga.answer(ids["anna"], f"answer {n}") for n in range(30)]
    expect(widget.bubble("answer 29")).to_be_in_viewport()
    until(widget.page, lambda: read_id(olga, ids["anna"]) == answers[-1]["message_id"])


def test_a_page_that_is_zoomed_by_its_styles_where_it_is_wide_has_the_same_widget(
    open_page: OpenPage, host: Host, service: Service
) -> None:
    host.embed(service)
    host.style = "@media (width > 600px) { html { zoom: 1.25 } }"
    widget = Widget(open_page("/", base=host.url, viewport={"width": 400, "height": 780}))
    expect(widget.launcher).to_be_visible()
    widget.page.set_viewport_size({"width": 800, "height": 780})
    until(widget.page, lambda: (widget.launcher.bounding_box() or {"width": 0})["width"] == 56)
