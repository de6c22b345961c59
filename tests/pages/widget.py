"""The widget as its customer meets it, in a page of Playwright's."""

import json
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.conftest import PASSWORD

WORDS = {
    "en": {
        "name": "Name",
        "password": "Password",
        "log_in": "Log in",
        "message": "Message",
        "menu": "Menu",
        "log_out": "Log out",
        "open": "Open chat",
        "language": "Language",
        "theme": "Theme",
        "stay": "Stay",
    },
    "ru": {
        "name": "Имя",
        "password": "Пароль",
        "log_in": "Войти",
        "message": "Сообщение",
        "menu": "Меню",
        "log_out": "Выйти",
        "open": "Открыть чат",
        "language": "Язык",
        "theme": "Тема",
        "stay": "Остаться",
    },
}
ROOT = "document.querySelector('support-chat').shadowRoot"


class Widget:
    """The one widget of a page. What is found by its words is found as a customer would name it."""

    def __init__(self, page: Page, language: str = "en") -> None:
        self.page = page
        self.words = WORDS[language]
        self.launcher = page.locator("support-chat .launcher")
        self.panel = page.locator("support-chat dialog")
        self.line = self.panel.locator(".line")
        self.bubbles = self.panel.locator("chat-transcript .bubble")
        self.status = page.locator("support-chat [role=status]")
        self.name = self.panel.get_by_label(self.words["name"], exact=True)
        self.password = self.panel.get_by_label(self.words["password"], exact=True)
        self.composer = self.panel.get_by_role("textbox", name=self.words["message"], exact=True)
        self.error = self.panel.locator("form .error")
        self.to_end = self.panel.locator(".to-end")

    def fill_in(self, name: str, password: str = PASSWORD) -> None:
        self.name.fill(name)
        self.password.fill(password)
        self.password.press("Enter")

    def log_in(self, name: str) -> None:
        """Log in, and wait until the line is open."""
        self.fill_in(name)
        self.wait_for_line()

    def wait_for_line(self, *states: str) -> None:
        """`states` of the line: "connecting", "open", "nobody" (open, and no operator is here), "waiting"."""
        wanted = ", ".join(f"[data-state={state}]" for state in states or ("open", "nobody"))
        expect(self.line.and_(self.page.locator(wanted))).to_be_visible()

    def send(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def bubble(self, text: str) -> Locator:
        return self.panel.locator("chat-transcript li", has=self.page.get_by_text(text, exact=True))

    def state(self, text: str) -> Locator:
        """The state that a message shows."""
        return self.bubble(text).locator(".state")

    def choose(self, setting: str, value: str) -> None:
        """Choose "language" or "theme" in the menu."""
        self.open_menu()
        self.panel.get_by_label(self.words[setting], exact=True).select_option(value)

    def open_menu(self) -> None:
        self.panel.get_by_role("button", name=self.words["menu"], exact=True).click()

    def log_out(self) -> None:
        self.open_menu()
        self.panel.get_by_role("button", name=self.words["log_out"], exact=True).click()

    def kept(self) -> dict[str, Any]:
        """What the widget keeps in this browser, by its names without the prefix."""
        items = self.page.evaluate("Object.entries(localStorage)")
        return {key.removeprefix("chat:"): json.loads(text) for key, text in items if key.startswith("chat:")}

    def expire(self) -> None:
        """Let the token that is kept be one that the service refuses, from the next connection on."""
        session = {**self.kept()["session"], "token": "expired"}
        self.page.evaluate("(session) => localStorage.setItem('chat:session', JSON.stringify(session))", session)

    def unsent(self) -> list[str]:
        """The texts in the outbox, by age."""
        items = [item for name, item in self.kept().items() if name.startswith("outbox:") and "message_id" not in item]
        return [item["text"] for item in sorted(items, key=lambda item: item["created"])]

    def focus(self) -> str:
        """The accessible name, or else the text, of what has the focus in the widget; "" for nothing."""
        found: str = self.page.evaluate(
            f"""() => {{
                const focus = {ROOT}.activeElement;
                return focus?.ariaLabel ?? focus?.labels?.[0]?.textContent ?? focus?.textContent ?? "";
            }}"""
        )
        return found
