"""The desk's canned replies. Each method's result is the whole list, by shortcut."""

from typing import Annotated

from msgspec import Meta

from db import replies
from db.engine import Connection
from handlers.methods.session import Answer, Session
from handlers.protocol import Params, Text, check_text

Shortcut = Annotated[str, Meta(pattern=r"^[^\s\x00]{1,64}\Z")]


class List(Params):
    """`reply.list []`."""

    async def run(self, session: Session) -> Answer:
        return Answer({"replies": await session.database.read(replies.list_all)})


class Save(Params):
    """`reply.save [shortcut, text]`: adds a reply, or changes the one with that shortcut."""

    shortcut: Shortcut
    text: Text

    def __post_init__(self) -> None:
        check_text(self.text)

    async def run(self, session: Session) -> Answer:
        return Answer({"replies": await session.database.write(self._write)})

    def _write(self, connection: Connection) -> list[replies.Reply]:
        replies.save(connection, self.shortcut, self.text)
        return replies.list_all(connection)


class Delete(Params):
    """`reply.delete [shortcut]`."""

    shortcut: Shortcut

    async def run(self, session: Session) -> Answer:
        return Answer({"replies": await session.database.write(self._write)})

    def _write(self, connection: Connection) -> list[replies.Reply]:
        replies.delete(connection, self.shortcut)
        return replies.list_all(connection)
