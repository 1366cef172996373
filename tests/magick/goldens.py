"""What the real programs made of the committed pictures; written by `tests.magick.oracle`.

``data/manifest.json`` names the programs, and for each picture and operation the whole command
and who ran it. ``data/goldens.npz`` holds the values of one output after the other, in the
order of the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tests.magick.engines import Engine
from tests.magick.operations import OPERATIONS, Picture
from tests.magick.pictures import DATA, png, read, small

MANIFEST = DATA / "manifest.json"
VALUES = DATA / "goldens.npz"
WANTED = ("im6", "wasm")
"""The engines whose outputs are kept: one of each of ImageMagick 6 and 7."""


@dataclass(frozen=True)
class Golden:
    """One command, and the outputs that each engine made by it.

    Attributes
    ----------
    operation, picture, command : str
    engines : list of str
        In the order of their outputs.
    shape : list of int
        Channels, height, width.
    """

    operation: str
    picture: str
    command: str
    engines: list[str]
    shape: list[int]


def manifest() -> dict[str, Any]:
    """The manifest: ``engines``, ``pictures``, ``goldens``."""
    found: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def load() -> dict[tuple[str, str], dict[str, Picture]]:
    """Outputs by picture, for each engine and operation."""
    with np.load(VALUES) as file:
        values = file["values"]
    found: dict[tuple[str, str], dict[str, Picture]] = {}
    start = 0
    for golden in (Golden(**line) for line in manifest()["goldens"]):
        for engine in golden.engines:
            stop = start + int(np.prod(golden.shape))
            outputs = found.setdefault((engine, golden.operation), {})
            outputs[golden.picture] = values[start:stop].reshape(golden.shape)
            start = stop
    assert start == len(values), "goldens.npz does not belong to manifest.json"
    return found


def write(engines: Sequence[Engine]) -> None:
    """Draw the pictures where they are not there, and write all goldens anew."""
    DATA.mkdir(exist_ok=True)
    for name, drawn in small().items():
        if not (DATA / f"{name}.png").exists():
            (DATA / f"{name}.png").write_bytes(png(drawn))
    pictures = read(list(small()))
    made: dict[tuple[str, str], dict[str, Picture]] = {}
    for engine in engines:
        names = [name for name, one in OPERATIONS.items() if engine.profile in one.profiles]
        pairs = [(name, picture) for name in names for picture in pictures]
        outputs = engine.run([(OPERATIONS[name], pictures[picture]) for name, picture in pairs])
        for pair, output in zip(pairs, outputs, strict=True):
            made.setdefault(pair, {})[engine.name] = output
    goldens, values = [], []
    for (name, picture), by_engine in made.items():
        first, *others = by_engine.values()
        assert all(other.shape == first.shape for other in others), (name, picture)
        words = " ".join(OPERATIONS[name].words(pictures[picture]))
        command = f"convert {picture}.png {words} out.{'pgm' if len(first) == 1 else 'ppm'}"
        goldens.append(Golden(name, picture, command, list(by_engine), list(first.shape)))
        # Nearly equal outputs lie next to each other, and take their room only once.
        values += [output.ravel() for output in by_engine.values()]
    np.savez_compressed(VALUES, values=np.concatenate(values))
    head = {
        "engines": {
            engine.name: {"version": engine.version, "profile": engine.profile}
            for engine in engines
        },
        "pictures": list(pictures),
    }
    lines = ",\n".join("  " + json.dumps(asdict(golden)) for golden in goldens)
    text = json.dumps(head, indent=1).removesuffix("\n}") + f',\n "goldens": [\n{lines}\n ]\n}}\n'
    MANIFEST.write_text(text, encoding="utf-8")
