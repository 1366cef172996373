"""The pictures of a page: asked for while it is put together, read at once, then shown."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signdata.auditing.run import AuditedDataset
from signdata.formats.thumbnails import side_by_side, stacked, thumbnails
from signdata.media.image.encode import compact
from signdata.samples import Frame
from signdata.similarity.fingerprints import Fingerprint

TINY = 40
"""Pictures up to this height are shown at twice their size."""

Name = Callable[[int], str]
"""What the sample at a position is called."""


@dataclass(frozen=True)
class Shot:
    """Samples that one picture shows.

    Attributes
    ----------
    album : Album
        Where they are from.
    positions : tuple of int
        Which samples.
    alt : str
        What the picture shows, in words.
    """

    album: Album
    positions: tuple[int, ...]
    alt: str

    @property
    def frame(self) -> Frame | None:
        """The samples that could be read, stills side by side, clips one below the other."""
        frames = [self.album.frames[at] for at in self.positions if at in self.album.frames]
        if not frames:
            return None
        if len(frames) == 1:
            return frames[0]
        return (stacked if self.album.clips else side_by_side)(frames)

    @property
    def lost(self) -> int:
        """How many of the samples could not be read."""
        return sum(at not in self.album.frames for at in self.positions)


@dataclass(frozen=True)
class Shown:
    """A picture as a page has it."""

    src: str
    width: int
    height: int
    alt: str


def shown(shot: Shot) -> Shown | None:
    """The picture of a shot; None if no sample of it could be read."""
    frame = shot.frame
    if frame is None:
        return None
    media_type, data = compact(frame)
    times = 2 if frame.shape[0] <= TINY else 1
    src = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
    return Shown(src, times * frame.shape[1], times * frame.shape[0], shot.alt)


class Album:
    """The pictures of one dataset.

    Parameters
    ----------
    dataset : AuditedDataset
        Whose samples are shown.
    name : callable
        What a sample is called.

    Attributes
    ----------
    samples : list of Fingerprint
        All samples, in the dataset's order.
    clips : bool
        Whether they are clips.
    frames : dict of int to Frame
        The pictures, once they are read.
    """

    def __init__(self, dataset: AuditedDataset, name: Name) -> None:
        self._dataset = dataset
        self.samples: list[Fingerprint] = dataset.fingerprints.samples
        self.clips = dataset.info.kind == "clip"
        self.name = name
        self.frames: dict[int, Frame] = {}
        self._wanted: set[int] = set()

    def shot(self, positions: Sequence[int], what: str = "") -> Shot:
        """Ask for a picture of some samples; `what` begins its description."""
        self._wanted |= set(positions)
        told = ", ".join(self.name(at) for at in positions)
        return Shot(self, tuple(positions), f"{what}: {told}" if what else told)

    def load(self, workers: int | None) -> None:
        """Read all pictures that were asked for."""
        readable = {at for at in self._wanted if self.samples[at].error is None}
        if readable:
            per_batch = self._dataset.fingerprints.per_batch
            self.frames = thumbnails(self._dataset.reader, per_batch, readable, workers)

    @property
    def signers(self) -> int:
        """How many known signers are in the pictures."""
        return len({self.samples[at].signer for at in self.frames} - {""})
