"""Tables of clips that people make: columns found by their names.

A column of paths or ids, one of labels, and where there are some: start and end in frames or in
seconds, the signer, the split, a box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn

from signdata import sidecars
from signdata.errors import FormatError, LabelError, SigndataError, UsageError
from signdata.formats.clip_tables.header import LABELS, SENTENCES, VIDEO_PATHS, plain
from signdata.formats.clip_tables.rows import ClipRow, ClipTable, Span
from signdata.formats.trees.layout import split_word
from signdata.media.suffixes import NO_CLASS, VIDEO_SUFFIXES, suffix_of
from signdata.media.video.frame_selection import Range, TimeRange

if TYPE_CHECKING:
    from signdata.formats.table.rows import Table
    from signdata.media.video.frame_conversion import Box

PATHS = (*("file_name", "path", "filename", "file", "filepath", "file_path"), *VIDEO_PATHS)
IDS = ("video_id", "videoid", "clip_id", "id")
SIGNERS = ("signer", "signer_id", "participant", "participant_id", "speaker", "subject", "person")
BOXES = ("bbox", "box", "bounding_box")
SIDES = (
    ("x0", "y0", "x1", "y1"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
)
RATES = ("fps", "frame_rate", "framerate")
FRAMES = (
    *(("frame_start", "frame_end"), ("start_frame", "end_frame"), ("first_frame", "last_frame")),
    ("begin_frame", "end_frame"),
)
SECONDS = (
    *(("start_time", "end_time"), ("start_sec", "end_sec"), ("start_seconds", "end_seconds")),
    *(("start_s", "end_s"), ("time_start", "time_end"), ("begin_time", "end_time")),
)
MILLISECONDS = (("start_ms", "end_ms"), ("start_time_ms", "end_time_ms"))
UNITLESS = ("start", "end")

MAX_FRAME = 1 << 40

_NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, *sidecars.OWN_COLUMNS})
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,([0-9]{1,2}|[0-9]{4,})")
"""A number as many countries write it; 1,500 could be thousands."""

_CLOCK = re.compile(r"(?:([0-9]+):)?([0-9]+):([0-9]+(?:[.,][0-9]+)?)")


def holds_clips(table: Table, path_column: str | None = None) -> bool:
    """Whether a table lists clips: by its columns, or by the suffix of a file that it lists."""
    names = {plain(name): name for name in table.columns}
    if names.keys() & {*VIDEO_PATHS, "video_id", "clip_id"}:
        return True
    if any(start in names and end in names for start, end in (*FRAMES, *SECONDS, *MILLISECONDS)):
        return True
    column = path_column or next((names[name] for name in PATHS if name in names), "")
    return any(suffix_of(row.get(column, "")) in VIDEO_SUFFIXES for _, row in table.rows)


@dataclass(frozen=True)
class _Roles:
    """Which column holds what, '' or () for none."""

    path: str
    id: str
    label: str
    signer: str
    box: tuple[str, ...]
    range: tuple[str, str] | None
    rate: str
    unit: str


def read(
    table: Table, path_column: str | None = None, label_column: str | None = None
) -> ClipTable:
    """Bring the rows of a table to clips.

    Parameters
    ----------
    table : Table
        Its cells, all as text.
    path_column, label_column : str, optional
        What the user said.

    Raises
    ------
    FormatError
        If columns could be meant in two ways, or there is none of paths or of labels.
    UsageError
        If a column that the user named is not there.
    """
    roles = _roles_of(table, path_column, label_column)
    from_0 = roles.unit == "frames" and _counts_from_0(table, roles)
    splits = _splits_of(table)
    roles = roles if _are_ids(table, roles) else replace(roles, id="")
    reading = _Reading(table, roles, from_0, splits or {})
    rows = tuple(reading.row(where, row) for where, row in table.rows)
    folder = table.path.parent
    named = (child for child in sorted(folder.iterdir()) if child.name.casefold() in NO_CLASS)
    folders = (folder, *(child for child in named if child.is_dir()))
    made = ClipTable(table.path, rows, folders)
    notes = []
    if from_0:
        notes.append(made.note("a frame 0: frames are counted from 0, first and last included"))
    if splits is None:
        notes.append(made.note("column split has no names of splits: not used"))
    return ClipTable(table.path, rows, folders, notes=tuple(notes))


def _roles_of(table: Table, path_column: str | None, label_column: str | None) -> _Roles:
    names = {plain(name): name for name in reversed(table.columns)}
    for option, column in (("path-column", path_column), ("label-column", label_column)):
        if column is not None and column not in table.columns:
            known = ", ".join(table.columns)
            raise UsageError(f"--{option} {column}; expected one of {known}", path=table.path)
    path = path_column or _only(names, PATHS, table, "paths", "--path-column")
    own_id = next((names[name] for name in IDS if name in names), "")
    label = (
        label_column
        or _only(names, LABELS, table, "labels", "--label-column")
        or _only(names, SENTENCES, table, "labels", "--label-column")
    )
    path = path or own_id
    if not path or not label:
        raise FormatError(
            "no table of clips; expected a column of files and one of labels, "
            f"found {', '.join(table.columns)[:80]}",
            path=table.path,
            where="line 1",
            remedy="Say which with --path-column NAME --label-column NAME.",
        )
    span, unit = _range_columns(names, table)
    sides = next((four for four in SIDES if set(four) <= names.keys()), ())
    box = next(((names[name],) for name in BOXES if name in names), ())
    return _Roles(
        path,
        own_id,
        label,
        next((names[name] for name in SIGNERS if name in names), ""),
        box or tuple(names[name] for name in sides),
        span,
        next((names[name] for name in RATES if name in names), ""),
        unit,
    )


def _only(
    names: Mapping[str, str], known: Sequence[str], table: Table, what: str, option: str
) -> str:
    found = [names[name] for name in known if name in names]
    if len(found) > 1:
        raise FormatError(
            f"two readings: {what} in column {found[0]} or in column {found[1]}",
            path=table.path,
            where="line 1",
            remedy=f"Say {option} {found[0]} or {option} {found[1]}.",
        )
    return found[0] if found else ""


def _range_columns(names: Mapping[str, str], table: Table) -> tuple[tuple[str, str] | None, str]:
    """The columns of start and end, and their unit; seconds before frames."""
    for unit, pairs in (("seconds", SECONDS), ("milliseconds", MILLISECONDS), ("frames", FRAMES)):
        for start, end in pairs:
            if start in names and end in names:
                return (names[start], names[end]), unit
    start, end = UNITLESS
    if start not in names or end not in names:
        return None, ""
    pair = names[start], names[end]
    cells = [row.get(name, "") for _, row in table.rows for name in pair]
    if any("." in cell or ":" in cell for cell in cells):
        return pair, "seconds"
    if all(cell.strip() in ("", "-1") for cell in cells):
        return None, ""
    raise FormatError(
        "start and end could be frames or seconds",
        path=table.path,
        where="line 1",
        remedy="Call the columns start_frame and end_frame, or start_time and end_time.",
    )


def _are_ids(table: Table, roles: _Roles) -> bool:
    """Whether a column of ids names clips or videos; one called ``id`` may be of anything."""
    if plain(roles.id) != "id":
        return True
    cells = [row.get(roles.id, "") for _, row in table.rows]
    return roles.id == roles.path or len(set(cells)) == len(cells)


def _counts_from_0(table: Table, roles: _Roles) -> bool:
    """Whether some clip begins at frame 0."""
    start = roles.range[0] if roles.range else ""
    return any(row.get(start, "").strip() in ("0", "0.0") for _, row in table.rows)


def _splits_of(table: Table) -> dict[str, str] | None:
    """Our name of each value of the column ``split``; None where none of them names one."""
    values = {row.get("split", "") for _, row in table.rows} - {""}
    known = {one: split_word(one) for one in values}
    strange = sorted(one for one, split in known.items() if not split)
    if strange and len(strange) < len(values):
        where = next(where for where, row in table.rows if row.get("split") == strange[0])
        raise FormatError(
            f"split {strange[0]!r}; expected train, val, test or nothing",
            path=table.path,
            where=where,
        )
    return None if strange else known


@dataclass(frozen=True)
class _Reading:
    """The rows of a table being read."""

    table: Table
    roles: _Roles
    from_0: bool
    splits: Mapping[str, str]

    def row(self, where: str, row: Mapping[str, str]) -> ClipRow:
        """One clip; one that says why, where its row cannot be read."""
        roles = self.roles
        fault: SigndataError | None = None
        label = row.get(roles.label, "").strip()
        span: Span = Range()
        box: Box | None = None
        try:
            if not label:
                column = f"{where}, column {roles.label}"
                raise LabelError("an empty label", path=self.table.path, where=column)
            span, box = self._span(where, row), self._box(where, row)
        except SigndataError as err:
            fault = err
        file = row.get(roles.path, "").strip()
        return ClipRow(
            where,
            (file,),
            label,
            id=row.get(roles.id, "").strip() if roles.id else "",
            span=span,
            split=self.splits.get(row.get("split", ""), ""),
            signer=row.get(roles.signer, "").strip() if roles.signer else "",
            group=row.get("group", "").strip(),
            source=row.get("source", "").strip(),
            box=box,
            meta={name: row.get(name, "") for name in self._further},
            fault=fault,
        )

    @property
    def _further(self) -> Iterable[str]:
        roles = self.roles
        used = {roles.path, roles.id, roles.label, roles.signer, roles.rate, *roles.box}
        used |= {*(roles.range or ()), *_NO_META}
        return (name for name in self.table.columns if name not in used)

    def _span(self, where: str, row: Mapping[str, str]) -> Span:
        if self.roles.range is None:
            return Range()
        start, end = (row.get(name, "").strip() for name in self.roles.range)
        if self.roles.unit == "frames":
            return self._frames(where, row, start, end)
        scale = 1000 if self.roles.unit == "milliseconds" else 1
        begin = self._seconds(where, start) / scale if start else Fraction(0)
        until = self._seconds(where, end) / scale if end not in ("", "-1") else None
        return TimeRange(begin, until)

    def _frames(self, where: str, row: Mapping[str, str], start: str, end: str) -> Range:
        rate = row.get(self.roles.rate, "").strip() if self.roles.rate else ""
        per_second = self._number(where, rate, "fps") if rate else None
        if per_second is not None and not Fraction(1, 1000) <= per_second <= 1000:
            self._refuse(where, f"fps {rate}; expected 0.001 to 1000")
        first = self._whole(where, start, "start") if start else int(not self.from_0)
        last = self._whole(where, end, "end") if end not in ("", "-1") else -1
        if self.from_0:
            first, last = first + 1, last + (last != -1)
        return Range(first, last, per_second)

    def _seconds(self, where: str, text: str) -> Fraction:
        clock = _CLOCK.fullmatch(text)
        if clock is None:
            comma = _DECIMAL_COMMA.fullmatch(text)
            return self._number(where, text.replace(",", ".") if comma else text, "time")
        seconds = Fraction(clock[3].replace(",", "."))
        return (int(clock[1] or 0) * 60 + int(clock[2])) * 60 + seconds

    def _number(self, where: str, text: str, what: str) -> Fraction:
        if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{0,20})?", text):
            self._refuse(where, f"{what} {text[:40]!r}; expected a number")
        return Fraction(text.removesuffix("."))

    def _whole(self, where: str, text: str, what: str) -> int:
        number = self._number(where, text, f"{what} frame")
        if number.denominator != 1 or abs(number) > MAX_FRAME:
            self._refuse(where, f"{what} frame {text}; expected a whole number")
        return int(number)

    def _box(self, where: str, row: Mapping[str, str]) -> Box | None:
        text = " ".join(row.get(name, "") for name in self.roles.box).strip()
        if not text:
            return None
        numbers = re.findall(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?", text)
        if len(numbers) != 4:
            self._refuse(where, f"bbox {text[:40]!r}; expected x0, y0, x1, y1")
        x0, y0, x1, y1 = map(float, numbers)
        return x0, y0, x1, y1

    def _refuse(self, where: str, what: str) -> NoReturn:
        raise FormatError(what, path=self.table.path, where=where)
