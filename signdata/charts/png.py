"""Charts as PNG: the SVG drawn by resvg, in the package's own font, so that bytes repeat."""

from __future__ import annotations

import importlib.util
import struct
import zlib

from signdata import fonts
from signdata.charts.drawing import Drawing
from signdata.media.image.png import SIGNATURE

MISSING = "no charts: resvg-py is not installed (extra `train`)"

_HEADER_END = len(SIGNATURE) + 12 + 13
"""Where the first chunk, the header, ends."""


def png(drawing: Drawing) -> bytes:
    """A drawing on white, with its title and what it is about written into the file."""
    data = render(drawing.svg(paper=True))
    told = b"".join(
        _itxt(key, value)
        for key, value in (("Title", drawing.title), ("Description", drawing.about))
        if value
    )
    return data[:_HEADER_END] + told + data[_HEADER_END:]


def missing() -> str:
    """Why charts cannot be drawn; '' if they can be."""
    return "" if importlib.util.find_spec("resvg_py") else MISSING


def render(svg: str) -> bytes:
    """An SVG as PNG; needs resvg-py."""
    import resvg_py

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            skip_system_fonts=True,
            font_files=[str(fonts.FILE)],
            font_family=fonts.FAMILY,
            sans_serif_family=fonts.FAMILY,
        )
    )


def _itxt(key: str, value: str) -> bytes:
    """An uncompressed chunk of Unicode text."""
    body = b"iTXt" + key.encode("latin-1") + b"\0\0\0\0\0" + value.encode("utf-8", "replace")
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
