"""Storing messages: many at once, as if one after the other. Ids rise in the order of the drafts."""

import time
from collections.abc import Iterable, Sequence

from msgspec import Struct

from db import conversations, users
from db.clock import utc_text
from db.conversations import Change
from db.engine import AlreadyAnswered, Conflict, Connection, KeyReused, Refused, UnknownUser, marks
from db.messages import Message
from db.users import User

AT_ONCE = 256  # drafts in one set of statements

Keyed = tuple[int, str, str]  # the values of the unique index that a key is in
Place = Keyed | int  # and a place of its own for what has no key


class Draft(Struct, frozen=True, gc=False):
    """What `author`, the customer itself or an operator, writes in the conversation of the customer `user_id`.

    `key` makes it one message however often it comes; `seen_id` is the newest message that an operator had in view.
    """

    author: User
    user_id: int
    text: str
    key: str | None = None
    seen_id: int | None = None

    @property
    def invader_name(self) -> str:
        return self.author.user_name if self.author.is_admin else ""

    @property
    def place(self) -> Keyed | None:
        return None if self.key is None else (self.user_id, self.key, self.invader_name)


class Added(Struct, frozen=True, gc=False):
    """A stored message, and whether it is new or was there under its key."""

    message: Message
    is_new: bool


def add(connection: Connection, draft: Draft) -> Added:
    """Store one. Raises what `add_all` refuses."""
    (outcome,) = add_all(connection, [draft])
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def add_all(connection: Connection, drafts: Sequence[Draft]) -> list[Added | Refused]:
    """Store each draft, once for its key.

    What is refused is a value in its place, found before anything is written: UnknownUser where `user_id` is not a
    customer's, KeyReused where the key stands with another text, AlreadyAnswered where another operator's answer is
    newer than `seen_id`.
    """
    outcomes: list[Added | Refused] = []
    for start in range(0, len(drafts), AT_ONCE):
        outcomes += _add_some(connection, drafts[start : start + AT_ONCE])
    return outcomes


def find(connection: Connection, draft: Draft) -> Message | None:
    """The message that is stored under the draft's key. Raises UnknownUser and KeyReused."""
    names = users.find_names(connection, {draft.user_id})
    outcome = _decide(connection, draft, draft.place or 0, names, _find_stored(connection, [draft], names), {})
    if isinstance(outcome, UnknownUser | KeyReused):
        raise outcome
    return outcome if isinstance(outcome, Message) else None


def _add_some(connection: Connection, drafts: Sequence[Draft]) -> list[Added | Refused]:
    """Few keys come twice, and few users go: until one does, nothing is looked for that a customer's draft says.

    Who has become an operator is a customer in its own draft, until handlers/upkeep.py ends its connections.
    """
    names = {one.user_id: one.author.user_name for one in drafts if not one.author.is_admin}
    answers = [one for one in drafts if one.author.is_admin]
    try:
        if not answers:
            return [Added(message, True) for message in _insert(connection, drafts, names)]
        names |= users.find_names(connection, {one.user_id for one in answers})
        stored = _find_stored(connection, [one for one in answers if one.seen_id is not None], names)
        return _store(connection, drafts, names, stored)
    except Conflict:
        names = users.find_names(connection, {one.user_id for one in drafts})
        return _store(connection, drafts, names, _find_stored(connection, drafts, names))


def _store(
    connection: Connection, drafts: Sequence[Draft], names: dict[int, str], stored: dict[Place, Message]
) -> list[Added | Refused]:
    """The outcomes, where the customers' names and what is stored already are known.

    Raises Conflict, and stores nothing, where that is not so.
    """
    new: dict[Place, Draft] = {}  # in their order; one without a key is in a place of its own
    decided: list[Message | Refused | Place] = []
    for number, draft in enumerate(drafts):
        place = draft.place or number
        outcome = _decide(connection, draft, place, names, stored, new)
        if outcome is None:
            new.setdefault(place, draft)
        decided.append(outcome or place)
    added = dict(zip(new, _insert(connection, list(new.values()), names), strict=True))
    outcomes: list[Added | Refused] = []
    for one in decided:
        if isinstance(one, Refused):
            outcomes.append(one)
        elif isinstance(one, Message):
            outcomes.append(Added(one, False))
        else:
            outcomes.append(Added(added[one], new.pop(one, None) is not None))  # the first of them is the new one
    return outcomes


def _decide(
    connection: Connection,
    draft: Draft,
    place: Place,
    names: dict[int, str],
    stored: dict[Place, Message],
    new: dict[Place, Draft],
) -> Message | Refused | None:
    """What becomes of a draft behind those that are `new`: None where it, or the one with its key, is to be stored."""
    if draft.user_id not in names:
        return UnknownUser()
    if found := stored.get(place):
        return found if found.message_text == draft.text else KeyReused()
    if waiting := new.get(place):
        return None if waiting.text == draft.text else KeyReused()
    if draft.seen_id is not None and _is_answered(connection, draft, new.values()):
        return AlreadyAnswered()
    return None


def _is_answered(connection: Connection, draft: Draft, new: Iterable[Draft]) -> bool:
    """Whether another operator's answer is newer than what this one had seen."""
    others = (one.author for one in new if one.user_id == draft.user_id and one.author.is_admin)
    if any(author.user_name != draft.author.user_name for author in others):
        return True
    sql = """
        SELECT id FROM messages
        WHERE user_id = ? AND id > ? AND is_from_support AND invader_name <> ? LIMIT 1
    """
    values = (draft.user_id, draft.seen_id, draft.author.user_name)
    return connection.execute(sql, values).fetchone() is not None


def _find_stored(connection: Connection, drafts: Sequence[Draft], names: dict[int, str]) -> dict[Place, Message]:
    """The messages that stand in the drafts' places."""
    places = [place for draft in drafts if (place := draft.place)]
    if not places:
        return {}
    condition, count = marks("(user_id = ? AND client_key = ? AND invader_name = ?)", " OR ", len(places))
    sql = f"""
        SELECT id, message, invader_name, is_from_support, created, user_id, client_key FROM messages
        WHERE {condition}
    """  # noqa: S608  # marks alone
    values = [value for place in places for value in place] + [*places[-1]] * (count - len(places))
    stored: dict[Place, Message] = {}
    for row in connection.execute(sql, values).fetchall():
        message = Message(row[0], row[1], row[2], bool(row[3]), row[4], row[5], names[row[5]])
        stored[row[5], row[6], row[2]] = message
    return stored


def _insert(connection: Connection, drafts: Sequence[Draft], names: dict[int, str]) -> list[Message]:
    """Raises Conflict where a key stands already, or a user is gone."""
    if not drafts:
        return []
    created = int(time.time())
    sql = """
        INSERT INTO messages (user_id, invader_name, message, created, is_from_support, client_key)
        VALUES (?, ?, ?, ?, ?, ?)
    """
    text = utc_text(created)
    # Not a bool: sqlite3 and PyMySQL look for how to adapt it, for longer than an int takes.
    rows = [(one.user_id, one.invader_name, one.text, text, int(one.author.is_admin), one.key) for one in drafts]
    messages = []
    changes: dict[int, Change] = {}
    for message_id, draft, row in zip(connection.insert_later(sql, rows), drafts, rows, strict=True):
        author, user_id, name = draft.author, draft.user_id, row[1]
        change = changes.get(user_id) or changes.setdefault(user_id, Change(user_id))
        if author.is_admin:
            change.add_answer(message_id, author.id)
        else:
            change.add_question(message_id)
        messages.append(Message(message_id, draft.text, name, author.is_admin, created, user_id, names[user_id]))
    conversations.apply(connection, changes.values())
    return messages
