"""The commands, by the words of ./run.sh."""

import click

from manage.backup import backup, restore
from manage.doctor import doctor
from manage.erase import erase
from manage.export import export
from manage.importing import import_users
from manage.users import user


@click.group()
def cli() -> None:
    """Administer the chat service."""


user.add_command(import_users)
user.add_command(erase)
for command in (user, backup, restore, export, doctor):
    cli.add_command(command)

if __name__ == "__main__":
    cli(prog_name="./run.sh")
