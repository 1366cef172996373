"""A dataset whose samples are asked for by number, as training loops do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DatasetError, FormatError, UsageError
from signdata.formats.hdf5.pixels import RawPixels
from signdata.formats.open import open_dataset
from signdata.formats.trees.picture_files import PictureFiles
from signdata.limits import check_size
from signdata.media.image import ops
from signdata.media.image.decode import decode
from signdata.media.image.masks import seen
from signdata.media.image.pixels import CodedPixels
from signdata.media.video.clip import ClipOptions
from signdata.media.video.frame_selection import Selection, evenly
from signdata.results import Problem
from signdata.samples import SPLITS, Broken, Frame, Pixels, Sample


@dataclass(frozen=True)
class Wanted:
    """What every picture is brought to.

    Attributes
    ----------
    size_wh : tuple of int or None
        Width and height; None keeps the size of the source.
    channels : {1, 3} or None
        Grey or RGB; None keeps what is stored.
    frames : int or None
        That many evenly spaced frames of each clip; None takes all.
    """

    size_wh: tuple[int, int] | None = None
    channels: int | None = None
    frames: int | None = None

    def __post_init__(self) -> None:
        if self.channels not in (None, 1, 3):
            raise UsageError(f"channels {self.channels!r}; expected 1 (grey) or 3 (RGB)")
        check_size(self.size_wh, "size")
        if self.frames is not None and self.frames < 1:
            raise UsageError(f"{self.frames} frames; expected at least 1")

    def apply(self, frame: Frame) -> Frame:
        """Bring one (H, W, C) uint8 frame to the size and colours that are wanted."""
        if self.channels == 1:
            frame = ops.to_gray(frame)
        elif self.channels == 3 and frame.shape[2] == 1:
            frame = np.repeat(frame, 3, axis=2)
        if self.size_wh is None:
            return frame
        return ops.resize(frame, (self.size_wh[1], self.size_wh[0]))


class IndexedDataset:
    """The samples of a dataset, or of one split of it, by number.

    Nothing is decoded before it is asked for, except that the pixels of a CSV are read into
    memory once. What is kept can be pickled, and no file stays open.

    Parameters
    ----------
    path : path or sequence of paths
        A dataset of any format.
    split : str or None
        ``train``, ``val`` or ``test``; None takes all samples.
    wanted : Wanted
        What every picture is brought to.
    **reading
        Further keywords of `signdata.open_dataset`.

    Attributes
    ----------
    samples : list of Sample
    classes : tuple of str
        Of the whole dataset, whichever split is read.
    targets : ndarray of int64, shape (N,)
        Index of each sample's label in `classes`.
    problems : tuple of Problem
        Samples that were left out as they cannot be read, such as a video that is missing.
    kind : {'still', 'clip'}

    Raises
    ------
    DatasetError
        If the split, or the whole dataset, has no sample that can be read.
    """

    def __init__(
        self,
        path: str | Path | Sequence[str | Path],
        split: str | None,
        wanted: Wanted,
        **reading: Any,
    ) -> None:
        if split is not None and split not in SPLITS:
            raise UsageError(f"split {split!r}; expected one of {', '.join(SPLITS)}")
        if wanted.frames is not None and "clips" not in reading:
            reading["clips"] = ClipOptions(Selection(n_frames=wanted.frames))
        self.wanted = wanted
        self.samples: list[Sample] = []
        problems, present, splits = [], set(), set()
        with open_dataset(path, **reading) as reader:
            for sample in reader:
                if isinstance(sample.pixels, Broken):
                    if split in (None, sample.split):
                        problems.append(_problem(sample, sample.pixels))
                    continue
                present.add(sample.label)
                splits.add(sample.split)
                if split in (None, sample.split):
                    self.samples.append(sample)
            info = reader.info
        if not self.samples:
            raise DatasetError(_nothing(split, splits), path=info.source_name)
        self.kind = info.kind
        self.classes = info.labels.order({*present, *info.present})
        self.problems = tuple(problems)
        index = {name: idx for idx, name in enumerate(self.classes)}
        self.targets = np.array([index[sample.label] for sample in self.samples], np.int64)

    def __len__(self) -> int:
        return len(self.samples)

    def subset(self, numbers: Iterable[int]) -> IndexedDataset:
        """The same dataset with some of its samples, in the order of their numbers."""
        chosen = list(numbers)
        part = object.__new__(type(self))
        part.__dict__.update(self.__dict__)
        part.samples = [self.samples[i] for i in chosen]
        part.targets = self.targets[chosen]
        return part

    def read(self, number: int) -> NDArray[np.uint8]:
        """Pixels of one sample.

        Returns
        -------
        ndarray of uint8
            A still as (H, W, C), a clip as (T, H, W, C); 0..255, grey (C = 1) or RGB (C = 3).

        Raises
        ------
        DecodeError
            If it cannot be read.
        FormatError
            If the frames of a clip differ in size.
        """
        sample = self.samples[number]
        pixels, wanted = _thinned(sample, self.wanted.frames)
        if isinstance(pixels, CodedPixels):
            read = pixels.seen_again()
        else:
            read = replace(sample, pixels=pixels).frames()
        frames = [self.wanted.apply(frame) for frame in read]
        if self.kind == "still":
            return frames[0]
        if wanted is not None and len(frames) != wanted:
            frames = [frames[i] for i in evenly(wanted, len(frames))]
        if len({frame.shape for frame in frames}) > 1:
            raise FormatError(
                "frames of different sizes; they do not fit into one array",
                path=sample.source or sample.id,
                remedy="Give a size.",
            )
        return np.stack(frames)

    def planes(self, numbers: Sequence[int]) -> NDArray[np.uint8] | None:
        """Several stills at once, (N, C, H, W); None where each has to be read on its own.

        Raises
        ------
        DecodeError
            If one cannot be read.
        """
        made: NDArray[np.uint8] | None = None
        buffer: NDArray[np.uint8] | None = None
        for row, number in enumerate(numbers):
            pixels = self.samples[number].pixels
            picture = pixels.alone() if isinstance(pixels, CodedPixels) else None
            if picture is None or not isinstance(pixels, CodedPixels):
                return None
            frame, _ = decode(*picture, buffer)
            if buffer is None:
                buffer = np.empty(frame.size, np.uint8)
            frame = self.wanted.apply(seen(frame) if pixels.of_masks else frame)
            shape = (frame.shape[2], *frame.shape[:2])
            if made is None:
                made = np.empty((len(numbers), *shape), np.uint8)
            if shape != made.shape[1:]:
                return None
            ops.put_planes(frame, made[row])
        return made

    def mapped(self) -> NDArray[np.uint8] | None:
        """The stills as rows of an array in a file, mapped into memory; None where they are not.

        Shape (M, H, W, C) uint8; the row of each sample is in `rows`.
        """
        first = self.samples[0].pixels
        if self.kind != "still" or not isinstance(first, RawPixels):
            return None
        whole = (first.path, first.offset, first.frame_shape)
        for sample in self.samples:
            pixels = sample.pixels
            if not isinstance(pixels, RawPixels):
                return None
            if (pixels.path, pixels.offset, pixels.frame_shape) != whole:
                return None
        height, width, *channels = first.frame_shape
        shape = (int(self.rows.max()) + 1, height, width, *(channels or [1]))
        wanted = self.wanted
        if wanted.size_wh not in (None, (width, height)) or wanted.channels not in (None, shape[3]):
            return None
        return np.memmap(first.path, np.uint8, "r", first.offset, shape)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each sample in the array of `mapped`."""
        return np.array([getattr(sample.pixels, "start", -1) for sample in self.samples], np.int64)


def _thinned(sample: Sample, wanted: int | None) -> tuple[Pixels, int | None]:
    """The pixels of a clip, and how many of its frames are still to be chosen.

    Of a folder of frames only those are decoded that are wanted.
    """
    pixels = sample.pixels
    if wanted is None or not isinstance(pixels, PictureFiles):
        return pixels, wanted
    paths = tuple(pixels.paths[i] for i in evenly(wanted, len(pixels.paths)))
    return replace(pixels, paths=paths), None


def _problem(sample: Sample, pixels: Broken) -> Problem:
    return Problem.from_error(pixels.error, pixels.error.kind, sample.source or sample.id)


def _nothing(split: str | None, splits: set[str]) -> str:
    if split is None:
        return "no sample that can be read"
    found = ", ".join(name for name in SPLITS if name in splits) or "no splits"
    return f"no sample in split {split!r}; found {found}"
