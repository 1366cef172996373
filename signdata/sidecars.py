"""Sidecar files next to the data: manifest, class list, ``signdata.json`` and problems.

A directory has ``manifest.csv``, ``classes.txt``, ``signdata.json`` and, if there were
problems, ``problems.csv`` at its root. ``OUT.csv`` has ``OUT.csv.manifest.csv`` and
``OUT.csv.signdata.json``; an HDF5 file holds the same inside. None of them contains a
time, an absolute path or the output's own name, so the same work gives the same bytes.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import itertools
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from signdata.errors import FormatError, MissingError
from signdata.results import Problem
from signdata.row_blocks import RowBlock, blocks_of
from signdata.samples import SPLITS

MANIFEST, DOCUMENT, CLASSES, PROBLEMS = (
    "manifest.csv",
    "signdata.json",
    "classes.txt",
    "problems.csv",
)
SHARDS, INDEX = "shards.csv", "index.csv.gz"
SIDECARS = frozenset({MANIFEST, DOCUMENT, CLASSES, PROBLEMS, SHARDS, INDEX})
_LISTS = re.compile(
    r"annotations(_(train|val|test))?\.txt|missing\.txt|manifest\.parquet|WLASL\.json|croissant\.json"
)

COLUMNS = ("id", "path", "label", "split", "group", "source")
"""The columns that every manifest starts with."""

SHARD_KEY, SHARD_OFFSET, SHARD_LENGTH = "shard_key", "shard_offset", "shard_length"
"""Columns of a dataset in shards: a sample's key, and where it is in its shard."""

OWN_COLUMNS = ("sha256", "source_sha256", SHARD_KEY, SHARD_OFFSET, SHARD_LENGTH)
"""Columns that describe one stored copy; each copy gets its own."""

STORED_AS = "stored_as"
"""Column with the file name of a sample whose own name was taken."""

FOLD = "fold"
"""Column with the number of a sample's fold, as `split --folds` writes it."""

Row = dict[str, str]


def is_sidecar(name: str) -> bool:
    """Whether a file at the root of a directory dataset is a sidecar, not a sample or a stray."""
    return name in SIDECARS or _LISTS.fullmatch(name) is not None


def sidecar_path(path: Path, name: str) -> Path:
    """Path of the sidecar `name` of a dataset: inside a directory, or next to a file."""
    return path / name if path.is_dir() else file_sidecar_path(path, name)


def file_sidecar_path(path: Path, name: str) -> Path:
    """Path of the sidecar `name` of a single-file dataset, whether or not it exists."""
    return path.with_name(f"{path.name}.{name}")


def columns_of(rows: Iterable[Row]) -> list[str]:
    """All column names of `rows`: the standard ones, then the others in order of appearance."""
    extra: dict[str, None] = {}
    for row in rows:
        extra.update(dict.fromkeys(row))
    return [*COLUMNS, *(name for name in extra if name not in COLUMNS)]


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a manifest: UTF-8, LF, one row per sample."""
    write_blocks(path, columns, blocks_of(rows))


def write_blocks(path: Path, columns: Sequence[str], blocks: Iterable[RowBlock]) -> None:
    """Write a manifest as `write_rows` does, a block at a time."""
    cells = (list(zip(*map(one.column, columns), strict=True)) for one in blocks)
    _write_csv(path, columns, cells)


def _write_csv(path: Path, header: Sequence[str], parts: Iterable[Sequence[Sequence[str]]]) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(header)
        for part in parts:
            file.write(csv_text(part))


def csv_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows as CSV, those with a CR quoted: Python does not, but reads it as the end of a row."""
    file = io.StringIO()
    plain = csv.writer(file, lineterminator="\n")
    plain.writerows(rows)
    if "\r" in file.getvalue():
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        file.seek(0)
        file.truncate()
        for row in rows:
            (quoted if any("\r" in cell for cell in row) else plain).writerow(row)
    return file.getvalue()


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn an `OSError` of the system into an error that names the file."""
    try:
        yield
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err


def read_rows(path: Path, *, distinct: bool = True) -> Iterator[Row]:
    """Yield the rows of a manifest.

    Parameters
    ----------
    path : Path
    distinct : bool
        Whether repeated ids are looked for, which is known after the last row.

    Raises
    ------
    FormatError
        If it is not UTF-8, lacks a required column or has one twice, or if a row has the wrong
        number of fields, an empty or repeated id, or an invalid split.
    """
    seen = array("q")
    for header, rows in row_blocks(path):
        if distinct:
            place = header.index("id")
            seen.extend(hash(cells[place]) for cells in rows)
        for cells in rows:
            yield dict(zip(header, cells, strict=True))
    refuse_repeated_ids(path, seen)


def row_blocks(
    path: Path, offsets: array[int] | None = None
) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
    """Yield the rows of a manifest, many at once, each time with its header.

    The same rows as of `numbered_rows`, which is asked as soon as anything is unusual: a quoted
    cell, or a fault, of which it tells what is wrong and where.
    """
    n = 0
    for block in _plain_blocks(path, offsets):
        n += len(block[1])
        yield block
        if len(block[1]) < _AT_ONCE_READ:
            return
    if offsets is not None:
        del offsets[:]
    for _, row in itertools.islice(numbered_rows(path, offsets), n, None):
        yield tuple(row), (tuple(row.values()),)


_AT_ONCE_READ = 4096
"""Rows that are read at once."""


def _plain_blocks(
    path: Path, offsets: array[int] | None
) -> Iterator[tuple[Sequence[str], list[list[str]]]]:
    """Yield rows, many at once, as long as they are without quotes and faults.

    A block that is not full is the last one of the file.
    """
    with _reading(path), path.open("r", encoding="utf-8-sig", newline="") as file:
        try:
            first = file.readline()
            header = next(csv.reader([first], strict=True), [])
            if '"' in first or not {"id", "label"} <= set(header) or len(set(header)) < len(header):
                return
            position = _bom(path) + len(first.encode())
            if offsets is not None:
                offsets.append(position)
            lines = [""]
            while lines:
                lines = list(itertools.islice(file, _AT_ONCE_READ))
                rows = _plain_rows(lines, header)
                if rows is None:
                    return
                if offsets is not None:
                    ends = itertools.accumulate(_lengths(lines), initial=position)
                    offsets.extend(itertools.islice(ends, 1, None))
                    position = offsets[-1]
                yield header, rows
        except (csv.Error, UnicodeDecodeError):
            return


def _plain_rows(lines: Sequence[str], header: Sequence[str]) -> list[list[str]] | None:
    """The rows in some lines; None where one has a quote or a fault."""
    if any('"' in line for line in lines):
        return None
    rows = list(csv.reader(lines, strict=True))
    if set(map(len, rows)) - {len(header)}:
        return None
    ids = header.index("id")
    known = all(cells[ids] for cells in rows)
    if "split" in header:
        splits = header.index("split")
        known &= {cells[splits] for cells in rows} <= {"", *SPLITS}
    return rows if known else None


def _lengths(lines: Sequence[str]) -> list[int]:
    """How many bytes lines of UTF-8 text have."""
    return [len(line) if line.isascii() else len(line.encode()) for line in lines]


def has_repetitions(hashes: array[int]) -> bool:
    """Whether two of some hashes are equal."""
    if len(hashes) < _FEW:
        return len(set(hashes)) < len(hashes)
    import numpy as np  # the command line starts without it

    found = np.array(hashes)
    found.sort()
    return bool((found[1:] == found[:-1]).any())


_FEW = 100_000


def refuse_repeated_ids(path: Path, hashes: array[int]) -> None:
    """Raise `FormatError` at the first row with an id that an earlier one has.

    `hashes` are those of all ids: the file is read again only if two are equal.
    """
    if not has_repetitions(hashes):
        return
    ids: set[str] = set()
    for line, row in numbered_rows(path):
        if row["id"] in ids:
            what = f"id {row['id']!r} appears twice"
            raise FormatError(what, path=path, where=f"line {line}")
        ids.add(row["id"])


def _bom(path: Path) -> int:
    """The length of the byte order mark that a file begins with."""
    with path.open("rb") as file:
        return len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0


class _Counted:
    """The lines of a file that is read as UTF-8 text, and how many bytes they had so far."""

    def __init__(self, file: Iterable[str], position: int) -> None:
        self._file, self.position = file, position

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.position += len(line) if line.isascii() else len(line.encode())
            yield line


def numbered_rows(path: Path, offsets: array[int] | None = None) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a manifest, checked one by one, each with the number of its line.

    Where each row begins, and the last one ends, in bytes, is appended to `offsets`.
    """
    with _reading(path), path.open("r", encoding="utf-8-sig", newline="") as file:
        counted = None if offsets is None else _Counted(file, _bom(path))
        reader = csv.reader(counted or file, strict=True)
        try:
            header = next(reader, [])
            missing = [name for name in ("id", "label") if name not in header]
            if missing or len(set(header)) != len(header):
                raise FormatError(
                    f"header {','.join(header)[:80]!r}; expected distinct columns, "
                    f"{' and '.join(missing) or 'each once'} among them",
                    path=path,
                    where="line 1",
                )
            if counted is not None and offsets is not None:
                offsets.append(counted.position)
            for cells in reader:
                where = f"line {reader.line_num}"
                if len(cells) != len(header):
                    raise FormatError(
                        f"{len(cells)} fields; expected {len(header)}", path=path, where=where
                    )
                row = dict(zip(header, cells, strict=True))
                if not row["id"]:
                    raise FormatError("an empty id", path=path, where=where)
                if row.get("split", "") not in ("", *SPLITS):
                    raise FormatError(
                        f"split {row['split']!r}; expected {', '.join(SPLITS)} or nothing",
                        path=path,
                        where=where,
                    )
                if counted is not None and offsets is not None:
                    offsets.append(counted.position)
                yield reader.line_num, row
        except (csv.Error, UnicodeDecodeError) as err:
            raise FormatError(
                f"not a manifest ({err}); expected UTF-8 CSV",
                path=path,
                where=f"line {reader.line_num + 1}",
            ) from err


def dump_document(document: Mapping[str, Any]) -> bytes:
    """Encode ``signdata.json``: UTF-8, indented, keys in the given order."""
    return msgspec.json.format(encode_json(document), indent=2) + b"\n"


def encode_json(value: Any) -> bytes:
    """A value as JSON. Bytes of file names that are no text are escaped, as in the manifest."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_escaped(msgspec.to_builtins(value)))


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_escaped(key): _escaped(one) for key, one in value.items()}
    return [_escaped(one) for one in value] if isinstance(value, list | tuple) else value


def read_document(path: Path) -> dict[str, Any] | None:
    """Return the ``signdata.json`` of a dataset (a directory or a CSV); None if it has none.

    Raises
    ------
    FormatError
        If it is not a JSON object.
    """
    file = sidecar_path(path, DOCUMENT)
    if not file.is_file():
        return None
    with _reading(file):
        data = file.read_bytes()
    return parse_document(data, file)


def json_bytes(data: bytes, path: Path) -> bytes:
    """The bytes of a JSON file converted to UTF-8 from any Unicode encoding.

    Raises
    ------
    FormatError
        If it is in no Unicode encoding; names the first invalid byte and its position.
    """
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        name = encoding.upper().removesuffix("-SIG")
        char = data[err.start : err.start + 1].decode("latin-1")
        may_be = f" ({char!r} in Latin-1)" if char.isprintable() else ""
        raise FormatError(
            f"not {name}: byte {data[err.start]:#04x} at position {err.start}{may_be}; "
            "expected UTF-8",
            path=path,
            where=f"line {line}",
            remedy="Save it as UTF-8.",
        ) from err
    return data if encoding == "utf-8" else text.encode()


def parse_document(data: bytes, path: Path) -> dict[str, Any]:
    """Decode the bytes of a ``signdata.json``."""
    try:
        return msgspec.json.decode(json_bytes(data, path), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as err:
        raise FormatError(f"not a JSON object ({err})", path=path) from err


def origin_of(document: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a document records about the original file of a chain of conversions."""
    origin = (document or {}).get("origin")
    return origin if isinstance(origin, dict) else {}


def read_classes(path: Path) -> tuple[str, ...]:
    """Return the class names in ``classes.txt``, one per line.

    Raises
    ------
    MissingError
        If it does not exist.
    FormatError
        If it cannot be read, a name appears twice or a line is empty.
    """
    try:
        with _reading(path):
            text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        raise FormatError(f"not UTF-8 ({err})", path=path) from err
    lines = text.removesuffix("\n").split("\n") if text else []
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if "\0" in line:
            fault = "a NUL byte; expected text"
            raise FormatError(fault, path=path, where=f"line {number}")
        if not line or line in seen:
            fault = "a class that appears twice" if line else "an empty line"
            raise FormatError(
                f"{fault}; expected one class per line", path=path, where=f"line {number}"
            )
        seen.add(line)
    return tuple(lines)


def write_problems(path: Path, problems: Iterable[Problem]) -> None:
    """Write ``problems.csv``: path, where, kind, message."""
    rows = [(p.path, p.where, p.kind, p.message) for p in problems]
    _write_csv(path, ("path", "where", "kind", "message"), [rows])


PARTIAL_DIR = ".signdata-partial"


PARTIAL_SUFFIX = ".partial"


def is_partial(path: Path) -> bool:
    """Whether `path` is, or is inside, the unfinished output of a running or killed run."""
    if path.name.endswith(PARTIAL_SUFFIX):
        return True
    partial = Path(f"{path}{PARTIAL_SUFFIX}")
    if partial.is_dir() and ((partial / "commit").exists() or not path.exists()):
        return True
    place = path.absolute()
    if (place / PARTIAL_DIR).exists() or (place.parent / PARTIAL_DIR).exists():
        return True
    return any(
        folder.name == PARTIAL_DIR
        or (folder.name.endswith(PARTIAL_SUFFIX) and (folder / "lock").exists())
        for folder in (place, *place.parents)
    )


def refuse_partial(path: Path) -> None:
    """Raise `FormatError` if `path` is the unfinished output of a killed run."""
    if is_partial(path):
        raise FormatError(
            "an unfinished output; expected a whole dataset",
            path=path,
            remedy="Repeat the command that was making it.",
        )
