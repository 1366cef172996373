"""The header of an ``.npy`` file, read without believing it.

Nothing is unpickled: an array of Python objects is refused by its header alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from signdata.errors import FormatError

MAX_HEADER = 10_000
"""Bytes of a header that are looked at; those of plain arrays have 128."""


@dataclass(frozen=True)
class Npy:
    """Where the values of an array are, and what they are.

    Attributes
    ----------
    shape : tuple of int
        Its shape.
    dtype : numpy.dtype
        Type of its values.
    fortran : bool
        Whether the first axis changes fastest.
    offset : int
        Where the values begin, counted from the header.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def n_bytes(self) -> int:
        """How many bytes the values take."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes], size: int, path: Path, where: str) -> Npy:
    """Read the header of an array, and check it against the bytes that there are.

    Parameters
    ----------
    file : file
        Open at the start of the header.
    size : int
        Bytes of header and values together.
    path, where
        What errors name.

    Raises
    ------
    FormatError
        If it is no array, holds Python objects or records, or is cut short.
    """
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            what = f"version {version} of .npy; expected 1.0 or 2.0"
            raise FormatError(what, path=path, where=where)
        shape, fortran, dtype = read(file, max_header_size=MAX_HEADER)
        offset = file.tell()
    except FormatError:
        raise
    except Exception as err:  # the header is a literal of a stranger's
        what = f"not an array as numpy saves it ({str(err).splitlines()[0][:80]})"
        raise FormatError(what, path=path, where=where) from err
    if dtype.hasobject:
        raise FormatError(
            "Python objects, which only pickle could read; expected numbers or text",
            path=path,
            where=where,
            remedy="Save it again as numbers or text: numpy.save(file, numpy.array(y, str)).",
        )
    if dtype.kind not in "uifbSU" or dtype.itemsize == 0:
        raise FormatError(
            f"values of type {dtype}; expected numbers or text", path=path, where=where
        )
    if any(not isinstance(axis, int) or axis < 0 for axis in shape):
        raise FormatError(f"shape {shape}", path=path, where=where)
    found = Npy(shape, dtype, bool(fortran), offset)
    if found.offset + found.n_bytes != size:
        raise FormatError(
            f"declares {found.n_bytes:,} bytes; the file has {size - found.offset:,}",
            path=path,
            where=where,
            remedy="It is damaged or cut short: fetch it again.",
        )
    return found
