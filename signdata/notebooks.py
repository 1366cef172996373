"""What a notebook shows in place of one line of text: pieces of HTML."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

from signdata.errors import printable

MOST_ROWS = 24
"""Rows of a table that are shown."""


def text(value: object) -> str:
    """A text from anywhere, safe inside HTML."""
    return html.escape(printable(str(value)))


def heading(words: str) -> str:
    """What is shown, in one line."""
    return f"<div><b>{text(words)}</b></div>"


def lines(words: str) -> str:
    """Lines of text as they are printed on a terminal."""
    return f'<pre style="line-height:1.25;overflow-x:auto">{text(words)}</pre>' if words else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, its first column a name; how many rows it leaves out stands below it."""
    every = list(rows)
    if not every:
        return ""
    head = "".join(f'<th style="text-align:left">{text(name)}</th>' for name in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left">{text(_cell(cell))}</td>' for cell in row)
        + "</tr>"
        for row in every[:MOST_ROWS]
    )
    left = len(every) - MOST_ROWS
    more = f"<div>and {left:,} more</div>" if left > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def picture(png: bytes, alt: str) -> str:
    """A PNG inside the page, no wider than the notebook."""
    data = base64.b64encode(png).decode()
    return f'<img alt="{text(alt)}" style="max-width:100%" src="data:image/png;base64,{data}">'
