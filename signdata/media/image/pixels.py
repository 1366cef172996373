"""Pixels that are an encoded picture in memory."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from signdata.media.image.decode import check, decode
from signdata.media.image.masks import seen
from signdata.samples import TOGETHER, Encoded, Frame, Pixels, Stills


@dataclass(frozen=True)
class CodedPixels(Pixels):
    """A still or a clip kept as the bytes of picture files, one a frame.

    Attributes
    ----------
    of_masks : bool
        Whether it is of a set of masks, of values 0 and 1.
    """

    of_masks: bool = field(default=False, kw_only=True)
    _notes: list[str] = field(default_factory=list, compare=False, kw_only=True)

    def alone(self) -> tuple[bytes, str] | None:
        """The one picture that is all of the sample, and its place; None if there is more to it."""
        return None

    @classmethod
    def together(cls, pixels: Sequence[Self]) -> Stills | None:
        masks = {one.of_masks for one in pixels}
        if len(masks) > 1:
            return None
        return decoded_together(
            (one.alone() for one in pixels), len(pixels), of_masks=True in masks
        )

    @abstractmethod
    def coded(self) -> Iterator[tuple[bytes, str]]:
        """Yield each frame's bytes, and where they are for messages."""

    def frames(self) -> Iterator[Frame]:
        for data, place in self.coded():
            frame, notes = decode(data, place)
            self._notes.extend(notes)
            yield seen(frame) if self.of_masks else frame

    def seen_again(self) -> Iterator[Frame]:
        """Yield each frame and keep nothing of the reading: for those who read epoch after epoch.

        What `frames` keeps, notes and a checksum, costs time and, if nobody asks, memory.
        """
        for data, place in self.coded():
            frame, _ = decode(data, place)
            yield seen(frame) if self.of_masks else frame

    def encoded(self) -> Iterator[Encoded]:
        for data, place in self.coded():
            suffix, notes = check(data, place)
            self._notes.extend(notes)
            yield Encoded(data, suffix)

    def notes(self) -> tuple[str, ...]:
        notes = tuple(dict.fromkeys(self._notes))
        self._notes.clear()
        return notes


def decoded_together(
    pictures: Iterable[tuple[bytes, str] | None], n: int, *, of_masks: bool
) -> Stills | None:
    """Stills of `n` encoded pictures, each with its place, read as masks if they are some.

    None where one is more than a picture, differs in shape, or reads with notes, and where all are
    more than `TOGETHER`. Raises what reading or decoding one of them raises.
    """
    frames: NDArray[np.uint8] | None = None
    digests = []
    for number, picture in enumerate(pictures):
        if picture is None:
            return None
        frame, notes = decode(*picture)
        if frames is None:
            if frame.size * n > TOGETHER:
                return None
            frames = np.empty((n, *frame.shape), np.uint8)
        if notes or frame.shape != frames.shape[1:]:
            return None
        frames[number] = seen(frame) if of_masks else frame
        digests.append(hashlib.sha256(picture[0]).hexdigest())
    return None if frames is None else Stills(frames, tuple(digests))
