"""The pixels of variants: pictures made already, and frames of clips that are made when read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from signdata.augmentation.moved_keypoints import moved
from signdata.magick import operations, profiles
from signdata.magick.operations import Chain, Place
from signdata.magick.profiles import Profile, Quanta
from signdata.samples import TOGETHER, ArrayPixels, Derived, Frame, Stills


@dataclass(frozen=True)
class MadePicture(ArrayPixels):
    """One picture (H, W, C) uint8, the notes about it, its source's checksum, its keypoints."""

    all_notes: tuple[str, ...] = ()
    sha256: str | None = None
    beside: tuple[str, bytes] | None = None

    reads_together = True

    @classmethod
    def together(cls, pixels: Sequence[Self]) -> Stills | None:
        arrays = [one.array for one in pixels]
        if any(one.all_notes or one.beside for one in pixels):
            return None
        if len({array.shape for array in arrays}) > 1 or len(arrays) * arrays[0].size > TOGETHER:
            return None
        digests = [one.sha256 for one in pixels if one.sha256]
        if digests and len(digests) != len(pixels):
            return None
        return Stills(np.stack(arrays), tuple(digests))

    def notes(self) -> tuple[str, ...]:
        return self.all_notes

    def source_sha256(self) -> str | None:
        return self.sha256

    def companion(self, number: int) -> tuple[str, bytes] | None:
        return self.beside


@dataclass(frozen=True, slots=True)
class MadeFrames(Derived):
    """The frames of another sample, of one size, each processed alike."""

    chain: Chain
    place: Place
    size_hw: tuple[int, int]

    def frames(self) -> Iterator[Frame]:
        for frame in self.pixels.frames():
            [values] = operations.run([self.chain], loaded(frame[None]), [self.place])
            yield to_frames(values, self.place.profile)[0]

    def companion(self, number: int) -> tuple[str, bytes] | None:
        return moved(self.pixels.companion(number), self.chain, self.size_hw, self.place)


def loaded(frames: Frame) -> Quanta:
    """Quanta (F, C, H, W) of frames (F, H, W, C)."""
    return profiles.load(np.ascontiguousarray(frames.transpose(0, 3, 1, 2)))


def to_frames(quanta: Quanta, profile: Profile) -> Frame:
    """Frames (F, H, W, C) of quanta (F, C, H, W)."""
    frames: Frame = np.ascontiguousarray(profiles.to_bytes(quanta, profile).transpose(0, 2, 3, 1))
    return frames


def all_to_frames(many: Sequence[Quanta], profile: Profile) -> Iterable[Frame]:
    """A frame (H, W, C) of each (1, C, H, W), in one call if all have the same shape."""
    if len({quanta.shape for quanta in many}) == 1:
        return to_frames(np.concatenate(many), profile)
    return (to_frames(quanta, profile)[0] for quanta in many)
