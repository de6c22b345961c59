"""Coming in and going out."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.conftest import PASSWORD
from tests.pages.browsing import NETWORK, OpenPage, Watch, until
from tests.pages.peer import Peer
from tests.pages.widget import Widget
from tests.service import Service

FORBIDDEN = "status of 403"  # Chromium's console tells of it


def test_a_customer_logs_in_and_finds_the_composer_focused(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    expect(widget.composer).to_be_focused()
    expect(widget.line).to_contain_text("Nobody is here now. Leave a message, we will answer here.")


def test_an_operator_who_comes_changes_the_line(open_page: OpenPage, peer: Callable[[str], Peer]) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    peer("olga")
    expect(widget.line).to_contain_text("Connected")


def test_the_fields_say_what_they_are_to_people_and_password_managers(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    expect(widget.name).to_have_attribute("autocomplete", "username")
    expect(widget.password).to_have_attribute("autocomplete", "current-password")
    widget.password.focus()
    widget.page.keyboard.insert_text("pasted")
    expect(widget.password).to_have_value("pasted")


def test_a_wrong_password_is_told_and_the_name_stays(open_page: OpenPage, watch: Watch) -> None:
    watch.allow(FORBIDDEN)
    widget = Widget(open_page("/"))
    widget.fill_in("anna", "wrong")
    expect(widget.error).to_have_text("The name or the password is wrong.")
    expect(widget.status).to_have_text("The name or the password is wrong.")
    expect(widget.name).to_have_value("anna")
    expect(widget.password).to_be_focused()
    widget.log_in("anna")


@pytest.mark.parametrize("service_settings", [["--login-failures=1", "--login-window=300"]])
def test_who_failed_too_often_sees_how_long_to_wait(open_page: OpenPage, watch: Watch) -> None:
    watch.allow(FORBIDDEN)
    widget = Widget(open_page("/"))
    widget.fill_in("anna", "wrong")
    expect(widget.error).to_contain_text("wrong")
    widget.fill_in("anna", PASSWORD)
    expect(widget.error).to_contain_text("Too many attempts. Try again in ")
    before = widget.error.inner_text()
    told = widget.status.inner_text()
    expect(widget.error).not_to_have_text(before)  # it counts down, in no live region
    assert widget.status.inner_text() == told
    expect(widget.name).to_have_value("anna")
    expect(widget.panel.get_by_role("button", name="Log in")).to_have_attribute("aria-disabled", "true")


def test_a_service_that_is_away_reads_differently(open_page: OpenPage, service: Service, watch: Watch) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/"))
    expect(widget.name).to_be_visible()
    service.kill()
    widget.fill_in("anna")
    expect(widget.error).to_have_text("The service can’t be reached. Try again in a moment.")
    expect(widget.name).to_have_value("anna")
    service.start()
    widget.log_in("anna")


@pytest.mark.parametrize("body", ["<html>a proxy's own page</html>", '{"result": {"tok', "null"])
def test_an_answer_that_is_not_the_services_reads_as_a_service_that_is_away(open_page: OpenPage, body: str) -> None:
    widget = Widget(open_page("/"))
    widget.page.route("**/v1/auth/", lambda route: route.fulfill(body=body))
    widget.fill_in("anna")
    expect(widget.error).to_have_text("The service can’t be reached. Try again in a moment.")
    widget.page.unroute("**/v1/auth/")
    widget.log_in("anna")


def test_an_operator_is_sent_to_the_operators_page(open_page: OpenPage, service: Service) -> None:
    widget = Widget(open_page("/"))
    widget.fill_in("olga")
    expect(widget.panel.get_by_text("that is an operator’s account")).to_be_visible()
    link = widget.panel.get_by_role("link", name="Go to the operators’ page")
    expect(link).to_have_attribute("href", f"{service.url}/operator")
    assert "session" not in widget.kept()
    widget.log_in("anna")


@pytest.mark.parametrize("height", [260, 220])
def test_the_question_before_a_log_out_can_be_read_in_a_low_window(open_page: OpenPage, height: int) -> None:
    widget = Widget(open_page("/", viewport={"width": 640, "height": height}))
    widget.log_in("anna")
    widget.composer.fill("a draft")
    widget.log_out()
    question = widget.panel.get_by_role("alertdialog")
    expect(question).to_be_in_viewport(ratio=0.95)
    question.hover()
    widget.page.mouse.wheel(0, -1_000)
    expect(question.get_by_role("heading")).to_be_in_viewport(ratio=1)
    question.get_by_role("button", name="Stay").click()
    expect(widget.composer).to_have_value("a draft")


def test_a_log_out_leaves_nothing_in_any_tab_and_asks_first(
    open_page: OpenPage, service: Service, watch: Watch
) -> None:
    watch.allow(NETWORK)
    first = Widget(open_page("/"))
    first.log_in("anna")
    second = Widget(open_page("/", beside=first.page))
    second.wait_for_line()
    service.kill()
    first.wait_for_line("waiting", "connecting")
    first.send("not sent")
    second.composer.fill("a text of the second tab")
    first.log_out()
    expect(first.panel.get_by_role("alertdialog")).to_contain_text("1 message is not sent yet.")
    assert first.focus() == "Stay"
    first.page.keyboard.press("Escape")
    expect(first.composer).to_be_visible()
    assert first.unsent() == ["not sent"]
    first.log_out()
    first.panel.get_by_role("button", name="Log out and lose it").click()
    expect(first.name).to_be_focused()
    expect(second.name).to_be_visible()
    second.page.wait_for_timeout(500)  # longer than the composer waits before it saves
    assert {name for name in second.kept() if name not in ("language", "theme")} == set()
    second.page.evaluate("localStorage.setItem('chat:draft:3', '\"saved too late\"')")
    second.page.wait_for_function("localStorage.getItem('chat:draft:3') === null")
    service.start()
    first.log_in("boris")
    second.wait_for_line()  # it is the same customer's
    for widget in (first, second):
        expect(widget.composer).to_have_value("")
        expect(widget.bubbles).to_have_count(0)


def test_the_next_customer_hears_nothing_of_the_one_before(
    open_page: OpenPage, peer: Callable[[str], Peer], ids: dict[str, int]
) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    other = Widget(open_page("/", beside=widget.page))
    other.wait_for_line()
    log = widget.page.locator("support-chat [role=log]")
    peer("olga").answer(ids["anna"], "your code is 4711")
    expect(log).to_contain_text("your code is 4711")
    other.log_out()
    expect(widget.name).to_have_value("")
    expect(log).to_have_text("")
    expect(widget.status).to_have_text("")


def test_a_log_out_with_a_text_in_the_composer_asks_too(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    widget.composer.fill("half a")
    widget.log_out()
    expect(widget.panel.get_by_role("alertdialog")).to_contain_text("What you are writing is not sent yet.")
    widget.panel.get_by_role("button", name="Log out and lose it").click()
    expect(widget.name).to_have_value("")
    assert not widget.kept()


def test_a_text_outlives_the_session_although_one_was_logged_out_before(open_page: OpenPage) -> None:
    first = Widget(open_page("/"))
    first.log_in("anna")
    first.log_out()
    expect(first.name).to_be_focused()
    first.log_in("anna")
    second = Widget(open_page("/", beside=first.page))
    second.wait_for_line()
    second.page.evaluate("localStorage.removeItem('chat:session')")  # as where its token has expired
    second.page.evaluate("localStorage.setItem('chat:draft:3', '\"a text\"')")
    expect(first.name).to_be_visible()
    first.page.wait_for_timeout(200)
    assert second.kept()["draft:3"] == "a text"


def test_a_log_out_with_nothing_unsent_asks_nothing(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    widget.send("Hello")
    expect(widget.state("Hello")).to_have_text("Sent")
    widget.log_out()
    expect(widget.name).to_be_focused()
    assert not widget.kept()


def test_an_expired_session_says_so_and_keeps_what_was_written(
    open_page: OpenPage, service: Service, watch: Watch
) -> None:
    watch.allow(NETWORK)
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    service.kill()
    widget.wait_for_line("waiting", "connecting")
    widget.send("written offline")
    widget.composer.fill("a draft")
    widget.expire()
    service.start()
    expect(widget.panel.get_by_text("Your session has ended.")).to_be_visible()
    expect(widget.name).to_have_value("anna")
    widget.password.fill(PASSWORD)
    widget.password.press("Enter")
    expect(widget.state("written offline")).to_have_text("Sent")
    expect(widget.composer).to_have_value("a draft")


def test_a_log_out_elsewhere_during_the_question_leaves_the_focus_in_the_form(open_page: OpenPage) -> None:
    first = Widget(open_page("/"))
    first.log_in("anna")
    second = Widget(open_page("/", beside=first.page))
    second.wait_for_line()
    first.composer.fill("half a")
    first.log_out()
    assert first.focus() == "Stay"
    second.page.evaluate("localStorage.removeItem('chat:session')")
    expect(first.name).to_be_visible()
    assert first.focus() == "Name"


def test_a_panel_closed_during_the_question_opens_without_it(open_page: OpenPage) -> None:
    widget = Widget(open_page("/"))
    widget.log_in("anna")
    widget.composer.fill("half a")
    widget.log_out()
    widget.launcher.click()
    expect(widget.panel).to_be_hidden()
    widget.launcher.click()
    expect(widget.composer).to_be_focused()


def test_an_expired_session_is_explained_in_every_tab(open_page: OpenPage, service: Service, watch: Watch) -> None:
    watch.allow(NETWORK)
    first = Widget(open_page("/"))
    first.log_in("anna")
    second = Widget(open_page("/", beside=first.page))
    second.wait_for_line()
    service.kill()
    for tab in (first, second):
        tab.wait_for_line("waiting", "connecting")
    first.expire()
    service.start()
    for tab in (first, second):
        expect(tab.name).to_be_visible()
        expect(tab.panel.get_by_text("Your session has ended.")).to_be_visible()


def test_a_tab_that_hears_late_of_an_expired_session_leaves_the_new_one_alone(open_page: OpenPage) -> None:
    page = open_page("/")
    lines: list[WebSocketRoute] = []

    def relay(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket(re.compile(r"/v1/ws/$"), relay)
    widget = Widget(page)
    widget.log_in("anna")
    page.wait_for_timeout(1_000)  # two tokens of one second are alike
    page.evaluate(
        """async (body) => {
            const answer = await fetch("/v1/auth/", { method: "POST", body: JSON.stringify(body) });
            const session = JSON.parse(localStorage["chat:session"]);
            session.token = (await answer.json()).result.token;
            localStorage["chat:session"] = JSON.stringify(session);
        }""",
        {"user_name": "anna", "password": PASSWORD},
    )
    lines[0].close(code=1008)
    until(page, lambda: len(lines) == 2)
    widget.wait_for_line()
    widget.send("a question")
    expect(widget.state("a question")).to_have_text("Sent")


def test_what_was_said_of_a_wrong_password_or_a_long_text_is_not_said_for_ever(
    open_page: OpenPage, watch: Watch
) -> None:
    watch.allow("403")
    widget = Widget(open_page("/"))
    widget.fill_in("anna", "wrong password")
    expect(widget.status).not_to_be_empty()
    widget.log_in("anna")
    expect(widget.status).to_be_empty()
    widget.composer.fill("x" * 16_001)
    expect(widget.status).to_have_text("1 character too many")
    widget.composer.fill("fine")
    expect(widget.status).to_be_empty()
