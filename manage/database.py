"""The database that a command works on, and one transaction in it."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import click

import settings
from db import Connection, Unavailable, find_engine, schema

Command = Callable[..., Any]


def _note_config(context: click.Context, _parameter: click.Parameter, path: str | None) -> None:
    context.meta["config"] = path


def _find_url(context: click.Context, _parameter: click.Parameter, url: str | None) -> str:
    """The database that is named, else the one in the settings' file, else the default."""
    path = context.meta["config"]
    try:
        return url or str(settings.read_file(path).get("database", settings.DATABASE) if path else settings.DATABASE)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def database_option(command: Command) -> Command:
    """`--database`, and `--config` where it may stand."""
    config = click.option(
        "--config", is_eager=True, expose_value=False, callback=_note_config, help="the service's file of settings"
    )
    database = click.option(
        "--database",
        "url",
        callback=_find_url,
        help=f"sqlite:PATH or mysql://USER@HOST:PORT/NAME, as the service has it; else {settings.DATABASE}",
    )
    return config(database(command))


@contextlib.contextmanager
def transaction(url: str, *, creates: bool = False) -> Iterator[Connection]:
    """A connection inside one transaction, to a database whose schema is up to date.

    The service may be running: only a schema that must be made or changed needs the lock. `creates` says whether a
    database that is not there is made.
    """
    try:
        engine = find_engine(url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if not creates and not engine.exists():
        raise click.ClickException(f"there is no database {url}: correct --database=, or add a user first")
    try:
        connection = engine.connect()
        try:
            if schema.find_version(engine, connection) != schema.NEWEST:
                engine.lock(connection)
                schema.prepare(engine, connection)
            connection.execute(engine.begin)
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()
            engine.unlock()
    except Unavailable as error:
        raise click.ClickException(str(error)) from error
    except Exception as error:
        if not engine.is_away(error):
            raise
        raise click.ClickException(f"the database failed: {error}") from error
