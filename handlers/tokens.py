"""The tokens that clients hold: signed by the service, over a user's id and key, with the time of issue."""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tornado.web import create_signed_value, decode_signed_value

NAME = "token"  # binds the signature to this use of the secret
SECRET_LENGTH = 32  # characters at least
DAY_SECONDS = 86_400


class Claim(NamedTuple):
    """What a token says; `expires_at` is in Unix seconds."""

    user_id: int
    key: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads tokens. Reading needs no database; whether the key still holds is for the database to say."""

    secret: str
    days: float

    def issue(self, user_id: int, key: str) -> str:
        return create_signed_value(self.secret, NAME, f"{user_id}:{key}").decode()

    def find_expiry(self, issued_at: float) -> float:
        """When a token of that time expires; both in Unix seconds."""
        return issued_at + self.days * DAY_SECONDS

    def read(self, token: str) -> Claim | None:
        """None where the token is forged or expired."""
        # Version 1 of Tornado's format is refused: its reader writes what it is given into the log.
        value = decode_signed_value(self.secret, NAME, token, max_age_days=self.days, min_version=2)
        if value is None:
            return None
        user_id, _, key = value.decode().partition(":")
        issued_at = token.split("|")[2].partition(":")[2]  # its version, that of its key, its time: 2|1:0|10:…|
        return Claim(int(user_id), key, self.find_expiry(int(issued_at)))


def find_secret(path: str) -> str:
    """The secret from CHAT_SECRET, else from the file, which is made where there is none.

    Raises ValueError or OSError, with a line that says what to do.
    """
    secret = os.environ.get("CHAT_SECRET", "")
    if secret:
        if len(secret) < SECRET_LENGTH:
            raise ValueError(f"CHAT_SECRET is too short: give it {SECRET_LENGTH} random characters or more")
        return secret
    file = Path(path)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_hex(SECRET_LENGTH) + "\n")
            new.flush()
            os.fsync(new.fileno())
    except FileExistsError:
        pass
    except OSError as error:
        raise ValueError(f"cannot write the token secret to {path}: {error.strerror}") from error
    return read_secret(file)


def read_secret(file: Path) -> str:
    """The secret in a file. Raises ValueError, with a line that says what to do."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        secret = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read the token secret in {file}: {getattr(error, 'strerror', error)}") from error
    if mode & 0o077:
        raise ValueError(f"others can read the token secret: chmod 600 {file}")
    if len(secret) < SECRET_LENGTH:
        raise ValueError(f"the token secret in {file} is too short: remove the file to get a new one")
    return secret
