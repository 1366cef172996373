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
    row : int
        The row in it, from 0.
    column : str
        The column.
    root : str
        The folder that paths of pictures outside of the file are relative to.
    size : int
        Bytes of the picture, about.
    expected : str
        What the path in the cell is but for its suffix, if anything is known of it.
    """

    path: str
    row: int
    column: str
    root: str
    size: int
    expected: str = ""

    def size_hint(self) -> int:
        return self.size

    def coded(self) -> Iterator[tuple[bytes, str]]:
        where = f"row {self.row + 1}, column {self.column}"
        try:
            data, outside = cell(self.path, self.row, self.column)
        except SigndataError:
            raise
        except Exception as err:  # a damaged file may make the library raise anything
            text = str(err).splitlines()[0] if str(err) else type(err).__name__
            raise DecodeError(f"damaged ({text})", path=self.path, where=where) from err
        if self.expected and self.expected not in (outside, str(outside).rpartition(".")[0]):
            raise DecodeError(
                f"picture {str(outside)!r}; expected {self.expected!r}, as the manifest says",
                path=self.path,
                where=where,
                remedy="Fetch the file again, or make the dataset again.",
            )
        if data is not None:
            yield data, f"{self.path}:{where}"
        elif isinstance(outside, str) and outside:
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
