"""How the service starts, what it says when it can't, and how it stops."""

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import server
from db.sqlite import LOG_PAGES
from tests.client import Client
from tests.mariadb import MariaDB
from tests.service import ROOT, Service, manage, running
from tests.test_users import log_in

pytestmark = pytest.mark.gen_test


def failing(folder: Path, *settings: str, **environment: str) -> str:
    """The one line with which the service must end."""
    done = subprocess.run(
        [sys.executable, "server.py", "--port=0", f"--database=sqlite:{folder}/chat.db", *settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "CHAT_SECRET": "x" * 32, **environment},
    )
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("chat: ")
    return line


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("--prot=1", "unknown setting --prot=1"),
        ("port=1", "unknown setting port=1"),
        ("--port=eighty", "--port does not take 'eighty'"),
        ("--port", "--port needs a value: write --port=…"),
        ("--address=", "--address is empty"),
        ("--allowed-origins=", "'' is no origin"),
        ("--ping-interval=-1", "--ping-interval must be above 0"),
        ("--message-rate=-1", "--message-rate must be 0 or more"),
        ("--auth-timeout=nan", "--auth-timeout must be above 0"),
        ("--trusted-proxies=127.0.0.1,10.0.0.0/8", "'10.0.0.0/8' is no address"),
        ("--allowed-origins=https://shop.example/", "'https://shop.example/' is no origin"),
        ("--logging=loud", "--logging does not take 'loud'"),
        ("--log-format=xml", "--log-format does not take 'xml': say plain, logfmt, json"),
        ("--log-file-prefix=/nowhere/log", "cannot write the log to /nowhere/log"),
        ("--database=sqlite:/nowhere/chat.db", "check that its folder is there"),
        ("--port=65536", "--port must be at most 65535"),
        ("--text-limit=16001", "--text-limit must be at most 16000"),
        ("--token-days=0", "--token-days must be above 0"),
        ("--address=192.0.2.1", "choose an address of this machine"),
        ("--database=oracle:x", "unknown database oracle:…"),
        ("--config=/nowhere/chat.toml", "cannot read the settings in /nowhere/chat.toml"),
        ("--database=mysql://user@127.0.0.1:1/chat", "cannot reach the database at 127.0.0.1:1"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path: Path, setting: str, line: str) -> None:
    assert line in failing(tmp_path, setting)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("prot = 1", "unknown setting 'prot'"),
        ('port = "8888"', "port in"),
        ("port = true", "is a whole number, not True"),
        ("allowed_origins = 'x'", "is a list of texts"),
        ("[server]\nport = 1", "without a section"),
        ("port = ", "cannot read the settings"),
        ("help = true", "unknown setting 'help'"),
    ],
)
def test_a_wrong_settings_file_is_one_clear_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "chat.toml").write_text(text)
    assert line in failing(tmp_path, f"--config={tmp_path}/chat.toml")


def test_a_taken_port_a_short_secret_and_a_held_database_are_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "choose another port" in failing(tmp_path, f"--port={taken.getsockname()[1]}")
    assert "CHAT_SECRET is too short" in failing(tmp_path, CHAT_SECRET="short")
    secret = tmp_path / "secret"
    secret.write_text("y" * 32)
    secret.chmod(0o644)
    assert "chmod 600" in failing(tmp_path, f"--secret-file={secret}", CHAT_SECRET="")
    with running(tmp_path, f"--database=sqlite:{tmp_path}/chat.db", f"--secret-file={tmp_path}/new"):
        assert "another service uses the database" in failing(tmp_path)


def test_a_read_only_folder_is_one_clear_line(tmp_path: Path) -> None:
    """Root may write everywhere: /proc takes no files from anybody."""
    assert "cannot open the database" in failing(tmp_path, "--database=sqlite:/proc/chat/chat.db")
    for path in ("/proc/secret", "/nowhere/secret"):
        assert "cannot write the token secret" in failing(tmp_path, f"--secret-file={path}", CHAT_SECRET="")


def test_a_database_of_another_program_is_one_clear_line(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE users (name TEXT)")
    assert "another program's" in failing(tmp_path, f"--database=sqlite:{tmp_path}/other.db")


def test_a_user_who_may_only_read_is_one_clear_line(tmp_path: Path, mariadb: MariaDB) -> None:
    mariadb.execute("CREATE OR REPLACE DATABASE readable")
    url = f"127.0.0.1:{mariadb.port}/readable"
    assert manage("user", "add", "anna", f"--database=mysql://root@{url}", stdin="a secret\n").returncode == 0
    mariadb.execute("CREATE OR REPLACE USER reader@'127.0.0.1'")
    mariadb.execute("GRANT SELECT ON readable.* TO reader@'127.0.0.1'")
    assert "cannot write to the database" in failing(tmp_path, f"--database=mysql://reader@{url}")


def test_help_goes_to_standard_output_and_begins_with_the_services_own_settings() -> None:
    done = subprocess.run(
        [sys.executable, "server.py", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.index("--port") < done.stdout.index("--logging")
    assert done.stderr == ""


def test_a_server_that_refuses_the_user_or_lacks_the_database_is_one_clear_line(
    tmp_path: Path, mariadb: MariaDB
) -> None:
    mariadb.execute("CREATE USER IF NOT EXISTS chat@'127.0.0.1' IDENTIFIED BY 'right'")
    address = f"chat@127.0.0.1:{mariadb.port}"
    wrong = failing(tmp_path, f"--database=mysql://{address}/chat", CHAT_DATABASE_PASSWORD="wrong")
    assert "set CHAT_DATABASE_PASSWORD" in wrong
    assert "wrong" not in wrong
    denied = failing(tmp_path, f"--database=mysql://{address}/mysql", CHAT_DATABASE_PASSWORD="right")
    assert "GRANT" in denied
    assert "CREATE DATABASE nowhere" in failing(tmp_path, f"--database=mysql://root@127.0.0.1:{mariadb.port}/nowhere")


def test_the_secret_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with running(tmp_path, f"--database=sqlite:{tmp_path}/data/chat.db"):
        made = (tmp_path / "secret").read_text()
        assert len(made) >= 64
    for path in (tmp_path / "secret", tmp_path / "data" / "chat.db"):
        assert path.stat().st_mode & 0o077 == 0
    with running(tmp_path, f"--database=sqlite:{tmp_path}/data/chat.db"):
        assert (tmp_path / "secret").read_text() == made


def test_a_settings_file_counts_and_flags_count_more(tmp_path: Path) -> None:
    (tmp_path / "chat.toml").write_text(
        f'database = "sqlite:{tmp_path}/from-file.db"\nallowed_origins = ["https://a.example"]\nmessage-rate = 5\n'
    )
    with running(tmp_path, f"--config={tmp_path}/chat.toml"):
        assert (tmp_path / "from-file.db").exists()
    flags = (f"--database=sqlite:{tmp_path}/from-flag.db", f"--config={tmp_path}/chat.toml")
    with running(tmp_path, *flags):
        assert (tmp_path / "from-flag.db").exists()


def add_people(url: str) -> None:
    for name, role in (("olga", ["--operator"]), ("anna", [])):
        assert manage("user", "add", name, *role, f"--database={url}", stdin="a secret\n").returncode == 0


async def test_everything_is_there_after_a_restart(database_url: str, tmp_path: Path) -> None:
    add_people(database_url)
    service = Service(tmp_path, f"--database={database_url}")
    service.start()
    token = await log_in(service.url, "anna", "a secret")
    anna = await Client.connect(service.url)
    await anna.call("message.auth", token)
    sent = [(await anna.call("message.send", f"text {n}", f"key-{n}"))["message"] for n in range(3)]
    service.terminate()
    assert await anna.close_code() == 1001
    assert service.wait() == 0
    service.start()
    anna = await Client.connect(service.url)
    assert (await anna.call("message.auth", token))["messages"] == sent
    assert (await anna.call("message.send", "text 2", "key-2"))["message"] == sent[2]
    service.kill()
    service.start()
    anna = await Client.connect(service.url)
    assert (await anna.call("message.auth", token))["messages"] == sent
    service.kill()


async def test_sqlites_log_is_long_before_the_first_message(tmp_path: Path) -> None:
    url, lengths = f"sqlite:{tmp_path}/chat.db", []
    add_people(url)
    with running(tmp_path, f"--database={url}") as service:
        token = await log_in(service.url, "anna", "a secret")
        for number in range(3):
            anna = await Client.connect(service.url)
            assert len((await anna.call("message.auth", token))["messages"] or []) == number
            await anna.call("message.send", "a text", f"key-{number}")
            lengths.append((tmp_path / "chat.db-wal").stat().st_size)
            service.kill()
            service.start()
    half = LOG_PAGES * 1_024  # or more: on a slow disk it is not filled to the end
    assert all(half < length < 3 * half for length in lengths)  # after a kill, too


async def test_a_signal_is_heard_by_a_loop_that_is_behind() -> None:
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    server.on_signal(signal.SIGUSR1, heard.set)

    def keep_busy() -> None:
        for _ in range(1_000):  # asyncio's pipe holds some hundred
            loop.call_soon_threadsafe(int)
        os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=keep_busy)
    thread.start()
    thread.join()
    await heard.wait()
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)


async def test_sigterm_answers_what_was_taken_then_closes_with_1001(database_url: str, tmp_path: Path) -> None:
    add_people(database_url)
    with running(tmp_path, f"--database={database_url}", "--message-rate=0") as service:
        token = await log_in(service.url, "anna", "a secret")
        anna, silent = await Client.connect(service.url), await Client.connect(service.url)
        await anna.call("message.auth", token)
        for n in range(500):
            anna.send("message.send", str(n))
        await anna.receive()
        service.terminate()
        acknowledged = 1
        while (frame := await anna.receive()) is not None:
            assert frame["error"] is None
            acknowledged += 1
        assert anna.connection.close_code == 1001
        assert await silent.close_code() == 1001
        assert await asyncio.get_running_loop().run_in_executor(None, service.wait) == 0
        assert "Traceback" not in service.log.read_text()
        service.start()
        anna = await Client.connect(service.url)
        stored = (await anna.call("message.auth", token))["messages"]
        assert [message["message_text"] for message in stored] == [str(n) for n in range(acknowledged)]
        anna.close()


async def test_a_stop_finds_no_fault_with_a_connection_that_called_too_often(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/chat.db"
    add_people(url)
    with running(tmp_path, f"--database={url}", "--call-rate=0.1") as service:
        token = await log_in(service.url, "anna", "a secret")
        anna = await Client.connect(service.url)
        await anna.call("message.auth", token)
        for _ in range(server.CALL_BURST + 1):
            anna.send("desk.status")
        for _ in range(server.CALL_BURST):
            await anna.receive()
        service.terminate()
        assert await anna.close_code() == 1001
        assert await asyncio.get_running_loop().run_in_executor(None, service.wait) == 0
        assert "Traceback" not in service.log.read_text()


async def test_what_was_acknowledged_before_a_kill_is_stored(database_url: str, tmp_path: Path) -> None:
    add_people(database_url)
    with running(tmp_path, f"--database={database_url}", "--message-rate=0") as service:
        token = await log_in(service.url, "anna", "a secret")
        for cut in (1, 20, 50):
            anna = await Client.connect(service.url)
            after = max(
                (m["message_id"] for m in (await anna.call("message.auth", token))["messages"] or []), default=0
            )
            for n in range(100):
                anna.send("message.send", str(n), f"key-{cut}-{n}")
            for _ in range(cut):
                await anna.receive()
            os.kill(service.pid, signal.SIGKILL)
            acknowledged = cut
            while await anna.receive() is not None:
                acknowledged += 1
            service.wait()
            service.start()
            anna = await Client.connect(service.url)
            stored = (await anna.call("message.auth", token, after))["messages"]
            texts = [message["message_text"] for message in stored]
            assert len(texts) >= acknowledged
            assert texts == [str(n) for n in range(len(texts))]
            for n in range(100):
                await anna.call("message.send", str(n), f"key-{cut}-{n}")
            page = await anna.call("message.history", None, None, after)
            assert [message["message_text"] for message in page["messages"]] == [str(n) for n in range(100)]
            anna.close()
