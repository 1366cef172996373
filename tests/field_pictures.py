"""H.264 and MPEG-2 in field pictures, as camcorders and broadcasts write them, made bit by bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.videos import paint

MACROBLOCK = 16


class _Bits:
    """Bits, with the codes of H.264 (ITU-T H.264, 9.1)."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    def u(self, width: int, value: int) -> _Bits:
        self._bits += [(value >> (width - 1 - i)) & 1 for i in range(width)]
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            width = (value + 1).bit_length()
            self.u(width - 1, 0).u(width, value + 1)
        return self

    def code(self, digits: str) -> _Bits:
        self._bits += map(int, digits)
        return self

    def align(self) -> _Bits:
        self._bits += [0] * (-len(self._bits) % 8)
        return self

    def values(self, values: NDArray[np.uint8]) -> _Bits:
        self._bits += np.unpackbits(values.ravel()).tolist()
        return self

    def end(self) -> bytes:
        return self.u(1, 1).filled()

    def filled(self) -> bytes:
        self.align()
        return np.packbits(np.array(self._bits, np.uint8)).tobytes()


def _unit(kind: int, data: bytes) -> bytes:
    """A NAL unit; what looks like a start code in it is told from one by a 3."""
    out, zeros = bytearray(), 0
    for value in data:
        if zeros >= 2 and value <= 3:
            out.append(3)
            zeros = 0
        out.append(value)
        zeros = 0 if value else zeros + 1
    return b"\0\0\0\1" + bytes([3 << 5 | kind]) + bytes(out)


def _parameters(width: int, height: int) -> bytes:
    """Main profile, not only frames, 50 fields a second."""
    sequence = _Bits().u(24, 77 << 16 | 30).ue(0, 0, 0, 4, 1).u(1, 0)
    sequence.ue(width // MACROBLOCK - 1, height // 2 // MACROBLOCK - 1).u(5, 0b00101)
    sequence.u(5, 0b00001).u(32, 1).u(32, 50).u(5, 0b10000)
    picture = _Bits().ue(0, 0).u(2, 0).ue(0, 0, 0).u(3, 0).ue(0, 0, 0).u(3, 0b100)
    return _unit(7, sequence.end()) + _unit(8, picture.end())


def _field(luma: NDArray[np.uint8], number: int, bottom: int) -> bytes:
    first = not number and not bottom
    data = _Bits().ue(0, 7, 0).u(4, number % 16).u(1, 1).u(1, bottom)
    if first:
        data.ue(0)
    data.u(8, (2 * number + bottom) % 256).u(2 if first else 1, 0).ue(0, 1)
    grey = np.full((2, MACROBLOCK // 2, MACROBLOCK // 2), 128, np.uint8)
    for top in range(0, luma.shape[0], MACROBLOCK):
        for left in range(0, luma.shape[1], MACROBLOCK):
            block = luma[top : top + MACROBLOCK, left : left + MACROBLOCK]
            data.ue(25).align().values(block).values(grey)
    return _unit(5 if first else 1, data.end())


def field_pictures(n_frames: int, size_wh: tuple[int, int] = (64, 32)) -> bytes:
    """A bare stream of painted frames, each in two coded pictures."""
    out = b""
    for number in range(n_frames):
        luma = paint(number, size_wh)[:, :, 0]
        for bottom in (0, 1):
            out += _unit(9, b"\xf0") + (b"" if bottom else _parameters(*size_wh))
            out += _field(np.ascontiguousarray(luma[bottom::2]), number, bottom)
    return out


# MPEG-2 (ISO/IEC 13818-2): each block is of one colour, so that its first coefficient is all of it.

_LUMA = ["100", "00", "01", "101", "110", "1110", "11110", "111110", "1111110"]
"""Table B-12: how many bits a difference of first coefficients has."""

_NO_CHANGE, _NO_MORE = "00", "10"


def mpeg2_field_pictures(n_frames: int, size_wh: tuple[int, int] = (128, 64)) -> list[bytes]:
    """The coded pictures of painted frames, two each, every one a field."""
    return [
        (b"" if bottom else _sequence(*size_wh)) + _mpeg2_field(luma[bottom::2], bottom)
        for number in range(n_frames)
        for luma in [paint(number, size_wh)[:, :, 0]]
        for bottom in (0, 1)
    ]


def _start(code: int, bits: _Bits) -> bytes:
    return b"\0\0\1" + bytes([code]) + bits.filled()


def _sequence(width: int, height: int) -> bytes:
    """Main profile, not only frames, 25 a second, of 4:2:0; and a group of its own."""
    header = _Bits().u(12, width).u(12, height).u(4, 1).u(4, 3)
    header.u(18, 0x3FFFF).u(1, 1).u(10, 112).u(3, 0)
    extension = _Bits().u(4, 1).u(8, 0x48).u(1, 0).u(2, 1).u(16, 0).u(1, 1).u(16, 0)
    group = _Bits().u(25, 1 << 12).u(2, 2)
    return _start(0xB3, header) + _start(0xB5, extension) + _start(0xB8, group)


def _mpeg2_field(luma: NDArray[np.uint8], bottom: int) -> bytes:
    header = _Bits().u(10, 0).u(3, 1).u(16, 0xFFFF).u(1, 0)
    coding = _Bits().u(4, 8).u(16, 0xFFFF).u(2, 0).u(2, 2 if bottom else 1).u(10, 0)
    out = _start(0, header) + _start(0xB5, coding)
    for row in range(luma.shape[0] // MACROBLOCK):
        data = _Bits().u(5, 1).u(1, 0)
        before = 128
        for left in range(0, luma.shape[1], MACROBLOCK):
            data.code("11")
            for top in (0, 8):
                for x in (0, 8):
                    value = int(luma[row * MACROBLOCK + top, left + x])
                    _difference(data, value - before)
                    before = value
            data.code((_NO_CHANGE + _NO_MORE) * 2)
        out += _start(row + 1, data)
    return out


def _difference(data: _Bits, value: int) -> None:
    size = abs(value).bit_length()
    data.code(_LUMA[size])
    if size:
        data.u(size, value if value > 0 else value + (1 << size) - 1)
    data.code(_NO_MORE)
