"""./run.sh user erase: a person's texts and name, for good."""

import click

from db import erase as erasing
from db import messages, users
from manage.database import database_option, progress, transaction, yes_option
from manage.users import name_argument


@click.command()
@name_argument
@yes_option
@database_option
def erase(name: str, yes: bool, url: str) -> None:
    """Take a person out of the database: what is left is counted, and does not tell who it was.

    A customer's conversation keeps its messages without their texts, and so do the notes on it. An operator's answers
    and notes stay, under another name; NAME may be one who was removed before. The service may be running.

    Example: ./run.sh user erase anna
    """
    with transaction(url) as connection:
        user = users.find_by_name(connection, name)
        count = messages.count(connection, user.id) if user else 0
        newest_id = messages.find_newest_id(connection)
        other = erasing.stand_in(user.id) if user else "erased"
        if other != name and users.find_by_name(connection, other):
            raise click.ClickException(f"another user has the name that it would get, {other}: remove that one first")
    if not yes:
        what = f"the texts of {count} messages, the notes on it, and the name" if user else "the name"
        click.confirm(f"Erase {what} {name} for good?", abort=True)
    renamed = 0
    with progress("Erasing", count + newest_id) as told:
        if user:
            with transaction(url) as connection:
                erasing.hide(connection, user)
            _erase_texts(url, user.id)
            told(count)
        for after_id in range(0, newest_id, erasing.IDS_AT_ONCE):
            with transaction(url) as connection:
                renamed += erasing.erase_name(connection, name, other, after_id)
            told(erasing.IDS_AT_ONCE)
    with transaction(url) as connection:
        renamed += erasing.erase_name_in_notes(connection, name, other)
    if not (user or renamed):
        raise click.ClickException(f"there is no user {name}, and no answer or note under that name")
    click.echo(f"erased {name}: {count} messages have no text, {renamed} answers and notes are under {other}")


def _erase_texts(url: str, user_id: int) -> None:
    last_id: int | None = 0
    while last_id is not None:
        with transaction(url) as connection:
            last_id = erasing.erase_texts(connection, user_id, last_id)
