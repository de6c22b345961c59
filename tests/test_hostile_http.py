"""HTTP that is meant to be read in two ways, and addresses that are meant to lead elsewhere."""

import pytest

from tests.conftest import Desk
from tests.test_login import raw

pytestmark = pytest.mark.gen_test

POST = b"POST /v1/auth/ HTTP/1.1\r\nHost: localhost\r\n"
HIDDEN = b"GET /operator HTTP/1.1\r\nHost: localhost\r\n\r\n"  # what would be taken for a request of somebody else


@pytest.mark.parametrize(
    "ambiguous",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 70\r\n\r\n",
        b"Content-Length: 0, 70\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
        b"Content-Length: 0x0\r\n\r\n",
        b"Content-Length: 0_0\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length : 0\r\n\r\n",
        b"Content-Length: 1\r\n 0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\nx\r\n",
    ],
    ids=repr,
)
async def test_a_body_whose_length_is_not_certain_is_refused_with_all_behind_it(desk: Desk, ambiguous: bytes) -> None:
    """Request smuggling (RFC 9112 6.3, 11.2)."""
    answer = await raw(desk, POST + ambiguous + HIDDEN)
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert answer.startswith(b"HTTP/1.1 400"), answer


async def test_nothing_that_a_client_sends_becomes_a_header_or_a_line_of_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for path in (
        b"/%0d%0aX-Evil:%201",
        b"/web/%0d%0aX-Evil:%201",
        b"/\x1b[31mred",
        b"/\xd1\x91",
        b"/a\tb",
        b"/?%0aX-Evil:",
    ):
        answer = await raw(desk, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer[:12] in (b"HTTP/1.1 404", b"HTTP/1.1 400", b"HTTP/1.1 200"), answer
        assert b"\nX-Evil" not in answer
    origin = b"Origin: https://a.example\rX-Evil: 1\r\n"
    assert (await raw(desk, POST + origin + b"Content-Length: 0\r\n\r\n")).startswith(b"HTTP/1.1 400")
    for record in caplog.records:
        assert not set("\r\n\x1b") & set(record.getMessage()), record


async def test_no_path_leads_out_of_the_pages(desk: Desk) -> None:
    for path in (
        b"/web/../server.py",
        b"/web/%2e%2e/server.py",
        b"/web/..%5cserver.py",
        b"/web/%252e%252e/server.py",
        b"/web/....//server.py",
        b"/web/client.js%00.py",
        b"/web/%c0%ae%c0%ae/server.py",
        b"/web/\xff",
        b"/web//client.js",
        b"/web/./client.js",
        b"/web/CLIENT.JS",
        b"/web/texts",
        b"//evil.example/web/client.js",
        b"http://evil.example/secret",
    ):
        answer = await raw(desk, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer[:12] in (b"HTTP/1.1 404", b"HTTP/1.1 400"), (path, answer[:200])
        assert b"import" not in answer
        assert b"Location:" not in answer
