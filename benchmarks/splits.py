"""Splitting by hard links against copying file by file."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import Place, clear, write_pictures
from benchmarks.measure import Figure, call, compare, cpu, signdata, wall


def copy_loop(folder: str, out: str) -> None:
    """The usual way: shuffle each class, copy 80, 10 and 10 percent."""
    rng = random.Random(0)
    for source in sorted(Path(folder).iterdir()):
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


def same_splits(one: Path, other: Path) -> None:
    """Raise unless both hold the same files and the same number of each class in each split."""
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
        if abs(n - m) > 1:
            raise AssertionError(f"{folder} has {n} files, not {m}")


def split(place: Place) -> Iterator[Figure]:
    source = clear(place.disk / "pictures")
    mine, theirs = place.disk / "ours", place.disk / "usual"
    write_pictures(source, place.rows)
    ours, usual = compare(
        place.rounds,
        lambda: signdata("split", source, clear(mine), "--ratios", "80,10,10"),
        lambda: call(copy_loop, source, clear(theirs)),
        lambda: same_splits(mine, theirs),
    )
    for path in (mine, theirs, source):
        clear(path)
    yield Figure("split by hard links, on disk", "shutil.copy loop", "s CPU", cpu(ours), cpu(usual))
    yield Figure(
        "split by hard links, on disk", "shutil.copy loop", "s wall", wall(ours), wall(usual)
    )


JOBS = {"split": split}
