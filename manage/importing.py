"""./run.sh user import: many users from a CSV file, all of them or none."""

import csv
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, NamedTuple

import click

from db import Connection, users
from db.credentials import check_new_password, hash_password, normalize_name
from manage.database import database_option, progress, transaction

ROLES = {"": False, "customer": False, "operator": True}
COLUMNS = ("name", "password", "role")


class Row(NamedTuple):
    number: int  # its line in the file
    name: str
    password: str
    is_admin: bool


@click.command("import")
@click.argument("file", metavar="FILE", type=click.File(encoding="utf-8-sig"))
@database_option
def import_users(file: IO[str], url: str) -> None:
    """Add the users in a CSV file: all of them, or none where a row can't be.

    Its first line names the columns: name, password, and role where it may stand (customer or operator). Commas or
    semicolons are between them. `-` reads standard input. The service may be running.

    \b
    Example: ./run.sh user import staff.csv
    """  # \b is click's
    with transaction(url, creates=True) as connection:
        rows = _read_all(file, connection)
    with progress("Hashing the passwords", len(rows)) as told, ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = []
        for password_hash in pool.map(hash_password, [row.password for row in rows]):
            hashes.append(password_hash)
            told(1)
    with transaction(url) as connection:
        _report([f"line {row.number}: there is a user {row.name}" for row in rows if _exists(connection, row.name)])
        ids = [
            users.add(connection, row.name, password_hash, is_admin=row.is_admin)
            for row, password_hash in zip(rows, hashes, strict=True)
        ]
    for row, user_id in zip(rows, ids, strict=True):
        role = "operator" if row.is_admin else "customer"
        click.echo(f"line {row.number}: added the {role} {row.name}, id {user_id}")


def _exists(connection: Connection, name: str) -> bool:
    return users.find_by_name(connection, name) is not None


def _report(faults: list[str]) -> None:
    if faults:
        raise click.ClickException("\n".join([*faults, "nobody was added: correct these lines and import it again"]))


def _read_all(file: IO[str], connection: Connection) -> list[Row]:
    """The rows, if all of them can be added. Raises click's exception with a line for each that can't."""
    rows: dict[str, Row] = {}
    faults: list[str] = []
    try:
        for number, values in _read(file):
            try:
                row = _check(number, values)
                if row.name in rows or _exists(connection, row.name):
                    raise ValueError(f"there is a user {row.name} already")
                rows[row.name] = row
            except ValueError as error:
                faults.append(f"line {number}: {error}")
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file.name} is no CSV file in UTF-8: {error}") from error
    _report(faults)
    return list(rows.values())


def _read(file: IO[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's line and its values by column."""
    head = file.readline()
    delimiter = ";" if ";" in head else ","
    columns = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
    if not {"name", "password"} <= set(columns) <= set(COLUMNS):
        raise click.ClickException("the first line must name the columns: name,password or name,password,role")
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    for values in reader:
        if values:
            fits = len(values) == len(columns)  # a cell too many may be half of a password
            yield reader.line_num + 1, dict(zip(columns, values, strict=True)) if fits else {}


def _check(number: int, values: dict[str, str]) -> Row:
    """Raises ValueError, with a line for people."""
    if not values:
        raise ValueError("it has not as many cells as the first line")
    name = normalize_name(values["name"].strip())
    check_new_password(values["password"])
    role = values.get("role", "").strip().lower()
    if role not in ROLES:
        raise ValueError(f"the role is customer or operator, not {role}")
    return Row(number, name, values["password"], ROLES[role])
