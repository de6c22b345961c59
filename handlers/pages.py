"""The pages: what is in web/, read once at the start, compressed once and served from memory."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import brotli
import tornado.web
from tornado.template import Template

from db.demo import Account
from handlers.guarded import Guarded
from handlers.joined import join_modules, join_styles

WEB = Path(__file__).resolve().parent.parent / "web"
TYPES = {  # of the files that are served; others in the folder are nobody's
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
TEMPLATES = {"/": "customer.html", "/operator": "operator.html", "/widget.js": "widget.js"}  # by the request's path
WIDGET = "widget/chat.js"
WIDGET_STYLES = ("look.css", "transcript.css", "widget/widget.css", "widget/views.css", "widget/media.css")
FOREVER = "public, max-age=31536000, immutable"
ASK = "no-cache"  # a browser may keep it, and asks by ETag whether it is still so
CODINGS = ("br", "gzip", "")  # in the order of the length of what they make; "" is the body as it is
DOCSTRING = re.compile(rb"^ */\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)
REFUSED = re.compile(r";\s*q=0(\.0*)?\s*$")
VERSION = re.compile("[0-9a-f]{16}")
PUBLIC = {  # pages of other sites may load it
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PRIVATE = {  # a page, which needs what is its own and nothing else
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Embedder-Policy": "require-corp",
}


class File(NamedTuple):
    """What is sent for a path. `digest` names the content."""

    content_type: str
    body: bytes
    digest: str


def _make_file(path: str, body: bytes) -> File:
    return File(TYPES[Path(path).suffix], body, _digest(body))


@cache
def pack(body: bytes, coding: str) -> bytes:
    """The body in a coding of CODINGS, made when it is first asked for: a start need not wait for it."""
    if coding == "br":
        packed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT)
        return packed
    return gzip.compress(body, 9, mtime=0) if coding else body


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


class Pages:
    """`files` by their path in web/, rendered `templates` by the request's path, and the `version` of all."""

    def __init__(self, text_limit: int, accounts: Sequence[Account]) -> None:
        """`accounts` are shown beside the log-in forms, each on the page of its role."""
        paths = [path for path in sorted(WEB.rglob("*")) if path.suffix in TYPES and path.is_file()]
        sources = {path.relative_to(WEB).as_posix(): _read(path) for path in paths}
        self.version = _digest("".join(f"{path} {_digest(body)}\n" for path, body in sources.items()).encode())
        plain = {path: body for path, body in sources.items() if path not in TEMPLATES.values()}
        self.files = {path: _make_file(path, body) for path, body in (plain | _join_widget(sources)).items()}
        shown: dict[str, Iterable[Account]] = {
            "/": (account for account in accounts if not account.is_admin),
            "/operator": (account for account in accounts if account.is_admin),
            "/widget.js": (),
        }
        self.templates = {}
        for path, name in TEMPLATES.items():
            values = {"version": self.version, "text_limit": text_limit, "accounts": _to_json(shown[path])}
            self.templates[path] = _make_file(name, Template(sources[name], whitespace="all").generate(**values))


def _read(path: Path) -> bytes:
    """A file as it is sent: a module's docstrings are for who reads its source, and a sixth of its size."""
    body = path.read_bytes()
    return DOCSTRING.sub(b"", body) if path.suffix == ".js" else body


def _join_widget(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The widget in two files: a page of another site should not wait for thirty, each asked for by the one before."""
    texts = {path: body.decode() for path, body in sources.items() if path.endswith((".js", ".css"))}
    return {
        "widget/whole.js": join_modules(texts, WIDGET).encode(),
        "widget/whole.css": join_styles(texts, WIDGET_STYLES).encode(),
    }


def _to_json(accounts: Iterable[Account]) -> str:
    """The accounts as a page reads them; an empty text where there are none."""
    rows = [{"user_name": account.name, "password": account.password} for account in accounts]
    return json.dumps(rows) if rows else ""


class _Handler(Guarded, tornado.web.RequestHandler):
    def send(self, file: File, cache: str) -> None:
        """Answer with the file; 304 where the client has it."""
        asked = self.request.headers.get("Accept-Encoding", "").lower().split(",")
        taken = {one.partition(";")[0].strip() for one in asked if not REFUSED.search(one)}
        coding = next(coding for coding in CODINGS if not coding or coding in taken)
        self.set_header("Content-Type", file.content_type)
        self.set_header("Cache-Control", cache)
        self.set_header("Vary", "Accept-Encoding")
        self._etag = f'"{file.digest}-{coding}"' if coding else f'"{file.digest}"'
        if coding:
            self.set_header("Content-Encoding", coding)
        self.finish(pack(file.body, coding))

    def compute_etag(self) -> str:
        """What Tornado compares with If-None-Match, of a 200 alone."""
        return self._etag

    @property
    def pages(self) -> Pages:
        pages: Pages = self.settings["pages"]
        return pages


class FileHandler(_Handler):
    """GET /web/VERSION/PATH, which never changes, and /web/PATH, for front ends of other sites.

    Another version than this service's gets the same files: a page that was loaded before an upgrade goes on.
    """

    guards = Guarded.guards | PUBLIC

    def get(self, path: str) -> None:
        version, _, rest = path.partition("/")
        file = self.pages.files.get(rest if VERSION.fullmatch(version) else path)
        if file is None:
            raise tornado.web.HTTPError(404)
        self.send(file, FOREVER if version == self.pages.version else ASK)

    head = get


class PageHandler(_Handler):
    """GET / and /operator."""

    guards = Guarded.guards | PRIVATE

    def get(self) -> None:
        self.send(self.pages.templates[self.request.path], ASK)

    head = get


class WidgetHandler(PageHandler):
    """GET /widget.js, for pages of any site."""

    guards = Guarded.guards | PUBLIC
