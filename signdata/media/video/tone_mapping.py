"""HDR frames (HLG, PQ) as pictures for standard screens: BT.709, tone-mapped.

The numbers are those of the ffmpeg program with the filters ::

    zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=709,tonemap=clip:desat=0,
    zscale=t=709:m=709:r=full,format=rgb24

computed here for both decoders, as the library has no zscale: code values to light, the
primaries to those of BT.709, and what is brighter than a white page (203 cd/m2, ITU-R BT.2408)
brought down to it with its hue. What was no brighter than a white page has the same values as
if it had been filmed without HDR.
"""

from __future__ import annotations

from functools import cache

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from signdata.media.video.colours import colours_of
from signdata.samples import Frame

WHITE = 203
"""Candela a square metre of a white page (ITU-R BT.2408)."""

TRANSFERS = {16: "pq", 18: "hlg"}
"""Transfer functions of HDR by their number in the streams (ISO/IEC 23091-2)."""

GAMMA = 2.4
"""Of standard screens (ITU-R BT.1886)."""

BT709, P3 = 1, 12
"""Numbers of primaries in the streams; what is tagged with any other is taken for BT.2020."""

_FROM_BT2020 = (
    (1.660491, -0.587641, -0.072850),
    (-0.124550, 1.132900, -0.008349),
    (-0.018151, -0.100579, 1.118730),
)
_FROM_P3 = (
    (1.224940, -0.224940, 0.000000),
    (-0.042057, 1.042057, 0.000000),
    (-0.019638, -0.078636, 1.098274),
)
_STEPS = 1 << 16
_FULL = 255 << 8
"""What the scaler gives for 1 in 16 bits."""


def transfer_of(frame: av.VideoFrame) -> str:
    """``hlg`` or ``pq`` if a frame is HDR, else ''."""
    return TRANSFERS.get(int(frame.color_trc), "")


class ToneMapper:
    """Makes standard pictures of HDR frames; keeps the scaler between frames."""

    def __init__(self) -> None:
        self._scaler = VideoReformatter()

    def rgb(self, frame: av.VideoFrame, width: int, height: int, how: Interpolation) -> Frame:
        """(H, W, 3) uint8 RGB of an HDR frame, as it lies."""
        source = colours_of(frame).source
        space = source.get("src_colorspace", Colorspace.BT2020)
        deep = self._scaler.reformat(
            frame,
            width,
            height,
            "rgb48le",
            interpolation=how,
            threads=1,
            **{**source, "dst_colorspace": space, "dst_color_range": ColorRange.JPEG},
        )
        codes = np.asarray(deep.to_ndarray(), np.uint16)
        light = _light(transfer_of(frame))[codes]
        if int(frame.color_primaries) != BT709:
            primaries = _FROM_P3 if int(frame.color_primaries) == P3 else _FROM_BT2020
            light = light @ np.array(primaries, np.float32).T
        return _shown(light)


def _shown(light: NDArray[np.float32]) -> Frame:
    """What standard screens show as this light, 1 their white; brighter colours keep their hue."""
    strongest = light.max(axis=2, keepdims=True)
    np.maximum(strongest, 1, out=strongest)
    light /= strongest
    np.clip(light, 0, 1, out=light)
    steps = (np.sqrt(light, out=light) * (_STEPS - 1) + np.float32(0.5)).astype(np.uint16)
    return _codes()[steps]


@cache
def _light(transfer: str) -> NDArray[np.float32]:
    """Light of each 16-bit code value, 1 a white page."""
    code = np.minimum(np.arange(_STEPS) / _FULL, 1)
    if transfer == "pq":  # ITU-R BT.2100, table 4
        m1, m2 = 2610 / 16384, 2523 / 32
        c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        light = (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1) * 10_000
    else:  # table 5, on a screen of 1,000 cd/m2, each colour by itself
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        light = scene**1.2 * 1000
    return (light / WHITE).astype(np.float32)


@cache
def _codes() -> NDArray[np.uint8]:
    """Code value of standard screens for the square root of each light.

    The root spreads dark light over more steps, of which there are 65,536.
    """
    light = (np.arange(_STEPS) / (_STEPS - 1)) ** 2
    return np.rint(255 * light ** (1 / GAMMA)).astype(np.uint8)
