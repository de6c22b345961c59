"""What a user's name and password may be, and how a password is kept."""

import unicodedata

import bcrypt

NAME_LENGTH = 255  # characters, as users.user_name holds
PASSWORD_LENGTH = 8  # characters that a new one has at least (ASVS 6.2.1); who has a shorter one keeps it
PASSWORD_BYTES = 72  # bcrypt reads no further

# The hash of a password that nobody knows, at the cost of `hash_password`: what an unknown name is checked against.
NOBODY = "$2b$12$BdHrlY4kUfLis6wZnbEpl.LiZ1sJ8EdTW6j6vudMz/GVx57nq9RN2"


def normalize_name(name: str) -> str:
    """The name in NFC. Raises ValueError, with a line for people, where it can't be a user's name."""
    name = unicodedata.normalize("NFC", name)
    if not name or len(name) > NAME_LENGTH:
        raise ValueError(f"a name has 1 to {NAME_LENGTH} characters")
    if name != name.strip():
        raise ValueError("a name has no spaces at its ends")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise ValueError("a name has no control characters")
    return name


def check_new_password(password: str) -> None:
    """Raises ValueError, with a line for people, where it can't be a password."""
    if len(password) < PASSWORD_LENGTH:
        raise ValueError(f"a password has at least {PASSWORD_LENGTH} characters")
    if len(password.encode()) > PASSWORD_BYTES:
        raise ValueError(f"a password has at most {PASSWORD_BYTES} bytes")


def hash_password(password: str) -> str:
    """The bcrypt hash to store. Takes a quarter of a second; raises as `check_new_password` does."""
    check_new_password(password)
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


def check_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hash's. Without a hash it is not, and that takes as long to find out."""
    secret = password.encode()
    try:
        matches = bcrypt.checkpw(secret[:PASSWORD_BYTES], (password_hash or NOBODY).encode())
    except ValueError:  # the column holds no bcrypt hash
        matches = bcrypt.checkpw(secret[:PASSWORD_BYTES], NOBODY.encode())
    return matches and password_hash is not None and len(secret) <= PASSWORD_BYTES
