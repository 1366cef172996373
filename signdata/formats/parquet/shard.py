"""One Parquet file that is being written: rows of pictures, or of paths of clips."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from signdata.formats.parquet import clip_files
from signdata.formats.parquet.library import arrow
from signdata.formats.parquet.stored_columns import HUGGING_FACE, LABEL, OWN, PATH, PICTURE
from signdata.formats.shard_files import ShardFile
from signdata.formats.tree_files import TreeFiles
from signdata.formats.writer import EncodedItem, ShardSum
from signdata.labels import class_to_idx
from signdata.sidecars import SHARD_OFFSET, Row

ROWS = 100
"""Rows of a group: more would be too much at once for the Hub's viewer."""

GROUP_BYTES = 64 << 20
"""Bytes of pictures with which a group ends before it has so many rows."""


class ParquetShard(ABC):
    """One Parquet file, sample by sample.

    Parameters
    ----------
    tree, shard : str
        The output's root, and the file's path below it.
    classes : sequence of str
        Class names in order.
    columns : sequence of str
        Columns of text, by their names in the manifest.
    """

    def __init__(
        self, tree: str, shard: str, classes: Sequence[str], columns: Sequence[str]
    ) -> None:
        self._file = ShardFile(tree, shard)
        self._classes, self._columns = classes, columns
        self._index = class_to_idx(classes)
        self._rows: list[Row] = []
        self._n_samples = 0
        self._sink = _Sink(self._file)
        self._writer: Any = None

    @abstractmethod
    def put(self, item: EncodedItem) -> bool:
        """Take a file of the sample."""

    def put_all(self, paths: Iterable[str], contents: Iterable[bytes]) -> None:
        """Not for rows: each has more than its picture, and `finish` takes it one by one."""
        raise AssertionError("a row of Parquet is put one by one")

    @abstractmethod
    def finish(self, row: Row) -> Row:
        """Take what else is in the row of the sample; return where it is."""

    @abstractmethod
    def discard(self) -> None:
        """Drop what there is of an unfinished sample."""

    @abstractmethod
    def _first_column(self) -> tuple[Any, dict[str, str]]:
        """Name and type of what is before the label, and what Hugging Face's library calls it."""

    @abstractmethod
    def _first_cells(self) -> Any:
        """What is in that column of the rows that wait."""

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

    def _add(self, row: Row) -> str:
        """Take a row; return its number in the file."""
        self._rows.append(row)
        return str(self._n_samples + len(self._rows) - 1)

    def _write_group(self) -> None:
        """Write the rows that wait as one group."""
        pa = arrow()
        if self._writer is None:
            self._writer = self._begin(self._rows[0]["split"] if self._rows else "")
        labels = pa.array([self._index[row["label"]] for row in self._rows], pa.int64())
        texts = [
            pa.array([row.get(name, "") for row in self._rows], pa.string())
            for name in self._columns
        ]
        cells = [self._first_cells(), labels, *texts]
        batch = pa.RecordBatch.from_arrays(cells, schema=self._writer.schema)
        self._writer.write_batch(batch, row_group_size=max(1, len(self._rows)))
        self._n_samples += len(self._rows)
        self._rows.clear()

    def _begin(self, split: str) -> Any:
        (name, kind), feature = self._first_column()
        small = [LABEL, *self._columns]
        return arrow("pyarrow.parquet").ParquetWriter(
            self._sink,
            self._schema((name, kind), feature, split),
            compression={f"{PICTURE}.bytes": "NONE", **dict.fromkeys(small, "SNAPPY")},
            use_dictionary=small,
            write_statistics=small,
            write_page_index=True,
        )

    def _schema(self, first: tuple[str, Any], feature: dict[str, str], split: str) -> Any:
        """The schema of the file, with what Hugging Face's library and we know of its columns."""
        pa = arrow()
        features = {
            first[0]: feature,
            LABEL: {"names": list(self._classes), "_type": "ClassLabel"},
            **dict.fromkeys(self._columns, _TEXT),
        }
        return pa.schema(
            [first, (LABEL, pa.int64()), *((name, pa.string()) for name in self._columns)],
            metadata={
                HUGGING_FACE: msgspec.json.encode({"info": {"features": features}}),
                OWN: msgspec.json.encode({"split": split}),
            },
        )


_TEXT = {"dtype": "string", "_type": "Value"}


class PictureShard(ParquetShard):
    """Rows that have their picture in them."""

    def __init__(
        self, tree: str, shard: str, classes: Sequence[str], columns: Sequence[str]
    ) -> None:
        super().__init__(tree, shard, classes, columns)
        self._item: EncodedItem | None = None
        self._items: list[EncodedItem] = []
        self._waiting = 0

    def put(self, item: EncodedItem) -> bool:
        self._item = item
        return True

    def finish(self, row: Row) -> Row:
        if self._item is None:
            raise ValueError(f"sample {row['id']} has no picture")
        number = self._add(row)
        self._items.append(self._item)
        self._waiting += len(self._item.data)
        self._item = None
        if len(self._rows) == ROWS or self._waiting >= GROUP_BYTES:
            self._write_group()
            self._items.clear()
            self._waiting = 0
        return {"path": self._file.shard, SHARD_OFFSET: number}

    def discard(self) -> None:
        self._item = None

    def _first_column(self) -> tuple[Any, dict[str, str]]:
        pa = arrow()
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        return (PICTURE, kind), {"_type": "Image"}

    def _first_cells(self) -> Any:
        pa = arrow()
        data = pa.array([item.data for item in self._items], pa.binary())
        paths = pa.array([item.path for item in self._items], pa.string())
        return pa.StructArray.from_arrays([data, paths], ["bytes", "path"])


class ClipShard(ParquetShard):
    """Rows that name the video or the folder of frames of a clip, which are files of their own.

    Each gets its name in one step, before the file that names it: what a killed run has left of
    them is written again, and what has no row is removed at the end.
    """

    def __init__(
        self, tree: str, shard: str, classes: Sequence[str], columns: Sequence[str]
    ) -> None:
        super().__init__(tree, shard, classes, columns)
        self._folder = clip_files.folder_of(shard)
        self._place = ""
        self._files = TreeFiles(tree, clip_files.place_of)

    def put(self, item: EncodedItem) -> bool:
        path = f"{self._folder}/{item.path}"
        if not item.companion:
            self._place = clip_files.place_of(path)
        return self._files.put(replace(item, path=path))

    def finish(self, row: Row) -> Row:
        self._files.finish(row)
        number = self._add({**row, PATH: self._place})
        if len(self._rows) == ROWS:
            self._write_group()
        return {PATH: self._place, SHARD_OFFSET: number}

    def discard(self) -> None:
        self._files.discard()

    def _first_column(self) -> tuple[Any, dict[str, str]]:
        return (PATH, arrow().string()), _TEXT

    def _first_cells(self) -> Any:
        return arrow().array([row[PATH] for row in self._rows], arrow().string())


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
