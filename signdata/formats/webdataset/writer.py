"""Writing tars of samples.

::

    ROOT/data/train-00000-of-00016.tar
        000000000.jpg    the picture; 000000000.f00001.jpg and so on, or .mp4, of a clip
        000000000.cls    the class as its index in classes.txt
        000000000.json   id, label, split, group, signer, source, sha256 and further columns
    ROOT/shards.csv      shard,samples,bytes,sha256
    ROOT/index.csv.gz    id,shard,offset,length

The members of a sample are next to each other. Its key is its number in the source, not its id:
programs cut names at their first dot, and then take several samples for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata import sidecars
from signdata.formats import frame_times
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import Reader
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.shard_files import ShardFile, ShardWriter, write_sidecars
from signdata.formats.trees import pictures
from signdata.formats.webdataset import ustar
from signdata.formats.webdataset.fields import POSE, TIMES
from signdata.formats.webdataset.index import write_index
from signdata.formats.writer import (
    EncodedItem,
    EncodedStills,
    OutputSummary,
    ShardSum,
    refuse_broken,
)
from signdata.labels import class_to_idx
from signdata.samples import Sample
from signdata.sidecars import SHARD_KEY, SHARD_LENGTH, SHARD_OFFSET, Row

SUFFIX = ".tar"

ALWAYS = ("id", "label", "split", "group", "signer", "source", "sha256")
"""What every sample's JSON says; readers of others expect the same names in all of them."""


class WebDatasetWriter(ShardWriter):
    """Writes tars."""

    name = "webdataset"
    holds = frozenset({"still", "clip"})
    suffix = SUFFIX

    def __init__(self, options: PictureOptions = PictureOptions()) -> None:
        super().__init__(options)
        self._columns: tuple[str, ...] = ()

    def arrange(self, reader: Reader) -> Reader:
        arranged = super().arrange(reader)
        taken = {*sidecars.COLUMNS, *sidecars.OWN_COLUMNS, *ALWAYS}
        self._columns = tuple(name for name in arranged.info.columns if name not in taken)
        return arranged

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        key = sample.meta[SHARD_KEY]
        video = self.video_suffix(sample)
        if video:
            yield EncodedItem(f"{key}{video}", b"".join(sample.pixels.whole_file()))
            return
        frames = pictures.encoded_frames(sample, self._options)
        if sample.kind == "still":
            for picture in frames:
                yield EncodedItem(f"{key}{picture.suffix}", picture.data)
                yield from _companion(sample, 0, f"{key}.{POSE}")
            return
        for number, picture in enumerate(frames, 1):
            stem = f"{key}.f{number:05d}"
            yield EncodedItem(f"{stem}{picture.suffix}", picture.data)
            yield from _companion(sample, number - 1, f"{stem}.json")
        times = sample.pixels.times()
        if times:
            yield EncodedItem(f"{key}.{TIMES}", frame_times.dump(times), companion=True)

    def takes_together(self, *, originals: bool) -> bool:
        return not originals

    def encoded_together(
        self, samples: SampleColumns, frames: NDArray[np.uint8]
    ) -> EncodedStills | None:
        if not samples.are_stills:
            return None
        return pictures.encoded_together(samples.meta[SHARD_KEY], frames, self._options)

    def meta(self, sample: Sample, n_pieces: int) -> Row:
        if sample.kind == "still":
            return {}
        return {"n_frames": "" if self.video_suffix(sample) else str(n_pieces)}

    def files(self, tree: str, key: str) -> TarFiles:
        return TarFiles(tree, key, class_to_idx(self.classes), self._columns)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        write_sidecars(tree, finished)
        write_index(tree / sidecars.INDEX, finished.rows())


def _companion(sample: Sample, number: int, name: str) -> Iterator[EncodedItem]:
    found = sample.pixels.companion(number)
    if found is not None:
        yield EncodedItem(name, found[1], companion=True)


class TarFiles:
    """One shard: the members of one sample after another.

    Parameters
    ----------
    tree, shard : str
        The output's root, and the shard's path below it.
    indices : mapping of str to int
        Index of each class.
    columns : tuple of str
        Columns of the manifest that a sample's JSON has, beyond `ALWAYS`.
    """

    def __init__(
        self, tree: str, shard: str, indices: Mapping[str, int], columns: tuple[str, ...]
    ) -> None:
        self._file = ShardFile(tree, shard)
        self._indices = indices
        self._columns = (*ALWAYS, *columns)
        self._waiting: list[bytes] = []
        self._n_samples = 0

    def put(self, item: EncodedItem) -> bool:
        """Take one member, to be written with all others of its sample."""
        self._add(item.path, item.data)
        return True

    def put_all(self, paths: Iterable[str], contents: Iterable[bytes]) -> None:
        """Nothing: a sample's row has to be known when it is written."""
        raise TypeError("a shard takes its samples one by one")

    def _add(self, name: str, data: bytes) -> None:
        self._waiting.append(ustar.header(name, len(data)))
        self._waiting.append(data)
        rest = -len(data) % ustar.BLOCK
        if rest:
            self._waiting.append(bytes(rest))

    def finish(self, row: Row) -> Row:
        """Write the sample, and say where it is."""
        key = row[SHARD_KEY]
        described = {name: row.get(name, "") for name in self._columns}
        self._add(f"{key}.cls", b"%d" % self._indices[row["label"]])
        self._add(f"{key}.json", sidecars.encode_json(described))
        start = self._file.tell()
        self._file.write(b"".join(self._waiting))
        self._waiting.clear()
        self._n_samples += 1
        return {
            "path": self._file.shard,
            SHARD_OFFSET: str(start),
            SHARD_LENGTH: str(self._file.tell() - start),
        }

    def discard(self) -> None:
        """Drop the members of an unfinished sample."""
        self._waiting.clear()

    def close(self, *, whole: bool) -> ShardSum | None:
        """End the tar, or remove it."""
        try:
            if whole:
                self._file.write(ustar.END)
                return self._file.keep(self._n_samples)
            return None
        finally:
            self._file.drop()
