"""Tars: writing plain USTAR, and reading what other programs write.

A member is a header of 512 bytes and its data, filled up to a multiple of that. What is written
here has no times, owners or modes of its own, so that the same members give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from signdata.errors import DatasetError, FormatError

BLOCK = 512
END = bytes(2 * BLOCK)
"""What a tar ends with."""

MOST = 8**11 - 1
"""Bytes of a member: its header has 11 octal digits for them."""

_TYPES_OF_FILES = frozenset(b"07\0")
_LONG_NAME, _LONG_LINK, _EXTENDED, _GLOBAL = b"LKxg"
_SPARSE = ord("S")
_LARGEST_NAME = 1 << 20


def header(name: str, size: int) -> bytes:
    """The header of a regular file.

    Raises
    ------
    DatasetError
        If it is too long for a tar.
    """
    if size > MOST:
        raise DatasetError(f"{size:,} bytes in one file; a tar holds up to {MOST:,}", path=name)
    start, added = _template(len(name))
    digits = b"%011o" % size
    encoded = name.encode("ascii")
    checksum = added + sum(encoded) + sum(digits)
    return b"".join((encoded, start, digits, _TIME, b"%06o" % checksum, _REST))


_TIME = b"\0" + b"00000000000\0"
_REST = b"\0 0" + bytes(100) + b"ustar\x0000" + bytes(BLOCK - 265)
_MODE = b"0000644\0" + b"0000000\0" * 2


@lru_cache(maxsize=256)
def _template(length: int) -> tuple[bytes, int]:
    """What follows a name of this length, up to the size; and what all but name and size add up to.

    The checksum counts its own eight bytes as blanks.
    """
    if not 0 < length <= 100:
        raise ValueError(f"a name of {length} bytes")
    start = bytes(100 - length) + _MODE
    fixed = start + _TIME + b" " * 8 + _REST[2:]
    return start, sum(fixed)


def padded(size: int) -> int:
    """How long data of this size is in a tar."""
    return -(-size // BLOCK) * BLOCK


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file in a tar.

    Attributes
    ----------
    name : str
        Its name.
    offset, size : int
        Where its data begin, and how long they are.
    """

    name: str
    offset: int
    size: int


def parse(block: bytes, path: str, offset: int) -> tuple[str, int, int]:
    """Name, size and type of the member whose header this is.

    Raises
    ------
    FormatError
        If it is no header, or does not add up.
    """
    try:
        checksum = int(block[148:156].strip(b" \0"), 8)
    except ValueError as err:
        what = "no member of a tar begins there"
        raise FormatError(what, path=path, where=f"byte {offset:,}") from err
    if sum(block) - sum(block[148:156]) + 256 != checksum:
        raise FormatError("a damaged header of a tar", path=path, where=f"byte {offset:,}")
    try:
        size = _number(block[124:136])
    except ValueError as err:
        what = "a size that is no number"
        raise FormatError(what, path=path, where=f"byte {offset:,}") from err
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    full = b"/".join((prefix, name)) if prefix else name
    return full.decode("utf-8", "backslashreplace"), size, block[156]


def _number(text: bytes) -> int:
    if text[0] & 0x80:  # more than octal digits hold: in base 256
        if text[0] != 0x80:
            raise ValueError("negative")
        return int.from_bytes(text[1:], "big")
    size = int(text.strip(b" \0") or b"0", 8)
    if size < 0:
        raise ValueError("negative")
    return size


Reading = Callable[[int, int], bytes]
"""Given a number of bytes and where they begin, returns them, or as many as there are."""


def members(read: Reading, length: int, path: str, start: int = 0) -> Iterator[Member]:
    """Yield the regular files in a tar, in order, reading headers alone.

    Parameters
    ----------
    read : callable
        Reads the tar, or a part of it from its position `start` on.
    length : int
        How many bytes there are.
    path : str
        Its name, for messages.
    start : int
        What is added to every position.

    Raises
    ------
    FormatError
        If it is damaged, cut short or holds sparse files.
    """
    offset, long_name = 0, ""
    while offset < length:
        block = read(BLOCK, offset)
        if len(block) < BLOCK:
            raise _cut(path, start + offset)
        if not block.strip(b"\0"):  # the end, or that of the first of several put together
            offset += BLOCK
            continue
        name, size, kind = parse(block, path, start + offset)
        data = offset + BLOCK
        if data + size > length:
            raise _cut(path, start + offset)
        if kind in _TYPES_OF_FILES:
            yield Member(long_name or name, start + data, size)
        elif kind == _SPARSE:
            raise FormatError("a sparse file; expected whole ones", path=path, where=name)
        long_name = _name_after(read, kind, data, size, path) if kind in b"LxKg" else ""
        offset = data + padded(size)


def _cut(path: str, offset: int) -> FormatError:
    return FormatError(
        "cut short: its last file is not all there",
        path=path,
        where=f"byte {offset:,}",
        remedy="Fetch it again.",
    )


def _name_after(read: Reading, kind: int, data: int, size: int, path: str) -> str:
    """The name that a member for long names gives the one behind it, or ''."""
    if kind in (_LONG_LINK, _GLOBAL):
        return ""
    if size > _LARGEST_NAME:
        raise FormatError(f"a name of {size:,} bytes", path=path, where=f"byte {data:,}")
    content = read(size, data)
    if kind == _LONG_NAME:
        return content.rstrip(b"\0").decode("utf-8", "backslashreplace")
    return _extended_name(content, path, data)


def _extended_name(content: bytes, path: str, offset: int) -> str:
    """The path in the records of an extended header, or ''; of sizes there, none is known."""
    name = ""
    while content.strip(b"\0"):
        digits, _, _ = content.partition(b" ")
        try:
            record = content[: int(digits)]
            keyword, _, value = record[len(digits) + 1 : -1].partition(b"=")
        except ValueError as err:
            where = f"byte {offset:,}"
            raise FormatError("a damaged extended header", path=path, where=where) from err
        if not record:
            raise FormatError("a damaged extended header", path=path, where=f"byte {offset:,}")
        if keyword == b"path":
            name = value.decode("utf-8", "backslashreplace")
        if keyword in (b"size", b"GNU.sparse.major"):
            what = "a file too large or too sparse for a plain tar"
            raise FormatError(what, path=path, where=f"byte {offset:,}")
        content = content[len(record) :]
    return name


def has_end(read: Reading, length: int) -> bool:
    """Whether a tar has the mark that it ends with: one cut between two files has none."""
    return length >= BLOCK and not read(BLOCK, length - BLOCK).strip(b"\0")
