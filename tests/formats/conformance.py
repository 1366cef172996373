"""What every format keeps to; the test class of a format inherits `Conformance`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signdata import options
from signdata.conversion import pipeline
from signdata.errors import OutputExistsError
from signdata.formats.batches import Batch, list_batches
from signdata.formats.manifests import manifest
from signdata.formats.open import open_dataset
from signdata.formats.reader import DatasetInfo, Reader
from signdata.formats.writer import Writer
from signdata.samples import ArrayPixels, Sample

ROOM = 24 << 20
"""Bytes by which reading a long input may raise a process's memory."""

LONG = 64 << 20
"""Bytes of pixels in a long input."""

_READ_ALL = """
import resource, sys
from signdata.formats.open import open_dataset
reader = open_dataset(sys.argv[1])
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
total = before = 0
for sample in reader:
    for frame in sample.frames():
        total += frame.nbytes
        before = before or peak()
print(total, peak() - before)
"""


class MemoryReader(Reader):
    """Samples given as a list."""

    name = "memory"

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = tuple(samples)

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            "memory",
            self._samples[0].kind,
            n_samples=len(self._samples),
            present=tuple(sorted({sample.label for sample in self._samples})),
            columns=tuple(self._samples[0].meta),
            sources=({"name": "memory"},),
        )

    def batches(self) -> Iterator[Batch]:
        return list_batches(self._samples, 2)


def facts(sample: Sample) -> dict[str, Any]:
    """What a format has to keep of a sample."""
    return {
        "id": sample.id,
        "label": sample.label,
        "split": sample.split,
        "group": sample.group,
        "source": sample.source,
        "frames": [(frame.shape, frame.tobytes()) for frame in sample.frames()],
    }


def stills(channels: int = 1) -> list[Sample]:
    """Six pictures of three classes in three splits, out of any alphabetical order."""
    rng = np.random.default_rng(0)
    return [
        Sample(
            id=f"{split}/{label}/{9 - i}",
            label=label,
            pixels=ArrayPixels(rng.integers(0, 256, (4, 4, channels), np.uint8)),
            split=split,
            group=f"signer {i % 2}",
            source=f"picture {i}",
            meta={"signer": str(i % 2), "note": 'a "quoted", text'},
        )
        for i, (label, split) in enumerate(
            [
                ("C", "train"),
                ("A", "test"),
                ("B", "val"),
                ("A", "train"),
                ("C", "test"),
                ("B", "val"),
            ]
        )
    ]


def clips() -> list[Sample]:
    """Three clips of several lengths; each frame is painted with its own index."""
    return [
        Sample(
            id=f"{split}/{label}/{name}",
            label=label,
            pixels=ArrayPixels(
                np.stack([np.full((4, 6, 3), 10 * number + i, np.uint8) for i in range(n_frames)])
            ),
            split=split,
            group=f"video {number}",
            source=f"{name}.mp4",
            kind="clip",
            meta={"signer": "7", "fps": "29.97"},
        )
        for number, (label, split, name, n_frames) in enumerate(
            [("drink", "test", "17", 3), ("book", "train", "9", 12), ("drink", "train", "3", 1)]
        )
    ]


class Conformance:
    """The promises that do not depend on the format.

    A subclass says how its writer is made, how its output is called, what samples it is
    tried with, how to damage what was written, and how to make a long input.
    """

    out_name = "out"
    opened_with: dict[str, Any] = {}  # noqa: RUF012 - read only

    def writer(self, out: Path) -> Writer:
        raise NotImplementedError

    def samples(self) -> list[Sample]:
        raise NotImplementedError

    def damage(self, out: Path) -> str:
        """Cut the dataset short; return what an error must mention."""
        raise NotImplementedError

    def make_long(self, out: Path) -> None:
        """Write a dataset of at least `LONG` bytes of pixels."""
        raise NotImplementedError

    def write(self, out: Path, samples: Sequence[Sample] | None = None) -> Path:
        pipeline.convert(
            MemoryReader(samples or self.samples()),
            self.writer(out),
            out,
            command="test",
            options={},
            how=options.RunOptions(workers=1),
        )
        return out

    @pytest.fixture
    def out(self, tmp_path: Path) -> Path:
        return tmp_path / self.out_name

    def test_what_is_written_is_read_again(self, out: Path) -> None:
        self.write(out)
        found = list(open_dataset(out, **self.opened_with))
        assert [facts(sample) for sample in found] == [facts(sample) for sample in self.samples()]
        for sample, wanted in zip(found, self.samples(), strict=True):
            assert wanted.meta.items() <= sample.meta.items()

    def test_reading_again_gives_the_same_order(self, out: Path) -> None:
        self.write(out)
        reader = open_dataset(out, **self.opened_with)
        first = [facts(sample) for sample in reader]
        assert [facts(sample) for sample in reader] == first
        assert [facts(sample) for sample in open_dataset(out, **self.opened_with)] == first
        assert reader.info.n_samples == len(first) == len(self.samples())

    def test_numbers_and_the_manifest_tell_the_same(self, out: Path) -> None:
        self.write(out)
        with open_dataset(out, **self.opened_with) as reader:
            ids = [sample.id for sample in reader]
            assert len(reader) == len(ids)
            assert [reader[i].id for i in reversed(range(len(ids)))] == ids[::-1]
            assert {sample.label for sample in reader} <= set(reader.classes)
        if not self.opened_with:
            rows = manifest(out)
            assert list(rows["id"]) == ids
            assert list(rows["label"]) == [sample.label for sample in self.samples()]

    def test_survey_tells_what_the_pictures_are(self, out: Path) -> None:
        self.write(out)
        picture_summary = open_dataset(out, **self.opened_with).picture_summary()
        shapes = {frame.shape for sample in self.samples() for frame in sample.frames()}
        assert shapes == {(*(picture_summary.size_hw or ()), picture_summary.channels)}
        assert picture_summary.n_frames == sum(len(list(s.frames())) for s in self.samples())

    def test_same_bytes_for_one_and_two_workers(
        self, out: Path, tmp_path: Path, cli: Callable[..., Any], contents: Callable[..., Any]
    ) -> None:
        self.write(out)
        for workers in (1, 2):
            target = tmp_path / str(workers) / self.out_name
            target.parent.mkdir()
            ran = cli("convert", out, target, "-j", workers)
            assert ran.returncode == 0, ran.stderr
        one, two = contents(tmp_path / "1"), contents(tmp_path / "2")
        assert one == two
        assert one

    def test_refuses_what_another_has_written(self, out: Path) -> None:
        foreign = out
        if not out.suffix:
            out.mkdir()
            foreign = out / "thesis.txt"
        foreign.write_text("three years of work")
        with pytest.raises(OutputExistsError):
            self.write(out)
        assert foreign.read_text() == "three years of work"
        assert [path.name for path in out.parent.iterdir()] == [out.name]

    def test_damage_is_named_in_one_line(
        self, out: Path, tmp_path: Path, main: Callable[..., Any]
    ) -> None:
        self.write(out)
        place = self.damage(out)
        target = tmp_path / "target"
        ran = main("convert", out, target, "-j", 1)
        assert ran.returncode == 4
        assert place in ran.error
        assert "Traceback" not in ran.stderr
        assert not target.exists()

    def test_a_long_input_does_not_fill_the_memory(self, out: Path) -> None:
        self.make_long(out)
        done = subprocess.run(
            [sys.executable, "-c", _READ_ALL, str(out)], capture_output=True, text=True, check=True
        )
        total, growth = map(int, done.stdout.split())
        assert total >= LONG
        assert growth < ROOM
