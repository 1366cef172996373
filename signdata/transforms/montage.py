"""A clip as one picture: its frames side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from signdata.samples import Broken, Frame, Pixels, Sample


def montage(sample: Sample) -> Iterable[Sample]:
    """A transform: the frames of a clip side by side, as one picture."""
    return (replace(sample, kind="still", pixels=_Montage(sample.pixels)),)


@dataclass(frozen=True)
class _Montage(Pixels):
    """All frames of another sample in a row, left to right."""

    pixels: Pixels

    def frames(self) -> Iterator[Frame]:
        if isinstance(self.pixels, Broken):
            raise self.pixels.error
        frames = list(self.pixels.frames())
        high = max(frame.shape[0] for frame in frames)
        padded = [np.pad(frame, ((0, high - len(frame)), (0, 0), (0, 0))) for frame in frames]
        yield np.asarray(np.hstack(padded), np.uint8)

    def settle(self) -> None:
        self.pixels.settle()

    def notes(self) -> tuple[str, ...]:
        return self.pixels.notes()

    def found(self) -> dict[str, str]:
        return self.pixels.found()

    def source_sha256(self) -> str | None:
        return self.pixels.source_sha256()
