"""The log of a run: one line per epoch, on screen and in ``train.log``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from signdata.training.data import Progress

NAME = "train.log"


def epoch_line(row: Mapping[str, Any], epochs: int, learned_from: str) -> str:
    """The results of an epoch, in at most 80 columns.

    Parameters
    ----------
    row : mapping
        ``epoch``, ``train_loss``, ``train_accuracy``; ``val_loss`` and ``val_accuracy`` if it was
        evaluated on val; ``lr`` and ``seconds`` if known.
    epochs : int
        Maximum number of epochs.
    learned_from : str
        ``train``, or ``train+val``.
    """
    width = len(str(epochs))
    parts = [
        f"epoch {row['epoch']:>{width}}/{epochs}",
        f"{learned_from} {row['train_loss']:.4f} {row['train_accuracy']:7.2%}",
    ]
    if "val_loss" in row:
        parts.append(f"val {row['val_loss']:.4f} {row['val_accuracy']:7.2%}")
    if "lr" in row:
        parts.append(f"rate {row['lr']:.2g}")
    if "seconds" in row:
        parts.append(f"{row['seconds']:.1f} s")
    return "  ".join(parts)


class TrainLog:
    """Writes each line to ``train.log`` at once, and passes it to the progress callback.

    The line break at its end tells the progress display to keep it on the screen.
    """

    def __init__(self, run_dir: Path, progress: Progress | None) -> None:
        self._path, self._progress = run_dir / NAME, progress

    def begin(self, lines: Iterable[str]) -> None:
        """Start the file with the lines of earlier epochs."""
        self._path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def say(self, line: str, done: int, total: int) -> None:
        """Add a line, after `done` steps of `total`."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        if self._progress:
            self._progress(done, total, f"{line}\n")
