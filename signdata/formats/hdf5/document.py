"""What signdata recorded of itself in an HDF5 file: read without what reads pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from signdata import sidecars
from signdata.errors import FormatError
from signdata.formats.hdf5 import safety


def own_document(file: h5py.File, path: Path) -> dict[str, Any]:
    """The record in an open file, {} where it has none."""
    try:
        text = file.attrs.get("signdata")
    except Exception as err:  # a damaged file may make the library raise anything
        what = f"damaged ({err})"
        raise FormatError(what, path=path, where="attribute signdata") from err
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogateescape")
    return sidecars.parse_document(text, path) if isinstance(text, bytes) else {}


def read_attribute(path: Path) -> dict[str, Any] | None:
    """Return what signdata recorded in an HDF5 file, None when it did not write it."""
    with safety.open_checked(path) as file:
        return own_document(file, path) or None
