"""deploy/install.sh into the tree of a machine that is not running, and what systemd thinks of the units."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.mariadb import MariaDB
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


def test_again_it_keeps_settings_and_secrets_and_uninstalled_the_data(tree: Path) -> None:
    settings, secrets = tree / "etc/chat/chat.toml", tree / "etc/chat/secrets.env"
    for file in (settings, secrets):
        file.write_text(file.read_text() + "# mine\n")
    (tree / "var/lib/chat/chat.db").touch()
    said = install(tree, "--listen=0.0.0.0:443")
    assert "keeping the settings" in said
    assert settings.read_text().endswith("# mine\n")
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
