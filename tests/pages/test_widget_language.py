"""The language that is chosen in the menu, in whatever state the widget is then."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.conftest import PASSWORD
from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.fill import add_messages
from tests.pages.network import Network
from tests.pages.peer import Peer
from tests.pages.widget import Widget

EnterPeer = Callable[[str], Peer]
IN_VIEW = """(bubbles) => {
    const top = bubbles[0].closest("chat-transcript").getBoundingClientRect().top;
    const first = bubbles.find((bubble) => bubble.getBoundingClientRect().bottom > top);
    return first.innerText.split("\\n")[0];
}"""


def choose_russian(widget: Widget) -> Widget:
    widget.choose("language", "ru")
    return Widget(widget.page, "ru")


def test_a_language_chosen_in_the_form_keeps_the_name(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.name.fill("anna")
    expect(choose_russian(widget).name).to_have_value("anna")


@pytest.mark.parametrize("service_settings", [["--login-failures=1", "--login-window=300"]])
def test_a_language_chosen_by_who_failed_too_often_keeps_the_time_to_wait(open_page: OpenPage, watch: Watch) -> None:
    watch.allow("403")
    widget = Widget(open_page("/"))
    widget.fill_in("anna", "wrong")
    expect(widget.error).to_contain_text("wrong")
    widget.fill_in("anna", PASSWORD)
    expect(widget.error).to_contain_text("Too many attempts. Try again in ")
    russian = choose_russian(widget)
    expect(russian.error).to_have_text(re.compile(r"Слишком много попыток.* (29\d|300) "))
    expect(russian.panel.get_by_role("button", name="Войти")).to_have_attribute("aria-disabled", "true")


def test_a_log_in_that_fails_after_the_language_was_chosen_says_so_in_that(open_page: OpenPage, watch: Watch) -> None:
    watch.allow("403")
    widget = Widget(open_page("/"))
    waiting: list[Route] = []
    widget.page.route("**/v1/auth/", lambda route: waiting.append(route))
    widget.fill_in("anna", "wrong")
    until(widget.page, lambda: len(waiting) == 1)
    russian = choose_russian(widget)
    expect(russian.panel.get_by_role("button", name="Входим…")).to_have_attribute("aria-disabled", "true")
    waiting[0].continue_()
    expect(russian.error).to_have_text("Неверное имя или пароль.")
    expect(russian.status).to_have_text("Неверное имя или пароль.")
    widget.page.unroute("**/v1/auth/")
    russian.log_in("anna")


def test_an_expired_session_is_explained_in_the_language_that_is_chosen_then(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    widget.expire()
    widget.page.reload()
    expect(widget.panel).to_contain_text("Your session has ended.")
    widget.choose("language", "ru")
    expect(widget.panel).to_contain_text("Сеанс закончился.")


def test_a_draft_survives_a_reload_and_a_switch_of_the_language(widget: Widget) -> None:
    widget.composer.fill("half a thought")
    widget.page.reload()
    expect(widget.composer).to_have_value("half a thought")
    russian = choose_russian(widget)
    expect(russian.composer).to_have_value("half a thought")
    assert russian.focus() == "Меню"
    expect(widget.page.get_by_role("heading", level=1)).to_have_text("Чем помочь?")
    russian.page.reload()
    expect(russian.composer).to_have_value("half a thought")


def test_the_language_can_be_chosen_without_a_line(open_page: OpenPage, network: Network, watch: Watch) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    network.cut()
    widget.wait_for_line("waiting")
    expect(choose_russian(widget).composer).to_be_editable()


def test_a_language_chosen_without_a_line_leaves_the_reader_in_place_when_it_is_back(
    open_page: OpenPage, network: Network, peer: EnterPeer, ids: dict[str, int], database_url: str, watch: Watch
) -> None:
    watch.allow(NETWORK)
    peer("anna").call("message.read", add_messages(database_url, "anna", 60)[-1])
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    network.cut()
    widget.wait_for_line("waiting")
    russian = choose_russian(widget)
    russian.panel.locator("chat-transcript").evaluate("(scroller) => { scroller.scrollTop = 0 }")
    expect(russian.bubble("Message 1")).to_be_in_viewport()
    network.mend()
    russian.wait_for_line()
    russian.page.wait_for_timeout(300)
    expect(russian.bubble("Message 1")).to_be_in_viewport()


def test_a_language_chosen_by_who_reads_above_leaves_the_place(
    open_page: OpenPage, peer: EnterPeer, database_url: str
) -> None:
    peer("anna").call("message.read", add_messages(database_url, "anna", 60)[-1])
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    widget.panel.locator("chat-transcript").evaluate("(scroller) => { scroller.scrollTop = 600 }")
    expect(widget.to_end).to_be_visible()
    seen = widget.bubbles.evaluate_all(IN_VIEW)
    russian = choose_russian(widget)
    expect(russian.to_end).to_have_attribute("aria-label", "К последнему сообщению")
    assert russian.bubbles.evaluate_all(IN_VIEW) == seen
    russian.launcher.click()
    other = Widget(open_page("/", beside=russian.page), "ru")
    other.wait_for_line()
    other.log_out()
    other.log_in("anna")
    until(russian.page, lambda: russian.bubbles.count() > 0)
    russian.launcher.click()
    expect(russian.bubble("Message 60")).to_be_in_viewport()


def test_a_line_that_comes_back_is_told_in_the_language_that_was_chosen_meanwhile(
    open_page: OpenPage, network: Network, watch: Watch
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/", base=network.url))
    widget.log_in("anna")
    network.cut()
    widget.wait_for_line("waiting")
    widget.choose("language", "ru")
    network.mend()
    russian = Widget(widget.page, "ru")
    russian.wait_for_line()
    expect(russian.status).not_to_be_empty()
