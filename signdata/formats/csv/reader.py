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
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, UnsafeNameError, UsageError
from signdata.formats.csv import one_based
from signdata.formats.csv.dialect import CsvDialects, dialect_of_line, recorded_dialects
from signdata.formats.csv.files import csv_files
from signdata.formats.csv.header import check_label
from signdata.formats.csv.rows_as_samples import NO_META, CsvBatch, CsvFile, CsvOptions
from signdata.formats.csv.scan import Layout, scan, with_texts
from signdata.formats.csv.shapes import asked, shape_of
from signdata.formats.reader import DatasetInfo, OpenOptions, PictureSummary, Reader
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.stored_rows import StoredRows
from signdata.labels import LABEL_WORDS, ONE_BASED_CODES, SIGN_MNIST_CODES, LabelSpace
from signdata.results import NOTE, Problem
from signdata.safe_names import is_fault
from signdata.samples import SPLIT_NAMES, SPLITS


class CsvReader(Reader):
    """Reads one or several pixel CSVs."""

    name = "csv"
    self_contained = True
    harmless = True

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Self:
        read = options.read
        found = [file for path in paths for file in (csv_files(path) if path.is_dir() else [path])]
        labels = read.labels if isinstance(read.labels, str) else _listed(read.labels)
        reader = cls(found, CsvOptions(labels, read.csv_size, read.header))
        file = () if isinstance(labels, tuple) or labels in LABEL_WORDS else (Path(labels),)
        reader.inputs = (*found, *file)
        return reader

    def __init__(
        self,
        paths: Path | Sequence[Path],
        options: CsvOptions | None = None,
    ) -> None:
        paths = [paths] if isinstance(paths, Path) else list(paths)
        options = options or CsvOptions()
        splits = _splits_of(paths)
        self._notes: list[Problem] = []
        self._files = [
            self._open(path, split, options) for path, split in zip(paths, splits, strict=True)
        ]
        self._rows = self._told_apart([self._stored_rows(file.layout) for file in self._files])

    def _open(self, path: Path, split: str, options: CsvOptions) -> CsvFile:
        document = sidecars.read_document(path)
        spelling = recorded_dialects(
            sidecars.origin_of(document), sidecars.sidecar_path(path, sidecars.DOCUMENT)
        )
        recorded = spelling.of("")
        as_said: dict[object, bool | None] = {
            "letters": recorded.text_labels or None,
            "text": True,
        }
        is_text = as_said.get(options.labels, False)
        layout = scan(path, header=options.header, text_labels=is_text)
        is_known = sidecars.sidecar_path(path, sidecars.MANIFEST).is_file()
        if not is_known or options.labels == "none":
            check_label(layout.columns, path, without=options.labels == "none")
        names = _names_of(options, spelling, layout)
        if names is SIGN_MNIST_CODES and not is_known:
            self._notes += one_based.check(layout.codes, path, layout.columns.label_name)
        return CsvFile(
            layout,
            split,
            max(6, len(str(layout.n_rows))),
            shape_of(layout, asked(options.size_wh, recorded)),
            names,
            options,
        )

    def _stored_rows(self, layout: Layout) -> StoredRows | None:
        file = sidecars.sidecar_path(layout.path, sidecars.MANIFEST)
        if not file.is_file():
            return None
        rows = StoredRows.scan(file)
        if len(rows) != layout.n_rows:
            raise FormatError(
                f"describes {len(rows)} rows; expected {layout.n_rows} as in the CSV",
                path=file,
                remedy="Remove it if the CSV was changed on purpose.",
            )
        return rows

    def _told_apart(self, found: list[StoredRows | None]) -> list[StoredRows | None]:
        """Prefix the stored ids with their file's split where two files use the same ones."""
        stored = [rows for rows in found if rows is not None] if len(found) > 1 else []
        hashes = [one for rows in stored for one in rows.hashes]
        if len(set(hashes)) == len(hashes):
            return found
        return [
            None if rows is None else rows.prefixed(f"{file.split}/")
            for file, rows in zip(self._files, found, strict=True)
        ]

    @cached_property
    def info(self) -> DatasetInfo:
        columns: dict[str, None] = {}
        for rows in self._rows:
            columns.update(dict.fromkeys(rows.header if rows else ()))
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
            _rows_by_split(file) if rows is None else _stored_by_split(rows, file.split)
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

    def columns(self) -> Iterator[SampleColumns]:
        for batch in self.batches():
            yield batch.columns()

    def batches(self) -> Iterator[CsvBatch]:
        for file, rows in zip(self._files, self._rows, strict=True):
            blocks = file.layout.blocks
            light = replace(file, layout=replace(file.layout, blocks=()))
            texts = with_texts(file.layout)
            for block, following in zip_longest(texts, blocks[1:]):
                end = following.first_row - 1 if following else file.layout.n_rows
                stored = None if rows is None else rows.between(block.first_row - 1, end)
                yield CsvBatch(light, block, stored)

    def locate(self, error: DatasetError) -> tuple[str, str]:
        first = self._files[0]
        path = first.layout.path
        if not isinstance(error, UnsafeNameError):
            return str(path), ""
        if "class" not in error.what:
            return str(sidecars.sidecar_path(path, sidecars.MANIFEST)), "column id"
        labels = first.options.labels
        if isinstance(labels, tuple):
            return "", "labels"
        named = labels not in LABEL_WORDS
        for code, name in (first.names or {}).items() if named else ():
            if is_fault(error, name, "class name"):
                return labels, f"line {code + 1}"
        if named:
            return labels, ""
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


def _stored_by_split(rows: StoredRows, split: str) -> Counter[str]:
    """Rows of a manifest by split; those without one are of the file's."""
    found: Counter[str] = Counter()
    for name, n in rows.splits.items():
        found[name or split] += n
    return found


def _rows_by_split(file: CsvFile) -> Counter[str]:
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


def _listed(labels: Path | Sequence[str]) -> str | tuple[str, ...]:
    """The name of a file, or class names, which must differ."""
    if isinstance(labels, Path):
        return str(labels)
    if not labels or not all(labels) or len(set(labels)) < len(labels):
        raise UsageError(f"--labels {list(labels)!r}; expected different names")
    return tuple(labels)


def _names_of(options: CsvOptions, spelling: CsvDialects, layout: Layout) -> dict[int, str] | None:
    """Class name of each code; None lets every integer name its own class."""
    if isinstance(options.labels, tuple):
        return dict(enumerate(options.labels))
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
