"""./run.sh user …: who may log in."""

import sys

import click

from db import Connection, messages, users
from db.credentials import hash_password, normalize_name
from db.users import User
from manage.database import database_option, transaction


@click.group()
def user() -> None:
    """Add, list, change and remove users. The service may be running."""


def _normalize(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return normalize_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


name_argument = click.argument("name", callback=_normalize)


def _find(connection: Connection, name: str) -> User:
    found = users.find_by_name(connection, name)
    if found is None:
        raise click.ClickException(f"there is no user {name}: ./run.sh user list shows them")
    return found


def _ask_password() -> str:
    """The hash of a password, asked for twice on a terminal, else read from one line of standard input."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        return hash_password(password)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _ensure_free(connection: Connection, name: str) -> None:
    if users.find_by_name(connection, name):
        raise click.ClickException(f"there is a user {name} already: ./run.sh user passwd changes the password")


def _role(is_admin: bool) -> str:
    return "operator" if is_admin else "customer"


@user.command()
@name_argument
@click.option("--operator", "is_admin", is_flag=True, help="one who answers; otherwise a customer")
@database_option
def add(name: str, is_admin: bool, url: str) -> None:
    """Add a customer, or an operator.

    Example: ./run.sh user add anna --operator
    """
    with transaction(url, creates=True) as connection:
        _ensure_free(connection, name)
    password_hash = _ask_password()  # outside of a transaction, which would hold up the service
    with transaction(url) as connection:
        _ensure_free(connection, name)
        user_id = users.add(connection, name, password_hash, is_admin=is_admin)
    click.echo(f"added the {_role(is_admin)} {name}, id {user_id}, in {url}")


@user.command("list")
@database_option
def list_users(url: str) -> None:
    """List the users: id, role, name.

    Example: ./run.sh user list
    """
    with transaction(url) as connection:
        found = users.list_all(connection)
    for one in found:
        click.echo(f"{one.id:>8}  {_role(one.is_admin)}  {one.user_name}")
    if not found:
        click.echo("there are no users yet: ./run.sh user add NAME [--operator]", err=True)


@user.command()
@name_argument
@database_option
def passwd(name: str, url: str) -> None:
    """Change a password. Whoever is logged in as this user must log in again.

    Example: ./run.sh user passwd anna
    """
    with transaction(url) as connection:
        _find(connection, name)
    password_hash = _ask_password()
    with transaction(url) as connection:
        users.set_password(connection, _find(connection, name).id, password_hash)
    click.echo(f"changed the password of {name}")


@user.command()
@name_argument
@click.argument("role", type=click.Choice(["customer", "operator"]))
@database_option
def role(name: str, role: str, url: str) -> None:
    """Make a user a customer or an operator. Whoever is logged in as this user must log in again.

    Example: ./run.sh user role anna operator
    """
    with transaction(url) as connection:
        users.set_role(connection, _find(connection, name).id, is_admin=role == "operator")
    click.echo(f"{name} is now {'an' if role == 'operator' else 'a'} {role}")


@user.command()
@name_argument
@database_option
def logout(name: str, url: str) -> None:
    """End every log-in of a user. Open connections close within a minute.

    Example: ./run.sh user logout anna
    """
    with transaction(url) as connection:
        users.replace_key(connection, _find(connection, name).id)
    click.echo(f"{name} must log in again")


@user.command()
@name_argument
@click.option("--yes", is_flag=True, help="do not ask")
@database_option
def remove(name: str, yes: bool, url: str) -> None:
    """Remove a user: a customer with its conversation; an operator's answers stay, under its name.

    Example: ./run.sh user remove anna
    """
    with transaction(url) as connection:
        found = _find(connection, name)
        count = messages.count(connection, found.id)
    if not yes:
        what = f"the {_role(found.is_admin)} {name}" + (f" and a conversation of {count} messages" if count else "")
        click.confirm(f"Remove {what} for good?", abort=True)
    with transaction(url) as connection:
        users.remove(connection, _find(connection, name).id)
    click.echo(f"removed {name}")
