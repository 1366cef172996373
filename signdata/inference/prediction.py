"""The `predict` and `export` commands: what a saved network reads, and how it is handed on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import (
    OutputExistsError,
    SigndataError,
)
from signdata.filesystem import replace_file, writing
from signdata.inference import inputs
from signdata.inference.inputs import Input
from signdata.media.contact_sheet import titled
from signdata.media.image import encode
from signdata.media.video.frame_selection import evenly
from signdata.results import Problem, Result, table
from signdata.samples import Frame

if TYPE_CHECKING:
    from signdata.inference.saved_networks import Card

PER_VIDEO = 16
"""Frames of a video that a network for pictures reads."""


def predict(
    run: Path,
    words: Sequence[str],
    *,
    top: int,
    annotate: Path | None,
    device: str,
    overwrite: bool,
) -> Result:
    """Read pictures, folders, videos or links with a saved network; see `signdata.predict`."""
    from signdata.inference.saved_networks import open_predictor, probabilities

    if annotate is not None and not overwrite and annotate.is_dir() and any(annotate.iterdir()):
        raise OutputExistsError(
            "is not empty", path=annotate, remedy="Choose another folder, or say --overwrite."
        )
    predictor = open_predictor(run, device)
    card = predictor.card
    result = Result("predict", str(annotate or ""))
    predictions: list[dict[str, Any]] = []
    with inputs.opened(list(words)) as found:
        for one in found:
            result.read += 1
            try:
                shown, samples = _samples(one, card)
            except SigndataError as err:
                result.failed += 1
                result.extend([Problem.from_error(err, err.kind, one.name)])
                continue
            shares = probabilities(predictor.logits(samples))
            answers = _answers(shares.mean(axis=0), card, top)
            predictions.append({"path": one.name, "top": answers})
            if len(shares) > 1:
                predictions[-1]["frames"] = [_answers(each, card, 1)[0] for each in shares]
            if annotate is not None:
                _annotate(one, shown, answers, annotate, len(predictions))
            result.written += 1
    result.shows_counts = False
    result.exit_code = (4 if not result.written else 3) if result.failed else 0
    result.details = {"model": card.model, "predictions": predictions}
    rows = []
    for prediction in predictions:
        rows.append([prediction["path"], *map(_told, prediction["top"])])
        frames = prediction.get("frames", []) if len(predictions) == 1 else []
        blank = [""] * (len(prediction["top"]) - 1)
        rows += [
            [f"  frame {k} of {len(frames)}", _told(a), *blank] for k, a in enumerate(frames, 1)
        ]
    if rows:
        columns = ["path", *(str(k) for k in range(1, len(rows[0])))]
        result.summary = table(columns, rows)
    return result


def _told(answer: dict[str, Any]) -> str:
    return f"{answer['label']} {answer['probability']:.1%}"


def _answers(shares: NDArray[np.float32], card: Card, top: int) -> list[dict[str, Any]]:
    """The likeliest classes of probabilities (n_classes,)."""
    return [
        {"label": card.classes[i], "probability": round(float(shares[i]), 6)}
        for i in np.argsort(-shares, kind="stable")[:top].tolist()
    ]


def _samples(one: Input, card: Card) -> tuple[Frame, NDArray[np.uint8]]:
    """The frame to show, and what the network is given: clips, or one or several stills."""
    from signdata.training.data import fit

    frames = [frame for frame in _some(one, card.frames)]
    fitted = np.stack([fit(frame, card.size_hw, card.channels) for frame in frames])
    return frames[len(frames) // 2], fitted[None] if card.frames > 1 else fitted


def _some(one: Input, n_frames: int) -> list[Frame]:
    """Evenly spaced frames: as many as a clip has, `PER_VIDEO` for stills, all of a picture."""
    if not one.is_video:
        [frame] = one.frames()
        return [frame] * n_frames
    wanted = n_frames if n_frames > 1 else PER_VIDEO
    chosen = evenly(wanted, sum(1 for _ in one.frames()))
    kept = {i: frame for i, frame in enumerate(one.frames()) if i in set(chosen)}
    return [kept[i] for i in chosen]


def _annotate(
    one: Input, frame: Frame, answers: list[dict[str, Any]], folder: Path, number: int
) -> None:
    best = answers[0]
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{number:04d}-{Path(one.path).stem if '://' not in one.name else 'link'}.png"
        picture = titled(frame, f"{best['label']}  {best['probability']:.1%}")
        replace_file(folder / name, encode.encode(picture, "png", 95))
