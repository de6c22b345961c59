"""./run.sh export: the messages, for other programs and for paper."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import click
from msgspec.structs import asdict

from db import Connection, messages, notes, users
from db.clock import utc_text
from db.messages import Message
from manage import transcript
from manage.database import database_option, ensure_free, progress, transaction, yes_option

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
COLUMNS = ("user_id", "user_name", "message_id", "created", "is_from_support", "invader_name", "message_text")


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--user", "name", help="of one customer alone; an .html needs it")
@yes_option
@database_option
def export(path: Path, name: str | None, yes: bool, url: str) -> None:
    """Write the messages into a file, in the form that its ending names. The service may be running.

    .jsonl: a JSON object in each line, as operators get it. .csv: a table for a spreadsheet, with times in UTC; what it
    would take for a formula has a ' before it. .html: a conversation to print, with the notes on it.

    \b
    Example: ./run.sh export var/messages.jsonl
             ./run.sh export var/anna.html --user=anna
    """  # \b is click's
    if path.suffix not in (".jsonl", ".csv", ".html"):
        raise click.ClickException(f"what is to be in {path}? Let its name end in .jsonl, .csv or .html")
    if path.suffix == ".html" and not name:
        raise click.ClickException("an .html is one conversation: name the customer with --user=")
    ensure_free(path, yes=yes)
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with (
            open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="", encoding="utf-8") as file,
            transaction(url, reads=True) as connection,
        ):
            count = _write(connection, file, path.suffix, name)
        part.replace(path)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"wrote {count} messages to {path}")


def _write(connection: Connection, file: IO[str], form: str, name: str | None) -> int:
    """Returns how many messages were written."""
    user = users.find_by_name(connection, name) if name else None
    if name and not user:
        raise click.ClickException(f"there is no user {name}: ./run.sh user list shows them")
    count = messages.count(connection, user.id) if user else messages.count_all(connection)
    with progress("Exporting", count) as told:
        found = _counted(messages.iterate(connection, user.id if user else None), told)
        if form == ".jsonl":
            file.writelines(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in found)
        elif form == ".csv":
            _write_table(file, found)
        else:
            assert user
            file.writelines(transcript.draw(user.user_name, list(found), notes.list_all(connection, user.id)))
    return count


def _counted(found: Iterable[Message], told: Callable[[int], None]) -> Iterator[Message]:
    for number, one in enumerate(found, 1):
        yield one
        if not number % messages.PAGE:
            told(messages.PAGE)


def _write_table(file: IO[str], found: Iterable[Message]) -> None:
    file.write("\ufeff")  # by which a spreadsheet knows UTF-8
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for one in found:
        values = {**asdict(one), "created": utc_text(one.created), "is_from_support": int(one.is_from_support)}
        table.writerow([_harmless(values[column]) for column in COLUMNS])


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
