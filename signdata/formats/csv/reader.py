"""Sign-MNIST CSV: one picture a row.

::

    label,pixel1,...,pixelN
    3,107,118,...

Grey values 0..255, row by row from the top left; N is a square unless the size
is given. The label is a source code: 0..24 for A..Y, without 9 (J) and 25 (Z),
whose signs are movements. One CSV alone carries no split; of several, each
carries the last of ``train``, ``val`` or ``test`` that stands alone in its name.
``NAME.csv.manifest.csv`` beside it, where there is one, knows the rest.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, LabelError, UnsafeNameError, UsageError
from signdata.formats.batches import Batch
from signdata.formats.csv import parser
from signdata.formats.csv.dialect import CsvDialects, dialect_of_line, recorded_dialects
from signdata.formats.csv.files import csv_files
from signdata.formats.csv.parser import Block, Layout
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader
from signdata.labels import SIGN_MNIST_CODES, LabelSpace
from signdata.safe_names import is_fault
from signdata.samples import SPLIT_NAMES, SPLITS, ArrayPixels, Broken, Sample
from signdata.sidecars import Row

NOT_PLAIN = (
    "not preserved: the spelling of cells and line ends (values are; writing gives integers)"
)

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
"""Columns of a manifest that a sample has a field for, or that describe one stored copy."""


@dataclass(frozen=True)
class CsvOptions:
    """How a pixel CSV is read.

    Attributes
    ----------
    labels : str
        ``letters`` (Sign-MNIST's codes), ``codes`` (any integer, its digits are the class
        name), or the path of a file with one class name a line, the first for code 0.
    size_wh : tuple of int or None
        Width and height of the pictures; None expects squares.
    header : bool
        Whether the first line is a header.
    """

    labels: str = "letters"
    size_wh: tuple[int, int] | None = None
    header: bool = True


@dataclass(frozen=True)
class CsvPixels(ArrayPixels):
    """The pixels of a row, and whether its text would come back as it was."""

    plain: bool = True

    def notes(self) -> tuple[str, ...]:
        return () if self.plain else (NOT_PLAIN,)


@dataclass(frozen=True)
class CsvBatch:
    """The rows of one block of a file, with what its manifest says of them."""

    file: _CsvFile
    block: Block
    stored: tuple[Row, ...]

    @property
    def key(self) -> str:
        return f"{self.file.split}:{self.block.first_row}"

    def __iter__(self) -> Iterator[Sample]:
        return self.file.samples(self.block, self.stored)


@dataclass(frozen=True)
class _CsvFile:
    """One CSV and how its rows become samples."""

    layout: Layout
    split: str
    digits: int
    size_wh: tuple[int, int]
    names: dict[int, str] | None
    options: CsvOptions

    @cached_property
    def _name(self) -> str:
        return self.layout.path.name

    def samples(self, block: Block, stored: tuple[Row, ...]) -> Iterator[Sample]:
        parsed = parser.read_rows(self.layout, block)
        width, height = self.size_wh
        pictures = parsed.pixels.reshape(-1, height, width, 1)
        for i, code in enumerate(parsed.labels):
            number = block.first_row + i
            row = stored[i] if stored else {}
            yield self._sample(number, row, code, CsvPixels(pictures[i], parsed.plain), parsed, i)

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
                label = self._label(code, number)
                if row and row["label"] != label:
                    raise LabelError(
                        f"label {label!r}; expected {row['label']!r} as in its manifest",
                        path=self.layout.path,
                        where=self._where(number, "column label"),
                        remedy="Remove the manifest beside it if the CSV was changed on purpose.",
                    )
            except LabelError as err:
                error = err
        name = f"{number:0{self.digits}d}"
        return Sample(
            id=row.get("id") or (f"{self.split}/{name}" if self.split else name),
            label=label,
            pixels=Broken(error) if error else pixels,
            split=row.get("split") or self.split,
            group=row.get("group", ""),
            source=row.get("source") or self._name,
            meta={key: row[key] for key in row if key not in NO_META} if row else {},
            stored_as=row.get(sidecars.STORED_AS, ""),
        )

    def _where(self, number: int, column: str) -> str:
        line = number + self.layout.header_lines
        return f"row {number} (line {line})" + (f", {column}" if column else "")

    def _label(self, code: int, number: int) -> str:
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
        where = self._where(number, "column label")
        raise LabelError(what, path=self.layout.path, where=where, remedy=remedy)


class CsvReader(Reader):
    """Reads one or several pixel CSVs."""

    name = "csv"

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        read = options.read
        found = [file for path in paths for file in (csv_files(path) if path.is_dir() else [path])]
        reader = cls(found, CsvOptions(read.labels, read.csv_size, read.header))
        labels = () if read.labels in ("letters", "codes") else (Path(read.labels),)
        reader.inputs = (*found, *labels)
        return reader

    def __init__(
        self,
        paths: Path | Sequence[Path],
        options: CsvOptions = CsvOptions(),
    ) -> None:
        paths = [paths] if isinstance(paths, Path) else list(paths)
        splits = _splits_of(paths)
        self._files = [
            self._open(path, split, options) for path, split in zip(paths, splits, strict=True)
        ]
        self._rows = self._told_apart([self._stored_rows(file.layout) for file in self._files])

    def _open(self, path: Path, split: str, options: CsvOptions) -> _CsvFile:
        layout = parser.scan(path, header=options.header)
        document = sidecars.read_document(path)
        spelling = recorded_dialects(
            sidecars.origin_of(document), sidecars.beside(path, sidecars.DOCUMENT)
        )
        names = _names_of(options, spelling)
        return _CsvFile(
            layout,
            split,
            max(6, len(str(layout.n_rows))),
            _check_size(layout, options.size_wh or spelling.of("").size_wh),
            names,
            options,
        )

    def _stored_rows(self, layout: Layout) -> list[Row]:
        file = sidecars.beside(layout.path, sidecars.MANIFEST)
        if not file.is_file():
            return []
        rows = list(sidecars.read_rows(file))
        if len(rows) != layout.n_rows:
            raise FormatError(
                f"describes {len(rows)} rows; expected {layout.n_rows} as in the CSV",
                path=file,
                remedy="Remove it if the CSV was changed on purpose.",
            )
        return rows

    def _told_apart(self, rows: list[list[Row]]) -> list[list[Row]]:
        """Prefix the stored ids with their file's split where two files use the same ones."""
        ids = [row["id"] for stored in rows for row in stored]
        if len(set(ids)) == len(ids):
            return rows
        return [
            [{**row, "id": f"{file.split}/{row['id']}"} for row in stored]
            for file, stored in zip(self._files, rows, strict=True)
        ]

    @cached_property
    def info(self) -> DatasetInfo:
        columns: dict[str, None] = {}
        for rows in self._rows:
            columns.update(dict.fromkeys(rows[0] if rows else {}))
        return DatasetInfo(
            self.name,
            "still",
            LabelSpace(self._declared),
            sum(file.layout.n_rows for file in self._files),
            (),
            tuple(name for name in columns if name not in NO_META),
            {"csv": self._origin()},
            (),
            tuple(
                {"name": file.layout.path.name, "sha256": file.layout.sha256}
                for file in self._files
            ),
            tuple(split for split in ("", *SPLITS) if any(n[split] for n in self._n_rows)),
        )

    @cached_property
    def _n_rows(self) -> list[Counter[str]]:
        """Rows of each file by split."""
        return [
            Counter(row.get("split") or file.split for row in rows)
            if rows
            else Counter({file.split: file.layout.n_rows})
            for file, rows in zip(self._files, self._rows, strict=True)
        ]

    @property
    def _declared(self) -> tuple[str, ...]:
        """Class names by code, where a file or an earlier conversion gave them."""
        names = self._files[0].names
        if names is None or names == SIGN_MNIST_CODES:
            return ()
        return tuple(names[code] for code in sorted(names))

    def _origin(self) -> dict[str, Any]:
        first = self._files[0]
        origin: dict[str, Any] = {
            "files": {
                file.split: dialect_of_line(file.layout.dialect, file.size_wh)
                for file in self._files
            },
        }
        if first.names is not None and first.names != SIGN_MNIST_CODES:
            origin["codes"] = {name: code for code, name in first.names.items()}
        return origin

    def batches(self) -> Iterator[Batch]:
        for file, rows in zip(self._files, self._rows, strict=True):
            blocks = file.layout.blocks
            light = replace(file, layout=replace(file.layout, blocks=()))
            for block, following in zip_longest(blocks, blocks[1:]):
                end = following.first_row - 1 if following else file.layout.n_rows
                yield CsvBatch(light, block, tuple(rows[block.first_row - 1 : end]))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        first = self._files[0]
        path = first.layout.path
        if not isinstance(error, UnsafeNameError):
            return str(path), ""
        if "class" not in error.what:
            return str(sidecars.beside(path, sidecars.MANIFEST)), "column id"
        named = first.options.labels not in ("letters", "codes")
        for code, name in (first.names or {}).items() if named else ():
            if is_fault(error, name, "class name"):
                return first.options.labels, f"line {code + 1}"
        if named:
            return first.options.labels, ""
        return str(sidecars.beside(path, sidecars.DOCUMENT)), "origin.csv.codes"

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        rows = [n.total() if split is None else n[split] for n in self._n_rows]
        sizes = {file.size_wh for file, n in zip(self._files, rows, strict=True) if n}
        width, height = sizes.pop() if len(sizes) == 1 else (None, None)
        size_hw = (height, width) if height and width else None
        return PictureSummary(size_hw, 1, True, sum(rows))


def _splits_of(paths: list[Path]) -> list[str]:
    """The split that each of several file names carries; one alone carries none."""
    if len(paths) == 1:
        return [""]
    splits = []
    for path in paths:
        words = [SPLIT_NAMES.get(word.casefold()) for word in re.split(r"[-_.]", path.stem)]
        found = [word for word in words if word]
        if not found:
            raise UsageError(
                "carries no split in its name; expected train, val or test between _ - .",
                path=path,
                remedy="Rename it, or convert the files one by one.",
            )
        if found[-1] in splits:
            raise UsageError(
                f"is the second file of split {found[-1]}; expected one a split",
                path=path,
                remedy="Convert the files one by one.",
            )
        splits.append(found[-1])
    return splits


def _names_of(options: CsvOptions, spelling: CsvDialects) -> dict[int, str] | None:
    """Class name of each code; None lets every integer name its own class."""
    if options.labels == "codes":
        return None
    if options.labels != "letters":
        return dict(enumerate(sidecars.read_classes(Path(options.labels))))
    return {code: name for name, code in spelling.codes.items()} or SIGN_MNIST_CODES


def _check_size(layout: Layout, size_wh: tuple[int, int] | None) -> tuple[int, int]:
    if size_wh is None:
        side = math.isqrt(layout.n_pixels)
        if side * side != layout.n_pixels or not side:
            raise FormatError(
                f"{layout.n_pixels} pixel columns; expected a square number",
                path=layout.path,
                where="line 1",
                remedy="Say --csv-size WxH.",
            )
        return side, side
    width, height = size_wh
    if width * height != layout.n_pixels:
        raise FormatError(
            f"{layout.n_pixels} pixel columns; expected {width * height} for {width}x{height}",
            path=layout.path,
            where="line 1",
        )
    return width, height
