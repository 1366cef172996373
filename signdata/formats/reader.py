"""The contract of a format: a reader yields samples, a writer stores them.

A new format implements `Reader`, `Writer` or both in one module and gets one
line in the registry (`signdata.formats.registry`). Neither knows any other format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

from signdata.errors import DatasetError, SigndataError, UsageError, one_line
from signdata.formats.batches import Batch, samples_of_split
from signdata.formats.numbered import Numbered
from signdata.formats.sample_columns import SampleColumns
from signdata.labels import LabelSpace
from signdata.options import ReadOptions
from signdata.plurals import counted
from signdata.results import Problem
from signdata.samples import SPLITS, Broken, Sample, Unread
from signdata.sidecars import FOLD

if TYPE_CHECKING:
    from signdata.formats.clip_choice import Choice
    from signdata.media.video.clip import ClipOptions


@dataclass(frozen=True)
class PictureSummary:
    """What all pictures of a dataset have in common, from their headers.

    Attributes
    ----------
    size_hw : tuple of int or None
        Height and width, if every picture has the same.
    channels : int or None
        1 or 3, if every picture has the same number.
    lossless : bool
        Whether no picture is stored with loss (JPEG) or has values that 8-bit grey or RGB
        cannot hold, and none has to be decoded from a video.
    n_frames : int or None
        All pictures together; for stills, as many as samples.
    """

    size_hw: tuple[int, int] | None
    channels: int | None
    lossless: bool
    n_frames: int | None

    @property
    def sizes(self) -> str:
        """What is to be said where there is no one size."""
        return "frames of videos may differ" if self.n_frames is None else "pictures differ"


def decoded_summary(size_hw: tuple[int, int] | None) -> PictureSummary:
    """What frames of videos have in common: their size, where they are all scaled to one."""
    return PictureSummary(size_hw, 3, False, None)


@dataclass(frozen=True)
class DatasetInfo:
    """What a reader knows before it has read any pixel.

    Attributes
    ----------
    format : str
        Name of the format.
    kind : {'still', 'clip'}
        What its samples are.
    labels : LabelSpace
        Declared classes and source codes.
    n_samples : int or None
        How many samples there are, None when only reading tells.
    present : tuple of str
        Labels that are known to occur, sorted; empty when only reading tells.
    columns : tuple of str
        Manifest columns beyond the common ones.
    origin : mapping
        How the first file of a chain of conversions was spelled, so that the way back
        restores it, and in short what is known of the splits (`leak_certificate`). Carried
        along unread by formats that do not know it.
    notes : tuple of Problem
        What was seen in the dataset and is not a sample: junk, empty class folders.
    sources : tuple of mapping
        ``name``, ``sha256`` and more for each file or folder that was named.
    splits : tuple of str
        Splits that are known to occur, '' for samples without one.
    left_out : tuple of Problem
        Samples that a file of corrections leaves out.
    accepted : frozenset of str
        Ids of samples that such a file says are fine, whatever is found there.
    """

    format: str
    kind: str
    labels: LabelSpace = LabelSpace()
    n_samples: int | None = None
    present: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = ()
    splits: tuple[str, ...] = ()
    left_out: tuple[Problem, ...] = ()
    accepted: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """What the dataset is called where all of it is meant."""
        more = f" and {len(self.sources) - 1:,} more" if len(self.sources) > 1 else ""
        return f"{self.source_name}{more}"

    @property
    def source_name(self) -> str:
        """What the dataset is called in an error."""
        return str(self.sources[0]["name"]) if self.sources else ""


def splits_of(samples: Iterable[Sample]) -> tuple[str, ...]:
    """Splits of the samples that can be read, '' for none, in the order of listings."""
    found = {sample.split for sample in samples if not isinstance(sample.pixels, Broken)}
    return tuple(sorted(found, key=("", *SPLITS).index))


@dataclass(frozen=True)
class OpenOptions:
    """All that a reader may be told; each takes what concerns it.

    Attributes
    ----------
    read : ReadOptions
        How the source is read.
    by_number : bool
        Whether pictures without a manifest come in the order of the numbers in their names.
    clips : ClipOptions
        Which frames of a video are read, and how.
    choice : Choice
        Which instances of a WLASL index are read.
    official_splits : bool
        Whether samples carry the splits of a WLASL index.
    """

    read: ReadOptions = ReadOptions()
    by_number: bool = False
    clips: ClipOptions | None = None
    choice: Choice | None = None
    official_splits: bool = True

    @property
    def clip_options(self) -> ClipOptions:
        """What is read of every video."""
        from signdata.media.video.clip import ClipOptions

        read = self.read
        return self.clips or ClipOptions(tone_map=read.tone_map, deinterlace=read.deinterlace)


_VIEW = "signdata.formats.notebook_view"
"""Draws readers, so it knows them, and they name it, as the registry names formats."""

_UNREAD = Unread()
_NO_META: Mapping[str, str] = MappingProxyType({})


class Reader(ABC):
    """A dataset on disk: iterable again and again, in the same order.

    Raises its errors as early as they can be known: the structure when it is made,
    a damaged picture when that sample's pixels are asked for.
    """

    name: ClassVar[str]
    inputs: tuple[Path, ...] = ()
    """Every file and folder that is read: an output may not be, hold or lie inside one."""

    remarks: tuple[Problem, ...] = ()
    """What was noted while the source was opened; told with the notes of `info`."""

    not_chosen: Collection[str] = frozenset()
    """Ids that the source has, and that it was told not to read."""

    self_contained: ClassVar[bool] = False
    """Whether the checksums in `info.sources` are of all that is read."""

    risky: ClassVar[bool] = False
    harmless: ClassVar[bool] = False
    """Whether decoding may take the process down, so that it must not be this one."""

    of_files: ClassVar[bool] = False
    """Whether every sample that can be read is in files of its own, as they are."""

    @property
    @abstractmethod
    def info(self) -> DatasetInfo:
        """What is known without reading pixels."""

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Yield the dataset in units of work."""

    @classmethod
    def open(cls, paths: list[Path], options: OpenOptions) -> Reader:
        """Open a source.

        Parameters
        ----------
        paths : list of Path
            What was named; one path, unless the format takes several.
        options : OpenOptions
            How it is read.

        Raises
        ------
        MissingError, FormatError, UsageError
            If it is not there, is not this format, or cannot be read as asked.
        """
        raise UsageError(f"{cls.name} is a view of another dataset, and has no source of its own")

    def __iter__(self) -> Iterator[Sample]:
        for batch in self.batches():
            yield from batch

    def __bool__(self) -> bool:
        return True  # also without samples; and nothing is read to say so

    def __len__(self) -> int:
        """How many samples there are, with those that cannot be read."""
        known = self.info.n_samples
        return len(self._numbered) if known is None else known

    @overload
    def __getitem__(self, number: int) -> Sample: ...
    @overload
    def __getitem__(self, number: slice) -> list[Sample]: ...
    def __getitem__(self, number: int | slice) -> Sample | list[Sample]:
        """A sample, or several, by number in the order of reading; -1 is the last."""
        if isinstance(number, slice):
            return [self._numbered[i] for i in range(*number.indices(len(self)))]
        return self._numbered[number if number >= 0 else range(len(self))[number]]

    @cached_property
    def _numbered(self) -> Numbered:
        return Numbered(self.batches())

    @property
    def per_batch(self) -> list[int]:
        """How many samples each of its batches has."""
        return self._numbered.per_batch()

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: all but batches that are being counted."""
        return {name: value for name, value in vars(self).items() if name != "_numbered"}

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in order: the declared ones, then the others that occur.

        A label's number in it is that of the whole dataset, whichever split is read.
        """
        info = self.info
        return info.labels.order(info.present or {one.label for one in self.outline})

    def __repr__(self) -> str:
        try:
            info = self.info
        except SigndataError as err:
            return f"<{type(self).__name__}: {err}>"
        kind = f"{info.kind}s"
        known = f"{info.n_samples:,} {kind}" if info.n_samples is not None else kind
        named = f" of {counted(len(info.present), 'class', 'classes')}" if info.present else ""
        return one_line(f"<{type(self).__name__} {info.title}: {info.format}, {known}{named}>")

    def _repr_html_(self) -> str:
        shown: str = import_module(_VIEW).of_reader(self)
        return shown

    def columns(self) -> Iterator[SampleColumns]:
        """Yield all samples in order, some at a time, as columns.

        By default made of the samples; a reader that knows columns gives the same without them.
        """
        for batch in self.batches():
            yield SampleColumns.of(tuple(batch))

    @cached_property
    def outline(self) -> tuple[Sample, ...]:
        """Every sample's id, label, split, group, fold and name, read once and without the rest.

        For those who choose among samples: a CSV has to be read to know its labels.
        """
        return tuple(
            Sample(
                sample.id,
                sample.label,
                sample.pixels if isinstance(sample.pixels, Broken) else _UNREAD,
                sample.split,
                sample.group,
                meta={FOLD: sample.meta[FOLD]} if FOLD in sample.meta else _NO_META,
                stored_as=sample.stored_as,
            )
            for sample in self
        )

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        """What the pictures, or those of one split, have in common.

        By default found by decoding all of them.
        """
        sizes, channels, n_frames = set(), set(), 0
        for sample in samples_of_split(self, split):
            for frame in sample.frames():
                sizes.add(frame.shape[:2])
                channels.add(frame.shape[2])
                n_frames += 1
        return PictureSummary(
            sizes.pop() if len(sizes) == 1 else None,
            channels.pop() if len(channels) == 1 else None,
            True,
            n_frames,
        )

    def locate(self, error: DatasetError) -> tuple[str, str]:
        """The file and the place in it that an error is about which names none.

        Such errors tell of a label or a name that cannot be written, or of all pictures.
        """
        return self.info.source_name, ""

    def damage(self, workers: int | None) -> list[Problem]:
        """What is wrong with the files that many samples are in, beyond the samples themselves.

        For `verify`, which reads all of them.
        """
        return []

    def close(self) -> None:  # noqa: B027 - most readers hold nothing open
        """Release what the reader holds open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
