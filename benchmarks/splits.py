"""Splitting by hard links against copying file by file."""

from __future__ import annotations

import os
import random
import shutil
import time
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
        lambda: signdata("split", source, clear(mine), "--no-look", "--group-by", "none"),
        lambda: call(copy_loop, source, clear(theirs)),
        lambda: same_splits(mine, theirs),
    )
    for path in (mine, theirs, source):
        clear(path)
    yield Figure("split by hard links, on disk", "shutil.copy loop", "s CPU", cpu(ours), cpu(usual))
    yield Figure(
        "split by hard links, on disk", "shutil.copy loop", "s wall", wall(ours), wall(usual)
    )


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
