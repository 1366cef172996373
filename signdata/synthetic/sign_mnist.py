"""A synthetic Sign-MNIST: two CSVs of small grey pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from signdata.errors import UsageError
from signdata.options import ProgressCallback
from signdata.synthetic.checks import check
from signdata.synthetic.drawing import drawn
from signdata.synthetic.hands import draw_hand
from signdata.synthetic.poses import LETTERS
from signdata.synthetic.render import Image
from signdata.synthetic.signers import Floats, Signer, generator, make_signer

# Labels in Sign-MNIST: A is 0, and 9 (J) never occurs.
_CODES = {letter: ord(letter) - ord("A") for letter in LETTERS}

# Rows per photograph, each with a different filter and tone.
_VARIANTS = 4

# Grey weights of Rec. 601.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def write_sign_mnist(
    root: Path,
    *,
    n_train: int = 4800,
    n_test: int = 1200,
    size: int = 28,
    signers: int = 20,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> dict[str, int]:
    """Write two CSVs like those of Sign-MNIST.

    As in the real ones, every photograph appears in several rows, each time with a different
    filter and tone, scattered over the file; and no signer is in both files.

    Parameters
    ----------
    root : Path
        An existing directory.
    n_train, n_test : int
        Rows of ``sign_mnist_train.csv`` and ``sign_mnist_test.csv``. A file with at least 24
        rows contains every letter.
    size : int
        Side of the pictures, which are square because a CSV does not store its width.
    signers : int
        Number of signers, at least 2; about a quarter of them are in the test file.
    seed : int
    progress : callable, optional
        Called with rows drawn and the total of the file.

    Returns
    -------
    dict
        ``samples`` in all, ``train`` and ``test`` rows, ``photographs`` that they are variants
        of, ``classes`` and ``signers``.

    Raises
    ------
    UsageError
        If a size or count is out of range.
    """
    check(size=(size, size), n_train=n_train, n_test=n_test, signers=signers)
    if signers < 2:
        raise UsageError(f"signers {signers}; expected at least 2, as no signer is in both files")
    n_tested = min(max(round(0.25 * signers), 1), signers - 1)
    cast = [make_signer(seed, number) for number in range(signers)]
    parts = {"train": (n_train, cast[:-n_tested]), "test": (n_test, cast[-n_tested:])}
    photographs = n_signing = 0
    for part, (n, people) in parts.items():
        # As few photographs as possible, but one of every letter if there are enough rows.
        n_photographs = max(-(-n // _VARIANTS), min(n, len(LETTERS)))
        rows = _Rows(part, n, n_photographs, tuple(people), size, seed)
        table = np.empty((n, 1 + size * size), np.uint8)
        order = generator(seed, "sign-mnist", part, "order").permutation(n)
        for number, drawing in enumerate(drawn(rows, range(n_photographs), n, progress)):
            table[order[number::n_photographs]] = drawing
        _write_csv(root / f"sign_mnist_{part}.csv", table)
        photographs += n_photographs
        n_signing += min(len(people), -(-n_photographs // len(LETTERS)))
    return {
        "samples": n_train + n_test,
        "train": n_train,
        "test": n_test,
        "photographs": photographs,
        "classes": min(n_train, len(LETTERS)),
        "signers": n_signing,
    }


@dataclass(frozen=True)
class _Rows:
    """Draws the rows of one file that are made from one photograph."""

    part: str
    n: int
    n_photographs: int
    people: tuple[Signer, ...]
    size: int
    seed: int

    def __call__(self, photograph: int) -> Image:
        """(rows, 1 + pixels) uint8: label and grey pixels of each."""
        letter = LETTERS[photograph % len(LETTERS)]
        signer = self.people[photograph // len(LETTERS) % len(self.people)]
        rng = generator(self.seed, "sign-mnist", self.part, photograph)
        picture, _ = draw_hand(letter, signer, (self.size, self.size), rng)
        grey = picture.astype(np.float32) @ _LUMA
        n = len(range(photograph, self.n, self.n_photographs))
        rows = np.empty((n, 1 + self.size * self.size), np.uint8)
        rows[:, 0] = _CODES[letter]
        for row in rows:
            row[1:] = _variant(grey, rng).reshape(-1)
        return rows


def _variant(grey: Floats, rng: np.random.Generator) -> Image:
    """A variant of a photograph: slightly rotated, different tone, blurred or sharpened."""
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rng.uniform(-3, 3), 1.0)
    turned = cv2.warpAffine(
        grey, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    soft = cv2.GaussianBlur(turned, (0, 0), 0.8)
    # From -0.5 (blurred) to 0.6 (sharpened).
    filtered = turned + rng.uniform(-0.5, 0.6) * (turned - soft)
    toned = (filtered - 128) * rng.uniform(0.85, 1.15) + 128 + rng.uniform(-20, 20)
    if rng.random() < 0.15:
        toned += rng.normal(0, 5, toned.shape)
    varied: Image = np.clip(np.rint(toned), 0, 255).astype(np.uint8)
    return varied


def _write_csv(path: Path, table: Image) -> None:
    header = ",".join(["label", *(f"pixel{index}" for index in range(1, table.shape[1]))])
    # Looking the cells up as text is several times faster than formatting each number.
    words = [str(value) for value in range(256)]
    with path.open("w", newline="", encoding="ascii") as file:
        file.write(header + "\r\n")
        for row in table.tolist():
            file.write(",".join([words[value] for value in row]) + "\r\n")
