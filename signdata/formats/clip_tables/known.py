"""The published datasets whose tables are known."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from signdata.errors import FormatError

if TYPE_CHECKING:
    from signdata.formats.clip_tables.layout import ClipLayout


@cache
def known_layouts() -> tuple[ClipLayout, ...]:
    """The tables of each published dataset; loaded when the first table is looked at."""
    from signdata.formats.clip_tables.layouts import (
        asl_citizen,
        autsl,
        how2sign,
        msasl,
        nslt,
        phoenix,
    )

    modules = (asl_citizen, autsl, how2sign, msasl, phoenix, nslt)
    return tuple(module.LAYOUT for module in modules)


def layout_at(path: Path) -> ClipLayout | None:
    """Whose table a file is, or whose tables a folder holds; None where it is nobody's."""
    if path.is_dir():
        return next((one for one in known_layouts() if one.tables_in(path)), None)
    return next((one for one in known_layouts() if one.knows(path)), None)


def example_at(path: Path) -> str:
    """The first known table that a path is or holds, below it; ''."""
    layout = layout_at(path)
    if layout is None:
        return ""
    return layout.tables_in(path)[0].relative_to(path).as_posix() if path.is_dir() else path.name


def tables_at(layout: ClipLayout, path: Path) -> list[Path]:
    """The tables that a path is or holds.

    Raises
    ------
    FormatError
        If a folder holds several of which one has to be named.
    """
    if not path.is_dir():
        return [path]
    found = layout.tables_in(path)
    if layout.one_table and len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise FormatError(
            f"{len(found)} readings: {names}", path=path, remedy=f"Name one: {found[0]}."
        )
    return found
