"""The files of the pages over HTTP: compressed, cached by content, read by nobody's path."""

import gzip
import json
import re
from posixpath import dirname, join, normpath

import brotli
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from db.demo import Account
from handlers.pages import TEMPLATES, WEB, Pages, pack
from tests.conftest import Desk

pytestmark = pytest.mark.gen_test

PAGES = Pages(16_000, ())
EVERY_PATH = [*TEMPLATES, *(f"/web/{path}" for path in PAGES.files)]
RELATIVE = re.compile(r"""["'`](\.{1,2}/[\w./-]+)["'`]""")
VERSIONED = re.compile(rf"/web/{PAGES.version}/([\w./-]+)")


async def fetch(desk: Desk, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
    """As it came over the wire: not unpacked."""
    client = AsyncHTTPClient()
    return await client.fetch(
        desk.url + path, method=method, headers=headers, raise_error=False, decompress_response=False
    )


async def test_every_file_comes_whole_compressed_or_not(desk: Desk) -> None:
    for path in EVERY_PATH:
        plain = await fetch(desk, path)
        packed = await fetch(desk, path, **{"Accept-Encoding": "gzip, deflate, br"})
        zipped = await fetch(desk, path, **{"Accept-Encoding": "gzip"})
        assert plain.code == packed.code == zipped.code == 200
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "br"
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert brotli.decompress(packed.body) == gzip.decompress(zipped.body) == plain.body
        assert {answer.headers["Vary"] for answer in (plain, packed, zipped)} == {"Accept-Encoding"}
        assert len({answer.headers["Etag"] for answer in (plain, packed, zipped)}) == 3
        assert plain.headers["X-Content-Type-Options"] == "nosniff"
        if path not in TEMPLATES and "whole" not in path and not path.endswith(".js"):
            assert plain.body == (WEB / path.removeprefix("/web/")).read_bytes()


async def test_a_client_gets_no_coding_that_it_does_not_take(desk: Desk) -> None:
    for accepted in ("identity", "gzip;q=0", "gzip; q=0.00, br; q=0", "zstd", ""):
        answer = await fetch(desk, "/widget.js", **{"Accept-Encoding": accepted})
        assert "Content-Encoding" not in answer.headers
    for accepted in ("gzip;q=0.5", "GZIP", "deflate, gzip;q=1.0, *;q=0", "br;q=0, gzip"):
        assert (await fetch(desk, "/widget.js", **{"Accept-Encoding": accepted})).headers["Content-Encoding"] == "gzip"


async def test_who_has_a_file_is_not_sent_it_again(desk: Desk) -> None:
    for path in EVERY_PATH:
        for accepted in ("br", "gzip", "identity"):
            first = await fetch(desk, path, **{"Accept-Encoding": accepted})
            headers = {"Accept-Encoding": accepted, "If-None-Match": first.headers["Etag"]}
            again = await fetch(desk, path, **headers)
            assert (again.code, again.body) == (304, b"")
            for name in ("Etag", "Cache-Control", "Vary"):
                assert again.headers[name] == first.headers[name]
        other = await fetch(desk, path, **{"If-None-Match": '"of another"'})
        assert other.code == 200


async def test_head_says_what_get_would_send(desk: Desk) -> None:
    for path in EVERY_PATH:
        got, head = await fetch(desk, path), await fetch(desk, path, "HEAD")
        assert (head.code, head.body) == (200, b"")
        for name in ("Content-Length", "Content-Type", "Etag", "Cache-Control"):
            assert head.headers[name] == got.headers[name]


async def test_only_the_version_in_force_is_kept_for_good(desk: Desk) -> None:
    now = await fetch(desk, f"/web/{PAGES.version}/client.js")
    assert now.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for path in ("/web/client.js", "/web/0123456789abcdef/client.js"):
        answer = await fetch(desk, path)
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.body == now.body
    for path in TEMPLATES:
        assert (await fetch(desk, path)).headers["Cache-Control"] == "no-cache"


async def test_each_kind_of_file_has_its_type(desk: Desk) -> None:
    for path in EVERY_PATH:
        kind = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
        suffix = path.rpartition(".")[2]
        assert (await fetch(desk, path)).headers["Content-Type"] == kind.get(suffix, "text/html; charset=utf-8")


async def test_other_sites_may_load_the_widget_and_the_modules(desk: Desk) -> None:
    for path in ("/widget.js", "/web/client.js", f"/web/{PAGES.version}/client.js", "/web/none.js"):
        headers = (await fetch(desk, path)).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_the_pages_run_nothing_but_their_own_scripts(desk: Desk) -> None:
    for path in ("/", "/operator"):
        headers = (await fetch(desk, path)).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        for part in ("default-src 'none'", "script-src 'self'", "trusted-types 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers


GUARDS = {
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
}


async def test_every_answer_is_guarded_and_names_no_server(desk: Desk) -> None:
    paths = [*EVERY_PATH, "/healthz", "/v1/auth/", "/v1/ws/", "/nothing", "/web/none.js", "/operator/"]
    for path in paths:
        for method in ("GET", "HEAD", "DELETE", "OPTIONS"):
            headers = (await fetch(desk, path, method)).headers
            assert headers.keys() >= GUARDS, (method, path)
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "Server" not in headers
            is_public = path.startswith(("/web/", "/widget.js"))
            assert headers["Cross-Origin-Resource-Policy"] == ("cross-origin" if is_public else "same-origin")
            assert ("Access-Control-Allow-Origin" in headers) is is_public


async def test_what_is_no_file_of_the_pages_is_not_found(desk: Desk) -> None:
    for path in (
        "/web/",
        "/web/none.js",
        "/web/console",
        "/web/customer.html",  # a template, not a file
        "/web/../server.py",
        "/web/%2e%2e/server.py",
        "/web/..%2fserver.py",
        "/web//etc/passwd",
        "/web/%00client.js",
        "/web/client.js/",
        f"/web/{PAGES.version}",
        f"/web/{PAGES.version}/",
        f"/web/{PAGES.version}/../client.js",
        f"/web/{PAGES.version}/{PAGES.version}/client.js",
        "/operator/",
        "/widgetXjs",
    ):
        assert (await fetch(desk, path)).code == 404, path


async def test_no_page_shows_accounts_outside_the_demo(desk: Desk) -> None:
    for path in TEMPLATES:
        text = (await fetch(desk, path)).body.decode()
        assert "password&quot;" not in text
        assert "{{" not in text


def test_each_page_shows_the_demos_accounts_of_its_role() -> None:
    pages = Pages(16_000, [Account("olga", True, 'se"cret<'), Account("anna", False, "other")])
    found = {path: file.body.decode() for path, file in pages.templates.items()}
    assert "se\\&quot;cret&lt;" in found["/operator"]
    assert "anna" not in found["/operator"]
    assert "anna" in found["/"]
    assert "olga" not in found["/"]
    assert "anna" not in found["/widget.js"]


def test_the_version_is_of_every_file() -> None:
    assert re.fullmatch("[0-9a-f]{16}", PAGES.version)
    assert PAGES.version == Pages(99, [Account("anna", False, "secret")]).version


def test_modules_are_sent_as_they_were_written_but_for_docstrings() -> None:
    for path, file in PAGES.files.items():
        if path.endswith(".js") and path != "widget/whole.js":
            written = (WEB / path).read_text().splitlines()
            code = [line for line in written if not re.match(r" *(/\*\*| \*)", line)]
            assert file.body.decode().splitlines() == code, path


def reach(*roots: str) -> dict[str, int]:
    """What the roots load, at once or later, by its path in web/, with its compressed size.

    Whatever is named in quotes as a relative path, or below /web/VERSION/, is loaded.
    """
    files = PAGES.files | {name: PAGES.templates[path] for path, name in TEMPLATES.items()}
    sizes: dict[str, int] = {}
    waiting = list(roots)
    while waiting:
        path = waiting.pop()
        if path not in sizes:
            sizes[path] = len(pack(files[path].body, "br"))
            text = files[path].body.decode()
            waiting += [normpath(join(dirname(path), name)) for name in RELATIVE.findall(text)]
            waiting += VERSIONED.findall(text)
    return sizes


def test_the_widget_is_under_25_kib_and_the_console_under_60() -> None:
    widget = reach("widget.js")
    console = reach("operator.html", "console/texts/ru.js")  # the longer of the two languages
    assert sum(widget.values()) < 25 * 1024, json.dumps(widget, indent=1)
    assert sum(console.values()) < 60 * 1024, json.dumps(console, indent=1)
