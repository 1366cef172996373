"""Writing Sign-MNIST CSVs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, LabelError
from signdata.filesystem import write_file
from signdata.formats.csv import parser
from signdata.formats.csv.dialect import dialect_of_line, recorded_dialects
from signdata.formats.csv.parser import Dialect
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import DatasetInfo, PictureSummary
from signdata.formats.writer import EncodedItem, OutputSummary, Writer, refuse_broken
from signdata.labels import SIGN_MNIST_CODES, code_of
from signdata.samples import Sample


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
        self._dialect = Dialect()
        self._size_hw = (0, 0)
        self._codes: dict[str, int] = {}
        self._renumbers = False

    def check(self, info: DatasetInfo) -> None:
        super().check(info)
        spelling = recorded_dialects(info.origin, info.source_name)
        only = info.splits[0] if len(info.splits) == 1 else ""
        self._dialect = spelling.of(self._split or only).dialect
        self._codes = spelling.codes
        names = info.labels.order(info.present)
        codes = {code_of(name, self._codes) for name in names}
        self._renumbers = None in codes or len(codes) < len(names)
        if self._renumbers:
            self._codes = {name: idx for idx, name in enumerate(names)}

    def loses(self, info: DatasetInfo) -> list[str]:
        if not self._renumbers:
            return []
        return ["class names in the CSV itself: a label is an index into its manifest's classes"]

    @property
    def wants_picture_summary(self) -> bool:
        return True

    def prepare(self, summary: PictureSummary) -> None:
        if summary.channels != 1:
            found = "both grey and colour" if summary.channels is None else "colour"
            raise DatasetError(
                f"pictures are {found}; csv holds grey ones", remedy="Say --gray to convert them."
            )
        if summary.size_hw is None:
            raise DatasetError(
                "pictures differ in size; csv holds one size", remedy="Say --size WxH."
            )
        self._size_hw = summary.size_hw

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        code = code_of(sample.label, self._codes)
        if code is None:
            raise LabelError(
                f"label {sample.label!r} has no code; expected a letter or a number",
                path=sample.source,
            )
        for frame in sample.frames():
            if frame.shape[2] != 1:
                raise FormatError("a colour picture; csv holds grey ones", path=sample.source)
            if frame.shape[:2] != self._size_hw:
                height, width = self._size_hw
                found = f"{frame.shape[1]}x{frame.shape[0]}"
                raise FormatError(
                    f"another size; expected {width}x{height}, found {found}", path=sample.source
                )
            text = parser.row_text(code, frame, self._dialect.newline)
            yield EncodedItem("", text, content=frame.tobytes())

    def begin(self, tree: Path) -> tuple[Path, int]:
        path = tree / self._file_name
        start = self._dialect.start(self._size_hw[0] * self._size_hw[1])
        if not path.exists():
            write_file(path, start)
        return path, len(start)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        path = tree / self._file_name
        newline = self._dialect.newline if self._dialect.final_newline else ""
        with path.open("r+b") as file:
            file.truncate(finished.end - (0 if newline else len(self._dialect.newline)))
        height, width = self._size_hw
        origin = {**finished.document["origin"].get("csv", {})}
        origin.pop("size_wh", None)
        origin["files"] = {"": dialect_of_line(self._dialect, (width, height))}
        codes = {name: code_of(name, self._codes) for name in finished.classes}
        if not codes.items() <= {name: code for code, name in SIGN_MNIST_CODES.items()}.items():
            origin["codes"] = codes
        document = {**finished.document, "origin": {**finished.document["origin"], "csv": origin}}
        sidecars.write_rows(
            sidecars.beside(path, sidecars.MANIFEST), finished.columns, finished.rows()
        )
        write_file(
            sidecars.beside(path, sidecars.DOCUMENT),
            sidecars.dump_document(document),
        )
