"""The samples of a tree or a table: very many of them in little memory, quickly read together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar, overload

from signdata.errors import SigndataError
from signdata.formats.batches import BATCH, BatchOfRange, samples_of_split
from signdata.formats.packed import Packed
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.trees.picture_files import PictureFiles, read
from signdata.media.image.pixels import decoded_together
from signdata.samples import Broken, Pixels, Sample, Stills

T = TypeVar("T")

FEW = 1024
"""Parts up to which they stay as they are, 200 bytes a picture: packing would cost a twentieth of
the time that it takes to read small pictures."""

PictureRow: TypeAlias = tuple[str, str, str, str, str | SigndataError]
"""A picture's path below the root, id, label and split, and its file or why that is not read."""

_Part: TypeAlias = SampleColumns | tuple[Sample, ...]
"""Samples as columns, or as they are where one of them is more than a picture file."""


class PackedSamples(Sequence[Sample]):
    """Samples that are made anew whenever one is asked for.

    Parameters
    ----------
    parts : iterable
        `BATCH` samples each, the last one what is left.
    of_masks : bool
        Whether their pictures are masks.
    """

    def __init__(self, parts: Iterable[_Part], *, of_masks: bool = False) -> None:
        self._parts: Packed[_Part] = Packed(parts, at_once=1, few=FEW)
        self._of_masks = of_masks
        n = len(self._parts)
        self._n = (n - 1) * BATCH + len(self._parts[n - 1]) if n else 0

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> PackedSamples:
        """Samples, taken one by one."""
        return cls(map(_part, _some(samples)))

    @classmethod
    def of_rows(cls, rows: Iterable[PictureRow]) -> PackedSamples:
        """Pictures of which nothing but these is known, taken one by one."""
        return cls(map(_columns, _some(rows)))

    def as_masks(self) -> PackedSamples:
        """The same samples, their pictures seen as masks."""
        parts = (
            part if isinstance(part, SampleColumns) else tuple(map(_as_mask, part))
            for part in self._parts
        )
        return PackedSamples(parts, of_masks=True)

    def __len__(self) -> int:
        return self._n

    def columns(self) -> Iterator[SampleColumns]:
        """All samples as columns, some at a time."""
        for part in self._parts:
            yield part if isinstance(part, SampleColumns) else SampleColumns.of(part)

    def files(self, split: str | None = None) -> Iterator[str]:
        """The files that hold nothing but one of the samples, or of those of one split."""
        for part in self._parts:
            if isinstance(part, SampleColumns):
                own = zip(part.splits, part.files, strict=True)
                yield from (file for of, file in own if file and split in (None, of))
            else:
                for sample in samples_of_split(part, split):
                    yield from sample.pixels.files

    @overload
    def __getitem__(self, place: int) -> Sample: ...

    @overload
    def __getitem__(self, place: slice) -> list[Sample]: ...

    def __getitem__(self, place: int | slice) -> Sample | list[Sample]:
        if not isinstance(place, slice):
            number, within = divmod(range(self._n)[place], BATCH)
            return self._samples(self._parts[number])[within]
        start, stop, step = place.indices(self._n)
        if step != 1:
            return [self[i] for i in range(start, stop, step)]
        numbers = range(start // BATCH, -(-stop // BATCH))
        made = [sample for number in numbers for sample in self._samples(self._parts[number])]
        before = numbers.start * BATCH
        return made[start - before : max(start, stop) - before]

    def __iter__(self) -> Iterator[Sample]:
        for part in self._parts:
            yield from self._samples(part)

    def _samples(self, part: _Part) -> Sequence[Sample]:
        if not isinstance(part, SampleColumns):
            return part
        masks = self._of_masks
        pixels: list[Pixels] = [PictureFiles((file,), of_masks=masks) for file in part.files]
        for number, error in part.broken.items():
            pixels[number] = Broken(error)
        return part.samples(pixels)

    def together(self, start: int) -> tuple[SampleColumns, Stills] | None:
        """The samples of the part that begins at `start`, with their pictures.

        None where each has to be read on its own.
        """
        part = self._parts[start // BATCH]
        if not isinstance(part, SampleColumns) or part.broken:
            return None
        pictures = ((read(file), file) for file in part.files)
        stills = decoded_together(pictures, len(part), of_masks=self._of_masks)
        return None if stills is None else (part, stills)


class PictureBatch(BatchOfRange):
    """A part of `PackedSamples`, read together before any `Sample` of it is made."""

    has_originals = True

    def together(self) -> tuple[SampleColumns, Stills] | None:
        """All samples and their pictures; None where each has to be read on its own."""
        samples, start, _ = self.range
        return samples.together(start) if isinstance(samples, PackedSamples) else None


def _some(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """`BATCH` items at a time."""
    rest = iter(items)
    while some := tuple(itertools.islice(rest, BATCH)):
        yield some


def _columns(rows: Sequence[PictureRow]) -> SampleColumns:
    paths, ids, labels, splits, files = zip(*rows, strict=True)
    broken = {i: file for i, file in enumerate(files) if isinstance(file, SigndataError)}
    names = ["" if isinstance(file, SigndataError) else file for file in files]
    nothing = ("",) * len(rows)
    return SampleColumns(ids, labels, splits, nothing, paths, (), {}, names, broken)


def _part(samples: tuple[Sample, ...]) -> _Part:
    """Samples as columns, where nothing of them is lost."""
    columns = SampleColumns.of(samples)
    return columns if columns.lack_nothing and all(map(_is_plain, samples)) else samples


def _is_plain(sample: Sample) -> bool:
    """Whether a sample is a picture known by the name of its file, or by its error."""
    pixels = sample.pixels
    if isinstance(pixels, PictureFiles):
        return sample.kind == "still" and pixels == PictureFiles(pixels.paths[:1])
    return sample.kind == "still" and isinstance(pixels, Broken)


def _as_mask(sample: Sample) -> Sample:
    if isinstance(sample.pixels, PictureFiles):
        return replace(sample, pixels=replace(sample.pixels, of_masks=True))
    return sample
