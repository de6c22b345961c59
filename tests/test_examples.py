"""The programs of docs/examples, as who copies them starts them."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from db import Connection, find_engine
from tests.pages.peer import Peer
from tests.service import ROOT, Service, manage, running

PASSWORD = "correct horse"


class Program:
    """An example that runs."""

    def __init__(self, name: str, service: Service, user: str) -> None:
        path = ROOT / "docs" / "examples" / f"{name}.py"
        self.process = subprocess.Popen(
            [sys.executable, path, service.url, user, PASSWORD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def write(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")

    def read(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    for name, role in (("olga", ["--operator"]), ("bot", ["--operator"]), ("anna", [])):
        manage("user", "add", name, *role, f"--database={database_url}", stdin=f"{PASSWORD}\n")
    with running(tmp_path, f"--database={database_url}", "--message-rate=0") as started:
        yield started


def test_the_customer_resumes_after_a_lost_connection_and_loses_nothing(service: Service) -> None:
    with Program("customer", service, "anna") as anna:
        anna.write("before")
        assert anna.read() == "you: before"
        service.kill()
        anna.write("meanwhile")
        service.start()
        olga = Peer(service.url, "olga", PASSWORD)
        olga.answer(olga.messages[0]["user_id"], "still here?")
        assert {anna.read(), anna.read()} == {"you: meanwhile", "olga: still here?"}
        page = olga.call("message.history", olga.messages[0]["user_id"])
        assert sorted(one["message_text"] for one in page["messages"]) == ["before", "meanwhile", "still here?"]
        olga.close()


@contextlib.contextmanager
def beside(database_url: str) -> Iterator[Connection]:
    """A connection to the database, beside the service."""
    with contextlib.closing(find_engine(database_url).connect()) as connection:
        yield connection


def test_what_the_service_could_not_store_is_sent_until_it_can(service: Service, database_url: str) -> None:
    with Program("customer", service, "anna") as anna, Program("bot", service, "bot") as bot:
        anna.write("before")
        assert anna.read() == "you: before"
        assert anna.read().startswith("bot: Thank you")
        with beside(database_url) as connection:
            connection.execute("ALTER TABLE conversations RENAME TO gone")
            anna.write("meanwhile")
            while "message.send error 5" not in service.log.read_text():
                time.sleep(0.02)
            connection.execute("ALTER TABLE gone RENAME TO conversations")
        assert anna.read() == "you: meanwhile"
        assert anna.read().startswith("bot: Thank you")
        assert bot.process.poll() is None


def test_the_customer_gets_all_that_it_missed_be_it_thousands(service: Service, database_url: str) -> None:
    with Program("customer", service, "anna") as anna:
        anna.write("before")
        assert anna.read() == "you: before"
        service.kill()
        with beside(database_url) as connection:
            (user_id,) = connection.execute("SELECT user_id FROM messages").fetchone()
            sql = "INSERT INTO messages (user_id, invader_name, message, is_from_support) VALUES (?, ?, ?, ?)"
            connection.insert(sql, [(user_id, "olga", str(number), True) for number in range(1_200)])
        service.start()
        assert [anna.read() for _ in range(1_200)] == [f"olga: {number}" for number in range(1_200)]
        olga = Peer(service.url, "olga", PASSWORD)
        olga.answer(user_id, "and this")
        olga.close()
        assert anna.read() == "olga: and this"


def test_the_customer_is_told_to_log_in_again(service: Service, database_url: str) -> None:
    with Program("customer", service, "anna") as anna:
        anna.write("before")
        assert anna.read() == "you: before"
        manage("user", "logout", "anna", f"--database={database_url}")
        service.kill()
        service.start()
        assert anna.process.wait(30) == 1


def test_the_bot_answers_what_waited_and_what_comes_once(service: Service) -> None:
    with ExitStack() as life:
        anna = Peer(service.url, "anna", PASSWORD)
        life.callback(anna.close)
        anna.send("first")
        life.enter_context(Program("bot", service, "bot"))
        assert "first" in anna.wait_for("message")["message_text"]
        anna.send("second")
        assert "second" in anna.wait_for("message")["message_text"]
        life.enter_context(Program("bot", service, "bot"))  # another one of the same name
        anna.send("third")
        assert "third" in anna.wait_for("message")["message_text"]
        senders = [one["invader_name"] for one in anna.call("message.history")["messages"]]
        assert senders == ["", "bot", "", "bot", "", "bot"]


def test_the_bot_leaves_to_a_colleague_what_the_colleague_has_answered(service: Service) -> None:
    anna, olga = Peer(service.url, "anna", PASSWORD), Peer(service.url, "olga", PASSWORD)
    asked = anna.send("a question")
    olga.answer(anna.user_id, "an answer")
    with Program("bot", service, "bot"):
        anna.send("another")
        assert anna.wait_for("message")["invader_name"] == "olga"
        assert "another" in anna.wait_for("message")["message_text"]
        texts = [
            one["message_text"] for one in anna.call("message.history", None, None, asked["message_id"])["messages"]
        ]
        assert texts[:2] == ["an answer", "another"]
    anna.close()
    olga.close()
