"""The picture in one cell of a Parquet or Arrow file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from signdata.errors import DecodeError, MissingError, SigndataError, UnsafeNameError
from signdata.formats.parquet.stored_files import cell
from signdata.formats.trees.picture_files import read
from signdata.media.image.pixels import CodedPixels


@dataclass(frozen=True)
class CellPixels(CodedPixels):
    """A picture that is a value of a column.

    Attributes
    ----------
    path : str
        The file.
    group, row : int
        Which of its groups of rows, and which row of that.
    column : str
        The column.
    number : int
        The row in the file from 1, for messages.
    root : str
        The folder that paths of pictures outside of the file are relative to.
    size : int
        Bytes of the picture, about.
    """

    path: str
    group: int
    row: int
    column: str
    number: int
    root: str
    size: int

    def size_hint(self) -> int:
        return self.size

    def coded(self) -> Iterator[tuple[bytes, str]]:
        where = f"row {self.number}, column {self.column}"
        try:
            value = cell(self.path, self.group, self.row, self.column, self.size)
        except SigndataError:
            raise
        except Exception as err:  # a damaged file may make the library raise anything
            text = str(err).splitlines()[0] if str(err) else type(err).__name__
            raise DecodeError(f"damaged ({text})", path=self.path, where=where) from err
        data, outside = (
            (value.get("bytes"), value.get("path"))
            if isinstance(value, dict)
            else (
                value,
                None,
            )
        )
        if data is not None:
            yield data, f"{self.path}:{where}"
        elif outside:
            yield self._read(outside, where)
        else:
            raise DecodeError("no picture", path=self.path, where=where)

    def _read(self, outside: str, where: str) -> tuple[bytes, str]:
        """The bytes of a picture file that the cell names."""
        place = PurePosixPath(outside)
        if place.is_absolute() or ".." in place.parts or "\0" in outside:
            raise UnsafeNameError(
                f"path {outside!r} leads out of the dataset", path=self.path, where=where
            )
        file = os.path.join(self.root, outside)
        if not os.path.isfile(file):
            raise MissingError(f"{outside!r} is not there", path=self.path, where=where)
        return read(file), file
