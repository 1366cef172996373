"""Writing Sign-MNIST CSVs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, LabelError
from signdata.filesystem import write_file
from signdata.formats.csv import parser
from signdata.formats.csv.columns import UNLABELLED, Columns, standard
from signdata.formats.csv.dialect import CsvDialect, dialect_of_line, recorded_dialects
from signdata.formats.csv.shapes import PictureShape
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import DatasetInfo, PictureSummary
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.writer import (
    EncodedItem,
    EncodedStills,
    OutputSummary,
    Writer,
    refuse_broken,
    values_of,
)
from signdata.labels import SIGN_MNIST_CODES, code_of
from signdata.samples import Sample

FER_USES = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}
"""What FER calls the splits."""


class CsvWriter(Writer):
    """Writes one pixel CSV, in the spelling of the CSV that the dataset once was.

    Parameters
    ----------
    split : str
        The split that is written, '' for all samples; decides whose spelling is used.
    """

    name = "csv"
    single_file = True
    holds = frozenset({"still"})

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(out.name, split)

    def __init__(self, file_name: str, split: str = "") -> None:
        self._file_name = file_name
        self._split = split
        self._dialect = CsvDialect()
        self._shape = PictureShape((0, 0))
        self._columns = standard(0)
        self._codes: dict[str, int] = {}
        self._renumbers = False

    def check(self, info: DatasetInfo) -> None:
        super().check(info)
        spelling = recorded_dialects(info.origin, info.source_name)
        only = info.splits[0] if len(info.splits) == 1 else ""
        self._dialect = spelling.of(self._split or only)
        self._codes = spelling.codes
        names = info.labels.order(info.present)
        if self._dialect.text_labels and not all(map(_is_plain_cell, names)):
            self._dialect = replace(self._dialect, text_labels=False)
        if not self._dialect.has_label and set(names) != {UNLABELLED}:
            self._dialect = replace(self._dialect, header=None)  # sorted into classes since
        codes = {code_of(name, self._codes) for name in names}
        self._renumbers = self._has_codes and (None in codes or len(codes) < len(names))
        if self._renumbers:
            self._codes = {name: idx for idx, name in enumerate(names)}

    @property
    def _has_codes(self) -> bool:
        """Whether labels are written, and as numbers."""
        return not self._dialect.text_labels and self._dialect.has_label

    def loses(self, info: DatasetInfo) -> list[str]:
        if not self._renumbers:
            return []
        return ["class names in the CSV itself: a label is an index into its manifest's classes"]

    @property
    def wants_picture_summary(self) -> bool:
        return True

    def prepare(self, summary: PictureSummary) -> None:
        colour = self._dialect.colour if summary.channels == 3 else ""
        if summary.channels != 1 and not colour:
            found = "both grey and colour" if summary.channels is None else "colour"
            raise DatasetError(
                f"pictures are {found}; csv holds grey ones", remedy="Say --gray to convert them."
            )
        if summary.size_hw is None:
            raise DatasetError(
                "pictures differ in size; csv holds one size", remedy="Say --size WxH."
            )
        height, width = summary.size_hw
        self._shape = PictureShape((width, height), colour)
        self._columns = self._dialect.columns(self._shape.n_values)

    def takes_together(self, *, originals: bool) -> bool:
        return True

    def encoded_together(
        self, samples: SampleColumns, frames: NDArray[np.uint8]
    ) -> EncodedStills | None:
        width, height = self._shape.size_wh
        if frames.shape[1:] != (height, width, self._shape.channels):
            return None
        cells = parser.cells_of(frames, self._shape.colour)
        pairs = dict.fromkeys(zip(samples.labels, samples.sources, strict=True))
        labels = {label: self._label(label, source) for label, source in pairs}
        said = samples.meta.get(self._columns.use_name) or [""] * len(samples)
        rows = [
            self._row(labels[label], own, use_of(use, split, self._columns))
            for label, own, use, split in zip(
                samples.labels, cells, said, samples.splits, strict=True
            )
        ]
        return EncodedStills(rows, contents=values_of(frames))

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        label = self._label(sample.label, sample.source)
        said = sample.meta.get(self._columns.use_name, "")
        use = use_of(said, sample.split, self._columns)
        for frame in sample.frames():
            if frame.shape[2] != self._shape.channels:
                held = "colour" if self._shape.colour else "grey"
                found = "a colour" if frame.shape[2] == 3 else "a grey"
                raise FormatError(f"{found} picture; csv holds {held} ones", path=sample.source)
            width, height = self._shape.size_wh
            if frame.shape[:2] != (height, width):
                found = f"{frame.shape[1]}x{frame.shape[0]}"
                raise FormatError(
                    f"another size; expected {width}x{height}, found {found}", path=sample.source
                )
            [cells] = parser.cells_of(frame[None], self._shape.colour)
            yield EncodedItem("", self._row(label, cells, use), content=frame.tobytes())

    def _row(self, label: bytes, cells: bytes, use: bytes) -> bytes:
        """The line of a sample."""
        return self._columns.row(label, cells, use) + self._dialect.newline.encode()

    def _label(self, name: str, source: str) -> bytes:
        """What is written for a class."""
        if self._dialect.text_labels:
            return name.encode()
        code = code_of(name, self._codes)
        if code is None and self._has_codes:
            raise LabelError(
                f"label {name!r} has no code; expected a letter or a number", path=source
            )
        return b"%d" % (code or 0)

    def begin(self, tree: Path) -> tuple[Path, int]:
        path = tree / self._file_name
        start = self._dialect.start(self._shape.n_values)
        if not path.exists():
            write_file(path, start)
        return path, len(start)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        path = tree / self._file_name
        newline = self._dialect.newline if self._dialect.final_newline else ""
        with path.open("r+b") as file:
            file.truncate(finished.end - (0 if newline else len(self._dialect.newline)))
        origin = {**finished.document["origin"].get("csv", {})}
        origin.pop("size_wh", None)
        line = dialect_of_line(self._dialect, self._shape.size_wh, self._shape.colour)
        origin["files"] = {"": line}
        if self._has_codes:
            codes = {name: code_of(name, self._codes) for name in finished.classes}
            if not codes.items() <= {name: code for code, name in SIGN_MNIST_CODES.items()}.items():
                origin["codes"] = codes
        document = {**finished.document, "origin": {**finished.document["origin"], "csv": origin}}
        sidecars.write_blocks(
            sidecars.sidecar_path(path, sidecars.MANIFEST), finished.columns, finished.blocks()
        )
        write_file(
            sidecars.sidecar_path(path, sidecars.DOCUMENT),
            sidecars.dump_document(document),
        )


def _is_plain_cell(name: str) -> bool:
    """Whether a class name can be a cell as it is, and is no number."""
    spoiled = any(char in ',"\r\n\0' for char in name)
    return not spoiled and name == name.strip() and bool(name)


def use_of(use: str, split: str, columns: Columns) -> bytes:
    """What the column of splits says of a sample: as it was read, else its split."""
    if columns.use is None:
        return b""
    return (use or FER_USES.get(split, "")).encode()
