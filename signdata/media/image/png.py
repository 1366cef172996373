"""Plain PNGs, which most pictures of this field are: read and written without a codec's setup.

Plain is 8-bit grey or RGB, not interlaced, with nothing in it that changes the
values. Small ones are taken apart here (W3C Portable Network Graphics
Specification, 3rd edition); all others are for OpenCV and Pillow.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from typing import NamedTuple

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
_HEADER_END = len(SIGNATURE) + 12 + _HEADER.size
_ROWS = _HEADER_END + _CHUNK.size
"""Where the rows begin in a file of three chunks."""

_LAST = struct.Struct(">I12s")
"""The checksum of the rows, and the chunk that ends the file."""

_STORED = struct.Struct("<BBBHH")


class PlainPng(NamedTuple):
    """A plain PNG whose chunks are whole.

    Attributes
    ----------
    shape : tuple of int
        Height, width, and 1 or 3 channels.
    packed : bytes
        The compressed rows.
    """

    shape: tuple[int, int, int]
    packed: bytes


def shape_of(data: bytes) -> tuple[int, int, int] | None:
    """Height, width and channels that a small plain PNG says it has; its rows are not looked at.

    None for any other, and for one of more chunks than header, rows and end, as nearly none has.
    """
    end = len(data) - _LAST.size
    if not _ROWS <= end < SMALL or not data.endswith(_END):
        return None
    if data[_HEADER_END:_ROWS] != _CHUNK.pack(end - _ROWS, b"IDAT"):
        return None
    return _allowed(_shape_of_start(data[:_HEADER_END]))


def parse(data: bytes) -> PlainPng | None:
    """Take a PNG apart; None if it is not small and plain, or any chunk is damaged."""
    if len(data) > SMALL or not data.startswith(SIGNATURE):
        return None
    shape = shape_of(data)
    if shape is None:
        return _of_any_chunks(data)
    end = len(data) - _LAST.size
    whole = _CRC.unpack_from(data, end) == (zlib.crc32(data[_HEADER_END + 4 : end]),)
    return PlainPng(shape, data[_ROWS:end]) if whole else None


def _of_any_chunks(data: bytes) -> PlainPng | None:
    """The same of any number of chunks; None, too, if one changes the values."""
    shape, packed, position, kind = None, [], len(SIGNATURE), b""
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
            shape = _allowed(_plain_shape(data[position + 8 : end]))
        elif kind == b"IDAT":
            packed.append(data[position + 8 : end])
        position = end + 4
    if kind != b"IEND" or position != len(data) or shape is None:
        return None
    return PlainPng(shape, b"".join(packed))


def _allowed(shape: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
    """A shape, unless it is of more pixels than are read."""
    return shape if shape is None or shape[0] * shape[1] <= max_pixels() else None


@lru_cache(maxsize=64)
def _shape_of_start(start: bytes) -> tuple[int, int, int] | None:
    """What the first chunk of a file says, if it is a whole header of a plain picture."""
    chunk = start[len(SIGNATURE) :]
    if not start.startswith(SIGNATURE) or chunk != _chunk(b"IHDR", chunk[8:-4]):
        return None
    return _plain_shape(chunk[8:-4])


def _plain_shape(header: bytes) -> tuple[int, int, int] | None:
    """Height, width and channels that a header says; None unless the picture is plain."""
    width, height, depth, colour, method, filtering, interlaced = _HEADER.unpack(header)
    plain = depth == 8 and colour in _CHANNELS and not (method or filtering or interlaced)
    return (height, width, _CHANNELS[colour]) if plain and width and height else None


def decode(png: PlainPng, data: bytes) -> NDArray[np.uint8] | None:
    """Pixels of a plain PNG as (H, W, C) uint8, RGB; None if its rows are damaged.

    Parameters
    ----------
    png : PlainPng
        What `parse` made of `data`.
    data : bytes
        The whole file.
    """
    height, width, channels = png.shape
    rows = _stored_rows(png)
    if rows is not None:
        values = np.frombuffer(rows, np.uint8).reshape(height, -1)[:, 1:]
        return np.ascontiguousarray(values).reshape(png.shape)
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.shape[:2] != (height, width):
        return None
    pixels: NDArray[np.uint8] = found.reshape(png.shape)
    return pixels if channels == 1 else np.ascontiguousarray(pixels[:, :, ::-1])


def _stored_rows(png: PlainPng) -> bytes | None:
    """The rows, where they are as `encode_tiny` stores them: one block, not packed, unfiltered."""
    height, width, channels = png.shape
    stride = width * channels + 1
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
