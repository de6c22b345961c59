"""The commands, by the words of ./run.sh."""

import click

from manage.users import user


@click.group()
def cli() -> None:
    """Administer the chat service."""


cli.add_command(user)

if __name__ == "__main__":
    cli(prog_name="./run.sh")
