"""Whether two records of options mean the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from signdata.options.clips import ClipSelection
from signdata.options.reading import ReadOptions
from signdata.options.writing import WriteOptions


def same_options(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether two records of a command's options mean the same.

    A keyword that the older of the two does not know counts as left at its default, and a format
    that was not recorded as the one that was found.
    """
    names = {*recorded, *asked} - {"from"}
    formats = {recorded.get("from"), asked.get("from")} - {None}
    return len(formats) <= 1 and all(
        recorded.get(name, _DEFAULTS.get(name)) == asked.get(name, _DEFAULTS.get(name))
        for name in names
    )


_DEFAULTS = {
    name: list(one.default) if isinstance(one.default, tuple) else one.default
    for group in (ReadOptions, ClipSelection, WriteOptions)
    for name, one in group.keywords().items()
    if one.default is not MISSING
}
