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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, LabelError, UnsafeNameError, UsageError
from signdata.filesystem import write_file
from signdata.formats.csv import parser
from signdata.formats.csv.parser import Block, Dialect, Layout
from signdata.formats.reader import (
    Batch,
    DatasetInfo,
    Finished,
    Piece,
    Reader,
    Survey,
    Writer,
    refuse_broken,
)
from signdata.labels import SIGN_MNIST_CODES, LabelSpace, code_of
from signdata.safe_names import is_fault
from signdata.samples import SPLIT_NAMES, SPLITS, ArrayPixels, Broken, Sample
from signdata.sidecars import Row

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]

NOT_PLAIN = (
    "not preserved: the spelling of cells and line ends (values are; writing gives integers)"
)


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
class Spelled(Dialect):
    """How one CSV is spelled, and the width and height of its pictures."""

    size_wh: tuple[Positive, Positive] | None = None

    @property
    def dialect(self) -> Dialect:
        """The spelling alone."""
        return Dialect(self.header, self.bom, self.newline, self.final_newline)


class Spelling(msgspec.Struct, frozen=True):
    """What ``signdata.json`` keeps of the CSVs that a dataset once was.

    Attributes
    ----------
    files : dict
        How each was spelled, by its split.
    codes : dict
        Code of each class name; empty for Sign-MNIST's letters.
    size_wh : tuple of int or None
        Width and height of the pictures of every file that does not say its own.
    """

    files: dict[str, Spelled] = {}
    codes: dict[str, int] = {}
    size_wh: tuple[Positive, Positive] | None = None

    def of(self, split: str) -> Spelled:
        """The file of a split; the first one where there is none of that name."""
        first = next(iter(self.files.values()), Spelled())
        found = self.files.get(split, first)
        return replace(found, size_wh=found.size_wh or self.size_wh)


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
            source=row.get("source") or self.layout.path.name,
            meta={
                key: value
                for key, value in row.items()
                if key not in sidecars.COLUMNS and key not in sidecars.OWN_COLUMNS
            },
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
        spelling = _spelling(sidecars.origin_of(document), sidecars.beside(path, sidecars.DOCUMENT))
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
            tuple(name for name in columns if name not in sidecars.COLUMNS),
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
                file.split: _spelled(file.layout.dialect, file.size_wh) for file in self._files
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

    def survey(self, split: str | None = None) -> Survey:
        rows = [n.total() if split is None else n[split] for n in self._n_rows]
        sizes = {file.size_wh for file, n in zip(self._files, rows, strict=True) if n}
        width, height = sizes.pop() if len(sizes) == 1 else (None, None)
        size_hw = (height, width) if height and width else None
        return Survey(size_hw, 1, True, sum(rows))


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


def _spelling(origin: Mapping[str, Any], path: Path | str) -> Spelling:
    try:
        return msgspec.convert(origin.get("csv", {}), Spelling)
    except msgspec.ValidationError as err:
        raise FormatError(f"no spelling of a CSV ({err})", path=path, where="origin.csv") from err


def _spelled(dialect: Dialect, size_wh: tuple[int, int]) -> dict[str, Any]:
    return {**asdict(dialect), "size_wh": list(size_wh)}


def _names_of(options: CsvOptions, spelling: Spelling) -> dict[int, str] | None:
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

    def __init__(self, file_name: str, split: str = "") -> None:
        self._file_name = file_name
        self._split = split
        self._dialect = Dialect()
        self._size_hw = (0, 0)
        self._codes: dict[str, int] = {}
        self._renumbers = False

    def check(self, info: DatasetInfo) -> None:
        super().check(info)
        spelling = _spelling(info.origin, info.source_name)
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
    def wants_survey(self) -> bool:
        return True

    def survey(self, survey: Survey) -> None:
        if survey.channels != 1:
            found = "both grey and colour" if survey.channels is None else "colour"
            raise DatasetError(
                f"pictures are {found}; csv holds grey ones", remedy="Say --gray to convert them."
            )
        if survey.size_hw is None:
            raise DatasetError(
                "pictures differ in size; csv holds one size", remedy="Say --size WxH."
            )
        self._size_hw = survey.size_hw

    def pieces(self, sample: Sample) -> Iterator[Piece]:
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
            yield Piece("", text, content=frame.tobytes())

    def begin(self, tree: Path) -> tuple[Path, int]:
        path = tree / self._file_name
        start = self._dialect.start(self._size_hw[0] * self._size_hw[1])
        if not path.exists():
            write_file(path, start)
        return path, len(start)

    def finish(self, tree: Path, finished: Finished) -> None:
        path = tree / self._file_name
        newline = self._dialect.newline if self._dialect.final_newline else ""
        with path.open("r+b") as file:
            file.truncate(finished.end - (0 if newline else len(self._dialect.newline)))
        height, width = self._size_hw
        origin = {**finished.document["origin"].get("csv", {})}
        origin.pop("size_wh", None)
        origin["files"] = {"": _spelled(self._dialect, (width, height))}
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
