"""What is drawn of a run, once it is over: six pictures and the TensorBoard events.

::

    curves.png       loss and accuracy of train and val, epoch by epoch
    classes.png      samples of each class in each split
    confusion.png    what was taken for what
    worst.png        the most wrong samples
    top5.png         a sample of each class and its five likeliest classes
    activations.png  what the first layers see of a sample

A picture whose data are not there is not drawn. The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata import fonts
from signdata.charts import classes as class_charts
from signdata.charts import lines as line_charts
from signdata.charts import png, tiles
from signdata.charts.drawing import Drawing
from signdata.charts.tiles import Tile
from signdata.samples import SPLITS, Frame
from signdata.training import metrics
from signdata.training import tensorboard as events

MOST_WRONG = 40
"""Samples in ``worst.png``."""

MOST_TOP5 = 120
"""Classes in ``top5.png``."""


@dataclass(frozen=True, eq=False)
class RunPictures:
    """What there is to draw of a run; what is left out is not drawn.

    Attributes
    ----------
    model : str
        For the titles.
    classes : sequence of str
        Names of the outputs, in order.
    history : sequence of mapping
        One for each epoch: ``epoch``, and any of ``train_loss``, ``val_loss``,
        ``train_accuracy``, ``val_accuracy`` (0..1), ``lr``, ``seconds``. What an epoch does not
        have, or None or NaN, is a gap.
    best_epoch : int, optional
    losses : str
        How the losses of train and val differ, for the curves.
    settings : mapping
        What the run was asked for, for TensorBoard: names, and numbers or text.
    numbers : mapping of str to float
        What it reached: ``test_accuracy``, ``test_macro_f1`` and so on.
    counts : mapping of str to ndarray of int, shape (n_classes,)
        Samples of each class in each split.
    measured_on : str
        The split that the next four are of.
    labels : ndarray of int64, shape (N,), optional
    probabilities : ndarray of float, shape (N, n_classes), optional
        Rows add up to 1.
    ids : sequence of str, length N
        Of the samples; () where they are not known.
    picture : callable, optional
        Row in 0..N-1 to (H, W, C) uint8, RGB or grey, 0..255; of a clip, a frame. Called for
        no more than `MOST_WRONG` + `MOST_TOP5` rows.
    seen : Frame, optional
        The picture that the activations are of.
    activations : sequence of (str, ndarray of float, shape (channels, H, W))
        Name and maps of the first layers, in order; see `looking.first_maps`.
    """

    model: str
    classes: Sequence[str]
    history: Sequence[Mapping[str, Any]] = ()
    best_epoch: int | None = None
    losses: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    measured_on: str = "test"
    labels: NDArray[np.int64] | None = None
    probabilities: NDArray[np.floating[Any]] | None = None
    ids: Sequence[str] = ()
    picture: Callable[[int], Frame] | None = None
    seen: Frame | None = None
    activations: Sequence[tuple[str, NDArray[np.float32]]] = ()

    def id(self, row: int) -> str:
        """Id of a sample; '' where it is not known."""
        return self.ids[row] if self.ids else ""


def draw_run(run_dir: Path, seen: RunPictures, *, tensorboard: bool = True) -> tuple[str, ...]:
    """Draw a run into its folder; what was drawn before is replaced.

    Parameters
    ----------
    run_dir : Path
        An existing folder.
    seen : RunPictures
    tensorboard : bool
        Write the event file too.

    Returns
    -------
    tuple of str
        Notes: what could not be written or drawn, and how it could.
    """
    pages = draw(seen)
    for name, page in pages.items():
        (run_dir / f"{name}.png").write_bytes(page)
    notes = drawing_notes(seen.classes)
    if tensorboard:
        notes += events.write_events(run_dir, seen.history, pages, seen.settings, seen.numbers)
    return notes


def drawing_notes(classes: Sequence[str]) -> tuple[str, ...]:
    """What charts of these classes lack: themselves, or names in a script of no font here."""
    missing = png.missing()
    return tuple(note for note in (missing or fonts.numbered_note(classes),) if note)


def draw(seen: RunPictures) -> dict[str, bytes]:
    """The pictures that can be drawn: name without ending, and PNG; none without resvg-py."""
    if png.missing():
        return {}
    return {name: png.png(page) for name, page in draw_pages(seen).items()}


def draw_pages(seen: RunPictures) -> dict[str, Drawing]:
    """The pages of `draw`, before they are PNGs."""
    pages: dict[str, Drawing] = {}
    if seen.history:
        pages["curves"] = curves(seen)
    if seen.counts and seen.classes:
        pages["classes"] = class_counts(seen)
    if seen.labels is not None and seen.probabilities is not None and len(seen.labels):
        pages["confusion"] = confusion(seen, seen.labels, seen.probabilities)
        if seen.picture is not None:
            pages["worst"] = worst(seen, seen.labels, seen.probabilities, seen.picture)
            pages["top5"] = top5(seen, seen.labels, seen.probabilities, seen.picture)
    if seen.seen is not None and seen.activations:
        title = f"{seen.model}: what the first layers see"
        layers = ", ".join(name for name, _ in seen.activations)
        pages["activations"] = tiles.feature_maps(
            seen.seen, seen.activations, title=title, about=f"Feature maps of {layers}."
        )
    return pages


# ---------------------------------------------------------------------------- one page each


def curves(seen: RunPictures) -> Drawing:
    """Loss and accuracy of train and val."""
    panels = [
        line_charts.Panel("loss", _lines(seen.history, "loss")),
        line_charts.Panel("accuracy", _lines(seen.history, "accuracy"), percent=True),
    ]
    best = seen.best_epoch
    return line_charts.line_chart(
        panels,
        [int(row["epoch"]) for row in seen.history],
        x_label="epoch",
        title=f"{seen.model}: learning",
        mark=best,
        mark_label=f"best on val: epoch {best}",
        note=seen.losses,
    )


def class_counts(seen: RunPictures) -> Drawing:
    """Samples of each class, a row for each split."""
    order = [*SPLITS, *sorted(set(seen.counts) - set(SPLITS))]
    rows = []
    for split in order:
        if split in seen.counts and len(seen.counts[split]):
            counts = [int(count) for count in seen.counts[split]]
            told = f"{split or 'no split'}: {sum(counts):,} samples"
            low, high = min(counts), max(counts)
            spread = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            rows.append((f"{told}, {spread} a class", counts))
    about = "; ".join(row for row, _ in rows)
    return class_charts.bar_chart(rows, seen.classes, title="Samples of each class", about=about)


def confusion(
    seen: RunPictures, labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]]
) -> Drawing:
    """What was taken for what."""
    guesses = probabilities.argmax(axis=1).astype(np.int64)
    matrix = metrics.confusion_matrix(labels, guesses, len(seen.classes))
    right, total = int(np.trace(matrix)), len(labels)
    title = f"{seen.model} on {seen.measured_on}: {right:,} of {total:,} right"
    title += f" ({100 * metrics.accuracy(matrix):.2f} %)"
    return class_charts.confusion_matrix(matrix, seen.classes, title=title, about=title)


def worst(
    seen: RunPictures,
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    picture: Callable[[int], Frame],
) -> Drawing:
    """The samples whose true class was held least likely; the least sure where none is wrong."""
    rows = worst_rows(labels, probabilities)
    wrong = int((probabilities.argmax(axis=1) != labels).sum())
    where = f"{seen.model} on {seen.measured_on}"
    if not wrong:
        title = f"{where}: none is wrong; the {len(rows)} least sure"
    elif wrong > len(rows):
        title = f"{where}: the {len(rows)} most wrong of {wrong:,}"
    else:
        title = f"{where}: all {wrong} that are wrong" if wrong > 1 else f"{where}: the one wrong"
    names, odds = fonts.legible(seen.classes), probabilities
    shown = [
        Tile(picture(row), names[labels[row]], _guesses(names, odds[row], 1), seen.id(row))
        for row in rows
    ]
    about = "; ".join(f"true {tile.truth}, said {tile.guesses[0][0]}" for tile in shown)
    return tiles.mistakes(shown, title=title, about=about)


def worst_rows(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], most: int = MOST_WRONG
) -> list[int]:
    """Rows of wrong samples, the lowest probability of the true class first.

    Where none is wrong, those of the least sure. NaN counts as most wrong.
    """
    own = np.nan_to_num(probabilities[np.arange(len(labels)), labels], nan=-1.0)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    rows = wrong if len(wrong) else np.arange(len(labels))
    return [int(row) for row in rows[np.argsort(own[rows], kind="stable")][:most]]


def top5_rows(labels: NDArray[np.int64], n_classes: int) -> list[int | None]:
    """Row of the first sample of each class that ``top5.png`` shows; None where it has none."""
    firsts = dict(zip(*np.unique(labels, return_index=True), strict=True))
    rows = [firsts.get(idx) for idx in range(min(n_classes, MOST_TOP5))]
    return [None if row is None else int(row) for row in rows]


def shown_rows(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], n_classes: int
) -> set[int]:
    """The rows whose pictures are drawn."""
    firsts = {row for row in top5_rows(labels, n_classes) if row is not None}
    return {*worst_rows(labels, probabilities), *firsts}


def top5(
    seen: RunPictures,
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    picture: Callable[[int], Frame],
) -> Drawing:
    """The first sample of each class with its five likeliest classes."""
    shown, names = [], fonts.legible(seen.classes)
    for name, row in zip(names, top5_rows(labels, len(names)), strict=False):
        if row is not None:
            guesses = _guesses(names, probabilities[row], 5)
            shown.append(Tile(picture(row), name, guesses, seen.id(row)))
        else:
            shown.append(Tile(None, name))
    title = f"{seen.model} on {seen.measured_on}: a sample of each class, its five likeliest"
    if len(seen.classes) > MOST_TOP5:
        title += f" (the first {MOST_TOP5} classes)"
    return tiles.likeliest(shown, title=title, about=title)


# ---------------------------------------------------------------------------- small parts


def _guesses(
    names: Sequence[str], probabilities: NDArray[np.floating[Any]], most: int
) -> list[tuple[str, float]]:
    """Classes and probabilities, likeliest first; the first of equals first, as in `argmax`."""
    high = np.where(np.isnan(probabilities), np.inf, probabilities)
    order = np.argsort(-high, kind="stable")[:most]
    return [(names[idx], float(probabilities[idx])) for idx in order]


def _lines(history: Sequence[Mapping[str, Any]], what: str) -> dict[str, list[float]]:
    """Train and val over the epochs; NaN where one is missing; no line of nothing."""
    lines = {}
    for split in ("train", "val"):
        values = [row.get(f"{split}_{what}") for row in history]
        line = [np.nan if value is None else float(value) for value in values]
        if np.isfinite(line).any():
            lines[split] = line
    return lines
