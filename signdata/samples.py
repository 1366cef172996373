"""The data model: a sample is one labelled item, a still or a clip.

A still is a clip of one frame. Pixels are loaded lazily and can be read repeatedly: a
sample holds a `Pixels` object that knows where they are, not the pixels themselves, so
that samples are small and can be sent between processes.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from signdata.errors import SigndataError

if TYPE_CHECKING:  # the command line, which knows the names of splits, starts without NumPy
    import numpy as np
    from numpy.typing import NDArray

Frame: TypeAlias = "NDArray[np.uint8]"
"""One picture: (H, W, C) uint8, C in {1, 3}, 0..255, grey or RGB."""

TOGETHER = 1 << 23
"""Bytes of pixels up to which stills are read together."""

SPLITS = ("train", "val", "test")
"""The split names, in the order in which they are listed everywhere."""

SPLIT_NAMES = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""Names of splits in files and folders, casefolded."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The original bytes of one picture, as they were found.

    Attributes
    ----------
    data : bytes
        The whole file.
    suffix : str
        The format of the bytes, whatever the file's name: ``.jpg``, ``.png``, ...
    """

    data: bytes
    suffix: str


class ReadAgain(Exception):
    """Raised by `Pixels.frames`: the frames so far were wrong, call it again for correct ones.

    Only for callers that can discard what they received; `Sample.frames` never raises it.
    """


@dataclass(frozen=True, slots=True)
class Stills:
    """Pictures of one shape that were read together.

    Attributes
    ----------
    frames : ndarray
        (N, H, W, C) uint8, contiguous.
    source_sha256 : tuple of str
        What `Pixels.source_sha256` says of each; () where it says nothing.
    """

    frames: NDArray[np.uint8]
    source_sha256: tuple[str, ...] = ()


class Pixels(ABC):
    """Where a sample's pixels are. Picklable; every call reads again."""

    __slots__ = ()

    reads_together: ClassVar[bool] = False
    """Whether `together` is worth asking."""

    @classmethod
    def together(cls, pixels: Sequence[Self]) -> Stills | None:
        """Read small stills at once, for speed; None where each has to be read on its own.

        That is so unless every one is a still of one shape that reads without notes, fills in no
        columns and has nothing next to it. May raise what `frames` raises.
        """
        return None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold exactly these frames, one each; () if there are none."""
        return ()

    def lone_file(self) -> str:
        """The file that holds exactly this still, with nothing next to it; '' if there is none."""
        return ""

    def size_hint(self) -> int:
        """Bytes that these pixels take on disk, about, known without reading them; 0 if not."""
        return sum(map(os.path.getsize, filter(os.path.exists, self.files)))

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """Yield each frame as (H, W, C) uint8; raise `DecodeError` on damage."""

    def resolve(self) -> None:
        """Determine whatever is needed so that `frames` does not raise `ReadAgain`."""
        return None

    def stored(self) -> Iterator[bytes] | None:
        """Yield the bytes of the file that holds only this sample, in parts; None if none does."""
        return None

    def whole_file_suffix(self) -> str:
        """The suffix of the video file that holds these frames and no others, '' if none does."""
        return ""

    def whole_file(self) -> Iterator[bytes]:
        """Yield the bytes of that file, in parts; raise `DecodeError` if it is cut short."""
        raise TypeError("there is no such file")

    def encoded(self) -> Iterator[Encoded] | None:
        """Yield each frame's original bytes, checked to be intact; None if there are none."""
        return None

    def notes(self) -> tuple[str, ...]:
        """Notes on how the last reading changed the pixels, for example applied an orientation."""
        return ()

    def found(self) -> dict[str, str]:
        """Manifest columns filled in by the last reading."""
        return {}

    def companion(self, number: int) -> tuple[str, bytes] | None:
        """Suffix and bytes of the companion file of frame `number` (from 0), such as its pose."""
        return None

    def times(self) -> tuple[float, ...]:
        """Seconds at which each frame of the last reading is shown; () where nobody asked."""
        return ()

    def jpegs(self, quality: int) -> Iterator[bytes] | None:
        """Yield each frame as a JPEG if that is possible without decoding to RGB, else None."""
        return None

    def source_sha256(self) -> str | None:
        """Checksum of the files read for these pixels; None if the reader has one for all."""
        return None


@dataclass(frozen=True, slots=True)
class ArrayPixels(Pixels):
    """Pixels already in memory: `array` is (H, W, C) or, for a clip, (F, H, W, C) uint8."""

    array: NDArray[np.uint8]

    def size_hint(self) -> int:
        return self.array.nbytes

    def frames(self) -> Iterator[Frame]:
        return iter(self.array[None] if self.array.ndim == 3 else self.array)


@dataclass(frozen=True, slots=True)
class Derived(Pixels):
    """Pixels computed from those of another sample, which provides notes and checksums."""

    pixels: Pixels

    def resolve(self) -> None:
        self.pixels.resolve()

    def notes(self) -> tuple[str, ...]:
        return self.pixels.notes()

    def found(self) -> dict[str, str]:
        return self.pixels.found()

    def times(self) -> tuple[float, ...]:
        return self.pixels.times()

    def size_hint(self) -> int:
        return self.pixels.size_hint()

    def source_sha256(self) -> str | None:
        return self.pixels.source_sha256()


@dataclass(frozen=True, slots=True)
class Unread(Pixels):
    """In place of the pixels of a sample of which only the description was kept."""

    def frames(self) -> Iterator[Frame]:
        raise TypeError("only the description of this sample was kept")


@dataclass(frozen=True, slots=True)
class Broken(Pixels):
    """Pixels known to be unreadable: reading them raises `error`."""

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
        Assigned when the sample is first read, and never changed.
    label : str
        Class name.
    pixels : Pixels
        Where the frames are.
    split : str
        ``train``, ``val``, ``test``, or ''.
    group : str
        Samples of one group (signer, source picture, source video) stay in one split; or ''.
    source : str
        Where the sample came from: a file name, or a path relative to the dataset's root.
    kind : {'still', 'clip'}
        Whether the sample is one picture or a sequence.
    meta : mapping of str to str
        Further manifest columns (``signer``, ``fps``, ...).
    stored_as : str
        File name to use instead of the id's last part, or ''.
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

    def __reduce__(self) -> tuple[type[Sample], tuple[Any, ...]]:
        return Sample, _VALUES(self)  # what dataclasses do instead takes five times as long

    @property
    def name(self) -> str:
        """The sample's name within its class: `stored_as`, else the id's last part."""
        return self.stored_as or self.id.rpartition("/")[2]

    def frames(self) -> Iterator[Frame]:
        """Yield each frame as (H, W, C) uint8 RGB or grey, C in {1, 3}."""
        self.pixels.resolve()
        return self.pixels.frames()


_VALUES = attrgetter(*(one.name for one in fields(Sample)))
