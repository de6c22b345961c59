"""A MariaDB that stops, is killed and comes back under a service that is never restarted; and its TLS."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from db import Unavailable, find_engine
from tests.client import Client
from tests.mariadb import MariaDB, running
from tests.service import Service, manage
from tests.service import running as service_running
from tests.test_users import log_in

pytestmark = pytest.mark.gen_test


@pytest.fixture(scope="module")
def own_mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server that may be stopped, with a certificate for localhost."""
    folder = tmp_path_factory.mktemp("own-mariadb")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    with running(folder, f"--ssl-cert={folder}/cert.pem", f"--ssl-key={folder}/key.pem") as started:
        yield started


@pytest.fixture
def service(own_mariadb: MariaDB, tmp_path: Path) -> Iterator[Service]:
    own_mariadb.execute("DROP DATABASE IF EXISTS chat")
    own_mariadb.execute("CREATE DATABASE chat")
    url = f"mysql://root@127.0.0.1:{own_mariadb.port}/chat"
    for name, role in (("olga", ["--operator"]), ("anna", [])):
        manage("user", "add", name, *role, f"--database={url}", stdin="a secret\n")
    with service_running(tmp_path, f"--database={url}") as started:
        yield started


async def health(service: Service) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(f"{service.url}/healthz", raise_error=False)


async def until_healthy(service: Service) -> None:
    while (await health(service)).code != 200:
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_restart_of_the_database_loses_nothing_and_logs_nobody_out(
    service: Service, own_mariadb: MariaDB, how: str
) -> None:
    anna, olga = await Client.connect(service.url), await Client.connect(service.url)
    token = await log_in(service.url, "anna", "a secret")
    await anna.call("message.auth", token)
    await olga.call("message.auth", await log_in(service.url, "olga", "a secret"))
    await anna.call("message.send", "before")
    own_mariadb.stop() if how == "stop" else own_mariadb.kill()
    try:
        assert await anna.refused("message.send", "meanwhile", "key") == 5
        assert await anna.refused("message.history") == 5
        newcomer = await Client.connect(service.url)
        assert await newcomer.refused("message.auth", token) == 5
        away = await health(service)
        assert away.code == 503
        assert json.loads(away.body)["reason"] == "the database does not answer"
        body = json.dumps({"user_name": "anna", "password": "a secret"})
        answer = await AsyncHTTPClient().fetch(f"{service.url}/v1/auth/", method="POST", body=body, raise_error=False)
        assert (answer.code, answer.body) == (404, b"")
        assert "Retry-After" in answer.headers
    finally:
        own_mariadb.start()
    await until_healthy(service)
    assert [m["message_text"] for m in (await newcomer.call("message.auth", token))["messages"]] == ["before"]
    await anna.call("message.send", "meanwhile", "key")
    await anna.call("message.send", "after")
    assert [(await olga.push())["message_text"] for _ in range(3)] == ["before", "meanwhile", "after"]
    log = service.log.read_text()
    assert log.count("the database is away") == log.count("the database is back") == 1
    assert "Traceback" not in log


async def test_what_another_session_stored_unseen_is_told_after_a_reconnect(
    service: Service, own_mariadb: MariaDB
) -> None:
    """As after a COMMIT whose answer was lost."""
    anna, olga = await Client.connect(service.url), await Client.connect(service.url)
    await anna.call("message.auth", await log_in(service.url, "anna", "a secret"))
    await olga.call("message.auth", await log_in(service.url, "olga", "a secret"))
    own_mariadb.execute(
        "INSERT INTO chat.messages (user_id, invader_name, message, is_from_support) VALUES (2, '', 'unseen', 0)"
    )
    sleeping = "SELECT id FROM information_schema.processlist WHERE db = 'chat'"
    for (number,) in own_mariadb.execute(sleeping):
        own_mariadb.execute(f"KILL {number}")
    await anna.call("message.send", "next")
    assert [(await olga.push())["message_text"] for _ in range(2)] == ["unseen", "next"]
    assert (await anna.push())["message_text"] == "unseen"


async def test_an_older_database_makes_the_clients_come_again(service: Service, own_mariadb: MariaDB) -> None:
    """As when a backup was restored under the service."""
    anna = await Client.connect(service.url)
    token = await log_in(service.url, "anna", "a secret")
    await anna.call("message.auth", token)
    first = (await anna.call("message.send", "first"))["message"]
    second = (await anna.call("message.send", "second"))["message"]
    own_mariadb.execute("DELETE FROM chat.messages WHERE message = 'second'")
    for (number,) in own_mariadb.execute("SELECT id FROM information_schema.processlist WHERE db = 'chat'"):
        own_mariadb.execute(f"KILL {number}")
    await health(service)
    assert await anna.close_code() == 1012
    again = await Client.connect(service.url)
    assert (await again.call("message.auth", token, second["message_id"]))["messages"] == [first]


def test_a_session_that_the_network_cut_gives_up_its_lock(own_mariadb: MariaDB) -> None:
    """The server has not noticed: the old session is ended before the new one reads."""
    own_mariadb.execute("CREATE DATABASE IF NOT EXISTS chat")
    engine = find_engine(f"mysql://root@127.0.0.1:{own_mariadb.port}/chat")
    lost, new = engine.connect(), engine.connect()
    engine.lock(lost)
    engine.lock(new)
    with pytest.raises(Exception, match=r"2006|2013|Lost|gone"):
        lost.execute("SELECT 1")
    new.close()
    lost.close()


def test_the_database_is_reached_over_a_unix_socket(own_mariadb: MariaDB) -> None:
    own_mariadb.execute("CREATE DATABASE IF NOT EXISTS chat")
    engine = find_engine(f"mysql://root@localhost/chat?unix_socket={own_mariadb.unix_socket}")
    connection = engine.connect()
    assert connection.execute("SELECT DATABASE()").fetchone() == ("chat",)
    connection.close()


def test_the_database_is_reached_over_tls_and_its_certificate_is_checked(own_mariadb: MariaDB, tmp_path: Path) -> None:
    own_mariadb.execute("CREATE DATABASE IF NOT EXISTS chat")
    url = f"mysql://root@localhost:{own_mariadb.port}/chat?ssl_ca="
    connection = find_engine(f"{url}{own_mariadb.folder}/ca.pem").connect()
    (_, cipher) = connection.execute("SHOW STATUS LIKE 'Ssl_cipher'").fetchone()
    assert cipher
    connection.close()
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with pytest.raises(Unavailable) as refusal:
        find_engine(f"{url}{tmp_path}/other.pem").connect()
    assert "certificate" in str(refusal.value).lower()
    assert isinstance(refusal.value.__cause__, Exception)
    with pytest.raises(Unavailable):  # the certificate names localhost, not its address
        find_engine(url.replace("localhost", "127.0.0.1") + f"{own_mariadb.folder}/ca.pem").connect()
