"""Backups: one moment of a busy service, whole or not at all, into either engine."""

import asyncio
import contextlib
import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient

from bench.stored import Size, build
from db import find_engine, notes, replies, schema, search, users
from db.backup import LIFT
from manage.database import transaction
from tests.client import Client
from tests.conftest import PASSWORD, open_databases
from tests.pages.fill import add_conversations, add_messages, add_people
from tests.service import ROOT, manage, running

pytestmark = pytest.mark.gen_test

CONTENTS = (
    "SELECT id, user_name, user_password, token, is_admin FROM users ORDER BY id",
    "SELECT id, user_id, invader_name, message, created, is_from_support, client_key FROM messages ORDER BY id",
    """
    SELECT user_id, waiting_id, is_closed, operator_id, last_id, customer_read_id, operator_read_id,
        customer_unread, operator_unread FROM conversations ORDER BY user_id
    """,
    "SELECT id, user_id, operator_name, note, created, message_id, client_key FROM notes ORDER BY id",
    "SELECT shortcut, reply FROM replies ORDER BY shortcut",
)


def contents(url: str) -> list[Sequence[Any]]:
    """All that a client could be told."""
    with transaction(url, reads=True) as connection:
        return [list(connection.execute(sql).fetchall()) for sql in CONTENTS]


def done(*arguments: str, stdin: str = "") -> str:
    """The output of a command that must succeed."""
    ended = manage(*arguments, stdin=stdin)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refused(*arguments: str) -> str:
    """What a command says that must fail."""
    ended = manage(*arguments)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def fill(url: str) -> dict[str, int]:
    """A desk with something in every table. Returns the ids of its people."""
    ids = add_people(url)
    add_messages(url, "anna", 30)
    add_conversations(url, 3)
    with transaction(url) as connection:
        notes.add(connection, ids["anna"], "olga", "a note 😀", "key")
        replies.save(connection, "hello", "Здравствуйте!")
        users.ensure_key(connection, ids["anna"])
        connection.execute("INSERT INTO messages (invader_name, message, is_from_support) VALUES ('', NULL, FALSE)")
    return ids


async def log_in(url: str, name: str) -> str:
    body = json.dumps({"user_name": name, "password": PASSWORD})
    answer = await AsyncHTTPClient().fetch(f"{url}/v1/auth/", method="POST", body=body)
    return str(json.loads(answer.body)["result"]["token"])


PAIRS = [("sqlite", "sqlite"), ("sqlite", "mysql"), ("mysql", "sqlite"), ("mysql", "mysql")]


@pytest.fixture(params=PAIRS, ids="-to-".join)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """The URLs of two empty databases."""
    with contextlib.ExitStack() as stack:
        opened = {
            engine: stack.enter_context(contextlib.contextmanager(open_databases)(request, tmp_path, engine))
            for engine in set(request.param)
        }
        yield [opened[engine].make() for engine in request.param]


async def test_a_desk_moves_to_another_database_and_nobody_notices(pair: list[str], tmp_path: Path) -> None:
    old, new = pair
    ids = fill(old)
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    with running(tmp_path / "old", f"--database={old}") as service:
        token = await log_in(service.url, "anna")
        anna = await Client.connect(service.url)
        before = await anna.call("message.auth", token)
    file = tmp_path / "backup.db"
    secret = f"--secret-file={tmp_path / 'old' / 'secret'}"
    assert "8 users, 34 messages, 1 notes, 1 replies" in done("backup", str(file), f"--database={old}", secret)
    secret = f"--secret-file={tmp_path / 'new' / 'secret'}"
    (tmp_path / "new" / "secret").write_text("of a service that had no users yet, thus nobody's")
    assert "all stay logged in" in done("restore", str(file), f"--database={new}", secret)
    assert contents(new) == contents(old)
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600
    with running(tmp_path / "new", f"--database={new}") as service:
        anna, olga = await Client.connect(service.url), await Client.connect(service.url)
        assert await anna.call("message.auth", token) == before
        sent = await anna.call("message.send", "after the move")
        assert sent["message"]["message_id"] == 34 + LIFT + 1
        await olga.call("message.auth", await log_in(service.url, "olga"))
        opened = await olga.call("conversation.open", ids["anna"])
        assert opened["conversation"]["version"] > LIFT
        assert opened["notes"][0]["text"] == "a note 😀"
        found = await olga.call("message.search", "message 17")
        assert [message["message_text"] for message in found["messages"]] == ["Message 17"]
    assert f"id {5 + 3 + LIFT + 1}" in done("user", "add", "new", f"--database={new}", stdin="a secret\n")


async def test_a_backup_of_a_busy_service_is_one_moment(database_url: str, tmp_path: Path) -> None:
    ids = add_people(database_url)
    add_messages(database_url, "boris", 2_000)
    file = tmp_path / "backup.db"
    with running(tmp_path, f"--database={database_url}", "--message-rate=0") as service:
        anna = await Client.connect(service.url)
        await anna.call("message.auth", await log_in(service.url, "anna"))
        arguments = (str(file), f"--database={database_url}", f"--secret-file={tmp_path / 'secret'}")
        backup = asyncio.ensure_future(asyncio.to_thread(manage, "backup", *arguments))
        sent = 0
        while not backup.done():
            await anna.call("message.send", f"Question {sent}")
            sent += 1
    assert (await backup).returncode == 0, (await backup).stderr
    with contextlib.closing(sqlite3.connect(file)) as connection:
        sql = "SELECT id, message FROM messages WHERE user_id = ? ORDER BY id"
        rows = connection.execute(sql, (ids["anna"],)).fetchall()
        assert rows == [(2_001 + number, f"Question {number}") for number in range(len(rows))]
        assert 0 < len(rows) < sent
        sql = "SELECT waiting_id, last_id, operator_unread FROM conversations WHERE user_id = ?"
        assert connection.execute(sql, (ids["anna"],)).fetchone() == (2_001, rows[-1][0], len(rows))


def test_a_backup_is_its_owners_alone_and_replaces_nothing_unasked(database_url: str, tmp_path: Path) -> None:
    fill(database_url)
    file = tmp_path / "backup.db"
    arguments = ("backup", str(file), f"--database={database_url}", f"--secret-file={tmp_path / 'none'}")
    ended = manage(*arguments)
    assert "all must log in again" in ended.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Replace it?" in manage(*arguments, stdin="n\n").stdout
    assert "Aborted" in refused(*arguments)
    done(*arguments, "--yes")
    file.with_name("backup.db.part").write_text("another backup's")
    assert "another backup writes" in refused(*arguments, "--yes")
    assert file.with_name("backup.db.part").read_text() == "another backup's"
    assert "name a file in a folder that is there" in refused(
        *arguments[:1], str(tmp_path / "no" / "b.db"), arguments[2]
    )
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.db", "backup.db.part"]


def test_a_folder_keeps_the_newest_backups(database_url: str, tmp_path: Path) -> None:
    fill(database_url)
    folder = tmp_path / "backups"
    arguments = ("backup", "--keep=2", str(folder), f"--database={database_url}", f"--secret-file={tmp_path / 'none'}")
    done(*arguments)
    (first,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("chat-2020-01-01-000000.db", "chat-2020-01-02-000000.db", "chat-2020-01-03-000000.db.part", "mine.db"):
        (folder / name).touch()
    first.rename(folder / "chat-2021-01-01-000000.db")
    assert done(*arguments).count("removed") == 3
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "chat-2021-01-01-000000.db"
    assert names[2:] == ["mine.db"]


def test_what_is_no_whole_backup_is_not_restored(databases: Any, tmp_path: Path) -> None:
    full, empty = databases.make(), databases.make()
    fill(full)
    file, other = tmp_path / "backup.db", tmp_path / "other.db"
    options = (f"--database={empty}", f"--secret-file={tmp_path / 'none'}")
    done("backup", str(file), f"--database={full}", options[1])
    assert "the database has users already" in refused("restore", str(file), f"--database={full}", options[1])
    assert "there is no backup" in refused("restore", str(other), *options)
    other.write_bytes(b"a text that is long enough to be seen as none" * 100)
    assert "is no backup, or a damaged one" in refused("restore", str(other), *options)
    add_people(f"sqlite:{tmp_path}/service.db")
    assert "is no backup" in refused("restore", f"{tmp_path}/service.db", *options)
    whole = file.read_bytes()
    other.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused("restore", str(other), *options)
    assert b"Message 17" in whole
    other.write_bytes(whole.replace(b"Message 17", b"Message 18"))
    assert "its rows are not those that were written" in refused("restore", str(other), *options)
    other.write_bytes(whole)
    with contextlib.closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("UPDATE schema_version SET version = version + 1")
    assert "restore it with the newer one" in refused("restore", str(other), *options)
    done("restore", str(file), *options)


def test_nothing_is_restored_beside_a_running_service(databases: Any, tmp_path: Path) -> None:
    full, used = databases.make(), databases.make()
    fill(full)
    secret = f"--secret-file={tmp_path / 'none'}"
    done("backup", f"{tmp_path}/backup.db", f"--database={full}", secret)
    with running(tmp_path, f"--database={used}"):
        assert "another service uses" in refused("restore", f"{tmp_path}/backup.db", f"--database={used}", secret)


def test_a_backup_can_be_served_as_it_is(database_url: str, tmp_path: Path) -> None:
    fill(database_url)
    done("backup", f"{tmp_path}/backup.db", f"--database={database_url}", f"--secret-file={tmp_path / 'none'}")
    assert contents(f"sqlite:{tmp_path}/backup.db") == contents(database_url)


FIRST = (Path(__file__).parent / "first_schema.sql").read_text()  # the seed's
DATA = """
INSERT INTO users (user_name, user_password, is_admin) VALUES ('anna', 'hash', FALSE);
INSERT INTO users (user_name, user_password, is_admin) VALUES ('anna', 'again', FALSE);
INSERT INTO messages (user_id, invader_name, message, created, is_from_support)
    VALUES (1, '', 'Привет', '2023-03-14 13:15:55', FALSE)
"""


def test_an_upgrade_begins_with_a_backup_that_its_failure_leaves(databases: Any, tmp_path: Path) -> None:
    url, other, folder = databases.make(), databases.make(), tmp_path / "backups"
    engine = find_engine(url)
    with contextlib.closing(engine.connect()) as connection:
        for statement in (FIRST + DATA).split(";"):
            connection.execute(engine.spell(statement))
    assert "start the service" in refused("user", "list", f"--database={url}")
    options = (f"--database={url}", f"--backup-folder={folder}")
    for _ in range(2):  # two annas can't be: no start succeeds, and the second one makes no second backup
        with pytest.raises(AssertionError, match="users_by_name"), running(tmp_path, *options):
            pass
        assert [path.name for path in folder.iterdir()] == ["version-1-message-1.db"]
    with contextlib.closing(engine.connect()) as connection:
        assert schema.find_version(engine, connection) == 1
        assert connection.execute("SELECT user_name FROM users").fetchall() in ([("anna",)] * 2, (("anna",),) * 2)
        connection.execute("UPDATE users SET user_name = 'boris' WHERE id = 2")
    with contextlib.closing(sqlite3.connect(folder / "version-1-message-1.db", isolation_level=None)) as connection:
        sql = "SELECT id, user_id, invader_name, message, created, is_from_support FROM messages"
        assert connection.execute(sql).fetchall() == [(1, 1, "", "Привет", "2023-03-14 13:15:55", 0)]
    (folder / "version-1-message-1.db").unlink()
    with running(tmp_path, *options) as service:
        assert "it is backed up to" in service.log.read_text()
    saved = folder / "version-1-message-1.db"
    assert "2 users, 1 messages" in done("restore", str(saved), f"--database={other}", f"--secret-file={tmp_path}/new")
    assert contents(other) == contents(url)


@pytest.mark.slow
def test_a_large_database_is_backed_up_and_restored_in_little_memory(databases: Any, tmp_path: Path) -> None:
    full, empty = databases.make(), databases.make()
    build(full, Size("large", 2_000, 50))
    file, secret = f"{tmp_path}/backup.db", f"--secret-file={tmp_path / 'none'}"
    for arguments in (("backup", file, f"--database={full}", secret), ("restore", file, f"--database={empty}", secret)):
        assert peak_megabytes(*arguments) < 100
    with transaction(empty, reads=True) as connection:
        assert len(search.find(connection, "иголка в стоге", 2**62, 10)) == 2
    assert contents(empty) == contents(full)


def peak_megabytes(*arguments: str) -> float:
    """How much memory a command that must succeed had at most."""
    script = """
import atexit, runpy
def tell():
    print("KB", open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
atexit.register(tell)
runpy.run_module("manage", run_name="__main__", alter_sys=True)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(ended.stdout.split("KB")[-1]) / 1000
