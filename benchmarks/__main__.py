"""``python -m benchmarks [NAME...] [--quick] [--rounds N] [--json FILE] [--against FILE]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import (
    arrays,
    guard,
    learning,
    loading,
    looking,
    million,
    shards,
    splits,
    start,
    tables,
    variants,
    videos,
)
from benchmarks.data import Place
from benchmarks.measure import Figure

JOBS: dict[str, Callable[[Place], Iterator[Figure]]] = {
    **tables.JOBS,
    **arrays.JOBS,
    **loading.JOBS,
    **shards.JOBS,
    **videos.JOBS,
    **splits.JOBS,
    **variants.JOBS,
    **learning.JOBS,
    **looking.JOBS,
    **million.JOBS,
    **start.JOBS,
}
PACKAGES = (
    *("signdata", "numpy", "pandas", "pillow", "h5py", "opencv-python-headless", "simplejpeg"),
    *("av", "imageio-ffmpeg"),
)
SHARED_MEMORY = Path("/dev/shm")


def main() -> None:
    """Run what was named, print the table."""
    options = _options()
    if not hasattr(os, "wait4"):
        sys.exit("the benchmarks need a system that counts what a process took: Linux or macOS")
    try:
        before = guard.read(options.against) if options.against else None
    except guard.NotComparable as err:
        sys.exit(f"{options.against}: {err}")
    memory = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    figures: list[Figure] = []
    lines: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix="signdata-bench-", dir=memory) as fast,
        tempfile.TemporaryDirectory(prefix="signdata-bench-", dir=options.disk) as slow,
    ):
        place = Place(Path(fast), Path(slow), options.rows, options.clips, options.rounds)
        for name in options.names or JOBS:
            begin = time.perf_counter()
            for figure in JOBS[name](place):
                figures.append(figure)
                lines.append({"name": name, **figure.to_dict()})
            print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    print(table(figures))
    machine = _machine(place)
    print(f"\n{machine}")
    document = {"machine": machine, "rows": place.rows, "clips": place.clips, "figures": lines}
    if options.json:
        Path(options.json).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if before is not None:
        sys.exit(_held_against(before, document, options.against))


def _held_against(before: dict[str, Any], now: dict[str, Any], file: Path) -> int:
    """Print which ratios fell; 1 where one did."""
    try:
        changes = guard.compare(before, now)
    except guard.NotComparable as err:
        sys.exit(f"{file}: {err}")
    print(f"\nagainst {file} ({before['machine']}):\n{guard.told(changes)}")
    return int(any(one.fell for one in changes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(JOBS)} [all]")
    parser.add_argument("--rows", type=int, help="rows of the CSV [27455, as Sign-MNIST has]")
    parser.add_argument("--clips", type=int, help="very short videos [2000]")
    parser.add_argument("--rounds", type=int, help="how often each side runs [3]")
    parser.add_argument("--quick", action="store_true", help="2,000 rows, 200 clips, one round")
    parser.add_argument("--disk", type=Path, help="folder on the disk to measure [temporary files]")
    parser.add_argument("--json", metavar="FILE", help="write every single number there, too")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="what --json wrote before: say which ratios fell by more than 15 %%, and exit with 1",
    )
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in JOBS]
    if unknown:
        parser.error(f"no job {unknown[0]!r}; expected of {', '.join(JOBS)}")
    options.rows = options.rows or (2000 if options.quick else 27_455)
    options.clips = options.clips or (200 if options.quick else 2000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def table(figures: list[Figure]) -> str:
    """A Markdown table: each pair of numbers is the least and the median of the rounds."""
    head = ("job", "ours", "usual way", "", "unit", "ratio", "asked", "")
    lines = [head, tuple("-" * max(3, len(name)) for name in head)]
    for figure in figures:
        verdict = {None: "", True: "yes", False: "NO"}[figure.reached]
        lines.append(
            (
                figure.job,
                _pair(figure.ours),
                figure.usual_way,
                _pair(figure.usual),
                figure.unit,
                _ratio(figure),
                figure.asked,
                verdict,
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    rows = (" | ".join(map(str.ljust, line, widths)) for line in lines)
    return "\n".join(f"| {row} |" for row in rows)


def _pair(values: list[float]) -> str:
    if not values:
        return ""
    return " / ".join(f"{value:.3g}" for value in (min(values), statistics.median(values)))


def _ratio(figure: Figure) -> str:
    values = [figure.ratio(min), figure.ratio(statistics.median)]
    return " / ".join(f"{value:.2f}" for value in values if value is not None)


def _machine(place: Place) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{place.rows:,} rows, {place.photos:,} photos, {place.clips:,} short clips, "
        f"{place.rounds} rounds; "
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"load {os.getloadavg()[0]:.1f} at the end, "
        f"Python {platform.python_version()}, {packages}"
    )


if __name__ == "__main__":
    main()
