"""Whether a file has all the bytes that its container says it has: downloads break off."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_SWF_UNKNOWN = 100 << 20
"""What ffmpeg writes for the length of an SWF that it cannot go back to."""
_LAST = 1 << 17
"""Bytes at the end among which the last page of an Ogg is looked for; one has at most 65,307."""
_EBML, _SEGMENT = bytes.fromhex("1a45dfa3"), bytes.fromhex("18538067")
_FLV_TAGS = (8, 9, 18)
"""Sound, pictures, and what is known of both."""
_HELD_IN_BOXES = (b"mdat", b"moof", b"moov")


def cut_off(path: str) -> str:
    """Why the file ends before its container does, or ''."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(24)
        if head[:4] == b"RIFF":
            return _of_size(_riff_end(file, size), size, "AVI")
        if head[4:8] in (b"ftyp", b"moov", b"moof", b"mdat", b"free", b"wide", b"skip"):
            return _of_size(_boxes_end(file, size), size, "MP4")
        if head[:16] == _ASF_HEADER:
            return _of_size(_asf_end(file), size, "ASF")
        if head[:3] == b"FWS":
            end = struct.unpack_from("<I", head, 4)[0]
            return _of_size(0 if end == _SWF_UNKNOWN else end, size, "SWF")
        if head[:4] == _EBML:
            return _of_size(_segment_end(file), size, "Matroska")
        if head[:4] == b"FLV\x01":
            return _of_size(_flv_end(file, head, size), size, "FLV")
        if head[:4] == b"OggS" and not _has_last_page(file, size):
            return "the last page of the Ogg is missing"
    return ""


def _of_size(end: int, size: int, name: str) -> str:
    return f"the {name} has {size:,} of its {end:,} bytes" if end > size else ""


def without_index(path: str) -> bool:
    """Whether a file has all its pictures, and only lacks the index behind them."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        if file.read(4) != b"RIFF":
            return False
        start, end = _last_riff(file, size)
        return end > size >= _movi_end(file, start, size) > 0


def _riff_end(file: IO[bytes], size: int) -> int:
    """Where the last list ends, without the index where that is not all there."""
    start, end = _last_riff(file, size)
    return end if end <= size else _movi_end(file, start, size) or end


def _last_riff(file: IO[bytes], size: int) -> tuple[int, int]:
    """Where the last list begins and ends; large files have several."""
    start = end = 0
    for kind, place, length in _chunks(file, 0, size):
        if kind != b"RIFF":
            break
        start, end = place, place + 8 + length + length % 2
    return start, end


def _movi_end(file: IO[bytes], start: int, size: int) -> int:
    """Where the pictures end within the list that begins at `start`; 0 if that is not said."""
    for kind, place, length in _chunks(file, start + 12, size):
        if kind == b"LIST" and file.read(4) == b"movi":
            return place + 8 + length
    return 0


def _chunks(file: IO[bytes], start: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """The kind, place and length of each chunk of a RIFF; the file stands behind its length."""
    while start + 8 <= size:
        file.seek(start)
        kind, length = struct.unpack("<4sI", file.read(8))
        yield kind, start, length
        start += 8 + length + length % 2


def _boxes_end(file: IO[bytes], size: int) -> int:
    """Where the last box ends that holds pictures or says where they are."""
    end = 0
    for kind, start, length in _boxes(file, size):
        if kind in _HELD_IN_BOXES:
            end = start + length
    return end


def _boxes(file: IO[bytes], size: int) -> Iterator[tuple[bytes, int, int]]:
    start = 0
    while start + 8 <= size:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            long = file.read(8)
            length = int.from_bytes(long, "big") if len(long) == 8 else 0
        if length < 8:  # to the end, or no box
            return
        yield kind, start, length
        start += length


def _asf_end(file: IO[bytes]) -> int:
    """The file's size as its properties say, unless it was broadcast."""
    file.seek(16)
    length = int.from_bytes(file.read(8), "little")
    header = file.read(min(length, 1 << 20))
    place = header.find(_ASF_PROPERTIES)
    if place < 0 or len(header) < place + 92:
        return 0
    (end,) = struct.unpack_from("<Q", header, place + 40)
    (flags,) = struct.unpack_from("<I", header, place + 88)
    return 0 if flags & 1 else int(end)


def _segment_end(file: IO[bytes]) -> int:
    """Where the segment ends that holds everything else, or 0 if that is unknown (RFC 8794, 6)."""
    file.seek(4)
    file.seek(_vint(file)[0], os.SEEK_CUR)  # the EBML header
    if file.read(4) != _SEGMENT:
        return 0
    length, unknown = _vint(file)
    return 0 if unknown else file.tell() + length


def _vint(file: IO[bytes]) -> tuple[int, bool]:
    """A number of 1 to 8 bytes; whether it is the one that stands for an unknown size."""
    first = file.read(1)
    if not first or not first[0]:
        return 0, True
    n = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(n - 1), "big") - (1 << 7 * n)
    return value, value == (1 << 7 * n) - 1


def _flv_end(file: IO[bytes], head: bytes, size: int) -> int:
    """Where the last tag and its length end (Adobe Flash Video Specification, E.3)."""
    end = int.from_bytes(head[5:9], "big") + 4
    while end < size:
        file.seek(end)
        tag = file.read(4)
        if tag[0] & 0x1F not in _FLV_TAGS:  # something else follows
            break
        end += 11 + int.from_bytes(tag[1:].ljust(3, b"\0"), "big") + 4
    return end


def _has_last_page(file: IO[bytes], size: int) -> bool:
    """Whether the last page is whole and says that it is the last (RFC 3533, 6)."""
    file.seek(max(0, size - _LAST))
    data = file.read()
    place = data.rfind(b"OggS")
    if place < 0 or place + 27 > len(data):
        return False
    segments = data[place + 26]
    table = data[place + 27 : place + 27 + segments]
    whole = place + 27 + segments + sum(table) <= len(data)
    return whole and bool(data[place + 5] & 4)
