"""A clip as one picture: its frames side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from signdata.media.keypoints import Size, side_by_side
from signdata.samples import Broken, Derived, Frame, Sample


def montage(sample: Sample) -> Iterable[Sample]:
    """A transform: the frames of a clip side by side, as one picture."""
    return (replace(sample, kind="still", pixels=_Montage(sample.pixels)),)


@dataclass(frozen=True)
class _Montage(Derived):
    """All frames of another sample in a row, left to right."""

    _sizes: list[Size] = field(default_factory=list, compare=False)

    def frames(self) -> Iterator[Frame]:
        if isinstance(self.pixels, Broken):
            raise self.pixels.error
        frames = list(self.pixels.frames())
        self._sizes[:] = [(frame.shape[1], frame.shape[0]) for frame in frames]
        high = max(frame.shape[0] for frame in frames)
        padded = [np.pad(frame, ((0, high - len(frame)), (0, 0), (0, 0))) for frame in frames]
        yield np.asarray(np.hstack(padded), np.uint8)

    def times(self) -> tuple[float, ...]:
        return ()  # one picture has no time

    def companion(self, number: int) -> tuple[str, bytes] | None:
        found = [self.pixels.companion(i) for i in range(len(self._sizes))]
        merged = side_by_side(
            [(one[1] if one else None, size) for one, size in zip(found, self._sizes, strict=True)]
        )
        return None if merged is None else (".json", merged)
