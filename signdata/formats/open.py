"""Opening a dataset of any format; reading only a part of one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from signdata.errors import DatasetError, UsageError
from signdata.formats import detect
from signdata.formats.reader import Batch, DatasetInfo, ListBatch, Reader, Survey
from signdata.formats.registry import reader_class
from signdata.samples import SPLITS, Sample

if TYPE_CHECKING:
    from signdata.formats.wlasl.reader import Choice
    from signdata.media.video.clip import ClipOptions


def open_dataset(
    src: str | Path | Sequence[str | Path],
    *,
    format: str | None = None,
    split: str | None = None,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    videos: str | Path | None = None,
    official_splits: bool = True,
    follow_symlinks: bool = False,
    clips: ClipOptions | None = None,
    choice: Choice | None = None,
) -> Reader:
    """Open a dataset for reading.

    Parameters
    ----------
    src : path or sequence of paths
        A file or directory of any format; several CSV files make one dataset.
    format : str, optional
        Name of the format; recognised by default.
    split : str, optional
        Read only the samples of this split.
    labels, csv_size, header
        How a CSV is read; see `signdata.formats.csv.reader.CsvOptions`.
    videos, official_splits
        Where the videos of a WLASL JSON are, and whether its splits are used.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    clips : ClipOptions, optional
        Which frames of a video are read, and how; all by default.
    choice : Choice, optional
        Which instances of a WLASL JSON are read; all by default.

    Returns
    -------
    Reader
        Iterable again and again; yields a `Sample` for each labelled item.

    Raises
    ------
    MissingError, FormatError, UsageError
        If it is not there, is no dataset, or could be read in two ways.
    """
    paths = [Path(src)] if isinstance(src, str | Path) else [Path(one) for one in src]
    if not paths:
        raise UsageError("no dataset named")
    if format is None:
        format = detect.recognise(paths, follow_symlinks=follow_symlinks)
    for path in paths:
        detect.refuse_partial(path)
    reader: Reader
    if format == "csv":
        reader = _open_csv(paths, labels, csv_size, header)
    else:
        if len(paths) > 1:
            raise UsageError(f"{len(paths)} sources; expected one for {format}")
        reader_type = reader_class(format)
        path = paths[0]
        if format in ("videos", "wlasl"):
            from signdata.media.video.clip import ClipOptions

            options = clips or ClipOptions()
            if format == "wlasl":
                path = detect.wlasl_index(path)
                where = Path(videos) if videos is not None else None
                reader = reader_type(path, where, options, choice, official_splits=official_splits)
            else:
                reader = reader_type(path, options, follow_symlinks=follow_symlinks)
        elif format == "hdf5":
            reader = reader_type(path)
        else:
            reader = _open_tree(format, path, follow_symlinks)
    if videos is not None and format != "wlasl":
        raise UsageError(f"--videos goes with a WLASL JSON, not with {format}")
    return reader if split is None else Only(reader, split)


def _open_csv(
    paths: list[Path], labels: str, csv_size: tuple[int, int] | None, header: bool
) -> Reader:
    from signdata.formats.csv.reader import CsvOptions, CsvReader

    if len(paths) == 1 and paths[0].is_dir():
        paths = detect.csv_files(paths[0])
    return CsvReader(paths, CsvOptions(labels, csv_size, header))


def _open_tree(format: str, path: Path, follow_symlinks: bool) -> Reader:
    from signdata.formats.folders import FoldersOptions, FoldersReader
    from signdata.formats.frames import FramesOptions, FramesReader

    if format == "folders":
        return FoldersReader(path, FoldersOptions(follow_symlinks))
    return FramesReader(path, FramesOptions(follow_symlinks))


class _Chosen(Reader):
    """Some samples of another dataset."""

    name = "part"

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.risky = reader.risky  # type: ignore[misc]  # of the dataset that is read

    @abstractmethod
    def takes(self, sample: Sample) -> bool:
        """Whether a sample is one of them."""

    def batches(self) -> Iterator[Batch]:
        for batch in self._reader.batches():
            if isinstance(batch, ListBatch):
                mine = tuple(sample for sample in batch.samples if self.takes(sample))
                if mine:
                    yield replace(batch, samples=mine)
            else:
                yield _Part(batch, self.takes)

    def locate(self, error: DatasetError) -> tuple[str, str]:
        return self._reader.locate(error)

    def close(self) -> None:
        self._reader.close()


class Only(_Chosen):
    """The samples of one split of another dataset."""

    def __init__(self, reader: Reader, split: str) -> None:
        if split not in SPLITS:
            raise UsageError(f"split {split!r}; expected one of {', '.join(SPLITS)}")
        super().__init__(reader)
        self._split = split

    def takes(self, sample: Sample) -> bool:
        return sample.split == self._split

    @cached_property
    def info(self) -> DatasetInfo:
        info = self._reader.info
        n = 0
        present = set()
        for sample in self:
            n += 1
            present.add(sample.label)
        if not n:
            raise DatasetError(
                f"no sample in split {self._split!r}", path=str(info.sources[0]["name"])
            )
        return replace(
            info,
            n_samples=n,
            present=tuple(sorted(present)) if info.present else (),
            splits=(self._split,),
        )

    def survey(self, split: str | None = None) -> Survey:
        if split not in (None, self._split):
            return Survey(None, None, True, 0)
        return self._reader.survey(self._split)


class Without(_Chosen):
    """Another dataset without some of its samples.

    Parameters
    ----------
    reader : Reader
        The dataset.
    ids : iterable of str
        What is left out.
    n_frames : int, optional
        Pictures that all the others have; counted by default where samples are stills.
    """

    def __init__(self, reader: Reader, ids: Iterable[str], n_frames: int | None = None) -> None:
        super().__init__(reader)
        self._ids = frozenset(ids)
        self._n_frames = n_frames

    def takes(self, sample: Sample) -> bool:
        return sample.id not in self._ids

    @cached_property
    def info(self) -> DatasetInfo:
        info = self._reader.info
        labels = [sample.label for sample in self]
        present = tuple(sorted(set(labels))) if info.present else ()
        return replace(info, n_samples=len(labels), present=present)

    def survey(self, split: str | None = None) -> Survey:
        n_frames = self._n_frames
        if n_frames is None and self.info.kind == "still":
            n_frames = self.info.n_samples
        return replace(self._reader.survey(split), n_frames=n_frames if split is None else None)


@dataclass(frozen=True)
class _Part:
    """Some samples of a batch."""

    batch: Batch
    takes: Callable[[Sample], bool]

    @property
    def key(self) -> str:
        return self.batch.key

    def __iter__(self) -> Iterator[Sample]:
        return filter(self.takes, self.batch)
