"""H.264 in field pictures, as AVCHD camcorders and broadcasts write it, made of plain values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.videos import paint

MACROBLOCK = 16


class _Bits:
    """Bits in the codes of H.264 (ITU-T H.264, 9.1)."""

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

    def align(self) -> _Bits:
        self._bits += [0] * (-len(self._bits) % 8)
        return self

    def values(self, values: NDArray[np.uint8]) -> _Bits:
        self._bits += np.unpackbits(values.ravel()).tolist()
        return self

    def end(self) -> bytes:
        self.u(1, 1).align()
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
