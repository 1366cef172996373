"""Values of typed tables (JSON lines, Parquet) as the text of a cell."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import msgspec


def cell_text(value: Any) -> str:
    """A value as a cell: text as it is, nothing as '', all else as JSON writes it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):  # a time, too
        return value.isoformat()
    return msgspec.json.encode(value, enc_hook=str).decode()
