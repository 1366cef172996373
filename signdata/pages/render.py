"""A report as one HTML file: nothing is loaded, and nothing may be, from anywhere else.

The page forbids itself every source but the style sheet and the script that it holds, known by
their digests, and pictures in data URIs. All text is escaped where it is put in.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from signdata.charts.colours import COLOURS, DARK, level, on_level
from signdata.errors import UsageError, one_line
from signdata.pages.album import TINY, shown
from signdata.pages.content import Content
from signdata.version import __version__

START = b"<!doctype html>\n<!-- signdata report "
"""How every report begins."""

MOST_BYTES = 10_000_000
"""Larger pages make browsers slow, and are refused."""

_TEMPLATES = Path(__file__).with_name("templates")


def page(content: Content, key: str) -> bytes:
    """The whole page; the pictures of its albums have been read.

    Parameters
    ----------
    key : str
        What decides what is on it; the page begins with it.

    Raises
    ------
    UsageError
        If it has more than `MOST_BYTES`.
    """
    style, script = _style(), _template("report.js")
    figures = [figure.data for figure in content.figures]
    text = (
        _environment()
        .get_template("report.html")
        .render(
            page=content,
            key=key,
            css=Markup(style),
            script=Markup(script),
            csp=policy(style, script),
            curves=Markup(_data_block(figures)) if figures else "",
            kind=_kind(content),
            sections=_sections(content),
            n_pictures=n_pictures(content),
            who=_who(content),
            version=__version__,
            level=level,
            shown=shown,
        )
    )
    data = str(text).encode("utf-8", "replace")
    if len(data) > MOST_BYTES:
        raise UsageError(
            f"the page would have {len(data) / 1e6:.1f} MB; expected at most 10",
            remedy="Show fewer pictures with --pictures N, none with --pictures none, or fewer "
            "classes with --classes.",
        )
    return data


def policy(style: str, script: str) -> str:
    """The Content Security Policy of a page with this style sheet and this script."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def n_pictures(content: Content) -> int:
    """How many samples are shown as pictures."""
    return sum(len(album.frames) for album in content.albums)


def key_in(start: bytes) -> str:
    """The key of a page, from its first bytes."""
    return start.removeprefix(START).partition(b" ")[0].decode("ascii", "replace")


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _data_block(value: Any) -> str:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


def _kind(content: Content) -> str:
    """How pictures are shown: tiny ones by whole pixels, strips of clips over the whole width."""
    frames = [frame for album in content.albums for frame in album.frames.values()]
    if content.facts is not None and content.facts.kind == "clip":
        return "clips"
    return "tiny" if frames and max(frame.shape[0] for frame in frames) <= TINY else "photos"


def _who(content: Content) -> str:
    """Of how many people the pictures are."""
    n = max((album.signers for album in content.albums), default=0)
    return f"{n:,} signer{'s' if n != 1 else ''}" if n else "people whose number is not known"


def _sections(content: Content) -> list[tuple[str, str]]:
    """The parts that the page has, for its contents."""
    several = len(content.runs) > 1
    parts: list[tuple[str, str, Any]] = [
        ("verdict", "Verdict", True),
        ("certificate", "Leaks", content.certificate),
        ("honest", "Honest accuracy", content.accuracies),
        ("classes", "Classes", content.table and content.facts),
        ("findings", "Findings", content.findings),
        ("samples", "Samples", content.contacts),
        ("runs", "Networks" if several else "Network", content.runs),
        ("curves", "Curves", content.figures),
    ]
    parts += [
        (f"confused-{number}", f"Mistakes of {section.run.name}", True)
        for number, section in enumerate(content.runs, 1)
    ]
    parts += [
        ("coverage", "Coverage", content.coverage),
        ("against", "Against", content.against),
        ("made", "How it was made", content.made),
    ]
    return [(name, title) for name, title, there in parts if there]


def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown_text,
    )


def _shown_text(value: Any) -> Any:
    """Control and bidi characters of names are shown, not obeyed."""
    return one_line(value) if type(value) is str else value


@lru_cache(maxsize=4)
def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _style() -> str:
    """The style sheet: its own rules, and the colours of charts on paper and in the dark."""
    paper = ";".join(f"--{name}:{colour}" for name, colour in COLOURS.items())
    dark = ";".join(f"--{name}:{colour}" for name, colour in DARK.items())
    rules = [
        f":root{{{paper}}}",
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}",
    ]
    for name in COLOURS:
        rules += [f".f-{name}{{fill:var(--{name})}}", f".s-{name}{{stroke:var(--{name})}}"]
    for step in range(10):
        colours = f"background:var(--right{step});color:var(--{on_level(step)})"
        rules.append(f".h{step}{{{colours}}}")
    rules += [f".w{share}{{width:{share}%}}" for share in range(101)]
    return "\n".join([*rules, _template("report.css")])
