"""deploy/install.sh into the tree of a machine that is not running, and what systemd thinks of the units."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

import settings as the_settings
from tests.mariadb import MariaDB
from tests.nginx import Certificate
from tests.service import ROOT

pytestmark = pytest.mark.slow  # each makes a Python environment

MOST_EXPOSURE = 1.1  # of 10, as systemd-analyze counts it
UNITS = sorted(path.name for path in ROOT.glob("deploy/chat*.*"))


def install(root: Path, *options: str, **environment: str) -> str:
    """What install.sh says."""
    done = subprocess.run(
        [ROOT / "deploy" / "install.sh", f"--root={root}", *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(root: Path, *options: str) -> str:
    done = subprocess.run(
        [ROOT / "deploy" / "install.sh", f"--root={root}", *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    return done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    (root / "etc").mkdir()
    (root / "etc" / "os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    planned = install(root, "--dry-run")
    assert [path.name for path in root.rglob("*")] == ["etc", "os-release"]
    assert install(root) == planned
    return root


def test_it_installs_what_it_said_and_the_secrets_are_the_services(tree: Path) -> None:
    chat = next(line for line in (tree / "etc/passwd").read_text().splitlines() if line.startswith("chat:"))
    user_id = int(chat.split(":")[2])
    for path, mode in {"etc/chat/secrets.env": 0o600, "var/lib/chat": 0o700}.items():
        found = (tree / path).stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (user_id, mode)
    program = tree / "opt/chat"
    assert not [path for path in program.rglob("*") if path.lstat().st_uid != 0]
    subprocess.run([program / "venv/bin/python", "-c", "import server"], cwd=program, check=True)
    assert not (program / "tests").exists()
    for unit in UNITS:
        assert (tree / "etc/systemd/system" / unit).exists()
    assert (tree / "etc/systemd/system/multi-user.target.wants/chat.service").is_symlink()


def test_again_it_keeps_settings_and_secrets_and_uninstalled_the_data(tree: Path, tmp_path: Path) -> None:
    settings, secrets = tree / "etc/chat/chat.toml", tree / "etc/chat/secrets.env"
    for file in (settings, secrets):
        file.write_text(file.read_text() + "# mine\n")
    (tree / "var/lib/chat/chat.db").touch()
    certificate = Certificate(tmp_path)
    tls = (f"--certfile={certificate.certfile}", f"--keyfile={certificate.keyfile}")
    said = install(tree, "--listen=0.0.0.0:443", *tls)
    assert "keeping the settings" in said
    assert "# mine\n" in settings.read_text()
    found = the_settings.read_file(str(settings))
    assert (found["certfile"], found["keyfile"]) == ("/etc/chat/tls/fullchain.pem", "/etc/chat/tls/privkey.pem")
    for copied, original in (("fullchain.pem", certificate.certfile), ("privkey.pem", certificate.keyfile)):
        file = tree / "etc/chat/tls" / copied
        assert file.read_bytes() == original.read_bytes()
        assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (secrets.stat().st_uid, 0o600)
    assert secrets.read_text().endswith("# mine\n")
    assert "ListenStream=0.0.0.0:443" in (tree / "etc/systemd/system/chat.socket.d/listen.conf").read_text()
    assert "leave --database= out" in refused(tree, "--database=mariadb")
    copy = tree / "copy"
    shutil.copytree(tree / "etc", copy / "etc", symlinks=True)
    shutil.copytree(tree / "var", copy / "var")
    install(copy, "--uninstall")
    assert not list((copy / "etc/systemd").rglob("chat*"))
    assert (copy / "var/lib/chat/chat.db").exists()
    assert (copy / "etc/chat/chat.toml").exists()


def test_it_makes_a_database_and_a_user_in_mariadb_that_needs_no_password(tmp_path: Path, mariadb: MariaDB) -> None:
    (tmp_path / ".my.cnf").write_text(f"[client]\nsocket = {mariadb.unix_socket}\n")
    said = install(tmp_path, "--database=mariadb", HOME=str(tmp_path))
    assert "making the database: mariadb" in said
    assert f"unix_socket={mariadb.unix_socket}" in (tmp_path / "etc/chat/chat.toml").read_text()
    assert mariadb.execute("SELECT plugin FROM mysql.user WHERE user = 'chat' AND host = 'localhost'") == (
        ("unix_socket",),
    )
    assert mariadb.execute("SHOW DATABASES LIKE 'chat'") == (("chat",),)


def test_a_database_that_is_given_is_named_in_the_settings_and_its_password_is_the_services(tmp_path: Path) -> None:
    url, password = "mysql://chat@db.example/chat", 'it\'s "$HOME" \\ `x`'
    install(tmp_path, f"--database={url}", CHAT_DATABASE_PASSWORD=password)
    assert the_settings.read_file(str(tmp_path / "etc/chat/chat.toml"))["database"] == url
    secrets = tmp_path / "etc/chat/secrets.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    sourced = 'set -a; . "$1"; printf %s "$CHAT_DATABASE_PASSWORD"'  # as run.sh reads it
    assert subprocess.run(["bash", "-c", sourced, "bash", secrets], capture_output=True, text=True).stdout == password
    for unit in ("chat.service", "chat-backup.service"):
        assert "PrivateNetwork=no" in (tmp_path / "etc/systemd/system" / f"{unit}.d" / "network.conf").read_text()


def test_a_version_that_does_not_start_gives_way_to_the_one_before_it_on_mariadb_too(tmp_path: Path) -> None:
    """The service and the commands log into MariaDB as the system's user chat."""
    newer = shutil.copytree(ROOT, tmp_path / "newer", ignore=shutil.ignore_patterns(".*", "var", "tests", "bench"))
    program = (newer / "server.py").read_text()
    (newer / "server.py").write_text(program.replace("        open_files()\n", '        raise ValueError("a fault")\n'))
    command = f"""
        {ROOT}/deploy/install.sh --database=mariadb && cd /opt/chat
        echo "correct horse" | ./run.sh user add olga --operator
        {newer}/deploy/install.sh || echo "status $?"
        cat /run/chat.log
        cmp /opt/chat/server.py {ROOT}/server.py && echo "it is the old one"
    """
    (tmp_path / "machine").mkdir()
    done = subprocess.run(
        ["unshare", "--mount", "bash", ROOT / "tests" / "machine.sh", tmp_path / "machine", command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "added the operator olga, id 1, in mysql://chat@localhost/chat" in done.stdout
    assert "the new version does not start: see above; the one before it is back" in done.stderr
    _, _, after = done.stdout.partition("status 1\n")
    assert "serving on" in after
    assert "no users yet" not in after
    assert after.endswith("it is the old one\n")


def test_what_cannot_even_be_loaded_does_not_take_the_place_of_the_one_that_runs(tmp_path: Path) -> None:
    newer = shutil.copytree(ROOT, tmp_path / "newer", ignore=shutil.ignore_patterns(".*", "var", "tests", "bench"))
    (newer / "settings.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "opt/chat").mkdir(parents=True)
    done = subprocess.run(
        [newer / "deploy" / "install.sh", f"--root={tmp_path}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "what was installed before is untouched" in done.stderr
    assert not list((tmp_path / "opt/chat").iterdir())


def test_a_wrong_option_is_one_clear_line(tmp_path: Path) -> None:
    assert "unknown option --datbase=sqlite" in refused(tmp_path, "--datbase=sqlite")
    assert "none of sqlite, mariadb" in refused(tmp_path, "--database=oracle")
    assert "TLS needs both" in refused(tmp_path, "--certfile=/etc/os-release")
    assert "cannot read /nowhere.pem" in refused(tmp_path, "--certfile=/nowhere.pem", "--keyfile=/nowhere.pem")


def test_systemd_verifies_the_units_without_a_word(tree: Path, tmp_path: Path) -> None:
    for unit in UNITS:
        text = (ROOT / "deploy" / unit).read_text()
        (tmp_path / unit).write_text(text.replace("/opt/chat/", f"{tree}/opt/chat/"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / unit for unit in UNITS)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.endswith(".service")])
@pytest.mark.parametrize("drop_in", [None, "network.conf"])
def test_the_hardening_scores_well_with_the_network_too(tmp_path: Path, unit: str, drop_in: str | None) -> None:
    shutil.copy(ROOT / "deploy" / unit, tmp_path)
    if drop_in:
        (tmp_path / f"{unit}.d").mkdir()
        shutil.copy(ROOT / "deploy" / drop_in, tmp_path / f"{unit}.d")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", tmp_path / unit],
        capture_output=True,
        text=True,
        check=True,
    )
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert score
    assert float(score[1]) <= MOST_EXPOSURE
