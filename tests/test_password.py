"""user.password: who changes the password stays, every other connection of the user ends."""

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.web import Application

from handlers import upkeep
from tests.conftest import PASSWORD, Desk
from tests.test_login import Door, throttled

pytestmark = pytest.mark.gen_test


async def test_a_new_password_ends_every_other_token_and_connection(
    desk: Desk, http_client: AsyncHTTPClient, app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    door = Door(desk, http_client)
    for name in ("anna", "olga"):
        client, tab, boris = await desk.enter(name), await desk.enter(name), await desk.enter("boris")
        old = await desk.token(name)
        token = (await client.call("user.password", PASSWORD, "another 😀"))["token"]
        assert await tab.close_code() == 1008
        await upkeep.close_revoked(desk.database)
        assert await client.call("desk.status")
        assert await boris.call("desk.status")
        again = await desk.open()
        await again.call("message.auth", token)
        stale = await desk.open()
        stale.send("message.auth", old)
        assert await stale.close_code() == 1008
        assert (await door.knock(name, PASSWORD)).code == 403
        assert (await door.knock(name, "another 😀")).code == 200
        assert f"user {desk.ids[name]} changed its password from 127.0.0.1" in caplog.text


async def test_a_wrong_old_password_is_error_4_and_counts_as_a_failed_log_in(
    desk: Desk, http_client: AsyncHTTPClient, app: Application
) -> None:
    throttled(app, 2, 100)
    anna = await desk.enter("anna")
    assert await anna.refused("user.password", "wrong", "a new one") == 4
    assert "Retry-After" not in (await Door(desk, http_client).knock("anna")).headers
    assert await anna.refused("user.password", PASSWORD, "a new one") == 6
    assert "Retry-After" in (await Door(desk, http_client).knock("anna", PASSWORD)).headers


@pytest.mark.parametrize(
    "params", [[], ["old"], ["old", ""], ["old", "seven 7"], ["old", "ё" * 37], ["old", None], [1, "a new one"]]
)
async def test_a_password_that_can_not_be_one_is_error_1(desk: Desk, params: list[object]) -> None:
    anna = await desk.enter("anna")
    assert await anna.refused("user.password", *params) == 1
