"""Which columns of a pixel CSV are what: the spellings of its header that are known.

::

    label,pixel1,...,pixelN       Sign-MNIST; label,pixel0,...; label,1x1,...,28x28; label,0,1,...
    pixel1,...,pixelN,class       the label last
    label,r1,...,rN,g1,...,b1,... colour in planes; label,r1,g1,b1,... colour pixel by pixel
    emotion,pixels,Usage          FER: all pixels in one cell, and the split of each row

A spelling is told from the names of all columns, and nothing else is taken for a pixel CSV.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Colour: TypeAlias = Literal["", "interleaved", "planes"]
"""How the values of a picture in colour follow each other; '' for grey ones."""

LABEL_NAMES = frozenset({"label", "labels", "class", "y", "target", "letter", "emotion"})
CELL_NAME = "pixels"
USE_NAMES = frozenset({"usage", "split", "set"})

UNLABELLED = "unlabelled"
"""The class of all pictures of a CSV without labels."""

_PREFIXES = frozenset({"pixel", "pixel_", "px", "px_", "p", ""})
_COUNTED = re.compile(r"([^0-9]*)([01])")
_GRID = re.compile(r"([0-9]{1,4})x([0-9]{1,4})")
_RGB = (("r", "g", "b"), ("red", "green", "blue"))


@dataclass(frozen=True)
class PixelNames:
    """How columns of pixels are called.

    Attributes
    ----------
    prefixes : tuple of str
        What stands before the number: one, or one for each of red, green and blue.
    start : int
        The first number.
    width : int
        Columns of the picture where names are ``ROWxCOLUMN``, else 0.
    n : int
        How many there are.
    colour : str
        How the values of a picture in colour follow each other.
    """

    prefixes: tuple[str, ...] = ("pixel",)
    start: int = 1
    width: int = 0
    n: int = 0
    colour: Colour = ""

    def name(self, i: int) -> str:
        """The name of value `i`, counted from 0."""
        if self.width:
            return f"{i // self.width + self.start}x{i % self.width + self.start}"
        if self.colour == "planes":
            side = self.n // 3
            return f"{self.prefixes[i // side]}{i % side + self.start}"
        if self.colour == "interleaved":
            return f"{self.prefixes[i % 3]}{i // 3 + self.start}"
        return f"{self.prefixes[0]}{i + self.start}"

    def first_other(self, cells: Sequence[str]) -> int | None:
        """The first of the columns that is called otherwise; None where none is."""
        return next((i for i, cell in enumerate(cells) if cell != self.name(i)), None)


@dataclass(frozen=True)
class Columns:
    """Which columns of a row are what.

    Attributes
    ----------
    n_cells : int
        Cells in a row.
    n_pixels : int
        Values of a picture; 0 where one cell has all, and a row tells how many.
    label : int or None
        Where the label is; None for files without.
    label_name : str
        What its column is called.
    first : int
        Where the first pixel, or the cell of all pixels, is.
    names : PixelNames
        How the columns of pixels are called.
    one_cell : bool
        Whether one cell has all pixels, with blanks between them.
    use : int or None
        Where the split of a row is.
    use_name : str
        What its column is called.
    """

    n_cells: int
    n_pixels: int
    label: int | None = 0
    label_name: str = "label"
    first: int = 1
    names: PixelNames = PixelNames()
    one_cell: bool = False
    use: int | None = None
    use_name: str = ""

    @property
    def is_usual(self) -> bool:
        """Whether a row is its label and then its pixels."""
        return self.label == 0 and not self.one_cell

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Width and height, where the names of the columns say it."""
        width = self.names.width
        return (width, self.n_pixels // width) if width else None

    @property
    def says_letters(self) -> bool:
        """Whether codes in the label column may be those of Sign-MNIST's letters."""
        return self.label_name.casefold() != "emotion"

    def column(self, i: int) -> str:
        """The name of the label's column (0) or that of pixel `i`, from 1."""
        if not i:
            return self.label_name
        return f"{CELL_NAME}, value {i}" if self.one_cell else self.names.name(i - 1)

    def number(self, i: int) -> int:
        """The place in a row, from 1, of the label (0) or of pixel `i`, from 1."""
        if not i:
            return (self.label or 0) + 1
        return self.first + 1 + (0 if self.one_cell else i - 1)

    @property
    def misses_label(self) -> bool:
        """Whether a row has only pixels where the label is not counted."""
        return self.one_cell or self.label is None

    def counted(self, n: int) -> str:
        """`n` values, label included, in the words of this file."""
        if self.one_cell:
            return f"{n - 1} values in column {CELL_NAME}"
        return f"{n - (self.label is None)} fields"

    def row(self, label: bytes, pixels: bytes, use: bytes) -> bytes:
        """The cells of a row, put together; `pixels` has commas between its values."""
        if self.one_cell:
            cells = [b""] * self.n_cells
            if self.label is not None:
                cells[self.label] = label
            if self.use is not None:
                cells[self.use] = use
            cells[self.first] = pixels.replace(b",", b" ")
            return b",".join(cells)
        if self.label is None:
            return pixels
        return pixels + b"," + label if self.label else label + b"," + pixels


def standard(n_pixels: int) -> Columns:
    """``label,pixel1,...,pixelN``."""
    return Columns(n_pixels + 1, n_pixels)


def cells_of(header: str) -> list[str]:
    """The names in a header."""
    return [unquote(cell) for cell in header.split(",")]


def unquote(cell: str) -> str:
    """A cell without its quotes."""
    return cell[1:-1] if len(cell) >= 2 and cell[0] == cell[-1] == '"' else cell


def columns_of(header: str) -> Columns | None:
    """What a header says of the columns; None where it is none that is known."""
    cells = cells_of(header)
    in_a_cell = _one_cell([cell.strip() for cell in cells])
    if in_a_cell is not None:
        return in_a_cell
    label = label_at(cells)
    pixels = without_label(cells, label)
    for names in candidates(pixels):
        if names.first_other(pixels) is None and (names.prefixes != ("0.",) or cells[0] == "0"):
            n = len(pixels)
            if label is None and names.prefixes == ("",):
                return None  # numbers alone are a picture as well
            name = "" if label is None else cells[label]
            return Columns(len(cells), n, label, name, 1 if label == 0 else 0, names)
    return None


def label_at(cells: Sequence[str]) -> int | None:
    """Where the label is: in the first column or the last; None where it is in neither."""
    if cells[0].casefold() in LABEL_NAMES or (cells[0] == "0" and cells[1:2] == ["0.1"]):
        return 0
    return len(cells) - 1 if cells[-1].casefold() in LABEL_NAMES else None


def without_label(cells: Sequence[str], label: int | None) -> list[str]:
    """The other columns than the label's."""
    return [cell for i, cell in enumerate(cells) if i != label]


def candidates(pixels: Sequence[str]) -> Iterator[PixelNames]:
    """The ways to call pixels of which the first column may be one."""
    if not pixels:
        return
    n = len(pixels)
    counted = _COUNTED.fullmatch(pixels[0])
    if counted and (counted[1].casefold() in _PREFIXES):
        yield PixelNames((counted[1],), int(counted[2]), n=n)
    if pixels[0] == "0.1":  # pandas calls a second column "0" so: the header was a picture once
        yield PixelNames(("0.",), 1, n=n)
    first, last = _GRID.fullmatch(pixels[0]), _GRID.fullmatch(pixels[-1])
    if first and last and first[1] == first[2] and int(first[1]) <= 1:
        start = int(first[1])
        height, width = int(last[1]) - start + 1, int(last[2]) - start + 1
        if height * width == n:
            yield PixelNames(("",), start, width, n)
    if counted and n % 3 == 0:
        yield from _colours(counted[1], int(counted[2]), pixels)


def _colours(prefix: str, start: int, pixels: Sequence[str]) -> Iterator[PixelNames]:
    for names in _RGB:
        word = prefix.rstrip("_")
        if word.casefold() != names[0]:
            continue
        same_case = [name.upper() if word.isupper() else name for name in names]
        if word.istitle() and len(word) > 1:
            same_case = [name.title() for name in names]
        prefixes = tuple(f"{name}{prefix[len(word) :]}" for name in same_case)
        mixed = len(pixels) > 1 and pixels[1].startswith(prefixes[1])
        colour: Colour = "interleaved" if mixed else "planes"
        yield PixelNames(prefixes, start, n=len(pixels), colour=colour)


def _one_cell(cells: Sequence[str]) -> Columns | None:
    """The columns of FER: one for all pixels, one for the label, one for the split."""
    names = [cell.casefold() for cell in cells]
    labels = [i for i, name in enumerate(names) if name in LABEL_NAMES]
    uses = [i for i, name in enumerate(names) if name in USE_NAMES]
    if names.count(CELL_NAME) != 1 or len(labels) > 1 or len(uses) > 1:
        return None
    if len(cells) != 1 + len(labels) + len(uses):
        return None
    label, use = (one[0] if one else None for one in (labels, uses))
    return Columns(
        len(cells),
        0,
        label,
        "" if label is None else cells[label],
        names.index(CELL_NAME),
        one_cell=True,
        use=use,
        use_name="" if use is None else cells[use],
    )
