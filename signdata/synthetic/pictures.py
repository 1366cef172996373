"""Synthetic trees of colour pictures: the ASL Alphabet, and photographs with hand boxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg

from signdata.options import ProgressCallback
from signdata.synthetic.checks import check
from signdata.synthetic.drawing import drawn
from signdata.synthetic.hands import Box, draw_hand
from signdata.synthetic.poses import ALPHABET_CLASSES, LETTERS
from signdata.synthetic.render import Image
from signdata.synthetic.signers import Signer, film, generator, make_signer

_BOX_HEADER = "image,top_left_x,top_left_y,bottom_right_x,bottom_right_y"


def write_jpeg(path: Path, picture: Image, quality: int = 92) -> None:
    """Write an (H, W, 3) uint8 RGB picture."""
    path.write_bytes(
        simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality, "RGB", "420", fastdct=False)
    )


def write_asl_alphabet(
    root: Path,
    *,
    n: int = 40,
    size: tuple[int, int] = (96, 96),
    signers: int = 5,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, int]:
    """Write a tree of pictures like the ASL Alphabet: ``A/A1.jpg``, ``A/A2.jpg``, ...

    Consecutive numbers are consecutive frames of one signer's recording, and each signer has one
    run in every class, so that a random split puts near-duplicates on both sides.

    Parameters
    ----------
    root : Path
        An existing directory.
    n : int
        Pictures per class; the classes are A..Z, ``del``, ``nothing`` and ``space``.
    size : tuple of int
        Width and height.
    signers : int
        Number of signers.
    seed : int
    progress : callable, optional
        Called with pictures drawn and the total.

    Returns
    -------
    dict
        ``samples``, ``classes``, ``signers``.

    Raises
    ------
    UsageError
        If a size or count is out of range.
    """
    check(size=size, n=n, signers=signers)
    for name in ALPHABET_CLASSES:
        (root / name).mkdir()
    # Signers in the outer loop, so that each one's room is drawn only once.
    takes = [(*part, name) for part in _stretches(n, signers, seed) for name in ALPHABET_CLASSES]
    n_samples = n * len(ALPHABET_CLASSES)
    for _ in drawn(_Alphabet(root, size, seed), takes, n_samples, progress):
        pass
    return {
        "samples": n_samples,
        "classes": len(ALPHABET_CLASSES),
        "signers": min(signers, n),
    }


@dataclass(frozen=True)
class _Alphabet:
    """Writes the consecutive pictures of one class and signer."""

    root: Path
    size: tuple[int, int]
    seed: int

    def __call__(self, take: tuple[Signer, tuple[int, int], str]) -> None:
        signer, (start, stop), name = take
        label = f"asl-alphabet/{signer.number}/{name}"
        film = _film(name, signer, stop - start, self.size, self.seed, label)
        for index, (picture, _) in enumerate(film):
            write_jpeg(self.root / name / f"{name}{start + index + 1}.jpg", picture)


def _stretches(n: int, signers: int, seed: int) -> list[tuple[Signer, tuple[int, int]]]:
    """Signers with their range of the ``n`` consecutive pictures; empty ranges are left out."""
    edges = [number * n // signers for number in range(signers + 1)]
    return [
        (make_signer(seed, number), (edges[number], edges[number + 1]))
        for number in range(signers)
        if edges[number] < edges[number + 1]
    ]


def _film(
    pose: str, signer: Signer, n: int, size: tuple[int, int], seed: int, take: str
) -> Iterator[tuple[Image, Box]]:
    """Yield ``n`` consecutive pictures of one take, each with the hand's box."""
    moments = film(generator(seed, take), n)
    for index, moment in enumerate(moments):
        yield draw_hand(pose, signer, size[::-1], generator(seed, take, index), moment)


def write_photos(
    root: Path,
    *,
    n: int = 5,
    size: tuple[int, int] = (320, 240),
    signers: int = 6,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, int]:
    """Write colour photographs ``user_1/A0.jpg``, ... with hand boxes.

    ``user_N/user_N_loc.csv`` has one line per picture:
    ``image,top_left_x,top_left_y,bottom_right_x,bottom_right_y``, the box half-open, in pixels.

    Parameters
    ----------
    root : Path
        An existing directory.
    n : int
        Pictures per letter and signer; the letters are the 24 without movement.
    size : tuple of int
        Width and height.
    signers : int
        Number of signers; one folder each.
    seed : int
    progress : callable, optional
        Called with pictures drawn and the total.

    Returns
    -------
    dict
        ``samples``, ``classes``, ``signers``.

    Raises
    ------
    UsageError
        If a size or count is out of range.
    """
    check(size=size, n=n, signers=signers)
    for number in range(signers):
        (root / _user(number)).mkdir()
    takes = [(number, letter) for number in range(signers) for letter in LETTERS]
    n_samples = n * signers * len(LETTERS)
    boxes: dict[int, list[str]] = {}
    for (number, _), lines in zip(
        takes, drawn(_Photos(root, n, size, seed), takes, n_samples, progress), strict=True
    ):
        boxes.setdefault(number, [_BOX_HEADER]).extend(lines)
    for number, lines in boxes.items():
        user = _user(number)
        text = "\n".join(lines) + "\n"
        (root / user / f"{user}_loc.csv").write_text(text, encoding="ascii", newline="\n")
    return {
        "samples": n_samples,
        "classes": len(LETTERS),
        "signers": signers,
    }


@dataclass(frozen=True)
class _Photos:
    """Writes the photographs of one signer and letter, and returns the lines of their boxes."""

    root: Path
    n: int
    size: tuple[int, int]
    seed: int

    def __call__(self, take: tuple[int, str]) -> list[str]:
        number, letter = take
        user, lines = _user(number), []
        signer = make_signer(self.seed, number)
        label = f"photos/{user}/{letter}"
        for index, (picture, box) in enumerate(
            _film(letter, signer, self.n, self.size, self.seed, label)
        ):
            name = f"{user}/{letter}{index}.jpg"
            write_jpeg(self.root / name, picture)
            lines.append(",".join([name, *map(str, box)]))
        return lines


def _user(number: int) -> str:
    return f"user_{number + 1}"
