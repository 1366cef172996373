"""Writing the HDF5 layouts that `signdata.formats.hdf5.reader` draws and reads.

The file is made once the number and shape of the pictures are known, its one big
dataset contiguous and its space reserved; pixels are then written plainly into
that space, in order, and everything small is added at the end. A run that is
killed goes on behind the last recorded byte.
"""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import h5py
import numpy as np
from numpy.typing import NDArray

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, UnsafeNameError, UsageError
from signdata.filesystem import write_file
from signdata.formats.hdf5 import keypoints, safety, texts, times
from signdata.formats.hdf5.seal import unsealed
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import DatasetInfo, PictureSummary
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.trees import pictures
from signdata.formats.writer import EncodedItem, EncodedStills, OutputSummary, Writer, values_of
from signdata.samples import Pixels, Sample

ROWS = 8192
"""Rows of the manifest that are in memory at once."""

LAYOUTS = ("auto", "raw", "encoded")


class Hdf5Writer(Writer):
    """Writes an HDF5 dataset.

    Parameters
    ----------
    file_name : str
        Name of the file.
    layout : {'auto', 'raw', 'encoded'}
        `auto` stores arrays when all pictures share a size and none is a JPEG or from a
        video, and picture files otherwise.
    options : PictureOptions
        How pictures are encoded that have no original bytes.
    """

    name = "hdf5"
    single_file = True
    holds = frozenset({"still", "clip"})

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(out.name, layout, pictures)

    def __init__(
        self,
        file_name: str,
        layout: str = "auto",
        options: PictureOptions = PictureOptions(),
    ) -> None:
        if layout not in LAYOUTS:
            raise UsageError(f"HDF5 layout {layout!r}; expected one of {', '.join(LAYOUTS)}")
        self._file_name = file_name
        self._layout = layout
        self._options = options
        self._kind = "still"
        self._n: int | None = 0
        self._shape: tuple[int, int, int] | None = None

    @property
    def wants_picture_summary(self) -> bool:
        return self._layout != "encoded"

    def check(self, info: DatasetInfo) -> None:
        super().check(info)
        for column in info.columns:
            safety.link_name(column)
        for name in info.labels.classes:
            refuse_nul_in(name, "class name")
        self._kind = info.kind

    def prepare(self, summary: PictureSummary) -> None:
        uniform = summary.size_hw is not None and summary.channels is not None
        if self._layout == "raw" and not uniform:
            raise DatasetError(
                f"{summary.sizes} in size or colour; the raw layout holds one shape",
                remedy="Say --size WxH, --gray, or --hdf5-layout encoded.",
            )
        if self._layout == "encoded" or not (uniform and (summary.lossless or self._raw_asked)):
            return
        assert summary.size_hw
        assert summary.channels
        self._shape = (*summary.size_hw, summary.channels)
        self._n = summary.n_frames

    @property
    def _raw_asked(self) -> bool:
        return self._layout == "raw"

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_nul(sample)
        kind = type(sample.pixels)
        if (
            kind.companion is Pixels.companion and kind.times is Pixels.times
        ):  # nothing next to frames
            return self._frames(sample)
        return self._with_companions(sample)

    def takes_together(self, *, originals: bool) -> bool:
        return self._shape is not None

    def encoded_together(
        self, samples: SampleColumns, frames: NDArray[np.uint8]
    ) -> EncodedStills | None:
        if frames.shape[1:] != self._shape:
            return None
        texts = (samples.ids, samples.labels, samples.groups, samples.sources)
        if "\0" in "".join(itertools.chain(*texts, *samples.meta.values())):
            return None  # one by one, so that the sample is named
        return EncodedStills(values_of(frames))

    def _with_companions(self, sample: Sample) -> Iterator[EncodedItem]:
        found: list[bytes] = []
        waiting: EncodedItem | None = None
        for number, item in enumerate(self._frames(sample)):
            if waiting is not None:
                yield waiting
            companion = sample.pixels.companion(number)
            found.append(companion[1] if companion is not None else b"")
            waiting = item
        if any(found):  # before the last picture: what comes last is the sample's place
            path = f"{keypoints.FOLDER}/{keypoints.file_name(sample.id)}"
            yield EncodedItem(path, keypoints.pack(found), companion=True)
        if seconds := sample.pixels.times():
            path = times.waiting_place(sample.id)
            yield EncodedItem(path, times.pack(seconds), companion=True)
        if waiting is not None:
            yield waiting

    def _frames(self, sample: Sample) -> Iterator[EncodedItem]:
        """Each frame as the layout stores it."""
        if self._shape is None:
            for picture in pictures.encoded_frames(sample, self._options):
                yield EncodedItem("", picture.data)
            return
        for frame in sample.pixels.frames():
            if frame.shape != self._shape:
                raise FormatError(
                    f"shape {frame.shape}; expected {self._shape} as of all others",
                    path=sample.source,
                )
            yield EncodedItem("", frame.tobytes())

    @property
    def _array_shape(self) -> tuple[int, ...]:
        assert self._shape
        gray_stills = self._kind == "still" and self._shape[2] == 1
        return self._shape[:2] if gray_stills else self._shape

    def begin(self, tree: Path) -> tuple[Path, int]:
        path = tree / self._file_name
        if self._shape is None or self._n is None:
            path = tree.parent / "blob"
            if not path.exists():
                write_file(path, b"")
            return path, 0
        if not path.exists():
            temporary = tree.parent / "new.h5"
            _create(temporary, self._array_name, (self._n, *self._array_shape))
            temporary.replace(path)
        with h5py.File(path, "r") as file:
            return path, int(file[self._array_name].id.get_offset())

    @property
    def _array_name(self) -> str:
        if self._shape is None:
            return "encoded"
        return "images" if self._kind == "still" else "frames"

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        path = tree / self._file_name
        n_frames = array("q", map(len, finished.sizes()))
        if self._shape is None or self._n is None:  # how long it is was not known before
            shape: tuple[int, ...] = (finished.end,)
            if self._shape is not None:
                shape = (sum(n_frames), *self._array_shape)
            path.unlink(missing_ok=True)
            offset = _create(path, self._array_name, shape)
            _copy_range(tree.parent / "blob", 0, path, offset, finished.end)
        elif sum(n_frames) != self._n:
            # Some pictures could not be read: the array has to be as long as what there is.
            whole = tree.parent / "whole.h5"
            path.replace(whole)
            with h5py.File(whole, "r") as file:
                start = file[self._array_name].id.get_offset()
            offset = _create(path, self._array_name, (sum(n_frames), *self._array_shape))
            _copy_range(whole, start, path, offset, finished.end - start)
        with h5py.File(path, "r+") as file:
            if self._kind == "clip":
                file["offsets"] = _positions(n_frames)
            if self._shape is None:
                lengths = (length for sizes in finished.sizes() for length in sizes)
                file["encoded_offsets"] = _positions(array("q", lengths))
            _describe(file, finished)

            def samples() -> Iterator[tuple[str, int]]:
                ids = (name for block in finished.blocks() for name in block.column("id"))
                return zip(ids, n_frames, strict=True)

            keypoints.store(file, tree, samples)
            times.store(file, tree, samples)
            file.flush()
        _sync(path)


def refuse_nul_in(text: str, what: str) -> None:
    """Raise `UnsafeNameError` for text that HDF5 would cut off."""
    if "\0" in text:
        raise UnsafeNameError(f"{what} {text[:40]!r} holds NUL, which HDF5 cannot store")


def refuse_nul(sample: Sample) -> None:
    """Raise `UnsafeNameError` for a sample with text that HDF5 would cut off."""
    own = f"{sample.id}{sample.label}{sample.group}{sample.source}"
    if "\0" not in own and "\0" not in "".join(sample.meta.values()):
        return
    known = {"id": sample.id, "class name": sample.label, "group": sample.group}
    for what, text in {**known, "source": sample.source, **sample.meta}.items():
        refuse_nul_in(text, what)


def _create(path: Path, name: str, shape: tuple[int, ...]) -> int:
    """Make a file with one contiguous uint8 dataset, its space reserved; where its bytes begin."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.CONTIGUOUS)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    plist.set_obj_track_times(False)
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple(shape)
        dataset = h5py.h5d.create(file.id, name.encode(), h5py.h5t.STD_U8LE, space, plist)
        offset = dataset.get_offset()
    return int(offset or 0)


def _positions(lengths: array[int]) -> NDArray[np.int64]:
    """Where each part begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _copy_range(source: Path, start: int, target: Path, offset: int, length: int) -> None:
    with source.open("rb") as reading, target.open("r+b") as writing:
        reading.seek(start)
        writing.seek(offset)
        while length:
            data = reading.read(min(length, 1 << 22))
            writing.write(data)
            length -= len(data)


def _describe(file: h5py.File, finished: OutputSummary) -> None:
    index = {name: idx for idx, name in enumerate(finished.classes)}
    names = list(finished.classes)
    texts.put(file, "class_names", len(names), texts.longest(names)).write(0, names)
    n = finished.n_samples
    labels = file.create_dataset("labels", shape=(n,), dtype=np.int64, track_times=False)
    stored = [name for name in finished.columns if name not in ("path", "label")]
    longest = dict.fromkeys(stored, 0)
    for block in finished.blocks():
        for name in stored:
            longest[name] = max(longest[name], texts.longest(block.column(name)))
    columns = {name: texts.put(file, _place(name), n, longest[name]) for name in stored}
    start = 0
    for part in _parts(finished, ["label", *columns]):
        end = start + len(part["label"])
        labels[start:end] = [index[label] for label in part["label"]]
        for name, column in columns.items():
            column.write(start, part[name])
        start = end
    file.attrs["signdata"] = sidecars.dump_document(unsealed(finished.document)).decode()


def _parts(finished: OutputSummary, names: list[str]) -> Iterator[dict[str, list[str]]]:
    """Yield some columns of the manifest, `ROWS` rows at a time."""
    waiting: dict[str, list[str]] = {name: [] for name in names}
    for block in finished.blocks():
        for name, values in waiting.items():
            values.extend(block.column(name))
        while len(waiting[names[0]]) >= ROWS:
            yield {name: values[:ROWS] for name, values in waiting.items()}
            waiting = {name: values[ROWS:] for name, values in waiting.items()}
    if waiting[names[0]]:
        yield waiting


def _place(column: str) -> str:
    """What the dataset of a manifest's column is called."""
    own = {"id": "ids", "split": "splits", "group": "groups"}
    return own.get(column) or f"meta/{safety.link_name(column)}"


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
