"""./run.sh doctor: is everything as it should be, and if not, what to do."""

import os
import re
import resource
import shutil
import stat
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
from tornado.options import options

import settings
from db import find_engine
from db.examination import Finding, examine
from handlers.tokens import find_secret
from manage.way_in import ANSWER_SECONDS, examine_way_in

FREE_BYTES = 500 * 2**20


@click.command()
@click.option("--config", envvar="CHAT_CONFIG", help="the service's file of settings")
@click.option("--database", "database_url", help="the database, where it is not in the settings")
@click.option("--url", help="the public address: a customer is made, logs in there, and is removed")
def doctor(config: str | None, database_url: str | None, url: str | None) -> None:
    """Examine the settings, the database and the machine, and the way in from outside. Exit status 1: not all is well.

    Example: ./run.sh doctor --url=https://chat.example
    """
    is_well = True
    for finding in _examine_all(config, database_url, url):
        is_well = is_well and not finding.advice
        click.echo(
            f"{'FAIL' if finding.advice else 'ok  '} {finding.text}" + (f": {finding.advice}" if finding.advice else "")
        )
    raise SystemExit(0 if is_well else 1)


def _examine_all(config: str | None, database_url: str | None, url: str | None) -> Iterator[Finding]:
    arguments = [f"--config={config}"] if config else []
    try:
        settings.read(arguments + ([f"--database={database_url}"] if database_url else []))
        engine = find_engine(options.database)
    except ValueError as error:
        yield Finding("settings", str(error))
        return
    yield Finding(f"settings of {config or 'the defaults'}")
    yield _examine_secret()
    if options.database.startswith("sqlite:"):
        yield _examine_disk(os.path.dirname(options.database.partition(":")[2]) or ".")
    yield _examine_files()
    if not engine.exists():
        yield Finding(f"there is no database {options.database}", "start the service, or correct --database=")
        return
    try:
        connection = engine.connect()
        try:
            yield Finding(f"reached the database {options.database}")
            yield from examine(engine, connection)
            if url:
                yield from examine_way_in(connection, url.rstrip("/"), options.trusted_proxies)
        finally:
            connection.close()
    except Exception as error:
        yield Finding("the database", str(error))


def _examine_secret() -> Finding:
    if not os.environ.get("CHAT_SECRET"):
        path = Path(options.secret_file)
        if not path.exists():
            return Finding(f"there is no token secret {path}", "start the service: it makes one")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return Finding(f"others can read the token secret {path}", f"chmod 600 {path}")
    try:
        find_secret(options.secret_file)
    except ValueError as error:
        return Finding("the token secret", str(error))
    return Finding("the token secret is its owner's alone")


def _examine_disk(folder: str) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free // 2**20:,} MiB are free in {folder}"
    return Finding(text, "" if free >= FREE_BYTES else "make room: without any, no message can be stored")


def _examine_files() -> Finding:
    """The limit of the service that runs, if it tells; else of one that were started from here."""
    most: float = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    whose = "a service that is started from here"
    if options.metrics_port:
        try:
            most = _ask_limit(options.metrics_port)
        except (OSError, ValueError) as error:
            text = f"no metrics on port {options.metrics_port}: {error}"
            return Finding(text, "look whether the service runs, and at the setting metrics-port")
        whose = "the service"
    if most == resource.RLIM_INFINITY:
        return Finding(f"{whose} may have any number of files open")
    needed = options.connections + settings.OTHER_FILES
    advice = f"{options.connections} connections need {needed}: raise LimitNOFILE= in the unit, or ulimit -n"
    return Finding(f"{whose} may have {most:,.0f} files open", "" if most >= needed else advice)


def _ask_limit(port: int) -> float:
    """Raises OSError, ValueError."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=ANSWER_SECONDS) as answer:
        found = re.search(r"^chat_most_files (\S+)$", answer.read().decode(), re.MULTILINE)
    if not found:
        raise ValueError("another program answers there")
    return float(found[1])
