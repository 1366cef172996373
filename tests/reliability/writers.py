"""Every command that writes, with small sources of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import signdata
from tests.inference import models
from tests.reliability.conftest import write_csv, write_tree, write_videos
from tests.videos import make_index, make_video

Words = list[str | Path]


@dataclass(frozen=True)
class Writer:
    """A command line that writes.

    Attributes
    ----------
    prepare : callable
        Makes the sources in a folder, and returns the words before the output.
    out : str
        What is written.
    more : tuple of str
        The words behind the output.
    measured : tuple of str
        Parts of the names of files that hold measured times: no two runs write the same.
    heavy : bool
        Whether each run takes seconds, as PyTorch is imported.
    """

    prepare: Callable[[Path], Words]
    out: str = "out"
    more: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    heavy: bool = False

    def words(self, sources: Path, work: Path) -> list[str]:
        """Its command line; the sources are made."""
        sources.mkdir()
        return [*map(str, self.prepare(sources)), str(work / self.out), *self.more]


def _on_csv(*words: str) -> Callable[[Path], Words]:
    return lambda root: [*words, write_csv(root / "data.csv")]


def _on_tree(*words: str, suffix: str = ".png") -> Callable[[Path], Words]:
    return lambda root: [words[0], write_tree(root / "data", suffix=suffix), *words[1:]]


def _on_twins(*words: str) -> Callable[[Path], Words]:
    """A tree in which a picture appears twice."""

    def prepare(root: Path) -> Words:
        tree = write_tree(root / "data")
        shutil.copy(tree / "A" / "000.png", tree / "B" / "twin.png")
        return [words[0], tree, *words[1:]]

    return prepare


def _on_videos(*words: str) -> Callable[[Path], Words]:
    return lambda root: [words[0], write_videos(root / "clips"), *words[1:]]


def _on_index(root: Path) -> Words:
    ranges = [{"frame_start": 1, "frame_end": 4}, {"frame_start": 6, "frame_end": 9}]
    url = "https://youtu.be/abcdefghijk"
    clips = [{"video_id": str(i), "url": url, **one} for i, one in enumerate(ranges, 1)]
    make_video(root / "videos" / "abcdefghijk.mkv", 12)
    return ["trim", make_index(root / "index.json", clips)]


def _on_clips(root: Path) -> Words:
    made = root / "clips.h5"
    signdata.convert(write_videos(root / "clips"), made, workers=1)
    return ["convert", made]


def _model(root: Path) -> Words:
    model = models.write(root / "model.onnx", models.by_brightness())
    return ["predict", model, write_tree(root / "data", 4), "--annotate"]


def _tested(root: Path) -> Words:
    model = models.write(root / "model.onnx", models.by_brightness())
    tree = write_tree(root / "data", 6)
    for old, new in (("A", "dark"), ("B", "light")):
        (tree / old).rename(tree / new)
    shutil.rmtree(tree / "C")
    return ["evaluate", model, tree, "--out"]


def _reported(root: Path) -> Words:
    tree = write_tree(root / "data")
    shutil.copy(tree / "A" / "000.png", tree / "B" / "twin.png")
    return ["report", tree, "-o"]


def _run(root: Path) -> Words:
    run = root / "run"
    signdata.baseline(write_csv(root / "data.csv", 60), out=run, epochs=1, device="cpu")
    return ["export", run]


def _again(root: Path) -> Words:
    source = write_csv(root / "data.csv")
    signdata.csv_to_folders(source, root / "old", workers=1)
    return ["replay", root / "old", "--source", f"data.csv={source}"]


ONE = ("-j", "1")
HALVES = ("--ratios", "50,50", *ONE)
TINY = ("--n", "1", "--signers", "1", "--size", "32x32")

WRITERS = {
    "csv-to-folders": Writer(_on_csv("csv-to-folders"), more=ONE),
    "folders-to-csv": Writer(_on_tree("folders-to-csv"), "out.csv", ONE),
    "convert to folders": Writer(_on_tree("convert", "--image-format", "jpg"), more=ONE),
    "convert to hdf5": Writer(_on_tree("convert"), "out.h5", ONE),
    "convert to hdf5, encoded": Writer(_on_tree("convert", suffix=".jpg"), "out.h5", ONE),
    "convert to csv": Writer(_on_tree("convert"), "out.csv", ONE),
    "convert to arrays": Writer(_on_tree("convert"), "out.npz", ONE),
    "convert to a table": Writer(_on_tree("convert", "--to", "table"), more=ONE),
    "convert to webdataset": Writer(
        _on_tree("convert", "--to", "webdataset", "--shards", "3"), more=ONE
    ),
    "convert to parquet": Writer(_on_tree("convert", "--to", "parquet", "--shards", "2"), more=ONE),
    "convert clips to parquet": Writer(
        _on_videos("convert", "--to", "parquet", "--shards", "2"), more=ONE
    ),
    "convert to frames": Writer(_on_clips, more=ONE),
    "extract-frames": Writer(_on_videos("extract-frames"), more=("--frames", "3", *ONE)),
    "extract-frames, ffmpeg": Writer(
        _on_videos("extract-frames", "--decoder", "ffmpeg"), more=("--frames", "3", *ONE)
    ),
    "trim": Writer(_on_index, more=ONE),
    "split by links": Writer(_on_tree("split"), more=HALVES),
    "split by copies": Writer(_on_tree("split", "--mode", "copy"), more=HALVES),
    "split by symbolic links": Writer(_on_tree("split", "--mode", "symlink"), more=HALVES),
    "split by a manifest": Writer(_on_tree("split", "--mode", "manifest"), more=HALVES),
    "split in folds": Writer(_on_tree("split", "--folds", "2"), more=ONE),
    "split to hdf5": Writer(_on_tree("split"), "out.h5", HALVES),
    "split to csv": Writer(_on_tree("split"), "out.csv", HALVES),
    "augment": Writer(_on_tree("augment", "--recipe", "observed-20"), more=ONE),
    "augment to hdf5": Writer(_on_tree("augment", "--recipe", "observed-20"), "out.h5", ONE),
    "augment --preview": Writer(_on_tree("augment", "--preview"), "out.png", ("--overwrite",)),
    "audit --fix": Writer(_on_twins("audit", "--fix"), more=ONE),
    "audit --fix to hdf5": Writer(_on_twins("audit", "--fix"), "out.h5", ONE),
    "audit --contact-sheet": Writer(_on_twins("audit", "--contact-sheet"), "out.png", ONE),
    "audit --findings": Writer(_on_twins("audit", "--findings"), "out.csv", ONE),
    "replay": Writer(_again, more=ONE),
    "sample sign-mnist": Writer(lambda _: ["sample", "sign-mnist"], more=("--n", "50")),
    "sample asl-alphabet": Writer(
        lambda _: ["sample", "asl-alphabet"], more=("--n", "1", "--size", "32x32")
    ),
    "sample photos": Writer(lambda _: ["sample", "photos"], more=TINY),
    "sample wlasl": Writer(lambda _: ["sample", "wlasl"], more=TINY),
    "croissant": Writer(lambda root: ["croissant", write_tree(root / "data"), "-o"], "out.json"),
    "report": Writer(_reported, "out.html", ONE),
    "predict --annotate": Writer(_model, heavy=True),
    "evaluate": Writer(_tested, heavy=True),
    "export": Writer(_run, "out.onnx", ("--overwrite",), heavy=True),
    "baseline": Writer(
        lambda root: ["baseline", write_csv(root / "data.csv", 60), "--epochs", "1", "--out"],
        more=("--device", "cpu"),
        measured=("metrics.json", "last.pt", "events.out", "train.log"),
        heavy=True,
    ),
}
