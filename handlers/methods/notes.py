"""Notes on a conversation, which operators alone ever see."""

from db import conversations, notes, users
from db.conversations import Conversation
from db.engine import Connection
from handlers.methods.session import Answer, Session
from handlers.protocol import Id, Key, Params, Text, check_key, check_text
from handlers.views import Event


class Add(Params):
    """`note.add [user_id, text, key?]`: a note behind the conversation's newest message."""

    user_id: Id
    text: Text
    key: Key | None = None

    def __post_init__(self) -> None:
        check_text(self.text)
        check_key(self.key)

    async def run(self, session: Session) -> Answer:
        note, changed = await session.database.write(self._write, session.user.user_name)
        if changed is None:
            return Answer({"note": note})
        return Answer({"note": note}, events=[Event("note", self.user_id, note, None), session.tell(changed)])

    def _write(self, connection: Connection, operator_name: str) -> tuple[notes.Note, Conversation | None]:
        """The note, and the conversation if that changed it."""
        users.get_customer(connection, self.user_id)
        note, is_new = notes.add(connection, self.user_id, operator_name, self.text, self.key)
        return note, conversations.get(connection, self.user_id) if is_new else None
