"""What a conversion does not carry over: what is noted, and when nothing is left."""

from __future__ import annotations

from signdata.errors import DatasetError
from signdata.formats.reader import Reader
from signdata.results import NOTE, Problem, Result

LOST = "not preserved: "
"""Prefix of notes about what the target format cannot store."""


def refuse_nothing(result: Result, problems: list[Problem], reader: Reader) -> None:
    """Raise `DatasetError`, with the first problem, if no sample could be written."""
    if not result.written:
        first = next((p.message for p in problems if p.kind != NOTE), "no samples in it")
        sources = reader.info.sources
        raise DatasetError(
            f"nothing could be written: {first}", path=sources[0]["name"] if sources else ""
        )
