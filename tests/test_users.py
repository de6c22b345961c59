"""The administrator's commands, on an empty database and beside a running service."""

import asyncio
import json
import sys
from pathlib import Path

import pexpect
import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.client import Client
from tests.service import ROOT, Service, manage, running

pytestmark = pytest.mark.gen_test


def users(url: str, *arguments: str, stdin: str = "") -> str:
    """The output of a command that must succeed."""
    done = manage("user", *arguments, f"--database={url}", stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(url: str, *arguments: str, stdin: str = "") -> str:
    """The one line with which a command must fail."""
    done = manage("user", *arguments, f"--database={url}", stdin=stdin)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_users_are_added_listed_changed_and_removed(database_url: str) -> None:
    assert "added the operator olga, id 1" in users(database_url, "add", "olga", "--operator", stdin="a secret\n")
    assert "added the customer Анна Ё, id 2" in users(database_url, "add", "Анна Ё", stdin="a secret\n")
    assert users(database_url, "list").split() == ["1", "operator", "olga", "2", "customer", "Анна", "Ё"]
    assert "olga is now a customer" in users(database_url, "role", "olga", "customer")
    assert "changed the password" in users(database_url, "passwd", "olga", stdin="another one\n")
    assert "must log in again" in users(database_url, "logout", "olga")
    assert "removed olga" in users(database_url, "remove", "olga", "--yes")
    assert "removed Анна" in users(database_url, "remove", "Анна Ё", stdin="y\n")
    assert users(database_url, "list") == ""
    assert "id 3" in users(database_url, "add", "olga", stdin="a secret\n")  # an id is never given twice


def test_what_cannot_be_is_refused_in_one_line(database_url: str) -> None:
    users(database_url, "add", "anna", stdin="a secret\n")
    assert "there is a user anna already" in refused(database_url, "add", "anna", stdin="a secret\n")
    for command in (["passwd", "nobody"], ["role", "nobody", "operator"], ["logout", "nobody"], ["remove", "nobody"]):
        assert "there is no user nobody" in refused(database_url, *command)
    assert "no spaces at its ends" in refused(database_url, "add", " anna", stdin="a secret\n")
    assert "control characters" in refused(database_url, "add", "a\nb", stdin="a secret\n")
    assert "1 to 255 characters" in refused(database_url, "add", "a" * 256, stdin="a secret\n")
    assert "at most 72 bytes" in refused(database_url, "add", "boris", stdin="ё" * 37 + "\n")
    for password in ("", "\n", "seven 7\n", "ёёёёёёё\n"):
        assert "at least 8 characters" in refused(database_url, "add", "boris", stdin=password)
    assert "at least 8 characters" in refused(database_url, "passwd", "anna", stdin="seven 7\n")
    assert "Aborted" in refused(database_url, "remove", "anna", stdin="n\n")
    assert users(database_url, "list").split() == ["1", "customer", "anna"]


def test_a_database_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to see that it is none" * 10)
    for url, line in (
        ("postgres://x", "unknown database"),
        ("sqlite:", "unknown database"),
        ("sqlite::memory:", "unknown database"),
        (f"sqlite:{tmp_path}/text", "cannot use the database"),
        (f"sqlite:{tmp_path}", "cannot open the database"),
        ("mysql://user@127.0.0.1:abc/chat", "the port in --database= is none"),
        ("mysql://user@127.0.0.1/chat?ssl_ca=/nowhere", "cannot read ssl_ca=/nowhere"),
        ("mysql://user:secret@127.0.0.1/chat", "CHAT_DATABASE_PASSWORD"),
        ("mysql://127.0.0.1/chat", "names no user"),
        ("mysql://user@127.0.0.1/", "no database"),
        ("mysql://user@127.0.0.1/chat?charset=latin1", "unknown in the database's address: charset"),
        ("mysql://user@127.0.0.1:1/chat", "cannot reach the database"),
    ):
        assert line in refused(url, "list")


def test_on_a_terminal_the_password_is_asked_for_twice(database_url: str) -> None:
    arguments = ["-m", "manage", "user", "add", "anna", f"--database={database_url}"]
    terminal = pexpect.spawn(sys.executable, arguments, cwd=str(ROOT), encoding="utf-8", timeout=30)
    for question, answer in (
        ("Password:", "a secret"),
        ("Repeat for confirmation:", "other"),
        ("do not match", None),
        ("Password:", "a secret"),
        ("Repeat for confirmation:", "a secret"),
        ("added the customer anna, id 1", None),
    ):
        terminal.expect(question)
        assert "secret" not in (terminal.before or "")
        if answer:
            terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


async def log_in(url: str, name: str, password: str) -> str:
    answer = await AsyncHTTPClient().fetch(
        f"{url}/v1/auth/", method="POST", body=json.dumps({"user_name": name, "password": password})
    )
    return str(json.loads(answer.body)["result"]["token"])


async def test_commands_work_while_the_service_runs(database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, f"--database={database_url}") as service:
        assert "there are no users yet: add one with ./run.sh user add" in service.log.read_text()
        users(database_url, "add", "olga", "--operator", stdin="a secret\n")
        users(database_url, "add", "anna", stdin="a secret\n")
        anna, olga = await Client.connect(service.url), await Client.connect(service.url)
        token = await log_in(service.url, "anna", "a secret")
        await anna.call("message.auth", token)
        await olga.call("message.auth", await log_in(service.url, "olga", "a secret"))
        await anna.call("message.send", "text")
        users(database_url, "passwd", "anna", stdin="another one\n")
        again = await Client.connect(service.url)
        again.send("message.auth", token)
        assert await again.close_code() == 1008
        await log_in(service.url, "anna", "another one")
        users(database_url, "remove", "anna", "--yes")
        anna.send("message.send", "from nobody")
        assert await anna.close_code() == 1008
        assert (await olga.push())["message_text"] == "text"
        assert await olga.refused("message.operatorSend", "to nobody", 2) == 7
        olga.close()


@pytest.mark.slow
@pytest.mark.gen_test(timeout=120)
async def test_who_is_logged_out_or_removed_is_cut_off_within_a_minute_and_nobody_else(
    database_url: str, tmp_path: Path
) -> None:
    with running(tmp_path, f"--database={database_url}") as service:
        clients = {}
        for name in ("anna", "boris", "vera"):
            users(database_url, "add", name, stdin="a secret\n")
            clients[name] = await Client.connect(service.url)
            await clients[name].call("message.auth", await log_in(service.url, name, "a secret"))
        users(database_url, "logout", "anna")
        users(database_url, "remove", "boris", "--yes")
        codes = [clients["anna"].close_code(), clients["boris"].close_code()]
        assert await asyncio.wait_for(asyncio.gather(*codes), 60) == [1008, 1008]
        assert await clients["vera"].call("desk.status")


def demo_lines(service: Service) -> list[list[str]]:
    """The role, name and password of each account that the demo printed."""
    return [line.split() for line in service.log.read_text().splitlines() if line.startswith("  ")]


async def read_page(service: Service, path: str) -> str:
    return (await AsyncHTTPClient().fetch(service.url + path)).body.decode()


async def test_the_demo_shows_its_accounts_at_every_start(database_url: str, tmp_path: Path) -> None:
    printed = []
    for _ in range(2):
        with running(tmp_path, f"--database={database_url}", "--demo") as service:
            printed.append(demo_lines(service))
            log = service.log.read_text()
            for url in (f"http://127.0.0.1:{service.port}/operator", f"ws://127.0.0.1:{service.port}/v1/ws/"):
                assert url in log
            for role, name, password in printed[-1]:
                assert await log_in(service.url, name, password)
                for page, shown in (("/", role == "customer"), ("/operator", role == "operator")):
                    assert (password in await read_page(service, page)) == shown
            operator = await Client.connect(service.url)
            await operator.call("message.auth", await log_in(service.url, *printed[-1][0][1:]))
            shortcuts = [reply["shortcut"] for reply in (await operator.call("reply.list"))["replies"]]
            assert shortcuts == ["hello", "hours", "thanks"]
    assert printed[0] == printed[1]
    roles = [(role, name) for role, name, _ in printed[0]]
    assert roles == [("operator", "operator"), ("operator", "olga"), ("customer", "anna"), ("customer", "boris")]
    assert len({password for _, _, password in printed[0]}) == 4
    with running(tmp_path, f"--database={database_url}") as service:  # the same database, and no demo
        for page in ("/", "/operator"):
            text = await read_page(service, page)
            assert not any(password in text for _, _, password in printed[0])


async def test_the_demo_leaves_alone_what_was_changed(database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, f"--database={database_url}", "--demo") as service:
        first = demo_lines(service)
    users(database_url, "passwd", "anna", stdin="another one\n")
    users(database_url, "role", "olga", "customer")
    users(database_url, "remove", "operator", "--yes")
    with running(tmp_path, f"--database={database_url}", "--demo") as service:
        assert demo_lines(service) == [["customer", *first[1][1:]], first[3]]
        assert await log_in(service.url, "anna", "another one")
    users(database_url, "passwd", "olga", stdin="another one\n")
    users(database_url, "remove", "boris", "--yes")
    with running(tmp_path, f"--database={database_url}", "--demo") as service:
        assert demo_lines(service) == []
        assert "The demo's accounts are gone or have other passwords" in service.log.read_text()
    assert len(users(database_url, "list").splitlines()) == 2


async def test_another_secret_makes_other_demo_passwords(database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, f"--database={database_url}", "--demo") as service:
        assert len(demo_lines(service)) == 4
    with running(tmp_path, f"--database={database_url}", "--demo", f"--secret-file={tmp_path}/other") as service:
        assert demo_lines(service) == []


def test_the_database_is_the_one_in_the_settings_file(database_url: str, tmp_path: Path) -> None:
    users(database_url, "add", "anna", stdin="a secret\n")
    (tmp_path / "chat.toml").write_text(f'database = "{database_url}"\nport = 1\n')
    found = manage("user", "list", f"--config={tmp_path}/chat.toml")
    assert found.stdout.split() == ["1", "customer", "anna"]
    assert "cannot read the settings" in manage("user", "list", f"--config={tmp_path}/none.toml").stderr


def test_a_mistyped_path_makes_no_database(tmp_path: Path) -> None:
    assert "there is no database" in refused(f"sqlite:{tmp_path}/chta.db", "list")
    assert "check that its folder is there" in refused(
        f"sqlite:{tmp_path}/vra/chat.db", "add", "anna", stdin="a secret\n"
    )
    assert not list(tmp_path.iterdir())
