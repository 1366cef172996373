"""The font of all charts and sheets, DejaVu Sans, and what can be known of it without drawing.

It has Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic and more. The fonts of the system are never
used: they differ from machine to machine, and so would the bytes of a picture.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).with_name("DejaVuSans.ttf")
FAMILY = "DejaVu Sans"

_TABLE = struct.Struct(">4sIII")


@dataclass(frozen=True)
class _Metrics:
    """Advance of each letter, in units of an em; letters that are not there, the font lacks."""

    advance: dict[int, float]


def width(words: str, size: float) -> float:
    """How wide a line is at a font size; letters that join, as in Arabic, count as if alone."""
    advance = _metrics().advance
    return size * sum(advance.get(ord(letter), 0.6) for letter in composed(words))


def has(words: str) -> bool:
    """Whether the font has every letter of a text, and there is anything to see."""
    advance = _metrics().advance
    return bool(words.strip()) and all(
        ord(letter) in advance and letter.isprintable() for letter in composed(words)
    )


def drawable(words: str) -> str:
    """The text with ``?`` for every letter that cannot be drawn."""
    advance = _metrics().advance
    return "".join(
        letter if ord(letter) in advance and letter.isprintable() else "?"
        for letter in composed(words)
    )


def composed(words: str) -> str:
    """The text with each accent in its letter, where there is such a letter."""
    return unicodedata.normalize("NFC", words)


def legible(names: Sequence[str]) -> list[str]:
    """Names as they can be drawn; ``#3`` for the fourth where the font lacks a letter of it."""
    return [composed(name) if has(name) else f"#{idx}" for idx, name in enumerate(names)]


def numbered_note(names: Sequence[str]) -> str:
    """One sentence on the classes that charts call by number; '' if there are none."""
    told = [f"#{idx} {name!r}" for idx, name in enumerate(names) if not has(name)]
    if not told:
        return ""
    more = f" and {len(told) - _LISTED:,} more" if len(told) > _LISTED else ""
    listed = ", ".join(told[:_LISTED])
    return f"the charts number classes whose script their font lacks: {listed}{more}"


_LISTED = 10
"""Classes that the note lists."""


def fit(words: str, size: float, room: float) -> str:
    """The text, or as much of its beginning as fits, with two dots."""
    words = drawable(words)
    if width(words, size) <= room:
        return words
    while words and width(words + "..", size) > room:
        words = words[:-1]
    return words + ".." if words else ""


def fit_end(words: str, size: float, room: float) -> str:
    """The text, or as much of its end as fits, after two dots: what tells ids apart."""
    words = drawable(words)
    if width(words, size) <= room:
        return words
    while words and width(".." + words, size) > room:
        words = words[1:]
    return ".." + words if words else ""


# -- The file: the OpenType specification, tables head, hhea, hmtx and cmap


@lru_cache(maxsize=1)
def _metrics() -> _Metrics:
    data = FILE.read_bytes()
    (count,) = struct.unpack_from(">H", data, 4)
    found = (_TABLE.unpack_from(data, 12 + 16 * number) for number in range(count))
    tables = {name: start for name, _, start, _ in found}
    (em,) = struct.unpack_from(">H", data, tables[b"head"] + 18)
    (n_wide,) = struct.unpack_from(">H", data, tables[b"hhea"] + 34)
    wide = struct.unpack_from(f">{2 * n_wide}H", data, tables[b"hmtx"])[::2]
    glyphs = _glyphs(data, tables[b"cmap"])
    return _Metrics({char: wide[min(glyph, n_wide - 1)] / em for char, glyph in glyphs.items()})


def _glyphs(data: bytes, start: int) -> dict[int, int]:
    """Glyph of each letter, from the subtable of all of Unicode (format 12)."""
    (count,) = struct.unpack_from(">H", data, start + 2)
    for number in range(count):
        _, _, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * number)
        at = start + offset
        if struct.unpack_from(">H", data, at)[0] == 12:
            break
    else:
        raise ValueError(f"{FILE.name} has no character map of all of Unicode")
    (groups,) = struct.unpack_from(">I", data, at + 12)
    found: dict[int, int] = {}
    for number in range(groups):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * number)
        found |= {char: glyph + char - first for char in range(first, last + 1)}
    return found
