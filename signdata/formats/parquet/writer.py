"""Writing labels, and pictures or paths of clips, as columns of Parquet files for the Hub.

::

    ROOT/data/train-00000-of-00016.parquet   image {bytes, path}, label, id, group, source, ...
    ROOT/data/train-00000-of-00016.parquet   path, label, id, split, group, source, ...
    ROOT/clips/train-00000-of-00016/         000000000.mp4, or 000000000/img_00001.jpg

The schema says which column is an `Image` and which a `ClassLabel`, so that `load_dataset` gives
pictures and class names. The manifest, the class list and the list of shards are at the root.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signdata import sidecars
from signdata.formats.frames import frame_items
from signdata.formats.parquet import clip_files
from signdata.formats.parquet.files import SUFFIX
from signdata.formats.parquet.library import arrow
from signdata.formats.parquet.shard import ClipShard, ParquetShard, PictureShard
from signdata.formats.parquet.stored_columns import LABEL, PICTURE
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.shard_files import ShardWriter, write_sidecars
from signdata.formats.trees import pictures
from signdata.formats.writer import EncodedItem, OutputSummary, refuse_broken
from signdata.samples import Sample
from signdata.sidecars import SHARD_KEY, Row

COLUMNS = ("id", "group", "source", "sha256")
"""Columns of text next to the picture and the label, before those of the dataset."""

OF_CLIPS = ("id", "split", "group", "source", "sha256", "n_frames")
"""The same next to the path of a clip."""


class ParquetWriter(ShardWriter):
    """Writes Parquet files of pictures or of paths, their manifest and the list of them."""

    name = "parquet"
    holds = frozenset({"still", "clip"})
    suffix = SUFFIX

    def __init__(self, options: PictureOptions = PictureOptions()) -> None:
        arrow("pyarrow.parquet")  # its absence is told before anything is read
        super().__init__(options)
        self._columns: tuple[str, ...] = ()
        self._of_clips = False

    def arrange(self, reader: Reader) -> Reader:
        arranged = super().arrange(reader)
        self._of_clips = arranged.info.kind == "clip"
        first = OF_CLIPS if self._of_clips else COLUMNS
        taken = {PICTURE, LABEL, *sidecars.COLUMNS, *sidecars.OWN_COLUMNS, *first}
        self._columns = (*first, *(name for name in arranged.info.columns if name not in taken))
        return arranged

    def loses(self, info: DatasetInfo) -> list[str]:
        taken = [name for name in info.columns if name in (PICTURE, LABEL)]
        return [f"column {name} in its files: it is in the manifest" for name in taken]

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        if not self._of_clips:
            for picture in pictures.encoded_frames(sample, self._options):
                yield EncodedItem(pictures.with_suffix(sample.id, picture.suffix), picture.data)
            return
        key, video = sample.meta[SHARD_KEY], self.video_suffix(sample)
        if video:
            yield EncodedItem(f"{key}{video}", b"".join(sample.pixels.whole_file()))
        else:
            yield from frame_items(sample, key, self._options)

    def loses_of(self, sample: Sample, n_frames: int) -> list[str]:
        if self._of_clips or sample.pixels.companion(0) is None:
            return []
        return ["its keypoints"]

    def meta(self, sample: Sample, n_pieces: int) -> Row:
        if not self._of_clips:
            return {}
        return {"n_frames": "" if self.video_suffix(sample) else str(n_pieces)}

    def shard_of(self, path: str) -> str:
        return clip_files.shard_of(path)

    def files(self, tree: str, key: str) -> ParquetShard:
        made = ClipShard if self._of_clips else PictureShard
        return made(tree, key, self.classes, self._columns)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        write_sidecars(tree, finished)
