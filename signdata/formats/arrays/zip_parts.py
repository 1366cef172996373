"""The parts of a zip of stored members, written one after another with nothing that varies.

`zipfile` would need each member's length and checksum before its bytes, and writes a time. The
first member grows here while samples arrive, and its header is filled in at the end.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import IO

_STORED, _VERSION, _UTF8 = 0, 45, 1 << 11
_TIME, _DATE = 0, 0x21  # the earliest that can be said: 1980-01-01 00:00
_NONE, _NONE_16 = 0xFFFFFFFF, 0xFFFF
_FIXED = 30
_EXTRA = 20


@dataclass(frozen=True)
class StoredMember:
    """A member that lies whole in the file.

    Attributes
    ----------
    name : str
        What it is called.
    start : int
        Where its header begins.
    size : int
        Bytes of its content.
    crc : int
        Their CRC-32.
    """

    name: str
    start: int
    size: int
    crc: int

    def header(self) -> bytes:
        """What stands before its content; always of the same length for the same name."""
        name = self.name.encode()
        sizes = struct.pack("<2H2Q", 1, 16, self.size, self.size)
        fixed = struct.pack(
            "<4s5H3I2H",
            b"PK\3\4",
            _VERSION,
            _UTF8,
            _STORED,
            _TIME,
            _DATE,
            self.crc,
            _NONE,
            _NONE,
            len(name),
            len(sizes),
        )
        return fixed + name + sizes

    def entry(self) -> bytes:
        """What the table of contents says of it."""
        name = self.name.encode()
        places = struct.pack("<2H3Q", 1, 24, self.size, self.size, self.start)
        fixed = struct.pack(
            "<4s6H3I5H2I",
            b"PK\1\2",
            _VERSION,
            _VERSION,
            _UTF8,
            _STORED,
            _TIME,
            _DATE,
            self.crc,
            _NONE,
            _NONE,
            len(name),
            len(places),
            0,
            0,
            0,
            0,
            _NONE,
        )
        return fixed + name + places


def header_length(name: str) -> int:
    """Bytes before the content of a member of this name."""
    return _FIXED + len(name.encode()) + _EXTRA


def contents(members: list[StoredMember], start: int) -> bytes:
    """The table of contents, which begins at `start` and ends the file."""
    table = b"".join(member.entry() for member in members)
    n = len(members)
    end64 = struct.pack(
        "<4sQ2H2I4Q", b"PK\6\6", 44, _VERSION, _VERSION, 0, 0, n, n, len(table), start
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, start + len(table), 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, _NONE_16, _NONE_16, _NONE, _NONE, 0)
    return table + end64 + locator + end


def crc_of(file: IO[bytes], start: int, size: int) -> int:
    """The CRC-32 of a part of a file."""
    file.seek(start)
    crc = 0
    while size:
        data = file.read(min(size, 1 << 22))
        if not data:
            raise OSError("the file ends early")
        crc = zlib.crc32(data, crc)
        size -= len(data)
    return crc
