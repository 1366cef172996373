"""A dataset held for looking at: all samples by number, and their columns as small integers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DecodeError, SigndataError
from signdata.formats.batches import Batch, list_batches
from signdata.formats.hdf5.pixels import RawPixels
from signdata.formats.reader import DatasetInfo, Reader
from signdata.samples import SPLITS, ArrayPixels, Broken, Frame, Pixels, Sample
from signdata.workers.forks import no_collection


@dataclass(frozen=True)
class Column:
    """One column: its distinct values, and the index of each sample's value among them.

    Attributes
    ----------
    values : tuple of str
    codes : ndarray of int32, shape (N,)
        -1 where a sample has no value.
    """

    values: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, items: Sequence[str], order: Iterable[str] | None = None) -> Column:
        """The column of these values; `order` has all of them, by default they are sorted."""
        values = tuple(dict.fromkeys(order)) if order is not None else tuple(sorted(set(items)))
        index = {value: number for number, value in enumerate(values)}
        return cls(values, np.fromiter((index[one] for one in items), np.int32, len(items)))

    def mask(self, wanted: Iterable[str]) -> NDArray[np.bool_]:
        """(N,) bool: which samples have one of these values."""
        some = set(wanted)
        chosen = np.array([value in some for value in self.values] + [False], bool)
        found: NDArray[np.bool_] = chosen[self.codes]  # -1 is the last: False
        return found

    def counts(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of the samples in `mask` have each value."""
        codes = self.codes[mask]
        found: NDArray[np.int64] = np.bincount(codes[codes >= 0], minlength=len(self.values))
        return found

    def value(self, number: int) -> str:
        """The value of one sample, '' without one."""
        code = self.codes[number]
        return self.values[code] if code >= 0 else ""


@dataclass(frozen=True, slots=True)
class SpilledPixels(Pixels):
    """A still whose pixels were put into an open temporary file."""

    file: IO[bytes]
    offset: int
    shape: tuple[int, ...]

    def frames(self) -> Iterator[Frame]:
        size = int(np.prod(self.shape))
        data = os.pread(self.file.fileno(), size, self.offset)
        if len(data) < size:
            raise DecodeError("the temporary file of its pixels is cut short")
        yield np.frombuffer(data, np.uint8).reshape(self.shape)


PLAIN = (ArrayPixels, RawPixels, SpilledPixels)
"""Pixels that are read without any decoder, and so by the server itself."""


class Catalog:
    """All samples of a dataset by number, from 0, in its order.

    Memory: about 800 bytes a sample. The pixels of a CSV, which its reader holds in memory, go
    into a temporary file without a name.

    Parameters
    ----------
    reader : Reader
        The dataset; read once.

    Attributes
    ----------
    info : DatasetInfo
    samples : list of Sample
    labels, splits, groups, signers : Column
    faults : Column
        ``missing``, ``corrupt``, ... for samples that are known to be unreadable; '' otherwise.
    """

    def __init__(self, reader: Reader) -> None:
        self._file: IO[bytes] | None = None
        self._written = 0
        with no_collection():
            self.samples = [self._light(sample) for sample in reader]
        if self._file is not None:
            self._file.flush()
        self.info: DatasetInfo = reader.info
        samples = self.samples
        labels = [sample.label for sample in samples]
        self.classes = self.info.labels.order({*labels, *self.info.present} - {""})
        self.labels = Column.of(labels, (*self.classes, *sorted({*labels} - {*self.classes})))
        self.splits = Column.of([sample.split for sample in samples], ("", *SPLITS))
        self.groups = Column.of([sample.group for sample in samples])
        self.signers = Column.of([sample.meta.get("signer", "") for sample in samples])
        self.faults = Column.of([_fault(sample) for sample in samples])

    @classmethod
    def empty(cls) -> Catalog:
        """A catalog without samples, for those who look at runs alone."""
        return cls(_NoReader())

    def _light(self, sample: Sample) -> Sample:
        """A sample that keeps no pixels in memory."""
        pixels = sample.pixels
        if not isinstance(pixels, ArrayPixels) or pixels.array.ndim != 3:
            return sample
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=1 << 20)  # noqa: SIM115 - lives on
        array = pixels.array
        self._file.write(array.tobytes())
        spilled = SpilledPixels(self._file, self._written, array.shape)
        self._written += array.nbytes
        # Several times as fast as `replace`, and there may be a hundred thousand of them.
        return Sample(
            sample.id,
            sample.label,
            spilled,
            sample.split,
            sample.group,
            sample.source,
            sample.kind,
            sample.meta,
            sample.stored_as,
        )

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each id; the first one where an id occurs twice."""
        return {sample.id: n for n, sample in reversed(list(enumerate(self.samples)))}

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """(N,) bool: which samples are not known to be unreadable."""
        return self.faults.mask([""])

    def error(self, number: int) -> SigndataError | None:
        """Why a sample cannot be read, if that is known."""
        pixels = self.samples[number].pixels
        return pixels.error if isinstance(pixels, Broken) else None

    def close(self) -> None:
        """Let go of the temporary file."""
        if self._file is not None:
            self._file.close()


class _NoReader(Reader):
    """A dataset without samples."""

    name = "none"

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo("", "still", n_samples=0)

    def batches(self) -> Iterator[Batch]:
        return iter(())


def _fault(sample: Sample) -> str:
    return sample.pixels.error.kind if isinstance(sample.pixels, Broken) else ""


def anonymous(column: Column, word: str) -> Column:
    """The same column with numbers for names; '' stays."""
    names = (value and f"{word} {number}" for number, value in enumerate(column.values, 1))
    return Column(tuple(names), column.codes)


class HeldReader(Reader):
    """The samples of a catalog as a dataset, for those who count them."""

    name = "held"

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @property
    def info(self) -> DatasetInfo:
        return self._catalog.info

    def batches(self) -> Iterator[Batch]:
        return iter(list_batches(self._catalog.samples))
