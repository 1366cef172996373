"""A clip that is a folder of pictures, read as a video of a steady rate would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from signdata.errors import MissingError, ShortError
from signdata.formats.clip_tables.files import frames_in
from signdata.formats.clip_tables.rows import Span
from signdata.formats.trees.picture_files import PictureFiles
from signdata.media.image import ops
from signdata.media.video.clip import ClipOptions
from signdata.media.video.frame_conversion import FrameShape
from signdata.media.video.frame_selection import Taken, Timeline, take_range
from signdata.samples import Derived, Frame, Pixels


@dataclass(frozen=True)
class FrameFolder(PictureFiles):
    """The pictures of a folder that were chosen.

    Attributes
    ----------
    taken : Taken or None
        Which of the folder's pictures the range is.
    seconds : tuple of float
        When each of `paths` is shown; () where nobody asks.
    rate : Fraction
        Pictures a second.
    """

    taken: Taken | None = None
    seconds: tuple[float, ...] = ()
    rate: Fraction = Fraction(25)

    def notes(self) -> tuple[str, ...]:
        return (*super().notes(), *(self.taken.notes if self.taken else ()))

    def times(self) -> tuple[float, ...]:
        return self.seconds

    def found(self) -> dict[str, str]:
        taken = self.taken or Taken(0, len(self.paths))
        return {
            "fps": f"{float(self.rate):.3f}".rstrip("0").rstrip("."),
            "range": f"{taken.start + 1}-{taken.stop}",
            "verdict": "ok",
        }


@dataclass(frozen=True, slots=True)
class ScaledFrames(Derived):
    """The frames of another sample, scaled."""

    shape: FrameShape

    def frames(self) -> Iterator[Frame]:
        for frame in self.pixels.frames():
            yield ops.resize(frame, self.shape.of(*frame.shape[:2]))


def frame_folder(folder: Path, span: Span, options: ClipOptions, rate: Fraction) -> Pixels:
    """The pictures of a folder that a range and the options choose.

    Raises
    ------
    MissingError
        If there are none.
    ShortError
        If the range lies behind them.
    """
    paths = frames_in(folder)
    if not paths:
        raise MissingError("a folder without pictures", path=folder)
    timeline = Timeline([i / rate for i in range(len(paths))], len(paths) / rate)
    taken = take_range(span, timeline, options.ranges)
    if taken.fault and (taken.stop == taken.start or not options.keep_short):
        raise ShortError(taken.fault, path=folder, remedy=taken.remedy)
    wanted = options.selection.of(timeline, taken.start, taken.stop)
    chosen = FrameFolder(
        tuple(paths[i] for i in wanted),
        taken=taken,
        rate=rate,
        seconds=tuple(float(timeline.times[i]) for i in wanted) if options.times else (),
    )
    return chosen if options.shape == FrameShape() else ScaledFrames(chosen, options.shape)
