"""From a decoded video frame to a picture: crop, scale, colours, rotation.

Frames are scaled before their colours are converted, and for JPEG they are not
converted to RGB at all: the planes go into the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import av
import numpy as np
import simplejpeg
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from signdata.errors import DecodeError, UsageError
from signdata.limits import check_size, described, max_pixels
from signdata.media.fitting import STRETCHED, Fit
from signdata.media.image.ops import resize
from signdata.media.keypoints import Placement
from signdata.media.video.colours import Colours, colours_of
from signdata.media.video.jpeg_planes import Recolouring, recolouring
from signdata.media.video.orientation import UPRIGHT, Orientation, orientation_of
from signdata.media.video.tone_mapping import ToneMapper, transfer_of
from signdata.samples import Frame

SQUARE = Fraction(1, 100)
"""Pixels whose sides differ by less are taken for square."""


Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright frame."""


def is_shares(box: Box) -> bool:
    """Whether a box is given in shares of the frame's sides, not in pixels."""
    return max(box[2:]) <= 1


_SIZES = ((320, 240), (640, 360), (640, 480), (720, 480), (854, 480), (1280, 720), (1920, 1080))
"""Widths and heights that videos of the web come in, by size."""


@dataclass(frozen=True)
class FrameShape:
    """What a frame is scaled to.

    Attributes
    ----------
    short_side : int or None
        Length of the shorter side in pixels, the other in proportion.
    size_hw : tuple of int or None
        Height and width, whatever the proportions.
    fit : Fit
        How frames of other proportions come to `size_hw`.
    """

    short_side: int | None = None
    size_hw: tuple[int, int] | None = None
    fit: Fit = STRETCHED

    def __post_init__(self) -> None:
        if self.short_side is not None and self.size_hw is not None:
            raise UsageError("--short-side and --size contradict each other")
        if self.size_hw is None and not self.fit.stretches:
            raise UsageError("--fit goes with --size")
        check_size(self.size_hw and self.size_hw[::-1], "--size")
        if self.short_side is not None:
            check_size((self.short_side, self.short_side), "--short-side")

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output for an upright picture of `height` x `width`."""
        if self.size_hw is not None:
            return self.size_hw
        if self.short_side is None:
            return height, width
        scale = Fraction(self.short_side, min(height, width))
        high, wide = max(1, round(height * scale)), max(1, round(width * scale))
        if high * wide > max_pixels():
            raise DecodeError(
                f"pictures of {wide}x{high}; expected at most {described()}",
                remedy="Say extract-frames --short-side with a smaller number.",
            )
        return high, wide

    def apply(self, frame: Frame) -> Frame:
        """Scale an upright picture (H, W, C)."""
        if self.size_hw is None:
            return resize(frame, self.of(*frame.shape[:2]))
        return self.fit.apply(frame, self.size_hw)

    def place(self, placement: Placement) -> Placement:
        """Where the pixels of an upright picture have gone once it is scaled."""
        if self.size_hw is None:
            height, width = self.of(placement.size[1], placement.size[0])
            return placement.scaled(width, height)
        return self.fit.place(placement, self.size_hw)


class Converter:
    """Turns decoded frames into pictures; keeps the scaler between frames.

    Parameters
    ----------
    shape : FrameShape
        What frames are cut and scaled to.
    aspect : Fraction or None
        Width of a pixel over its height.
    box : tuple of float or None
        The part that is kept.
    grow : float
        How much larger than the box that part is.
    tone_map : bool
        Whether HDR is brought to standard screens.
    """

    def __init__(
        self,
        shape: FrameShape,
        aspect: Fraction | None,
        box: Box | None = None,
        grow: float = 1.0,
        *,
        tone_map: bool = True,
    ) -> None:
        self._shape = shape
        self._box = box
        self._grow = grow
        square = aspect is None or aspect <= 0 or abs(aspect - 1) < SQUARE
        self._aspect = Fraction(1) if square or aspect is None else aspect
        self._sizes: dict[tuple[int, int, bool], tuple[int, int]] = {}
        self._late = box is not None or not shape.fit.stretches  # scaled as RGB, when upright
        self._scaler = VideoReformatter()
        self._tone_mapper = ToneMapper() if tone_map else None

    def rgb(self, frame: av.VideoFrame) -> Frame:
        """(H, W, 3) uint8 RGB."""
        orientation = orientation_of(frame)
        height, width = self._scaled(frame, orientation)
        if self._tone_mapper is not None and transfer_of(frame):
            array = self._tone_mapper.rgb(frame, width, height, _HOW)
        else:
            scaled = self._scaler.reformat(
                frame,
                width,
                height,
                "rgb24",
                interpolation=_HOW,
                threads=1,
                **_to_rgb(frame),
            )
            array = np.asarray(scaled.to_ndarray(), np.uint8)
        array = np.ascontiguousarray(orientation.upright(array))
        if self._box is not None:
            array = self._crop(array)
        return self._shape.apply(array) if self._late else array

    def jpeg(self, frame: av.VideoFrame, quality: int) -> bytes:
        """The picture as a JPEG made of its planes; box and fit are not looked at."""
        orientation = orientation_of(frame)
        height, width = self._scaled(frame, orientation)
        if self._tone_mapper is not None and transfer_of(frame):
            array = self._tone_mapper.rgb(frame, width, height, _HOW)
            frame = av.VideoFrame.from_ndarray(array, format="rgb24")
        way = _way_to_jpeg(frame.format.name, colours_of(frame))
        scaled = self._scaler.reformat(frame, width, height, **way.scaler)
        half = -(-height // 2), -(-width // 2)
        y, cb, cr = map(_array, scaled.planes, ((height, width), half, half))
        if way.recolouring is not None:
            y, cb, cr = way.recolouring(y, cb, cr)
        elif orientation is UPRIGHT and scaled is not frame and not height % 2:
            y = _even_in_place(scaled.planes[0], height, width)
            return bytes(simplejpeg.encode_jpeg_yuv_planes(y, cb, cr, quality=quality))
        if orientation is not UPRIGHT:
            y, cb, cr = (np.ascontiguousarray(orientation.upright(plane)) for plane in (y, cb, cr))
        return bytes(simplejpeg.encode_jpeg_yuv_planes(_even(y), cb, cr, quality=quality))

    def _scaled(self, frame: av.VideoFrame, orientation: Orientation) -> tuple[int, int]:
        """Height and width of the frame as it lies, before it is turned."""
        kind = frame.height, frame.width, orientation.transposed
        if kind not in self._sizes:
            self._sizes[kind] = self._scaled_once(frame, orientation)
        return self._sizes[kind]

    def _scaled_once(self, frame: av.VideoFrame, orientation: Orientation) -> tuple[int, int]:
        height, width = frame.height, max(1, round(frame.width * self._aspect))
        if self._late:
            return height, width
        if orientation.transposed:
            width, height = self._shape.of(width, height)
        else:
            height, width = self._shape.of(height, width)
        return height, width

    @staticmethod
    def is_sideways(frame: av.VideoFrame) -> bool:
        """Whether a frame is stored a quarter turn from how it is shown."""
        return orientation_of(frame).transposed

    def placement(self, frame: av.VideoFrame, *, upright: bool = False) -> Placement:
        """Where the pixels of a frame are in the picture that is made of it.

        Parameters
        ----------
        frame : av.VideoFrame
            The frame.
        upright : bool
            Whether its pixels are counted as it is shown, and not as it is stored.
        """
        lies = orientation_of(frame)
        height, width = self._scaled(frame, lies)
        if upright and lies.transposed:
            place = Placement.of(frame.height, frame.width).scaled(height, width)
        elif upright:
            place = Placement.of(frame.width, frame.height).scaled(width, height)
        else:
            place = Placement.of(frame.width, frame.height).scaled(width, height)
            place = place.oriented(lies.transposed, lies.from_right, lies.from_below)
        if self._box is not None:
            place = place.cut(*self._part(*place.size))
        return self._shape.place(place) if self._late else place

    def _part(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what is cut out of an upright picture.

        Raises
        ------
        DecodeError
            If it is less than a pixel.
        """
        box = fit_box(self._box or (0, 0, width, height), width, height)
        if min(box[2] - box[0], box[3] - box[1]) < 1:
            shown = " ".join(f"{value:g}" for value in self._box or ())
            raise DecodeError(f"bbox {shown} is less than a pixel of {width}x{height}")
        box = scale_box(box, self._grow)
        (x0, x1), (y0, y1) = _span(box[0], box[2], width), _span(box[1], box[3], height)
        return x0, y0, x1, y1

    def _crop(self, array: Frame) -> Frame:
        x0, y0, x1, y1 = self._part(array.shape[1], array.shape[0])
        return np.ascontiguousarray(array[y0:y1, x0:x1])


def fit_box(box: Box, width: int, height: int) -> Box:
    """Bring a box into a frame of `width` x `height`.

    A box that reaches beyond the frame was drawn in a larger picture, which this file was
    made smaller from: the smallest usual size that holds the box, of the frame's proportions
    if there is one. A box within 0 and 1 is in shares of the frame.
    """
    x0, y0, x1, y1 = box
    if is_shares(box):
        return x0 * width, y0 * height, x1 * width, y1 * height
    if x1 <= width and y1 <= height:
        return box
    holds = [(w, h) for w, h in _SIZES if x1 <= w and y1 <= h] or [(round(x1), round(y1))]
    alike = [(w, h) for w, h in holds if abs(w * height - h * width) <= 0.02 * w * height]
    wide, high = (alike or holds)[0]
    return x0 * width / wide, y0 * height / high, x1 * width / wide, y1 * height / high


def scale_box(box: Box, factor: float) -> Box:
    """The box grown `factor` times around its centre."""
    x0, y0, x1, y1 = box
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    half_width, half_height = (x1 - x0) / 2 * factor, (y1 - y0) / 2 * factor
    return x - half_width, y - half_height, x + half_width, y + half_height


_HOW = Interpolation.AREA
_OTHERS = (Colorspace.ITU709, Colorspace.BT2020)


@dataclass(frozen=True)
class _WayToJpeg:
    """What the scaler is told, and what its planes go through before they are a JPEG's."""

    scaler: dict[str, Any]
    recolouring: Recolouring | None = None


@cache
def _way_to_jpeg(pixels: str, colours: Colours) -> _WayToJpeg:
    scaler = {"interpolation": _HOW, "threads": 1, **colours.source}
    if colours.space in _OTHERS and pixels == "yuv420p":
        # The scaler goes by way of RGB, which costs more and is less exact.
        same = {"dst_colorspace": colours.space, "dst_color_range": scaler["src_color_range"]}
        way = recolouring(colours.space, full=colours.full)
        return _WayToJpeg({"format": "yuv420p", **scaler, **same}, way)
    jpeg = {"dst_colorspace": Colorspace.ITU601, "dst_color_range": ColorRange.JPEG}
    return _WayToJpeg({"format": "yuvj420p", **scaler, **jpeg})


def _even(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same plane in memory of even sides, the last row and column repeated behind it.

    The encoder takes the number of rows and columns for the picture's size, but reads luma in
    pairs of both: behind an odd side it would find whatever lies there.
    """
    height, width = luma.shape
    if not (height % 2 or width % 2):
        return luma
    even = np.empty((height + height % 2, width + width % 2), np.uint8)
    even[:height, :width] = luma
    if width % 2:
        even[:height, width] = luma[:, -1]
    if height % 2:
        even[height] = even[height - 1]
    return even[:height, :width]


def _even_in_place(plane: VideoPlane, height: int, width: int) -> NDArray[np.uint8]:
    """What `_even` gives, of a plane whose memory goes on behind each row and is nobody else's."""
    even = _array(plane, (height, width + width % 2))
    even[:, width:] = even[:, width - 1 : width]
    return even[:, :width]


def _array(plane: VideoPlane, size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """The memory of a plane, not a copy of it."""
    return np.ndarray(size_hw, np.uint8, memoryview(plane), 0, (plane.line_size, 1))


def _span(low: float, high: float, limit: int) -> tuple[int, int]:
    """Whole pixels from `low` to `high` inside 0..`limit`, at least one."""
    start = min(max(round(low), 0), limit - 1)
    return start, min(max(round(high), start + 1), limit)


def _to_rgb(frame: av.VideoFrame) -> dict[str, Any]:
    """What the scaler is told of the colours of a frame that becomes RGB."""
    source = colours_of(frame).source
    space = source.get("src_colorspace", Colorspace.ITU601)
    return {**source, "dst_colorspace": space, "dst_color_range": ColorRange.JPEG}
