"""Somebody else's page, which embeds the widget."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.service import Service


class Host:
    """A web server of another origin, with one page."""

    def __init__(self) -> None:
        self.page, self.style, self.policy = "", "", ""
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_style = self.path == "/style.css"
                self.send_response(200 if self.path in ("/", "/style.css") else 204)
                self.send_header("Content-Type", "text/css" if is_style else "text/html; charset=utf-8")
                if host.policy:
                    self.send_header("Content-Security-Policy", host.policy)
                self.end_headers()
                if self.path in ("/", "/style.css"):
                    self.wfile.write((host.style if is_style else host.page).encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def embed(self, service: Service, attributes: str = "") -> None:
        self.page = (
            '<!doctype html><html lang="en"><title>A shop</title><link rel="stylesheet" href="/style.css">'
            f'<main><h1>A shop</h1></main><script src="{service.url}/widget.js" {attributes}></script>'
        )
