"""Finding messages by a part of their text."""

from typing import Annotated

from msgspec import Meta

from db import search
from db.conversations import NEWEST_ID
from db.search_index import normalize
from handlers.methods.session import Answer, Session
from handlers.protocol import Id, Limit, Params

PAGE = 50  # messages for who asks for no number
MOST = 500


class Search(Params):
    """`message.search [text, before_id?, limit?]`: messages of all conversations, newest first."""

    text: Annotated[str, Meta(max_length=200)]
    before_id: Id | None = None
    limit: Limit | None = None

    def __post_init__(self) -> None:
        if len(normalize(self.text)) < 2 or "\0" in self.text:
            raise ValueError("too short")

    async def run(self, session: Session) -> Answer:
        before_id = NEWEST_ID if self.before_id is None else self.before_id
        limit = min(self.limit or PAGE, MOST)
        found = await session.database.read(search.find, normalize(self.text), before_id, limit)
        return Answer({"messages": [session.show(message) for message in found]})
