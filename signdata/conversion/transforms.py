"""Resizing and conversion to grey: `--size` and `--gray` of the commands that write pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from signdata.formats.reader import PictureSummary
from signdata.formats.sample_columns import SampleColumns
from signdata.media import keypoints
from signdata.media.fitting import STRETCHED, Fit
from signdata.media.image import ops
from signdata.media.keypoints import Placement, Size
from signdata.samples import TOGETHER, Broken, Derived, Encoded, Frame, Sample, Stills

T = TypeVar("T")

BOX_COLUMNS = ("box", "bbox")
"""Manifest columns of a still's box: left, top, right, bottom with blanks between them."""


@dataclass(frozen=True)
class Geometry:
    """Resize every frame and convert it to grey.

    Attributes
    ----------
    size_hw : tuple of int or None
        Height and width of every output picture; None keeps the source's.
    gray : bool
        Whether RGB frames become grey (Rec. 601 luma).
    fit : Fit
        How pictures of other proportions come to `size_hw`.
    """

    size_hw: tuple[int, int] | None = None
    gray: bool = False
    fit: Fit = STRETCHED

    def __bool__(self) -> bool:
        return self.size_hw is not None or self.gray

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        boxes = {
            name: sample.meta[name]
            for name in BOX_COLUMNS
            if self.size_hw is not None and sample.kind == "still" and sample.meta.get(name)
        }
        return (replace(sample, pixels=_Changed(sample.pixels, self, boxes)),)

    def picture_summary(self, summary: PictureSummary) -> PictureSummary:
        """What the pictures have in common after the change."""
        return replace(
            summary,
            size_hw=self.size_hw or summary.size_hw,
            channels=1 if self.gray else summary.channels,
            lossless=True,
        )

    def changed_together(self, samples: SampleColumns, stills: Stills) -> Stills | None:
        """Stills that were read together, changed; None where one has a box to be changed, too."""
        boxes = (any(samples.meta.get(name, ())) for name in BOX_COLUMNS)
        if self.size_hw is not None and any(boxes):
            return None
        frames = np.stack([self.apply(frame) for frame in stills.frames])
        return Stills(frames, stills.source_sha256) if frames.size <= TOGETHER else None

    def apply(self, frame: Frame) -> Frame:
        """Change one (H, W, C) uint8 frame."""
        if self.gray:
            frame = ops.to_gray(frame)
        return frame if self.size_hw is None else self.fit.apply(frame, self.size_hw)


@dataclass(frozen=True, slots=True)
class _Changed(Derived):
    """The pixels of another sample, each frame changed."""

    geometry: Geometry
    boxes: Mapping[str, str]
    _sizes: list[Size] = field(default_factory=list, compare=False)

    def frames(self) -> Iterator[Frame]:
        self._sizes.clear()
        for frame in self.pixels.frames():
            self._sizes.append((frame.shape[1], frame.shape[0]))
            yield self.geometry.apply(frame)

    def found(self) -> dict[str, str]:
        found = self.pixels.found()
        size_hw = self.geometry.size_hw
        if size_hw is None or not self.boxes or not self._sizes:
            return found
        placement = self.geometry.fit.place(Placement.of(*self._sizes[0]), size_hw)
        return found | {name: keypoints.put_box(box, placement) for name, box in self.boxes.items()}

    def companion(self, number: int) -> tuple[str, bytes] | None:
        found = self.pixels.companion(number)
        if found is None or self.geometry.size_hw is None:
            return found
        suffix, data = found
        before = Placement.of(*self._sizes[number])
        placed = keypoints.put(data, self.geometry.fit.place(before, self.geometry.size_hw))
        return suffix, placed or data


@dataclass(frozen=True)
class EvenFrames:
    """A transform: this many evenly spaced frames of each clip."""

    n: int

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        """The sample as it is to be stored."""
        if isinstance(sample.pixels, Broken):
            return (sample,)
        return (replace(sample, pixels=_Chosen(sample.pixels, self.n)),)

    def picture_summary(self, summary: PictureSummary) -> PictureSummary:
        """What the pictures have in common; how many there are only the clips tell."""
        return replace(summary, n_frames=None)


@dataclass(frozen=True, slots=True)
class _Chosen(Derived):
    """Some frames of another sample."""

    n: int
    _indices: list[int] = field(default_factory=list, compare=False)

    def frames(self) -> Iterator[Frame]:
        yield from self._of(list(self.pixels.frames()))

    def encoded(self) -> Iterator[Encoded] | None:
        originals = self.pixels.encoded()
        return None if originals is None else self._of(list(originals))

    def _of(self, frames: list[T]) -> Iterator[T]:
        from signdata.media.video.frame_selection import evenly

        self._indices[:] = evenly(self.n, len(frames))
        return iter([frames[index] for index in self._indices])

    def companion(self, number: int) -> tuple[str, bytes] | None:
        return self.pixels.companion(self._indices[number])

    def times(self) -> tuple[float, ...]:
        times = self.pixels.times()
        return tuple(times[index] for index in self._indices) if times else ()


@runtime_checkable
class ChangesPictures(Protocol):
    """A transform that changes what a dataset's pictures have in common."""

    def picture_summary(self, summary: PictureSummary) -> PictureSummary: ...


@runtime_checkable
class ChangesTogether(Protocol):
    """A transform that makes one sample of each, and can change stills that were read together."""

    def changed_together(self, samples: SampleColumns, stills: Stills) -> Stills | None: ...


@runtime_checkable
class MakesTogether(Protocol):
    """A transform that can make many samples of each of several stills that were read together."""

    def made_together(
        self, samples: SampleColumns, stills: Stills
    ) -> tuple[SampleColumns, Stills] | None: ...


@runtime_checkable
class DescribesTogether(Protocol):
    """A transform that makes one sample of each and leaves its pixels as they are."""

    def described_together(self, samples: SampleColumns) -> SampleColumns: ...


@runtime_checkable
class Resplits(Protocol):
    """A transform that changes the set of splits."""

    def resplit(self, splits: tuple[str, ...]) -> tuple[str, ...]: ...


Transform: TypeAlias = Callable[[Sample], Iterable[Sample]]
