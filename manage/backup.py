"""./run.sh backup, ./run.sh restore: all that the database holds, in one file, and the way back."""

import os
import sqlite3
import time
from pathlib import Path

import click
import pymysql

from db import backup as backups
from handlers.tokens import read_secret
from manage.database import database_option, ensure_free, get_engine, progress, reported, secret_option, yes_option

DATED = "chat-????-??-??-??????.db"  # the names of the files in a folder, which sort by time


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="FILE is a folder: keep so many backups in it, remove older ones")
@yes_option
@secret_option
@database_option
def backup(path: Path, keep: int | None, yes: bool, secret_file: str, url: str) -> None:
    """Write one SQLite file with all that the database holds at one moment. The service may be running.

    It is verified, readable by its owner alone, and holds the token secret. In a folder it gets a name with the time.

    \b
    Example: ./run.sh backup var/before-the-move.db
             ./run.sh backup --keep=14 var/backups      every night
    """  # \b is click's
    engine = get_engine(url)
    if keep and not path.exists():
        path.mkdir(0o700, parents=True)
    folder = path if path.is_dir() else None
    if keep and not folder:
        raise click.ClickException(f"{path} is a file: --keep= needs a folder of backups")
    if folder:
        path = folder / time.strftime("chat-%Y-%m-%d-%H%M%S.db", time.gmtime())
    ensure_free(path, yes=yes)
    secret = _find_secret(secret_file)
    with reported(engine), progress("Backing up", 2 * backups.count(engine)) as told:
        try:
            saved = backups.save(engine, path, secret, told)
        except (OSError, sqlite3.Error, ValueError) as error:
            raise click.ClickException(f"cannot back up to {path}: {error}") from error
    click.echo(f"backed up {_describe(saved)} to {path}, {path.stat().st_size / 1e6:.1f} MB, verified")
    if secret is None:
        click.echo("without the token secret: after a restore, all must log in again", err=True)
    if folder and keep:
        _rotate(folder, keep)


def _rotate(folder: Path, keep: int) -> None:
    """Remove the oldest backups, and what was left of interrupted ones."""
    for old in [*sorted(folder.glob(DATED))[:-keep], *folder.glob(DATED + ".part")]:
        old.unlink()
        click.echo(f"removed {old}")


def _find_secret(path: str) -> str | None:
    """The token secret of the service; None, and a line that says why, where it can't be read."""
    if secret := os.environ.get("CHAT_SECRET"):
        return secret
    if not Path(path).exists():
        return None
    try:
        return read_secret(Path(path))
    except ValueError as error:
        click.echo(str(error), err=True)
        return None


def _describe(found: backups.Backup) -> str:
    counts = [f"{found.rows.get(table, 0)} {table}" for table in ("users", "messages", "notes", "replies")]
    return ", ".join(counts)


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@secret_option
@database_option
def restore(path: Path, secret_file: str, url: str) -> None:
    """Bring a backup into an empty database, of either engine. The service must be stopped.

    Ids, keys, tokens and times stay; new ids begin a million higher, so that no browser takes a new message for one
    that it has. An older version's backup is upgraded.

    \b
    Example: ./run.sh restore var/backups/chat-2026-11-24-031500.db
             ./run.sh restore move.db --database=mysql://chat@localhost:3306/chat
    """  # \b is click's
    engine = get_engine(url, creates=True)
    try:
        with progress("Checking the backup", backups.count_in(path)) as told:
            found = backups.check(path, told)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    with reported(engine):
        with progress("Restoring", sum(found.rows.values())) as told:
            try:
                backups.restore(engine, path, found.version, told)
            except (sqlite3.IntegrityError, pymysql.IntegrityError, pymysql.DataError) as error:
                raise click.ClickException(f"the database does not take {path}: {error}; it is still empty") from error
        with progress("Indexing for the search", found.rows.get("messages", 0)) as told:
            backups.index(engine, told)
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(found.created))
    click.echo(f"restored {_describe(found)} of {when} into {url}")
    click.echo(_keep_secret(found.secret, Path(secret_file)))


def _keep_secret(secret: str | None, file: Path) -> str:
    """Give the service the secret that the tokens were signed with. Returns a line on who must log in again.

    A secret that stands in the file goes: the database was empty, so nobody holds a token of it.
    """
    own = os.environ.get("CHAT_SECRET")
    if secret is None:
        return "the backup holds no token secret: all must log in again"
    if own and own != secret:
        return "CHAT_SECRET is not the backup's: all must log in again, unless it gets the value that it had then"
    if own:
        return "all stay logged in"
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        part.touch(0o600, exist_ok=False)
        part.write_text(secret + "\n")
        part.replace(file)
    except OSError as error:
        return f"cannot write the token secret to {file}: {error.strerror}; all must log in again"
    return f"all stay logged in: the token secret is in {file}"
