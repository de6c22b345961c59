"""A user's own account."""

import logging
import time
from dataclasses import replace

from db import users
from db.credentials import check_new_password
from handlers.methods.session import Answer, Session
from handlers.passwords import Throttled
from handlers.protocol import AccessDenied, Params, TooManyRequests, Unauthorized

logger = logging.getLogger("chat.auth")


class Password(Params):
    """`user.password [old, new]`: this connection goes on with the new token, the user's others end."""

    old: str
    new: str

    def __post_init__(self) -> None:
        check_new_password(self.new)

    async def run(self, session: Session) -> Answer:
        user = await session.database.read(users.find, session.user.id)
        if user is None:
            raise Unauthorized
        checks = session.password_checks
        try:
            is_right = await checks.check(session.address, user.user_name, self.old, user.user_password)
        except Throttled:
            raise TooManyRequests from None
        if not is_right:
            raise AccessDenied
        new_hash = await checks.hash(self.new)
        key = await session.database.write(users.replace_password, user, new_hash)
        if key is None:  # changed meanwhile
            raise AccessDenied
        fields = {"user": user.id, "address": session.address}
        logger.info("user %(user)d changed its password from %(address)s", fields)
        session.user = replace(session.user, key=key)
        session.expires_at = session.tokens.find_expiry(time.time())
        return Answer({"token": session.tokens.issue(user.id, key)}, ends_others=True)
