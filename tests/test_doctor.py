"""./run.sh doctor: what is well, and each line of advice."""

import contextlib
import re
import resource
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from db import examination, find_engine
from db.sqlite import SQLiteConnection
from tests.mariadb import MariaDB
from tests.mariadb import running as mariadb_running
from tests.nginx import CONFIG, Certificate, free_port, nginx
from tests.service import manage, running


def examine(folder: Path, url: str, *options: str, more: str = "", **environment: str) -> tuple[int, str]:
    """The exit status and what it says; `more` are settings."""
    config = folder / "chat.toml"
    config.write_text(f'database = "{url}"\nsecret-file = "{folder}/secret"\n{more}\n')
    done = manage("doctor", f"--config={config}", *options, **environment)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_all_is_well_through_nginx(database_url: str, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    with (
        running(tmp_path, f"--database={database_url}") as service,
        nginx(tmp_path, certificate, service.port) as port,
    ):
        trust = str(certificate.authority_file)
        status, said = examine(tmp_path, database_url, f"--url=https://127.0.0.1:{port}", SSL_CERT_FILE=trust)
        assert (status, "FAIL" in said) == (0, False), said
        for line in (
            "its owner's alone",
            "reached the database",
            "files open",
            "logged in",
            "went there and back",
            "sees this machine's address",
        ):
            assert line in said
        assert manage("user", "list", f"--database={database_url}").stdout == ""


def test_it_says_what_to_do_about_a_proxy_that_hands_no_websocket_on(tmp_path: Path) -> None:
    certificate, url = Certificate(tmp_path), f"sqlite:{tmp_path}/chat.db"
    config = "\n".join(line for line in CONFIG.splitlines() if "proxy_set_header Upgrade" not in line)
    with running(tmp_path, f"--database={url}") as service, nginx(tmp_path, certificate, service.port, config) as port:
        trust = str(certificate.authority_file)
        status, said = examine(tmp_path, url, f"--url=https://127.0.0.1:{port}", SSL_CERT_FILE=trust)
        assert status == 1
        assert "FAIL no WebSocket" in said
        assert "let the proxy hand on Upgrade and Connection" in said
    status, said = examine(tmp_path, url, "--url=http://127.0.0.1:1")
    assert status == 1
    assert "FAIL no log-in at http://127.0.0.1:1" in said


def test_it_says_what_to_do_about_settings_a_secret_a_limit_and_a_database(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/chat.db"
    status, said = examine(tmp_path, url)
    assert status == 1
    assert "no token secret" in said
    assert "there is no database" in said
    (tmp_path / "secret").write_text("x" * 64)
    (tmp_path / "secret").chmod(0o644)
    manage("user", "add", "anna", f"--database={url}", stdin="a secret\n")
    assert f"chmod 600 {tmp_path}/secret" in examine(tmp_path, url)[1]
    with sqlite3.connect(tmp_path / "chat.db") as connection:
        connection.execute("UPDATE schema_version SET version = 2")
    connection.close()
    assert "FAIL schema of version 2" in examine(tmp_path, url)[1]
    assert "oracle" in examine(tmp_path, "oracle:x")[1]
    assert "cannot reach the database" in examine(tmp_path, "mysql://chat@127.0.0.1:1/chat")[1]


def test_it_says_what_to_do_about_a_full_disk(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
    try:
        assert "make room" in examine(tmp_path, f"sqlite:{small}/chat.db")[1]
    finally:
        subprocess.run(["umount", small], check=True)


def test_it_says_what_to_do_about_a_server_that_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    options = ("--innodb-flush-log-at-trx-commit=2", f"--log-bin={tmp_path}/binlog", "--sync-binlog=0")
    with mariadb_running(tmp_path, *options) as server:
        server.execute("CREATE DATABASE lazy")
        url = f"mysql://root@127.0.0.1:{server.port}/lazy"
        manage("user", "add", "anna", f"--database={url}", stdin="a secret\n")
        said = examine(tmp_path, url)[1]
    assert "FAIL innodb_flush_log_at_trx_commit 2: a power cut loses messages" in said
    assert "FAIL sync_binlog 0: a power cut loses messages" in said
    assert "ok   the clocks agree" in said


def test_it_says_what_to_do_about_a_clock_and_a_character_set(tmp_path: Path, mariadb: MariaDB) -> None:
    mariadb.execute("CREATE OR REPLACE DATABASE strange")
    url = f"mysql://root@127.0.0.1:{mariadb.port}/strange"
    manage("user", "add", "anna", f"--database={url}", stdin="a secret\n")
    mariadb.execute("ALTER TABLE strange.users CONVERT TO CHARACTER SET latin1")
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    said = examine(tmp_path, url, LD_PRELOAD=str(library), FAKETIME="+1h")[1]
    assert "character set of users is another one: ALTER TABLE users CONVERT TO" in said
    assert re.search(r"FAIL the clocks differ by 36\d\d s: let both machines keep the time", said)  # it takes a while


def test_it_says_what_to_do_about_a_disk_where_sqlite_has_no_log(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/chat.db"
    manage("user", "add", "anna", f"--database={url}", stdin="a secret\n")
    with contextlib.closing(sqlite3.connect(tmp_path / "chat.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    shutil.copy(tmp_path / "chat.db", tmp_path / "other.db")
    without_memory = f"file:{tmp_path}/other.db?vfs=unix-dotfile"  # to share, as a network's disk has none
    with contextlib.closing(sqlite3.connect(without_memory, uri=True, factory=SQLiteConnection)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        advices = [one.advice for one in examination.examine(find_engine(url), connection) if one.advice]
    assert advices == ["move the file to a local disk, where SQLite can keep its log"]


def test_it_says_what_the_running_service_may_open(tmp_path: Path) -> None:
    url, port = f"sqlite:{tmp_path}/chat.db", free_port()
    with running(tmp_path, f"--database={url}", f"--metrics-port={port}") as service:
        resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (500, 500))
        said = examine(tmp_path, url, more=f"metrics-port = {port}")[1]
        assert "FAIL the service may have 500 files open: 10000 connections need 10100: raise LimitNOFILE=" in said
        said = examine(tmp_path, url, more=f"metrics-port = {port}\nconnections = 400")[1]
        assert "ok   the service may have 500 files open" in said
    assert f"FAIL no metrics on port {port}" in examine(tmp_path, url, more=f"metrics-port = {port}")[1]


BEHIND = CONFIG.replace("proxy_http_version 1.1;", "proxy_http_version 1.1; proxy_bind 127.0.0.9;")
REAL_IP = "proxy_set_header X-Real-IP $remote_addr;"


@pytest.mark.parametrize(
    ("trusted", "header", "line"),
    [
        ("127.0.0.9", REAL_IP, "ok   the service sees this machine's address, 127.0.0.1"),
        ("127.0.0.9", "", "FAIL the service believes any address that a client makes up: let the proxy set X-Real-IP"),
        (
            "127.0.0.9",
            'proxy_set_header X-Real-IP "";',
            "FAIL the service sees 127.0.0.9, not this machine's address 127.0.0.1: let the proxy set X-Real-IP",
        ),
        ("10.0.0.1", REAL_IP, "address 127.0.0.1: if 127.0.0.9 is the proxy's, name it in the setting trusted-proxies"),
    ],
)
def test_it_says_whether_the_address_arrives(tmp_path: Path, trusted: str, header: str, line: str) -> None:
    certificate, url = Certificate(tmp_path), f"sqlite:{tmp_path}/chat.db"
    config = BEHIND.replace(REAL_IP, header)
    with (
        running(tmp_path, f"--database={url}", f"--trusted-proxies={trusted}") as service,
        nginx(tmp_path, certificate, service.port, config) as port,
    ):
        trust = str(certificate.authority_file)
        address = f"--url=https://127.0.0.1:{port}"
        assert line in examine(tmp_path, url, address, more=f'trusted-proxies = ["{trusted}"]', SSL_CERT_FILE=trust)[1]


def stay_silent(socket: ServerConnection) -> None:
    for _ in socket:
        pass


@pytest.mark.slow
def test_it_says_what_to_do_about_frames_that_are_not_passed_on(tmp_path: Path) -> None:
    certificate, url = Certificate(tmp_path), f"sqlite:{tmp_path}/chat.db"
    with serve(stay_silent, "127.0.0.1", 0) as silent:
        threading.Thread(target=silent.serve_forever).start()
        silent_port = silent.socket.getsockname()[1]
        location = CONFIG[CONFIG.index("    location / {") :].rpartition("}")[0]
        silent_location = location.replace("location /", "location /v1/ws/").replace("8888", str(silent_port))
        config = CONFIG.replace(location, location + silent_location)
        with (
            running(tmp_path, f"--database={url}") as service,
            nginx(tmp_path, certificate, service.port, config) as port,
        ):
            trust = str(certificate.authority_file)
            said = examine(tmp_path, url, f"--url=https://127.0.0.1:{port}", SSL_CERT_FILE=trust)[1]
        silent.shutdown()
    assert "FAIL no answer over the WebSocket: let the proxy pass frames on without buffering them" in said
