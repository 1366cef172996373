"""Splitting by hard links against copying file by file."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.data import Place, clear
from benchmarks.measure import Cost, Figure, call, cpu, rotate, signdata, wall


def copy_loop(folder: str, out: str) -> None:
    """The usual way: shuffle each class, copy 80, 10 and 10 percent."""
    rng = random.Random(0)
    for source in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        paths = sorted(source.iterdir())
        rng.shuffle(paths)
        first, second = round(len(paths) * 0.8), round(len(paths) * 0.9)
        for split, part in (
            ("train", paths[:first]),
            ("val", paths[first:second]),
            ("test", paths[second:]),
        ):
            target = f"{out}/{split}/{source.name}"
            os.makedirs(target)
            for path in part:
                shutil.copy(path, target)


def split_folders(folder: str, out: str) -> None:
    """The package for it, copying as it does by itself."""
    import splitfolders

    splitfolders.ratio(folder, out, seed=0, ratio=(0.8, 0.1, 0.1))


SPARE = 2
"""Files of a class that a split may have more or fewer than another way puts there.

split-folders rounds train and val down, and test has what is left.
"""


def same_splits(one: Path, other: Path) -> None:
    """Raise unless both hold the same files, and nearly as many of each class in each split."""
    mine, theirs = (
        {path.parts[-2:]: path for path in top.glob("*/*/*.png")} for top in (one, other)
    )
    if mine.keys() != theirs.keys():
        raise AssertionError(f"other files in {one} than in {other}")
    for name, path in mine.items():
        if path.read_bytes() != theirs[name].read_bytes():
            raise AssertionError(f"other bytes in {name}")
    for folder in one.glob("*/*/"):
        n, m = (len(list((top / folder.relative_to(one)).iterdir())) for top in (one, other))
        if abs(n - m) > SPARE:
            raise AssertionError(f"{folder} has {n} files, not {m}")


def split(place: Place) -> Iterator[Figure]:
    source = clear(place.disk / "pictures")
    signdata("csv-to-folders", place.csv, source)
    outs = {name: place.disk / f"split by {name}" for name in (OURS, *USUAL)}
    words = ("--no-look", "--group-by", "none")
    costs = rotate(
        place.rounds,
        {
            OURS: lambda: signdata("split", source, clear(outs[OURS]), *words),
            **{name: partial(_split, way, source, outs[name]) for name, (way, _) in USUAL.items()},
        },
        lambda name: same_splits(outs[OURS], outs[name]),
    )
    for path in (source, *outs.values()):
        clear(path)
    job, ours = "split by hard links, on disk", costs[OURS]
    for name, (_, asked) in USUAL.items():
        yield Figure(job, name, "s CPU", cpu(ours), cpu(costs[name]), asked)
        yield Figure(job, name, "s wall", wall(ours), wall(costs[name]))


def _split(way: Callable[[str, str], None], source: Path, out: Path) -> Cost:
    return call(way, source, clear(out))


OURS = "signdata"
USUAL = {
    "split-folders, copying": (split_folders, ">= 20x less"),
    "shutil.copy loop": (copy_loop, ""),
}
"""Other ways to split, and what is asked of ours."""


def plan(place: Place) -> Iterator[Figure]:
    """Deciding where a million samples go, without groups and with groups of seven."""
    for job, asked in (("plain", "<= 0.5"), ("groups", "")):
        spent = [decide(job) for _ in range(place.rounds)]
        yield Figure(f"splitting 1,000,000 labels, {job}", "", "s", spent, [], asked)


def decide(job: str) -> float:
    """Seconds that it takes."""
    from signdata.splitting import grouped, stratified

    n = 1_000_000
    ids = [f"class{i % 29}/img_{i:07d}" for i in range(n)]
    labels = [f"class{i % 29}" for i in range(n)]
    groups = [f"{i % 29}-{i // 203}" for i in range(n)]
    ratios = {"train": 0.8, "val": 0.1, "test": 0.1}
    begin = time.perf_counter()
    if job == "plain":
        stratified.stratified(ids, labels, ratios, 0)
    else:
        grouped.grouped(ids, labels, groups, ratios, 0)
    return time.perf_counter() - begin


JOBS = {"split": split, "plan": plan}
