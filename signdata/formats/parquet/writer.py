"""Writing pictures and labels as columns of Parquet files, as the Hugging Face Hub has them.

::

    ROOT/data/train-00000-of-00016.parquet   image {bytes, path}, label, id, group, source, ...

The schema says which column is an `Image` and which a `ClassLabel`, so that `load_dataset` gives
pictures and class names. The manifest, the class list and the list of shards are at the root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from signdata import sidecars
from signdata.formats.parquet.files import SUFFIX
from signdata.formats.parquet.library import arrow
from signdata.formats.parquet.stored_columns import HUGGING_FACE, LABEL, OWN, PICTURE
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.shard_files import ShardFile, ShardWriter, write_sidecars
from signdata.formats.trees import pictures
from signdata.formats.writer import EncodedItem, OutputSummary, ShardSum, refuse_broken
from signdata.labels import class_to_idx
from signdata.samples import Sample
from signdata.sidecars import Row

ROWS = 100
"""Rows of a group: more would be too much at once for the Hub's viewer."""

GROUP_BYTES = 64 << 20
"""Bytes of pictures with which a group ends before it has so many rows."""

COLUMNS = ("id", "group", "source", "sha256")
"""Columns of text next to the picture and the label, before those of the dataset."""


class ParquetWriter(ShardWriter):
    """Writes Parquet files of pictures, their manifest and the list of them."""

    name = "parquet"
    holds = frozenset({"still"})
    suffix = SUFFIX

    @classmethod
    def create(cls, out: Path, pictures: PictureOptions, *, layout: str, split: str) -> Self:
        return cls(pictures)

    def __init__(self, options: PictureOptions = PictureOptions()) -> None:
        arrow("pyarrow.parquet")  # its absence is told before anything is read
        super().__init__(options.shards)
        self._options = options
        self._columns: tuple[str, ...] = ()

    def arrange(self, reader: Reader) -> Reader:
        arranged = super().arrange(reader)
        taken = {PICTURE, LABEL, *sidecars.COLUMNS, *sidecars.OWN_COLUMNS}
        own = (name for name in arranged.info.columns if name not in taken)
        self._columns = (*COLUMNS, *own)
        return arranged

    def loses(self, info: DatasetInfo) -> list[str]:
        taken = [name for name in info.columns if name in (PICTURE, LABEL)]
        return [f"column {name} in its files: it is in the manifest" for name in taken]

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        refuse_broken(sample)
        for picture in pictures.encoded_frames(sample, self._options):
            yield EncodedItem(pictures.with_suffix(sample.id, picture.suffix), picture.data)

    def loses_of(self, sample: Sample, n_frames: int) -> list[str]:
        return ["its keypoints"] if sample.pixels.companion(0) is not None else []

    def files(self, tree: str, key: str) -> ParquetShard:
        return ParquetShard(ShardFile(tree, key), self.classes, self._columns)

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        write_sidecars(tree, finished)


class ParquetShard:
    """One Parquet file that is being written, sample by sample.

    Parameters
    ----------
    file : ShardFile
        Where its bytes go.
    classes : sequence of str
        Class names in order.
    columns : sequence of str
        Columns of text, by their names in the manifest.
    """

    def __init__(self, file: ShardFile, classes: Sequence[str], columns: Sequence[str]) -> None:
        self._file = file
        self._classes, self._columns = classes, columns
        self._index = class_to_idx(classes)
        self._item: EncodedItem | None = None
        self._rows: list[tuple[EncodedItem, Row]] = []
        self._waiting = 0
        self._n_samples = 0
        self._sink = _Sink(file)
        self._writer: Any = None

    def put(self, item: EncodedItem) -> bool:
        """Take the picture of a sample."""
        self._item = item
        return True

    def put_all(self, paths: Iterable[str], contents: Iterable[bytes]) -> None:
        """Not for rows: each has more than its picture, and `finish` takes it one by one."""
        raise AssertionError("a row of Parquet is put one by one")

    def finish(self, row: Row) -> Row:
        """Take what else is in the row of the sample whose picture came last."""
        if self._item is None:
            raise ValueError(f"sample {row['id']} has no picture")
        number = self._n_samples + len(self._rows)
        self._rows.append((self._item, row))
        self._waiting += len(self._item.data)
        self._item = None
        if len(self._rows) == ROWS or self._waiting >= GROUP_BYTES:
            self._write_group()
        return {"path": self._file.shard, sidecars.SHARD_OFFSET: str(number)}

    def discard(self) -> None:
        """Drop the picture of an unfinished sample."""
        self._item = None

    def close(self, *, whole: bool) -> ShardSum | None:
        """End the file, or remove it."""
        try:
            if not whole:
                return None
            if self._rows or self._writer is None:
                self._write_group()
            self._writer.close()
            return self._file.keep(self._n_samples)
        finally:
            self._sink.cut()
            self._file.drop()

    def _write_group(self) -> None:
        """Write the rows that wait as one group."""
        pa = arrow()
        if self._writer is None:
            split = self._rows[0][1]["split"] if self._rows else ""
            self._writer = self._begin(split)
        data = pa.array([item.data for item, _ in self._rows], pa.binary())
        paths = pa.array([item.path for item, _ in self._rows], pa.string())
        labels = pa.array([self._index[row["label"]] for _, row in self._rows], pa.int64())
        texts = [
            pa.array([row.get(name, "") for _, row in self._rows], pa.string())
            for name in self._columns
        ]
        picture = pa.StructArray.from_arrays([data, paths], ["bytes", "path"])
        batch = pa.RecordBatch.from_arrays([picture, labels, *texts], schema=self._writer.schema)
        self._writer.write_batch(batch, row_group_size=max(1, len(self._rows)))
        self._n_samples += len(self._rows)
        self._rows.clear()
        self._waiting = 0

    def _begin(self, split: str) -> Any:
        schema = schema_for(self._classes, self._columns, split)
        small = [LABEL, *self._columns]
        return arrow("pyarrow.parquet").ParquetWriter(
            self._sink,
            schema,
            compression={f"{PICTURE}.bytes": "NONE", **dict.fromkeys(small, "SNAPPY")},
            use_dictionary=small,
            write_statistics=small,
            write_page_index=True,
        )


class _Sink:
    """A file that may be taken away from the library, which writes its end even when dropped."""

    def __init__(self, file: ShardFile) -> None:
        self._file: ShardFile | None = file
        self._length = 0
        self.closed = False

    def cut(self) -> None:
        """From now on, take bytes and forget them."""
        self._file = None

    def write(self, data: Any) -> int:
        """Append bytes; return how many."""
        length = memoryview(data).nbytes
        if self._file is not None:
            self._file.write(data)
        self._length += length
        return length

    def tell(self) -> int:
        """How long the file is."""
        return self._length

    def flush(self) -> None:
        """Nothing waits to be written."""

    def close(self) -> None:
        """Nothing: who made the file ends it."""

    def writable(self) -> bool:
        """True."""
        return True

    def readable(self) -> bool:
        """False."""
        return False

    def seekable(self) -> bool:
        """False."""
        return False


def schema_for(classes: Sequence[str], columns: Sequence[str], split: str) -> Any:
    """The schema of a file, with what Hugging Face's library and we know of its columns."""
    pa = arrow()
    text = {"dtype": "string", "_type": "Value"}
    features = {
        PICTURE: {"_type": "Image"},
        LABEL: {"names": list(classes), "_type": "ClassLabel"},
        **dict.fromkeys(columns, text),
    }
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    fields = [(PICTURE, picture), (LABEL, pa.int64()), *((name, pa.string()) for name in columns)]
    return pa.schema(
        fields,
        metadata={
            HUGGING_FACE: msgspec.json.encode({"info": {"features": features}}),
            OWN: msgspec.json.encode({"split": split}),
        },
    )
