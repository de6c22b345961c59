"""./run.sh doctor: what is well, and each line of advice."""

import sqlite3
import subprocess
from pathlib import Path

from tests.mariadb import MariaDB
from tests.nginx import CONFIG, Certificate, nginx
from tests.service import manage, running


def examine(folder: Path, url: str, *options: str, **environment: str) -> tuple[int, str]:
    """The exit status and what it says."""
    config = folder / "chat.toml"
    config.write_text(f'database = "{url}"\nsecret-file = "{folder}/secret"\n')
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
            "files may be open",
            "logged in",
            "went there and back",
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


def test_it_says_what_to_do_about_a_server_that_does_not_wait_for_the_disk(tmp_path: Path, mariadb: MariaDB) -> None:
    mariadb.execute("CREATE OR REPLACE DATABASE lazy")
    url = f"mysql://root@127.0.0.1:{mariadb.port}/lazy"
    manage("user", "add", "anna", f"--database={url}", stdin="a secret\n")
    mariadb.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        said = examine(tmp_path, url)[1]
    finally:
        mariadb.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    assert "FAIL innodb_flush_log_at_trx_commit 2: a power cut loses messages" in said
    assert "ok   the clocks agree" in said
