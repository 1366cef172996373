"""Variants of pictures against one ImageMagick process for each."""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.data import CODES, Place, clear
from benchmarks.measure import Cost, Figure, call, cpu, rotate, signdata, wall

SIDE = 100
N_VARIANTS = 60
N_SAMPLE = 150
"""Variants that are made by the real program; the time of one is what is told."""

PROGRAMS = ("magick", "convert-im6.q16", "convert-im6.q16hdri", "convert")
FORMATS = {"HDF5": "ours.h5", "CSV": "ours.csv", "PNG folders": "ours"}


def real_program() -> str | None:
    """An ImageMagick on PATH: one that says so itself, as other programs are called convert."""
    for name in PROGRAMS:
        path = shutil.which(name)
        if path is None:
            continue
        done = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
        if "ImageMagick" in done.stdout:
            return path
    return None


def one_by_one(program: str, folder: str, variants: str, out: str) -> None:
    """The usual way: one process a variant, by the options that the manifest names."""
    Path(out).mkdir()
    for number, row in enumerate(_some(Path(variants))):
        source = f"{folder}/{row['source']}.png"
        words = row["imagemagick"].split()
        subprocess.run([program, source, *words, f"{out}/{number:05d}.png"], check=True)


def _some(variants: Path) -> list[dict[str, str]]:
    with (variants / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["imagemagick"]]
    return random.Random(0).sample(rows, min(N_SAMPLE, len(rows)))


def write_hands(path: Path, n: int) -> None:
    """Write smooth grey pictures of 100x100 with some grain as PNG files."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(2)
    spread = np.maximum(0, 1 - np.abs(np.linspace(0, 8, SIDE)[:, None] - np.arange(9)))
    for number in range(n):
        folder = path / chr(65 + CODES[number % len(CODES)])
        folder.mkdir(parents=True, exist_ok=True)
        smooth = spread @ rng.normal(128, 60, (9, 9)) @ spread.T
        noisy = smooth + rng.normal(0, 4, smooth.shape)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number:06d}.png")


def same_levels(program: str, folder: Path, ours: Path) -> None:
    """Raise unless some variants are what the program makes, to one level.

    It writes PGM, which every build rounds.
    """
    import io

    import numpy as np
    from PIL import Image

    for row in _some(ours)[:20]:
        source = folder / f"{row['source']}.png"
        done = subprocess.run(
            [program, source, *row["imagemagick"].split(), "pgm:-"], capture_output=True, check=True
        )
        with Image.open(io.BytesIO(done.stdout)) as theirs, Image.open(ours / row["path"]) as mine:
            found = np.abs(np.asarray(theirs, np.int16) - np.asarray(mine, np.int16)).max()
        if found > 1:
            raise AssertionError(f"{row['id']}: {found} levels off")


def augment(place: Place) -> Iterator[Figure]:
    n = max(24, place.rows // 27)
    folder = clear(place.memory / "hands")
    write_hands(folder, n)
    program = real_program()
    usual: list[Cost] = []
    example = clear(place.memory / "example")
    if program is None:
        print("no ImageMagick on PATH: nothing to compare with", file=sys.stderr)
    else:
        signdata("augment", folder, example, "--profile", "im6-q16")
        if "im6.q16" in program:
            same_levels(program, folder, example)
    ways: dict[str, Callable[[], Cost]] = {
        name: partial(_augment, folder, place.memory / out) for name, out in FORMATS.items()
    }
    if program is not None:
        theirs = place.memory / "usual"
        words = (program, folder, example)
        ways["usual"] = lambda: call(one_by_one, *words, clear(theirs))
    costs = rotate(place.rounds, ways, lambda _: None)
    usual = costs.pop("usual", [])
    for name, some in costs.items():
        asked = {
            cpu: ">= 200x less" if name == "HDF5" else "",
            wall: ">= 30x less" if name == "PNG folders" else ">= 150x less",
        }
        job = f"variants 100x100 to 28x28, to {name}"
        for measure, unit in ((cpu, "ms CPU/variant"), (wall, "ms wall/variant")):
            ours = [value * 1e3 / (n * N_VARIANTS) for value in measure(some)]
            slow = [value * 1e3 / N_SAMPLE for value in measure(usual)]
            wanted = asked[measure] if program else ""
            yield Figure(job, "one process each" if program else "", unit, ours, slow, wanted)
    for path in (*(place.memory / out for out in FORMATS.values()), place.memory / "usual"):
        clear(path)
    clear(example)
    clear(folder)


def _augment(folder: Path, out: Path) -> Cost:
    return signdata("augment", folder, clear(out))


def rate(place: Place) -> Iterator[Figure]:
    """Variants a second of one core, arrays in and frames out: no files at all."""
    import numpy as np

    from signdata.augmentation.variants import Variants
    from signdata.magick import recipe
    from signdata.samples import ArrayPixels, Sample

    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (SIDE, SIDE, 1), np.uint8) for _ in range(60)]
    samples = [Sample(f"A/{k}", "A", ArrayPixels(p)) for k, p in enumerate(pictures)]
    make = Variants(recipe.load("sign-mnist-60"))
    rates = []
    for _ in range(place.rounds + 1):
        start = time.process_time()
        n = sum(1 for sample in samples for made in make(sample) for _ in made.frames())
        rates.append(n / (time.process_time() - start))
    yield Figure("variants 100x100 to 28x28", "", "/s a core", rates[1:], [], ">= 10000")


def memory(place: Place) -> Iterator[Figure]:
    """Peak memory for some pictures, and for three times as many."""
    n = max(24, place.rows // 27)
    peaks = []
    for many in (n, 3 * n):
        folder = clear(place.memory / "hands")
        write_hands(folder, many)
        out = place.memory / "ours.h5"
        peaks.append([signdata("augment", folder, clear(out)).peak for _ in range(place.rounds)])
        clear(out)
        clear(folder)
    job = f"variants of {3 * n:,} pictures"
    yield Figure(job, f"itself, {n:,} pictures", "MB peak", peaks[1], peaks[0], "<= 1.1x")


JOBS = {"augment": augment, "augment-rate": rate, "augment-memory": memory}
