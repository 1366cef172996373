"""The real ImageMagick, whichever is installed, and which profile it is compared with.

======  ==================================================================================
im6     ``convert-im6.q16``, as Debian names it
im7     ``magick``
plain   ``convert``, if it says that it is ImageMagick
wasm    7.0.8-28 under node: ``npm install wasm-imagemagick@1.2.8`` here, or in the folder
        that the variable IM708_DIR names
======  ==================================================================================
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.magick.operations import Operation, Picture
from tests.magick.pictures import png

COMMANDS = {"im6": "convert-im6.q16", "im7": "magick", "plain": "convert"}
WASM = "node_modules/wasm-imagemagick/dist"
NAMES = (*COMMANDS, "wasm")
SINGLE = {**os.environ, "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}

Task = tuple[Operation, Picture]


@dataclass(frozen=True)
class Engine:
    """One ImageMagick.

    Attributes
    ----------
    name : str
        A key of `NAMES`.
    version : str
        The first line of ``-version``.
    profile : str
        The profile that it should equal; '' if there is none.
    run : callable
        Makes one output of each task.
    """

    name: str
    version: str
    profile: str
    run: Callable[[Sequence[Task]], list[Picture]]


def find(name: str) -> Engine | None:
    """Look for an engine; None if it is not here."""
    if name == "wasm":
        dist = Path(os.environ.get("IM708_DIR", ".")) / WASM
        if not shutil.which("node") or not (dist / "magick.wasm").exists():
            return None
        told, run = _wasm([], dist), lambda tasks: _run_wasm(tasks, dist)
    else:
        program = shutil.which(COMMANDS[name])
        if program is None:
            return None
        told = _said([program, "-version"])
        run = lambda tasks: [_run_command(program, *task) for task in tasks]  # noqa: E731
    first, _, rest = told.partition("\n")
    if "ImageMagick" not in first:
        return None
    return Engine(name, first.removeprefix("Version: "), profile_for(first, "HDRI" in rest), run)


def profile_for(version: str, hdri: bool) -> str:
    """Which profile a version line stands for; '' if none.

    The tangent was given up in 6.9.12-85 and 7.1.1-7; other than 16 bits, 6 with HDRI and 7
    without have no profile.
    """
    match = re.search(r"ImageMagick (\d+)\.(\d+)\.(\d+)-(\d+) (Q\d+)", version)
    if match is None or match[5] != "Q16":
        return ""
    number = tuple(map(int, match.groups()[:4]))
    if number < (7,):
        return "im6-q16" if number < (6, 9, 12, 85) and not hdri else ""
    if not hdri:
        return ""
    return "im7-2017" if number < (7, 1, 1, 7) else "im7-current"


def _said(words: Sequence[str | Path], given: str | None = None) -> str:
    """What a program printed; '' if it cannot be run."""
    try:
        done = subprocess.run(
            list(map(str, words)), input=given, capture_output=True, text=True, env=SINGLE
        )
    except OSError:
        return ""
    return done.stdout


def _suffix(operation: Operation, picture: Picture) -> str:
    """PGM or PPM: ImageMagick 6 cuts its 16 bits off instead of rounding when it writes PNG."""
    return ".pgm" if operation.grey or len(picture) == 1 else ".ppm"


def _run_command(program: str, operation: Operation, picture: Picture) -> Picture:
    words = [program, "png:-", *operation.words(picture), _suffix(operation, picture)[1:] + ":-"]
    done = subprocess.run(words, input=png(picture), capture_output=True, env=SINGLE)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.decode(errors='replace').strip()}")
    return read_pnm(done.stdout)


def _run_wasm(tasks: Sequence[Task], dist: Path) -> list[Picture]:
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for number, (operation, picture) in enumerate(tasks):
            source = Path(folder, f"{number}.png")
            source.write_bytes(png(picture))
            target = source.with_suffix(_suffix(operation, picture))
            words = ["@in", *operation.words(picture), "@out"]
            jobs.append({"input": str(source), "output": str(target), "arguments": words})
        _wasm(jobs, dist)
        return [read_pnm(Path(job["output"]).read_bytes()) for job in jobs]


def _wasm(jobs: list[dict[str, object]], dist: Path) -> str:
    words = ["node", str(Path(__file__).with_name("wasm.cjs")), str(dist)]
    done = subprocess.run(words, input=json.dumps(jobs), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def read_pnm(content: bytes) -> Picture:
    """Read a binary PGM or PPM of 8 bits."""
    match = re.match(rb"P([56])\s+(\d+)\s+(\d+)\s+255\s", content)
    if match is None:
        raise ValueError(f"not a PGM or PPM of 8 bits: {content[:20]!r}")
    channels = 1 if match[1] == b"5" else 3
    shape = int(match[3]), int(match[2]), channels
    return np.frombuffer(content[match.end() :], np.uint8).reshape(shape).transpose(2, 0, 1)
