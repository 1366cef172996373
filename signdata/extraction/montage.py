"""A clip as one picture: its frames side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from signdata.samples import Broken, Derived, Frame, Sample


def montage(sample: Sample) -> Iterable[Sample]:
    """A transform: the frames of a clip side by side, as one picture."""
    return (replace(sample, kind="still", pixels=_Montage(sample.pixels)),)


@dataclass(frozen=True)
class _Montage(Derived):
    """All frames of another sample in a row, left to right."""

    def frames(self) -> Iterator[Frame]:
        if isinstance(self.pixels, Broken):
            raise self.pixels.error
        frames = list(self.pixels.frames())
        high = max(frame.shape[0] for frame in frames)
        padded = [np.pad(frame, ((0, high - len(frame)), (0, 0), (0, 0))) for frame in frames]
        yield np.asarray(np.hstack(padded), np.uint8)
