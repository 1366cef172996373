"""Sign-MNIST CSV: one picture a row.

::

    label,pixel1,...,pixelN
    3,107,118,...

Grey values 0..255, row by row from the top left; N is a square unless the size
is given. The label is a source code: 0..24 for A..Y, without 9 (J) and 25 (Z),
whose signs are movements. One CSV alone carries no split, unless a column says it; of
several, each carries the last of ``train``, ``val`` or ``test`` that stands alone in its name.
Other spellings of the header are in `signdata.formats.csv.columns`.
``NAME.csv.manifest.csv`` next to it, where there is one, knows the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

import numpy as np

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, LabelError, UnsafeNameError, UsageError
from signdata.formats.batches import Batch
from signdata.formats.csv import one_based, parser
from signdata.formats.csv.columns import UNLABELLED
from signdata.formats.csv.dialect import CsvDialects, dialect_of_line, recorded_dialects
from signdata.formats.csv.files import csv_files
from signdata.formats.csv.header import check_label
from signdata.formats.csv.parser import Block, Layout
from signdata.formats.csv.shapes import PictureShape, asked, shape_of
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader
from signdata.labels import LABEL_WORDS, ONE_BASED_CODES, SIGN_MNIST_CODES, LabelSpace
from signdata.results import NOTE, Problem
from signdata.safe_names import is_fault
from signdata.samples import SPLIT_NAMES, SPLITS, TOGETHER, ArrayPixels, Broken, Sample, Stills
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
    labels : str
        ``letters`` (Sign-MNIST's codes), ``one-based`` (A is 1, Z is 26), ``codes``
        (any integer, its digits are the class name), ``text`` (the class name itself), ``none``
        (there is none), or the path of a file with one class name a line, the first for code 0.
        Labels of which the first is no number
        are class names where nothing else was asked for.
    size_wh : tuple of int or None
        Width and height of the pictures, or W, H, 3 for colour pixel by pixel, or 3, W, H for
        colour in planes; None expects squares.
    header : bool
        Whether the first line is a header.
    """

    labels: str = "letters"
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
    shape: PictureShape
    names: dict[int, str] | None
    options: CsvOptions

    @cached_property
    def _name(self) -> str:
        return self.layout.path.name

    def samples(self, block: Block, stored: tuple[Row, ...]) -> Iterator[Sample]:
        parsed = parser.read_rows(self.layout, block)
        pictures = self.shape.pictures(parsed.pixels)
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
        block = next(parser.with_texts(self.layout), None)
        parsed = parser.read_rows(self.layout, block) if block else None
        if parsed is None or parsed.faults or not parsed.pixels.size:
            return []
        return [BLACK] if parsed.pixels.max() == 1 and parsed.pixels.min() == 0 else []

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


class CsvReader(Reader):
    """Reads one or several pixel CSVs."""

    name = "csv"

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        read = options.read
        found = [file for path in paths for file in (csv_files(path) if path.is_dir() else [path])]
        reader = cls(found, CsvOptions(read.labels, read.csv_size, read.header))
        labels = () if read.labels in LABEL_WORDS else (Path(read.labels),)
        reader.inputs = (*found, *labels)
        return reader

    def __init__(
        self,
        paths: Path | Sequence[Path],
        options: CsvOptions = CsvOptions(),
    ) -> None:
        paths = [paths] if isinstance(paths, Path) else list(paths)
        splits = _splits_of(paths)
        self._notes: list[Problem] = []
        self._files = [
            self._open(path, split, options) for path, split in zip(paths, splits, strict=True)
        ]
        self._rows = self._told_apart([self._stored_rows(file.layout) for file in self._files])

    def _open(self, path: Path, split: str, options: CsvOptions) -> _CsvFile:
        document = sidecars.read_document(path)
        spelling = recorded_dialects(
            sidecars.origin_of(document), sidecars.sidecar_path(path, sidecars.DOCUMENT)
        )
        recorded = spelling.of("")
        is_text = {"letters": recorded.text_labels or None, "text": True}.get(options.labels, False)
        layout = parser.scan(path, header=options.header, text_labels=is_text)
        is_known = sidecars.sidecar_path(path, sidecars.MANIFEST).is_file()
        if not is_known or options.labels == "none":
            check_label(layout.columns, path, without=options.labels == "none")
        names = _names_of(options, spelling, layout)
        if names is SIGN_MNIST_CODES and not is_known:
            self._notes += one_based.check(layout.codes, path, layout.columns.label_name)
        return _CsvFile(
            layout,
            split,
            max(6, len(str(layout.n_rows))),
            shape_of(layout, asked(options.size_wh, recorded)),
            names,
            options,
        )

    def _stored_rows(self, layout: Layout) -> list[Row]:
        file = sidecars.sidecar_path(layout.path, sidecars.MANIFEST)
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
        for file in self._files:
            if file.layout.columns.use is not None:
                columns[file.layout.columns.use_name] = None
        return DatasetInfo(
            self.name,
            "still",
            LabelSpace(self._declared),
            sum(file.layout.n_rows for file in self._files),
            (),
            tuple(name for name in columns if name not in NO_META),
            {"csv": self._origin()},
            (
                *self._notes,
                *(
                    Problem(file.layout.path.name, "", NOTE, note)
                    for file in self._files
                    for note in file.notes()
                ),
            ),
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
            else _rows_by_split(file)
            for file, rows in zip(self._files, self._rows, strict=True)
        ]

    @property
    def _declared(self) -> tuple[str, ...]:
        """Class names by code, where a file or an earlier conversion gave them."""
        names = self._files[0].names
        if names is None or names in (SIGN_MNIST_CODES, ONE_BASED_CODES):
            return ()
        return tuple(names[code] for code in sorted(names))

    def _origin(self) -> dict[str, Any]:
        first = self._files[0]
        origin: dict[str, Any] = {
            "files": {
                file.split: dialect_of_line(
                    file.layout.dialect, file.shape.size_wh, file.shape.colour
                )
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
            texts = parser.with_texts(file.layout)
            for block, following in zip_longest(texts, blocks[1:]):
                end = following.first_row - 1 if following else file.layout.n_rows
                yield CsvBatch(light, block, tuple(rows[block.first_row - 1 : end]))

    def locate(self, error: DatasetError) -> tuple[str, str]:
        first = self._files[0]
        path = first.layout.path
        if not isinstance(error, UnsafeNameError):
            return str(path), ""
        if "class" not in error.what:
            return str(sidecars.sidecar_path(path, sidecars.MANIFEST)), "column id"
        named = first.options.labels not in LABEL_WORDS
        for code, name in (first.names or {}).items() if named else ():
            if is_fault(error, name, "class name"):
                return first.options.labels, f"line {code + 1}"
        if named:
            return first.options.labels, ""
        return str(sidecars.sidecar_path(path, sidecars.DOCUMENT)), "origin.csv.codes"

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        rows = [n.total() if split is None else n[split] for n in self._n_rows]
        shapes = {file.shape for file, n in zip(self._files, rows, strict=True) if n}
        sizes = {shape.size_wh for shape in shapes}
        channels = {shape.channels for shape in shapes}
        width, height = sizes.pop() if len(sizes) == 1 else (None, None)
        size_hw = (height, width) if height and width else None
        channel = channels.pop() if len(channels) == 1 else None
        return PictureSummary(size_hw, channel, True, sum(rows))


def _rows_by_split(file: _CsvFile) -> Counter[str]:
    """Rows of a file by split, where no manifest lists them."""
    if file.layout.columns.use is None:
        return Counter({file.split: file.layout.n_rows})
    found: Counter[str] = Counter()
    for use, n in file.layout.uses.items():
        found[file.split_of(use)] += n
    return found


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
                remedy=f"Say train={path}, val= or test=, and so for each.",
            )
        if found[-1] in splits:
            raise UsageError(
                f"is the second file of split {found[-1]}; expected one a split",
                path=path,
                remedy=f"Say what each is: {found[-1]}={path}.",
            )
        splits.append(found[-1])
    return splits


def _names_of(options: CsvOptions, spelling: CsvDialects, layout: Layout) -> dict[int, str] | None:
    """Class name of each code; None lets every integer name its own class."""
    if options.labels not in LABEL_WORDS:
        return dict(enumerate(sidecars.read_classes(Path(options.labels))))
    if options.labels == "one-based":
        return ONE_BASED_CODES
    if options.labels != "letters" or layout.dialect.text_labels:
        return None
    names = {code: name for name, code in spelling.codes.items()}
    if names or layout.columns.label is None or not layout.columns.says_letters:
        return names or None
    return SIGN_MNIST_CODES
