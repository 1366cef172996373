"""Tars without an index: their headers are read, and the small files that say what a sample is."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from signdata.errors import FormatError, MissingError, SigndataError
from signdata.formats.webdataset import ustar
from signdata.formats.webdataset.fields import (
    DESCRIPTION,
    TEXT_LABELS,
    are_clip,
    are_of_sample,
    field_of,
    has_label,
    is_part,
    is_seen,
    pixels_among,
)
from signdata.formats.webdataset.pixels import Extent
from signdata.formats.webdataset.ustar import Member
from signdata.samples import SPLIT_NAMES

LARGEST_TEXT = 1 << 20
"""Bytes of a file that says a label or describes a sample."""

_FIRST = 100
"""Keys among which the first sample is looked for: a licence may stand before it."""

COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""How compressed files begin."""

LABELS = ("label", "class", "class_name", "gloss")
"""What the label is called in a sample's JSON."""

CLASS_FILES = ("classes.txt", "classnames.txt")
"""Files next to tars that name the classes, one a line, in the order of their numbers."""

Read = ustar.Reading


@dataclass(frozen=True, slots=True)
class Described:
    """What the members of a sample say of it; a label of None if they say none.

    Attributes
    ----------
    error : SigndataError or None
        Why it cannot be read.
    is_sample : bool
        Whether it is one at all, or files beside samples.
    """

    extent: Extent
    label: str | None = None
    names: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)
    error: SigndataError | None = None
    is_sample: bool = True

    @property
    def is_clip(self) -> bool:
        """Whether its pixels are a clip."""
        return are_clip(self.names)


@dataclass(frozen=True)
class Wanted:
    """What was asked for: which member is the pixels, and which field of the JSON the label."""

    pixels: str | None = None
    label: str | None = None


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Read, int]]:
    """Open a tar: how it is read, and how long it is."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err
    try:
        yield lambda size, offset: os.pread(file, size, offset), os.fstat(file).st_size
    finally:
        os.close(file)


def looks_like_samples(path: Path) -> bool:
    """Whether a tar begins with a sample: a picture or video, and a label, under one key."""
    try:
        with opened(path) as (read, length):
            for _, members in itertools.islice(_grouped(read, length, str(path)), _FIRST):
                fields = [name for name, _, _ in members]
                if not are_of_sample(fields):
                    continue
                return has_label(fields) and any(map(is_seen, fields))
    except SigndataError:
        return False
    return False


def _grouped(
    read: Read, length: int, path: str
) -> Iterator[tuple[str, list[tuple[str, Member, int]]]]:
    """Yield each key with its members: their field, what they are and where their header begins.

    Members of a sample follow each other.
    """
    key, members, end = "", list[tuple[str, Member, int]](), 0
    for member in ustar.members(read, length, path):
        begin, end = end, member.offset + ustar.padded(member.size)
        if not is_part(member.name):
            continue
        its_key, its_field = field_of(member.name)
        if members and its_key != key:
            yield key, members
            members = []
        key = its_key
        members.append((its_field, member, begin))
    if members:
        yield key, members


def samples(path: Path, wanted: Wanted, classes: Sequence[str]) -> Iterator[Described]:
    """Yield what is said of each sample in a tar.

    Raises
    ------
    FormatError
        If the tar is damaged, or the members of a sample are not next to each other.
    """
    seen: set[str] = set()
    with opened(path) as (read, length):
        start = read(max(map(len, COMPRESSED)), 0)
        how = next((name for magic, name in COMPRESSED.items() if start.startswith(magic)), "")
        if how:
            raise FormatError(
                f"compressed with {how}; expected a plain tar", path=path, remedy="Decompress it."
            )
        for key, members in _grouped(read, length, str(path)):
            if key in seen:
                raise FormatError(
                    f"the files of {key!r} are not next to each other",
                    path=path,
                    remedy="Pack it again, sorted by name.",
                )
            seen.add(key)
            begin = members[0][2]
            last = members[-1][1]
            end = last.offset + ustar.padded(last.size)
            extent = Extent(str(path), key, begin, min(end, length) - begin)
            yield _described(read, extent, members, wanted, classes)


def _described(
    read: Read,
    extent: Extent,
    members: Sequence[tuple[str, Member, int]],
    wanted: Wanted,
    classes: Sequence[str],
) -> Described:
    found = {name: member for name, member, _ in members}
    if not are_of_sample(found, wanted.pixels, wanted.label):
        return Described(extent, is_sample=False)
    said: dict[str, Any] = {}
    label: str | None = None
    names: tuple[str, ...] = ()
    error: FormatError | None = None
    try:
        if len(found) < len(members):
            raise FormatError("two of its files have one name")
        if DESCRIPTION in found:
            said = _json(_text(read, found[DESCRIPTION]))
        label = _label(read, found, said, wanted.label, classes)
        names = pixels_among(list(found), wanted.pixels)
    except FormatError as err:
        error = FormatError(err.what, path=extent.path, where=extent.key, remedy=err.remedy)
    texts = {name: text for name, value in said.items() if (text := _scalar(value)) is not None}
    return Described(extent, label, names, texts, error)


def _text(read: Read, member: Member) -> bytes:
    if member.size > LARGEST_TEXT:
        raise FormatError(f"{member.name} has {member.size:,} bytes; expected a short text")
    return read(member.size, member.offset)


def _json(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as err:
        raise FormatError(f"its JSON is no object ({err})") from err


def _scalar(value: object) -> str | None:
    """A value as a column of a manifest has it; None for what is no single value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return repr(value)


def _label(
    read: Read,
    found: Mapping[str, Member],
    said: Mapping[str, Any],
    wanted: str | None,
    classes: Sequence[str],
) -> str | None:
    if wanted is not None:
        if wanted in said:
            return _named(_scalar(said[wanted]), classes)
        if wanted.lower() in found:
            return _named(_decoded(_text(read, found[wanted.lower()])), classes)
        return None
    name = next((one for one in LABELS if isinstance(said.get(one), str)), None)
    if name is not None:
        return str(said[name])
    text = next((one for one in TEXT_LABELS if one in found), None)
    if text is not None:
        return _named(_decoded(_text(read, found[text])), classes)
    return next(
        (_named(one, classes) for name in LABELS if (one := _scalar(said.get(name))) is not None),
        None,
    )


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as err:
        raise FormatError(f"its label is not UTF-8 ({err})") from err


def _named(text: str | None, classes: Sequence[str]) -> str | None:
    """The class that a number means, where classes are named; any other text is the class."""
    if not (text and classes and _NUMBER.fullmatch(text)):
        return text
    number = int(text) if len(text) < 10 else -1  # -1 means that there is no label, too
    if not 0 <= number < len(classes):
        what = f"class {text[:20]}; expected 0 to {len(classes) - 1}, as classes are named"
        raise FormatError(what)
    return classes[number]


_NUMBER = re.compile("-?[0-9]+")


def split_said(said: Mapping[str, str]) -> str | None:
    """The split that a sample's JSON says; None if it says none."""
    split = said.get("split")
    if split is None or split == "":
        return split
    return SPLIT_NAMES.get(split.casefold())
