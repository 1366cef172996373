"""Where a dataset is cut into shards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.errors import DecodeError, FormatError, UsageError
from signdata.formats.batches import Batch, ListBatch, divide, list_batches
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.shard_files import read_sums
from signdata.formats.sharding import FEWEST, BlockShard, ShardedReader, ShardOptions, even_cuts
from signdata.samples import ArrayPixels, Broken, Frame, Pixels, Sample
from signdata.sidecars import SHARD_KEY


@dataclass(frozen=True)
class Sized(Pixels):
    """Pixels of which only the size is asked."""

    size: int

    def size_hint(self) -> int:
        return self.size

    def frames(self) -> Iterator[Frame]:
        raise AssertionError("nothing is decoded before shards are cut")


@dataclass(frozen=True)
class Rows:
    """A batch whose samples are known only when it is read."""

    key: str
    samples: tuple[Sample, ...]

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)


class Listed(Reader):
    name = "listed"

    def __init__(self, samples: list[Sample], *, rows: bool = False) -> None:
        self._samples, self._rows = samples, rows

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo("listed", "still", n_samples=len(self._samples))

    def batches(self) -> Iterator[Batch]:
        for batch in list_batches(self._samples, 3):
            yield Rows(batch.key, batch.samples) if self._rows else batch


def made(splits: str, size: int = 10) -> list[Sample]:
    words = {"t": "train", "v": "val", "e": "test", ".": ""}
    return [Sample(f"id.{i}", "BA"[i % 2], Sized(size), words[one]) for i, one in enumerate(splits)]


def cut(reader: Reader, options: ShardOptions) -> dict[str, list[str]]:
    """The ids of each shard, by its name."""
    arranged = ShardedReader(reader, options, ".x")
    return {batch.key: [sample.id for sample in batch] for batch in arranged.batches()}


@pytest.mark.parametrize("rows", [False, True])
def test_each_split_has_its_shards_in_the_order_of_the_source(rows: bool) -> None:
    assert cut(Listed(made("tvtetvt"), rows=rows), ShardOptions(2)) == {
        "data/train-00000-of-00002.x": ["id.0", "id.2"],
        "data/train-00001-of-00002.x": ["id.4", "id.6"],
        "data/validation-00000-of-00002.x": ["id.1"],
        "data/validation-00001-of-00002.x": ["id.5"],
        "data/test-00000-of-00001.x": ["id.3"],
    }


def test_a_key_is_the_number_in_the_source() -> None:
    for rows in (False, True):
        arranged = ShardedReader(Listed(made("tvtv"), rows=rows), ShardOptions(1), ".x")
        found = {s.id: s.meta[SHARD_KEY] for batch in arranged.batches() for s in batch}
        assert found == {f"id.{i}": f"00000000{i}" for i in range(4)}


@pytest.mark.parametrize(
    ("n", "size", "options", "expected"),
    [
        (100, 10, ShardOptions(), FEWEST),
        (5, 10, ShardOptions(), 5),
        (100, 512_000_000, ShardOptions(), 100),
        (100, 256_000_000, ShardOptions(), 50),
        (100, 1_000_000, ShardOptions(shard_size=1), 100),
        (100, 10, ShardOptions(3), 3),
        (2, 10, ShardOptions(3), 2),
    ],
)
def test_how_many_there_are(n: int, size: int, options: ShardOptions, expected: int) -> None:
    found = cut(Listed(made("." * n, size)), options)
    assert len(found) == expected
    lengths = {len(ids) for ids in found.values()}
    assert max(lengths) - min(lengths) <= 1
    assert [one for ids in found.values() for one in ids] == [f"id.{i}" for i in range(n)]


@given(st.integers(1, 500), st.integers(1, 60))
def test_cuts_are_even_and_whole(n: int, parts: int) -> None:
    cuts = even_cuts(n, parts)
    assert [i for one in cuts for i in one] == list(range(n))
    assert max(map(len, cuts)) - min(map(len, cuts)) <= 1


def test_samples_inside_a_file_are_as_large_as_their_share_of_it(tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(bytes(4_000_000))
    reader = Listed(made("." * 100, 0))
    reader.inputs = (file,)
    assert len(cut(reader, ShardOptions(shard_size=1))) == FEWEST
    file.write_bytes(bytes(40_000_000))
    assert len(cut(reader, ShardOptions(shard_size=1))) == 40


def test_classes_are_declared_before_anything_is_read() -> None:
    assert ShardedReader(Listed(made("tv")), ShardOptions(), ".x").info.labels.classes == ("A", "B")


def test_samples_that_cannot_be_read_stay_in_their_place() -> None:
    samples = made("tttt")
    broken = Broken(DecodeError("damaged"))
    for i in (0, 2):
        samples[i] = Sample(f"id.{i}", "?", broken)
    found = cut(Listed(samples), ShardOptions(2))
    assert list(found.values()) == [["id.0", "id.1"], ["id.2", "id.3"]]
    assert all("train" in name for name in found)


def test_a_shard_that_kills_its_worker_is_tried_once_more_as_a_whole() -> None:
    for rows in (False, True):
        arranged = ShardedReader(Listed(made("tt"), rows=rows), ShardOptions(1), ".x")
        (shard,) = arranged.batches()
        (careful,) = divide(shard)
        assert careful is not shard
        assert [s.id for s in careful] == ["id.0", "id.1"]
        assert divide(careful) == [careful]
        assert divide(careful)[0] is careful
    assert isinstance(shard, BlockShard)
    one = ListBatch("x", tuple(made("t")))
    assert divide(one) == [one]


@pytest.mark.parametrize(("shards", "size"), [(0, 1), (100_000, 1), (None, 0)])
def test_options_are_checked(shards: int | None, size: int) -> None:
    with pytest.raises(UsageError, match="expected"):
        ShardOptions(shards, size)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shard,samples\n", "expected shard,samples,bytes,sha256"),
        ("shard,samples,bytes,sha256\na.tar,1,x,0\n", "line 2: no shard"),
        ("shard,samples,bytes,sha256\n../a.tar,1,1,0\n", "not below the dataset"),
        ("shard,samples,bytes,sha256\na.tar,1,1,0\na.tar,1,1,0\n", "line 3: .*twice"),
    ],
)
def test_a_damaged_list_of_shards_is_told(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "shards.csv"
    file.write_text(text)
    with pytest.raises(FormatError, match=message):
        list(read_sums(file))


def test_size_of_pixels_in_memory() -> None:
    assert ArrayPixels(np.zeros((2, 3, 1), np.uint8)).size_hint() == 6
