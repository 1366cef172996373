"""Writing one ``.npz``, whose arrays can be mapped into memory.

::

    images.npy        (N, H, W) or (N, H, W, 3) uint8
    clips.npy         (N, T, H, W, C) uint8, where samples are clips of T frames
    labels.npy        (N,) int64, index into class_names
    class_names.npy   text
    splits.npy        text, where samples have splits

The pictures come first and grow while samples arrive; their header has a fixed length and is
filled in at the end.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from signdata import sidecars
from signdata.errors import DatasetError, FormatError, UsageError
from signdata.filesystem import write_file
from signdata.formats.arrays.zip_parts import StoredMember, contents, crc_of, header_length
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import DatasetInfo, PictureSummary
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.writer import (
    EncodedItem,
    EncodedStills,
    OutputSummary,
    Writer,
    refuse_broken,
    values_of,
)
from signdata.samples import Sample

IMAGES, CLIPS = "images.npy", "clips.npy"
NPY_HEADER = 192
"""Bytes of the header of the pictures, whatever their number: a multiple of 64."""

ROWS = 8192
"""Values of other arrays that are in memory at once."""


class ArraysWriter(Writer):
    """Writes an ``.npz`` with its manifest next to it."""

    name = "arrays"
    single_file = True
    holds = frozenset({"still", "clip"})

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(out.name)

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._shape: tuple[int, ...] = ()
        self._is_clips = False

    def check(self, info: DatasetInfo) -> None:
        super().check(info)
        self._is_clips = info.kind == "clip"

    @property
    def _name(self) -> str:
        """What the array of the pictures is called."""
        return CLIPS if self._is_clips else IMAGES

    @property
    def wants_picture_summary(self) -> bool:
        return True

    def prepare(self, summary: PictureSummary) -> None:
        if summary.channels is None:
            raise DatasetError(
                "pictures are both grey and colour; arrays hold one kind",
                remedy="Say --gray to convert them.",
            )
        if summary.size_hw is None:
            raise DatasetError(
                f"{summary.sizes} in size; arrays hold one size", remedy="Say --size WxH."
            )
        colour = (summary.channels,) if summary.channels == 3 or self._is_clips else ()
        self._shape = (*summary.size_hw, *colour)

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        for frame in sample.frames():
            values = frame if len(self._shape) == 3 else frame[:, :, 0]
            if values.shape != self._shape or (len(self._shape) == 2 and frame.shape[2] != 1):
                raise FormatError(
                    f"shape {frame.shape}; expected {self._shape} as of all others",
                    path=sample.source,
                )
            yield EncodedItem("", values.tobytes())

    def loses_of(self, sample: Sample, n_frames: int) -> list[str]:
        lost = ["the times of its frames"] if sample.pixels.times() else []
        if any(sample.pixels.companion(number) is not None for number in range(n_frames)):
            lost.append("the keypoints of its frames")
        return lost

    def takes_together(self, *, originals: bool) -> bool:
        return True

    def encoded_together(
        self, samples: SampleColumns, frames: NDArray[np.uint8]
    ) -> EncodedStills | None:
        shape = (*self._shape, 1) if len(self._shape) == 2 else self._shape
        return EncodedStills(values_of(frames)) if frames.shape[1:] == shape else None

    def begin(self, tree: Path) -> tuple[Path, int]:
        path = tree / self._file_name
        start = header_length(self._name) + NPY_HEADER
        if not path.exists():
            write_file(path, bytes(start))
        return path, start

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        path = tree / self._file_name
        axes = (finished.n_samples, *self._length_of_clips(finished))
        with path.open("r+b") as file:
            file.truncate(finished.end)
            members = [self._close_images(file, finished.end, axes)]
            for name, dtype, values in _columns(finished):
                members.append(_append(file, name, finished.n_samples, dtype, values))
            members.append(_append_list(file, "class_names.npy", finished.classes))
            file.write(contents(members, file.seek(0, io.SEEK_END)))
        sidecars.write_blocks(
            sidecars.sidecar_path(path, sidecars.MANIFEST), finished.columns, finished.blocks()
        )
        document = sidecars.sidecar_path(path, sidecars.DOCUMENT)
        write_file(document, sidecars.dump_document(finished.document))

    def _length_of_clips(self, finished: OutputSummary) -> tuple[int, ...]:
        """How many frames each clip has, () for stills.

        Raises
        ------
        DatasetError
            If they differ.
        """
        if not self._is_clips:
            return ()
        lengths = sorted(set(map(len, finished.sizes())))
        if len(lengths) > 1:
            raise DatasetError(
                f"clips of {lengths[0]} to {lengths[-1]} frames; arrays hold one number",
                remedy="Say --frames N.",
            )
        return (lengths[0],)

    def _close_images(self, file: IO[bytes], end: int, axes: tuple[int, ...]) -> StoredMember:
        """Fill in what stands before the pictures."""
        header = _npy_header((*axes, *self._shape), np.dtype(np.uint8), NPY_HEADER)
        start = header_length(self._name)
        file.seek(start)
        file.write(header)
        size = end - start
        member = StoredMember(self._name, 0, size, crc_of(file, start, size))
        file.seek(0)
        file.write(member.header())
        return member


def _columns(
    finished: OutputSummary,
) -> Iterator[tuple[str, np.dtype[Any], Iterator[Any]]]:
    """The arrays next to the pictures that have one value a sample."""
    index = {name: idx for idx, name in enumerate(finished.classes)}

    def column(name: str) -> Iterator[str]:
        return (value for block in finished.blocks() for value in block.column(name))

    yield "labels.npy", np.dtype("<i8"), (index[label] for label in column("label"))
    if any(column("split")):
        yield "splits.npy", np.dtype("<U5"), column("split")


def _append(
    file: IO[bytes], name: str, n: int, dtype: np.dtype[Any], values: Iterable[Any]
) -> StoredMember:
    """Append an array of `n` values, in parts."""
    start = file.seek(0, io.SEEK_END)
    content = start + header_length(name)
    file.write(bytes(header_length(name)))
    file.write(_npy_header((n,), dtype))
    waiting = iter(values)
    while part := list(itertools.islice(waiting, ROWS)):
        file.write(np.array(part, dtype).tobytes())
    size = file.tell() - content
    member = StoredMember(name, start, size, crc_of(file, content, size))
    file.seek(start)
    file.write(member.header())
    return member


def _append_list(file: IO[bytes], name: str, values: tuple[str, ...]) -> StoredMember:
    width = max(1, *map(len, values)) if values else 1
    return _append(file, name, len(values), np.dtype(f"<U{width}"), values)


def _npy_header(shape: tuple[int, ...], dtype: np.dtype[Any], length: int = 0) -> bytes:
    """The header of an array, as numpy writes it; blanks make it `length` bytes long."""
    buffer = io.BytesIO()
    described = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(buffer, described)
    header = buffer.getvalue()
    if not length:
        return header
    text = header[10:].rstrip()
    room = length - 10 - len(text) - 1
    if room < 0:
        raise UsageError(f"an array of shape {shape} has no room in its header")
    return header[:8] + (length - 10).to_bytes(2, "little") + text + b" " * room + b"\n"
