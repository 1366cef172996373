"""Plain PNGs, which most pictures of this field are: read and written without a codec's setup.

Plain is 8-bit grey or RGB, not interlaced, with nothing in it that changes the
values. Small ones are taken apart here (W3C Portable Network Graphics
Specification, 3rd edition); all others are for OpenCV and Pillow.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from signdata.limits import max_pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"

SMALL = 1 << 16
"""Files up to this many bytes are looked at here."""

TINY = 4000
"""Pictures up to this many values are stored without compression: each fills one disk block
either way, and is written and read several times faster."""

_CHANNELS = {0: 1, 2: 3}
_CHANGES_VALUES = {b"PLTE", b"tRNS", b"eXIf", b"acTL"}
_HEADER = struct.Struct(">IIBBBBB")
_CHUNK = struct.Struct(">I4s")
_CRC = struct.Struct(">I")
_FIRST = struct.Struct(">I4sIIBBBBBII4s")
"""The header's chunk, and how that of the rows begins."""

_LAST = struct.Struct(">I12s")
"""The checksum of the rows, and the chunk that ends the file."""

_STORED = struct.Struct("<BBBHH")


@dataclass(frozen=True, slots=True)
class PlainPng:
    """A plain PNG whose chunks are whole.

    Attributes
    ----------
    size_hw : tuple of int
        Height and width.
    channels : int
        1 or 3.
    packed : bytes
        The compressed rows.
    """

    size_hw: tuple[int, int]
    channels: int
    packed: bytes


def parse(data: bytes) -> PlainPng | None:
    """Take a PNG apart; None if it is not small and plain, or any chunk is damaged."""
    if len(data) > SMALL or not data.startswith(SIGNATURE):
        return None
    found = _of_three_chunks(data) or _of_any_chunks(data)
    if found is None:
        return None
    (width, height, depth, colour, method, filtering, interlaced), packed = found
    plain = depth == 8 and colour in _CHANNELS and not (method or filtering or interlaced)
    if not (plain and 0 < width * height <= max_pixels()):
        return None
    return PlainPng((height, width), _CHANNELS[colour], packed)


def _of_three_chunks(data: bytes) -> tuple[tuple[int, ...], bytes] | None:
    """Header and packed rows of a file that has nothing else, as nearly all; None for others."""
    if len(data) < _FIRST.size + _LAST.size or not data.endswith(_END):
        return None
    start, end = len(SIGNATURE) + _FIRST.size, len(data) - _LAST.size
    header = _FIRST.unpack_from(data, len(SIGNATURE))
    length, kind, checksum, n_packed, kind_of_rows = *header[:2], *header[9:]
    if (length, kind, kind_of_rows, n_packed) != (_HEADER.size, b"IHDR", b"IDAT", end - start):
        return None
    (checksum_of_rows,) = _CRC.unpack_from(data, end)
    if zlib.crc32(data[12:29]) != checksum or zlib.crc32(data[start - 4 : end]) != checksum_of_rows:
        return None
    return header[2:9], data[start:end]


def _of_any_chunks(data: bytes) -> tuple[tuple[int, ...], bytes] | None:
    """Header and packed rows; None if a chunk is damaged or changes the values."""
    header, packed, position, kind = None, [], len(SIGNATURE), b""
    while position + 12 <= len(data):
        length, kind = _CHUNK.unpack_from(data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            return None
        if (zlib.crc32(data[position + 4 : end]),) != _CRC.unpack_from(data, end):
            return None
        if kind in _CHANGES_VALUES:
            return None
        if kind == b"IHDR" and length == _HEADER.size:
            header = _HEADER.unpack(data[position + 8 : end])
        elif kind == b"IDAT":
            packed.append(data[position + 8 : end])
        position = end + 4
    if kind != b"IEND" or position != len(data) or header is None:
        return None
    return header, b"".join(packed)


def decode(png: PlainPng, data: bytes) -> NDArray[np.uint8] | None:
    """Pixels of a plain PNG as (H, W, C) uint8, RGB; None if its rows are damaged.

    Parameters
    ----------
    png : PlainPng
        What `parse` made of `data`.
    data : bytes
        The whole file.
    """
    height, width = png.size_hw
    rows = _stored_rows(png)
    if rows is not None:
        values = np.frombuffer(rows, np.uint8).reshape(height, -1)[:, 1:]
        return np.ascontiguousarray(values).reshape(height, width, png.channels)
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.shape[:2] != (height, width):
        return None
    pixels: NDArray[np.uint8] = found.reshape(height, width, png.channels)
    return pixels if png.channels == 1 else np.ascontiguousarray(pixels[:, :, ::-1])


def _stored_rows(png: PlainPng) -> bytes | None:
    """The rows, where they are as `encode_tiny` stores them: one block, not packed, unfiltered."""
    height, width = png.size_hw
    stride = width * png.channels + 1
    length = height * stride
    packed = png.packed
    if len(packed) != length + _STORED.size + _CRC.size or length >= 1 << 16:
        return None
    if packed[: _STORED.size] != _STORED.pack(0x78, 0x01, 0x01, length, length ^ 0xFFFF):
        return None
    rows = packed[_STORED.size : -_CRC.size]
    whole = _CRC.unpack_from(packed, len(packed) - _CRC.size) == (zlib.adler32(rows),)
    return rows if whole and not any(rows[::stride]) else None


def encode_tiny(frames: NDArray[np.uint8]) -> list[bytes]:
    """A PNG of each picture, (N, H, W, C) uint8, C in {1, 3}, its rows unfiltered and stored."""
    n, height, width, channels = frames.shape
    start, block, checksum = _start(height, width, channels)
    rows = np.zeros((n, height, width * channels + 1), np.uint8)
    rows[:, :, 1:] = frames.reshape(n, height, -1)
    whole, size = rows.tobytes(), rows[0].size
    made = []
    for begin in range(0, len(whole), size):
        data = whole[begin : begin + size]
        adler = zlib.adler32(data).to_bytes(4, "big")
        crc = zlib.crc32(adler, zlib.crc32(data, checksum)).to_bytes(4, "big")
        made.append(b"".join((start, block, data, adler, crc, _END)))
    return made


@lru_cache(maxsize=64)
def _start(height: int, width: int, channels: int) -> tuple[bytes, bytes, int]:
    """What precedes the rows of every picture of one size: the header and the start of IDAT.

    The rows are one stored block (RFC 1951, 3.2.4) of a zlib stream (RFC 1950). The last item
    is the checksum of the chunk up to where the rows begin.
    """
    length = height * (width * channels + 1)
    header = _HEADER.pack(width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    block = b"IDAT" + _STORED.pack(0x78, 0x01, 0x01, length, length ^ 0xFFFF)
    # 7 bytes before the rows, and their Adler-32 behind them
    start = SIGNATURE + _chunk(b"IHDR", header) + (length + 11).to_bytes(4, "big")
    return start, block, zlib.crc32(block)


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


_END = _chunk(b"IEND", b"")
