"""One pixel CSV, and how its rows become samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from signdata import sidecars
from signdata.errors import FormatError, LabelError
from signdata.formats.csv import parser
from signdata.formats.csv.columns import UNLABELLED
from signdata.formats.csv.scan import Block, Layout
from signdata.formats.csv.shapes import PictureShape
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.stored_rows import RowRange
from signdata.samples import SPLIT_NAMES, TOGETHER, ArrayPixels, Broken, Sample, Stills
from signdata.sidecars import Row

NOT_PLAIN = (
    "not preserved: the spelling of cells and line ends (values are; writing gives integers)"
)

SHARES = "pixels written as shares of 255: read as 0..255"
BLACK = (
    "values 0 and 1 alone: kept, so the pictures are nearly black; masks are seen with 0 and 255"
)

USES = {
    **SPLIT_NAMES,
    "training": "train",
    "publictest": "val",
    "privatetest": "test",
    "testing": "test",
}
"""What columns of splits call them; FER's public test is what its competitors tuned on."""

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns of a manifest that a sample has a field for, or that describe one stored copy."""


@dataclass(frozen=True)
class CsvOptions:
    """How a pixel CSV is read.

    Attributes
    ----------
    labels : str or tuple of str
        ``letters`` (Sign-MNIST's codes), ``one-based`` (A is 1, Z is 26), ``codes``
        (any integer, its digits are the class name), ``text`` (the class name itself), ``none``
        (there is none), the path of a file with one class name a line, the first for code 0, or
        these names themselves. Labels of which the first is no number are class names where
        nothing else was asked for.
    size_wh : tuple of int or None
        Width and height of the pictures, or W, H, 3 for colour pixel by pixel, or 3, W, H for
        colour in planes; None expects squares.
    header : bool
        Whether the first line is a header.
    """

    labels: str | tuple[str, ...] = "letters"
    size_wh: tuple[int, ...] | None = None
    header: bool = True


@dataclass(frozen=True)
class CsvPixels(ArrayPixels):
    """The pixels of a row, and whether its text would come back as it was."""

    plain: bool = True

    reads_together = True

    @classmethod
    def together(cls, pixels: Sequence[Self]) -> Stills | None:
        if not all(one.plain for one in pixels):
            return None
        arrays = [one.array for one in pixels]
        shape = arrays[0].shape
        if any(array.shape != shape for array in arrays) or len(arrays) * arrays[0].size > TOGETHER:
            return None
        return Stills(np.concatenate(arrays).reshape(-1, *shape))

    def notes(self) -> tuple[str, ...]:
        return () if self.plain else (NOT_PLAIN,)


@dataclass(frozen=True)
class CsvBatch:
    """The rows of one block of a file, with what its manifest says of them."""

    file: CsvFile
    block: Block
    stored: RowRange | None

    has_originals = False

    @property
    def key(self) -> str:
        return f"{self.file.split}:{self.block.first_row}"

    def __iter__(self) -> Iterator[Sample]:
        return self.file.samples(self.block, self.stored.read() if self.stored else [])

    def together(self) -> tuple[SampleColumns, Stills] | None:
        """All rows, without a sample for each; None where there is something to say of one."""
        return self.file.together(self.block, self._stored_columns())

    def columns(self) -> SampleColumns:
        """The same samples as columns."""
        found = self.file.columns(self.block, self._stored_columns())
        return found or SampleColumns.of(tuple(self))  # which tell what is wrong with each

    def _stored_columns(self) -> Mapping[str, list[str]]:
        return self.stored.columns() if self.stored else {}


@dataclass(frozen=True)
class CsvFile:
    """One CSV and how its rows become samples."""

    layout: Layout
    split: str
    digits: int
    shape: PictureShape
    names: dict[int, str] | None
    options: CsvOptions

    @cached_property
    def _name(self) -> str:
        return self.layout.path.name

    def samples(self, block: Block, stored: Sequence[Row]) -> Iterator[Sample]:
        parsed = parser.read_rows(self.layout, block)
        pictures = self.shape.pictures(parsed.pixels)
        for i, code in enumerate(parsed.labels):
            number = block.first_row + i
            row = stored[i] if stored else {}
            yield self._sample(number, row, code, CsvPixels(pictures[i], parsed.plain), parsed, i)

    def columns(self, block: Block, stored: Mapping[str, list[str]]) -> SampleColumns | None:
        """What `samples` yields, as columns; None where something is wrong with one of them."""
        return self._columns(parser.read_rows(self.layout, block), block.first_row, stored)

    def together(
        self, block: Block, stored: Mapping[str, list[str]]
    ) -> tuple[SampleColumns, Stills] | None:
        """The same with all pictures; None, too, where a row is not plain."""
        if not CsvPixels.reads_together:
            return None
        parsed = parser.read_rows(self.layout, block)
        if not parsed.plain or parsed.pixels.size > TOGETHER:
            return None
        samples = self._columns(parsed, block.first_row, stored)
        if samples is None:
            return None
        return samples, Stills(np.ascontiguousarray(self.shape.pictures(parsed.pixels)))

    def _columns(
        self, parsed: parser.Rows, first: int, stored: Mapping[str, list[str]]
    ) -> SampleColumns | None:
        n = len(parsed.labels)
        labels = parsed.names or self._labels(parsed.labels, stored)
        if parsed.faults or labels is None or stored.get("label", labels) != labels:
            return None
        ids = stored.get("id")
        if ids is None:
            before = f"{self.split}/" if self.split else ""
            ids = [f"{before}{number:0{self.digits}d}" for number in range(first, first + n)]
        nothing, uses = [""] * n, parsed.uses or [""] * n
        meta = {self.layout.columns.use_name: uses} if any(uses) else {}
        splits = [self.split_of(use) for use in uses]
        return SampleColumns(
            ids,
            labels,
            [own or other for own, other in zip(stored.get("split", nothing), splits, strict=True)],
            stored.get("group", nothing),
            [source or self._name for source in stored.get("source", nothing)],
            stored.get(sidecars.STORED_AS, ()),
            meta | {name: values for name, values in stored.items() if name not in NO_META},
            lack_nothing=all(uses) or not meta,
        )

    def _labels(self, codes: Sequence[int], stored: Mapping[str, list[str]]) -> list[str] | None:
        """The class names that codes stand for; None where one stands for none."""
        if self.layout.columns.label is None:
            return [label or UNLABELLED for label in stored.get("label", [""] * len(codes))]
        if self.names is None:
            return list(map(str, codes))
        try:
            return [self.names[code] for code in codes]
        except KeyError:
            return None

    def _sample(
        self, number: int, row: Row, code: int, pixels: CsvPixels, parsed: parser.Rows, i: int
    ) -> Sample:
        label = ""
        error: FormatError | LabelError | None = None
        fault = parsed.faults.get(i)
        if fault:
            error = FormatError(
                fault.what,
                path=self.layout.path,
                where=self._where(number, fault.column),
                remedy=fault.remedy,
            )
        else:
            try:
                label = parsed.names[i] if parsed.names else self._label(code, number, row)
                if row and row["label"] != label:
                    raise LabelError(
                        f"label {label!r}; expected {row['label']!r} as in its manifest",
                        path=self.layout.path,
                        where=self._where(number, f"column {self.layout.columns.label_name}"),
                        remedy="Remove the manifest next to it if the CSV was changed on purpose.",
                    )
            except LabelError as err:
                error = err
        name = f"{number:0{self.digits}d}"
        use = parsed.uses[i] if parsed.uses else ""
        meta = {self.layout.columns.use_name: use} if use else {}
        return Sample(
            id=row.get("id") or (f"{self.split}/{name}" if self.split else name),
            label=label,
            pixels=Broken(error) if error else pixels,
            split=row.get("split") or self.split_of(use),
            group=row.get("group", ""),
            source=row.get("source") or self._name,
            meta=meta | {key: row[key] for key in row if key not in NO_META} if row else meta,
            stored_as=row.get(sidecars.STORED_AS, ""),
        )

    def notes(self) -> list[str]:
        """What is noted about the values of its pixels."""
        if self.layout.shares:
            return [SHARES]
        return [BLACK] if self.layout.black else []

    def split_of(self, use: str) -> str:
        """The split of a row: that of its file, else what its column of splits says."""
        return self.split or (USES.get(use.casefold(), "") if use else "")

    def _where(self, number: int, column: str) -> str:
        line = number + self.layout.header_lines
        return f"row {number} (line {line})" + (f", {column}" if column else "")

    def _label(self, code: int, number: int, row: Row) -> str:
        if self.layout.columns.label is None:
            return row.get("label") or UNLABELLED
        if self.names is None:
            return str(code)
        name = self.names.get(code)
        if name is not None:
            return name
        letters = self.options.labels == "letters"
        if letters and code in (9, 25):
            what = f"label {code} ({'J' if code == 9 else 'Z'}); expected 0..24 without 9"
            remedy = "J and Z need motion, no still shows them; --labels codes takes any integer."
        elif letters:
            what = f"label {code}; expected 0..24 without 9 (A..Y without J)"
            remedy = "Use --labels codes for any integer, or --labels FILE with one name a line."
        else:
            what, remedy = f"label {code}; expected one of {len(self.names)} named classes", ""
        where = self._where(number, f"column {self.layout.columns.label_name}")
        raise LabelError(what, path=self.layout.path, where=where, remedy=remedy)
