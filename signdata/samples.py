"""The model of the data: a sample is one labelled item, a still or a clip.

A still is a clip of one frame. Pixels are lazy and can be read again: a sample
holds a `Pixels` object that knows where they are, not the pixels themselves,
so that samples are light and travel between processes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from signdata.errors import SigndataError

Frame: TypeAlias = NDArray[np.uint8]
"""One picture: (H, W, C) uint8, C in {1, 3}, 0..255, grey or RGB."""

SPLITS = ("train", "val", "test")
"""The split names, in the order in which they are listed everywhere."""

SPLIT_NAMES = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""What files and folders call splits, casefolded."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The original bytes of one picture, as they were found.

    Attributes
    ----------
    data : bytes
        The whole file.
    suffix : str
        What the bytes are, whatever the file was called: ``.jpg``, ``.png``, ...
    """

    data: bytes
    suffix: str


class ReadAgain(Exception):
    """Raised by `Pixels.frames`: what it yielded was wrong, the next call will be right.

    Only for who can take back what was yielded; `Sample.frames` never raises it.
    """


class Pixels(ABC):
    """Where a sample's pixels are. Picklable; every call reads again."""

    __slots__ = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold exactly these frames, one each; () where there are none."""
        return ()

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """Yield each frame as (H, W, C) uint8; raise `DecodeError` on damage."""

    def resolve(self) -> None:
        """Find out whatever makes sure that `frames` will not raise `ReadAgain`."""
        return None

    def stored(self) -> Iterator[bytes] | None:
        """Yield the bytes of the file that holds this sample and no other, in parts."""
        return None

    def encoded(self) -> Iterator[Encoded] | None:
        """Yield each frame's original bytes, proved whole; None where there are none."""
        return None

    def notes(self) -> tuple[str, ...]:
        """What the last reading did to the pixels that a viewer may not expect."""
        return ()

    def found(self) -> dict[str, str]:
        """Manifest columns that the last reading filled in."""
        return {}

    def beside(self, number: int) -> tuple[str, bytes] | None:
        """Suffix and bytes of what belongs beside frame `number` (from 0), such as its pose."""
        return None

    def times(self) -> tuple[float, ...]:
        """Seconds at which each frame of the last reading is shown; () where nobody asked."""
        return ()

    def jpegs(self, quality: int) -> Iterator[bytes] | None:
        """Yield each frame as a JPEG where that can be had without its RGB values, else None."""
        return None

    def source_sha256(self) -> str | None:
        """Digest of the file or files read for these pixels; None where the reader has one."""
        return None


@dataclass(frozen=True, slots=True)
class ArrayPixels(Pixels):
    """Pixels already in memory: `array` is (H, W, C) or, for a clip, (F, H, W, C) uint8."""

    array: NDArray[np.uint8]

    def frames(self) -> Iterator[Frame]:
        return iter(self.array[None] if self.array.ndim == 3 else self.array)


@dataclass(frozen=True, slots=True)
class Derived(Pixels):
    """Pixels made of those of another sample, which tell what there is to tell of reading."""

    pixels: Pixels

    def resolve(self) -> None:
        self.pixels.resolve()

    def notes(self) -> tuple[str, ...]:
        return self.pixels.notes()

    def found(self) -> dict[str, str]:
        return self.pixels.found()

    def times(self) -> tuple[float, ...]:
        return self.pixels.times()

    def source_sha256(self) -> str | None:
        return self.pixels.source_sha256()


@dataclass(frozen=True, slots=True)
class Broken(Pixels):
    """Pixels that are known to be unreadable: asking for them raises `error`."""

    error: SigndataError

    def frames(self) -> Iterator[Frame]:
        raise self.error

    def encoded(self) -> Iterator[Encoded] | None:
        raise self.error


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled item.

    Attributes
    ----------
    id : str
        Fixed when the sample is first read, the same ever after.
    label : str
        Class name.
    pixels : Pixels
        Where the frames are.
    split : str
        ``train``, ``val``, ``test``, or ''.
    group : str
        What must not straddle splits (the signer, the source picture, the source video), or ''.
    source : str
        Where the sample came from: the name of a file, or a path below the dataset's root.
    kind : {'still', 'clip'}
        Whether the sample is one picture or a sequence.
    meta : mapping of str to str
        Further manifest columns (``signer``, ``fps``, ...).
    stored_as : str
        A name that a writer uses instead of the id's last part, or ''.
    """

    id: str
    label: str
    pixels: Pixels
    split: str = ""
    group: str = ""
    source: str = ""
    kind: str = "still"
    meta: Mapping[str, str] = field(default_factory=dict)
    stored_as: str = ""

    @property
    def name(self) -> str:
        """What the sample is called inside its class: `stored_as`, else the id's last part."""
        return self.stored_as or self.id.rpartition("/")[2]

    def frames(self) -> Iterator[Frame]:
        """Yield each frame as (H, W, C) uint8 RGB or grey, C in {1, 3}."""
        self.pixels.resolve()
        return self.pixels.frames()
