"""A conversation on paper, as web/print.js draws it, in a file of its own."""

from collections.abc import Iterator, Sequence
from html import escape

from db.clock import utc_text
from db.messages import Message
from db.notes import Note

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{name}</title>
<style>
  body {{ max-width: 45rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #000 }}
  ol {{ list-style: none; padding: 0 }}
  li {{ margin: 0 0 0.75rem; break-inside: avoid }}
  p {{ margin: 0 }}
  .text {{ white-space: pre-wrap; overflow-wrap: anywhere }}
</style>
<h2 dir="auto">{name}</h2>
<p>{count} messages</p>
<ol>
"""


def draw(name: str, found: Sequence[Message], behind: Sequence[Note]) -> Iterator[str]:
    """The parts of the page, of a customer's messages and the notes behind them."""
    yield HEAD.format(name=escape(name), count=len(found))
    lines: list[Message | Note] = [*found, *behind]
    for line in sorted(lines, key=lambda line: (line.message_id, isinstance(line, Note))):
        if isinstance(line, Note):
            yield _draw_line(line.created, f"Note · {line.operator_name}", line.text)
        else:
            yield _draw_line(line.created, line.invader_name or name, line.message_text)
    yield "</ol>\n</html>\n"


def _draw_line(created: int, author: str, text: str) -> str:
    head = f"{escape(author)} · {utc_text(created)} UTC"
    return f'<li><p><b dir="auto">{head}</b></p><div class="text" dir="auto">{escape(text)}</div></li>\n'
