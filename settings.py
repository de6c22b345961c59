"""The settings of the service, from flags and from the file that `--config` names."""

import ipaddress
import math
import os
import re
import sys
import tomllib
from typing import Any

import tornado.options
from tornado.options import define, options

import logs
from handlers.protocol import MAX_TEXT

GROUP = "./run.sh serve"

DATABASE = "sqlite:var/chat.db"
ORIGIN = re.compile(r"https?://[^/\s]+")
OTHER_FILES = 100  # that are open besides the connections
LOGGING = ("debug", "info", "warning", "error", "none")

define("address", "127.0.0.1", help="the address to listen on; 0.0.0.0 for all", group=GROUP)
define("port", 8888, help="the port to listen on; 0 for a free one", group=GROUP)
define("database", DATABASE, help="sqlite:PATH or mysql://USER@HOST:PORT/NAME", group=GROUP)
define("config", os.environ.get("CHAT_CONFIG"), type=str, help="a TOML file of these; flags count more", group=GROUP)
define("demo", False, help="make accounts to try it with; their passwords are shown", group=GROUP)
define("secret_file", "var/secret", help="the token secret, unless CHAT_SECRET holds it", group=GROUP)
define("backup_folder", "var/backups", help="where a backup goes before the database is upgraded", group=GROUP)
define("retention_days", 0, help="days after which messages and notes are deleted; 0 for never", group=GROUP)
define("token_days", 30, help="days until a token expires", group=GROUP)
define("allowed_origins", type=str, multiple=True, help="origins of other sites' pages that may use it", group=GROUP)
define("certfile", type=str, help="the certificate's chain (PEM), for TLS; read again on SIGHUP", group=GROUP)
define("keyfile", type=str, help="the certificate's key (PEM)", group=GROUP)
define("log_format", "plain", help="|".join(logs.FORMATS) + ": for people, or for programs", group=GROUP)
define("metrics_port", 0, help="the port of /metrics on 127.0.0.1; 0 for none", group=GROUP)
define("trusted_proxies", type=str, multiple=True, help="addresses of proxies whose X-Real-IP counts", group=GROUP)
define("connections", 10_000, help="connections at once, in all", group=GROUP)
define("connections_per_address", 256, help="connections at once from one address", group=GROUP)
define("auth_timeout", 10.0, help="seconds in which a connection must authenticate", group=GROUP)
define("frame_limit", 262_144, help="bytes in one frame", group=GROUP)
define("text_limit", MAX_TEXT, help=f"characters in one message, at most {MAX_TEXT}", group=GROUP)
define("message_rate", 20.0, help="messages a second for one connection; 0 for no limit", group=GROUP)
define("message_burst", 100, help="messages at once, before the rate counts", group=GROUP)
define("call_rate", 20.0, help="other calls a second for one user, past that they wait; 0: no limit", group=GROUP)
define("login_failures", 10, help="failed log-ins for one address and name in the window", group=GROUP)
define("login_failures_per_address", 100, help="failed log-ins for one address in the window", group=GROUP)
define("login_window", 600.0, help="seconds for which a failed log-in counts", group=GROUP)
define("assignment_grace", 300.0, help="seconds until an absent operator's waiting ones are all's", group=GROUP)
define("ping_interval", 20.0, help="seconds between pings, which find dead connections", group=GROUP)

MAY_BE_ZERO = ("port", "metrics_port", "message_rate", "call_rate", "assignment_grace", "retention_days")


def read(arguments: list[str]) -> None:
    """Set tornado's `options` from the command line and the file that it names.

    Raises ValueError with a line for people; `--help` prints the settings and ends.
    """
    if "--help" in arguments or "-h" in arguments:
        sys.argv[0] = GROUP
        options.print_help(sys.stdout)
        sys.exit()
    _read_flags(arguments)
    if options.config:
        for name, value in read_file(options.config).items():
            options[name] = value
        _read_flags(arguments)
    for name, value in options.group_dict(GROUP).items():
        _check(name, value)
    if bool(options.certfile) != bool(options.keyfile):
        raise ValueError("TLS needs both: say --certfile= and --keyfile=")
    if options.logging not in LOGGING:
        raise ValueError(f"--logging does not take {options.logging!r}: say {', '.join(LOGGING)}")
    if options.log_format not in logs.FORMATS:
        raise ValueError(f"--log-format does not take {options.log_format!r}: say {', '.join(logs.FORMATS)}")
    try:
        options.run_parse_callbacks()  # the log
    except OSError as error:
        raise ValueError(f"cannot write the log to {options.log_file_prefix}: {error.strerror}") from error
    logs.set_up(options.log_format)


def _read_flags(arguments: list[str]) -> None:
    for argument in arguments:
        name, equals, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or name not in options:
            raise ValueError(f"unknown setting {argument}: ./run.sh serve --help lists them")
        try:
            options.parse_command_line(["", argument], final=False)
        except (tornado.options.Error, ValueError):
            if not equals:
                raise ValueError(f"--{name} needs a value: write --{name}=…") from None
            raise ValueError(f"--{name} does not take {value!r}: ./run.sh serve --help shows what it is") from None


def read_file(path: str) -> dict[str, Any]:
    """The settings in a TOML file. Raises ValueError with a line for people."""
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
    except OSError as error:
        raise ValueError(f"cannot read the settings in {path}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"cannot read the settings in {path}: {error}") from error
    return {name: _convert(path, name, value) for name, value in settings.items()}


def _convert(path: str, name: str, value: Any) -> Any:
    """The value as the setting's type, where TOML's is as good."""
    if isinstance(value, dict):
        raise ValueError(f"[{name}] in {path}: settings stand without a section")
    if name not in options.group_dict(GROUP) and name.replace("-", "_") not in options.group_dict(GROUP):
        raise ValueError(f"unknown setting {name!r} in {path}: ./run.sh serve --help lists them")
    default = options[name]
    if isinstance(default, float) and type(value) is int:
        return float(value)
    expected = type(default) if default is not None else str
    if type(value) is not expected or (expected is list and not all(isinstance(one, str) for one in value)):
        kinds = {
            int: "a whole number",
            float: "a number",
            bool: "true or false",
            str: "a text",
            list: "a list of texts",
        }
        raise ValueError(f"{name} in {path} is {kinds[expected]}, not {value!r}")
    return value


def _check(name: str, value: Any) -> None:
    """Raises ValueError where a value of the right type can't be meant."""
    flag = "--" + name.replace("_", "-")
    if type(value) in (int, float) and (not math.isfinite(value) or value < 0 or not (value or name in MAY_BE_ZERO)):
        raise ValueError(f"{flag} must be {'0 or more' if name in MAY_BE_ZERO else 'above 0'}")
    if name in ("address", "database", "secret_file", "backup_folder") and not value:
        raise ValueError(f"{flag} is empty")
    most = {"port": 65_535, "metrics_port": 65_535, "text_limit": MAX_TEXT}.get(name)
    if most and value > most:
        raise ValueError(f"{flag} must be at most {most}")
    if name == "trusted_proxies":
        for address in value:
            _check_address(flag, address)
    if name == "allowed_origins":
        for origin in value:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{flag}: {origin!r} is no origin, such as https://shop.example")


def _check_address(flag: str, address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ValueError(f"{flag}: {address!r} is no address, such as 127.0.0.1") from None
