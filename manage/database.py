"""What the commands share: the database that they work on, and how they ask and report."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from tornado.options import options

import settings
from db import Connection, Engine, Unavailable, find_engine, schema
from db.engine import ANSWER_SECONDS

Command = Callable[..., Any]


def _note_config(context: click.Context, _parameter: click.Parameter, path: str | None) -> None:
    context.meta["config"] = path


def _find_setting(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """What the flag says, else the setting of its name in the settings' file, else the default."""
    path, flag = context.meta["config"], parameter.opts[0].removeprefix("--")
    try:
        found = settings.read_file(path) if path else {}
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    name = flag.replace("-", "_")
    return value or str(found.get(flag) or found.get(name) or options[name])


def database_option(command: Command) -> Command:
    """`--database`, and `--config` where it may stand."""
    config = click.option(
        "--config",
        envvar="CHAT_CONFIG",
        is_eager=True,
        expose_value=False,
        callback=_note_config,
        help="the service's file of settings",
    )
    database = click.option(
        "--database",
        "url",
        callback=_find_setting,
        help=f"sqlite:PATH or mysql://USER@HOST:PORT/NAME, as the service has it; else {settings.DATABASE}",
    )
    return config(database(command))


def secret_option(command: Command) -> Command:
    """`--secret-file`, beside `database_option`."""
    return click.option(
        "--secret-file", callback=_find_setting, help="the token secret, as the service has it; else var/secret"
    )(command)


yes_option = click.option("--yes", is_flag=True, help="do not ask")


def get_engine(url: str, *, creates: bool = False) -> Engine:
    """The engine of a database that is there, or that may be made. Raises click's exception with a line for people."""
    try:
        engine = find_engine(url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if not creates and not engine.exists():
        raise click.ClickException(f"there is no database {url}: correct --database=, or add a user first")
    return engine


@contextlib.contextmanager
def reported(engine: Engine) -> Iterator[None]:
    """What the database refuses becomes a line for people."""
    try:
        yield
    except Unavailable as error:
        raise click.ClickException(str(error)) from error
    except Exception as error:
        if not engine.is_away(error):
            raise
        raise click.ClickException(f"the database failed: {error}") from error


@contextlib.contextmanager
def transaction(url: str, *, creates: bool = False, reads: bool = False) -> Iterator[Connection]:
    """A connection inside one transaction, to a database whose schema is up to date; `reads` says that it writes not.

    The service may be running: only a schema that must be made needs the lock. `creates` says whether a database
    that is not there is made. One of an older version is the service's to upgrade, which backs it up before.
    """
    engine = get_engine(url, creates=creates)
    with (
        reported(engine),
        contextlib.closing(engine.connect(answer_seconds=None if reads else ANSWER_SECONDS)) as connection,
    ):
        try:
            version = schema.find_version(engine, connection)
            if 0 < version < schema.NEWEST:
                raise Unavailable(
                    f"the database is of version {version}, and this is {schema.NEWEST}: start the service, "
                    "which backs it up and upgrades it"
                )
            if version != schema.NEWEST:
                engine.lock(connection)
                schema.prepare(engine, connection)
            connection.execute("BEGIN" if reads else engine.begin)
            yield connection
            connection.execute("COMMIT")
        finally:
            engine.unlock()


@contextlib.contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal. Gives what is told of so many more steps."""
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def ensure_free(path: Path, *, yes: bool) -> None:
    """Ask before a file is replaced. Raises click's exception where it can't be written."""
    if path.is_dir() or not path.parent.is_dir():
        raise click.ClickException(f"cannot write {path}: name a file in a folder that is there")
    if path.exists() and not yes:
        click.confirm(f"{path} is there already. Replace it?", abort=True)
