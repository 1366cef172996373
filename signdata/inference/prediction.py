"""The `predict` command: classify pictures and videos with a saved network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata import safe_names, sidecars
from signdata.errors import SigndataError, UnsafeNameError, one_line
from signdata.filesystem import write_file
from signdata.inference import inputs, links
from signdata.inference.card import Card
from signdata.inference.inputs import Input, Upload
from signdata.inference.network_process import NetworkProcess, open_predictor, probabilities
from signdata.media.contact_sheet import titled
from signdata.media.image import encode
from signdata.media.video.frame_selection import evenly
from signdata.options import VideoOptions
from signdata.output import one_shot
from signdata.output.overlap import refuse_overlap
from signdata.results import NOTE, Problem, Result, table
from signdata.samples import Frame

PER_VIDEO = 16
"""Number of frames of a video given to a network for pictures."""


def predict(
    run: Path,
    words: Sequence[str],
    *,
    top: int,
    annotate: Path | None,
    device: str,
    videos: VideoOptions,
    overwrite: bool,
) -> Result:
    """Classify pictures, folders, videos or links; see `signdata.predict`."""
    words = list(words)
    if annotate is not None:
        refuse_overlap([run, *(Path(word) for word in words if not links.is_link(word))], annotate)
    result = Result("predict", str(annotate or ""), shows_counts=False)
    with open_predictor(run, device) as predictor:
        reading = _Reading(predictor, inputs.find(words), top, videos, result)
        try:
            if annotate is None:
                reading.run(None)
            else:
                options = {"device": device, **videos.record_videos()}
                _annotated(reading, run, words, annotate, options, overwrite)
        except _NothingRead as err:
            if len(reading.errors) == 1:
                raise reading.errors[0] from err
    result.rejected = not result.written
    result.details |= {"model": predictor.card.model, "predictions": reading.predictions}
    lines = _lines(reading.predictions)
    result.summary = "\n".join(text for text in (result.summary, lines) if text)
    return result


class _NothingRead(SigndataError):
    """No input could be read, so there is nothing to keep."""


@dataclass
class _Reading:
    """Predictions for the inputs, one after the other.

    Attributes
    ----------
    predictions : list of dict
        The predictions, as `signdata.predict` returns them.
    errors : list of SigndataError
        One for each input without a prediction.
    """

    predictor: NetworkProcess
    inputs: list[Input]
    top: int
    videos: VideoOptions
    result: Result
    predictions: list[dict[str, Any]] = field(default_factory=list)
    errors: list[SigndataError] = field(default_factory=list)
    _problems: list[Problem] = field(default_factory=list)

    def run(self, folder: Path | None) -> None:
        """Classify each input; with a folder, write each there with its prediction drawn on it.

        Raises
        ------
        SigndataError
            If the network fails, or no input could be read.
        """
        for number, one in enumerate(self.inputs, 1):
            self.result.read += 1
            try:
                shown, samples, notes = samples_of(one, self.predictor.card, self.videos)
            except SigndataError as err:
                self._lost(one, err)
                continue
            self._note(one, notes)
            answers = self._read(one, samples)
            if folder is not None:
                _annotate(one, shown, answers[0], folder, number)
            self.result.written += 1
        if not self.predictions:
            raise _NothingRead("nothing could be read")

    def _read(self, one: Input, samples: NDArray[np.uint8]) -> list[dict[str, Any]]:
        card = self.predictor.card
        shares = probabilities(self.predictor.logits(samples))
        answers = _answers(shares.mean(axis=0), card, self.top)
        self.predictions.append({"path": one.name, "top": answers})
        if len(shares) > 1:
            self.predictions[-1]["frames"] = [_answers(each, card, 1)[0] for each in shares]
        return answers

    def _lost(self, one: Input, err: SigndataError) -> None:
        missing = isinstance(err, FileNotFoundError)
        self.result.skipped += missing
        self.result.failed += not missing
        if one.is_link:
            err.path = err.path if links.is_link(err.path) else one.name
        self.errors.append(err)
        self._problems.append(Problem.from_error(err, err.kind, one.name))
        self.result.extend(self._problems[-1:])

    def _note(self, one: Input, notes: tuple[str, ...]) -> None:
        new = [Problem(one.name, "", NOTE, text) for text in notes]
        self._problems += new
        self.result.extend(new)

    def document(self) -> dict[str, Any]:
        """Keys for ``signdata.json``."""
        result = self.result
        names = ("read", "written", "skipped", "failed")
        return {"counts": {name: getattr(result, name) for name in names}}

    def write_problems(self, folder: Path) -> None:
        """Write ``problems.csv`` next to the pictures if there were any."""
        if self._problems:
            sidecars.write_problems(folder / sidecars.PROBLEMS, self._problems)


def _annotated(
    reading: _Reading,
    run: Path,
    words: list[str],
    folder: Path,
    options: dict[str, Any],
    overwrite: bool,
) -> None:
    """Classify, and write the annotated pictures as a complete output."""

    def build(root: Path) -> dict[str, Any]:
        reading.run(root)
        reading.write_problems(root)
        return reading.document()

    file = run / "best.pt" if run.is_dir() else run
    _, already = one_shot.make(
        folder,
        command="predict",
        options=options,
        seed=0,
        sources=(
            {"name": file.name, "sha256": inputs.file_digest(file)},
            *inputs.recorded(words),
        ),
        overwrite=overwrite,
        build=build,
    )
    if already:
        reading.result.details["already_done"] = True
        reading.result.summary = f"{one_line(str(folder))} is complete already: nothing to do"
        reading.run(None)


# ---------------------------------------------------------------------------- output


def _lines(predictions: list[dict[str, Any]]) -> str:
    """A table to print; '' if there are no predictions."""
    rows = []
    for prediction in predictions:
        rows.append([prediction["path"], *map(_answer_text, prediction["top"])])
        frames = prediction.get("frames", []) if len(predictions) == 1 else []
        blank = [""] * (len(prediction["top"]) - 1)
        rows += [
            [f"  frame {k} of {len(frames)}", _answer_text(a), *blank]
            for k, a in enumerate(frames, 1)
        ]
    if not rows:
        return ""
    return table(["path", *(str(k) for k in range(1, len(rows[0])))], rows)


def _answer_text(answer: dict[str, Any]) -> str:
    return f"{answer['label']} {answer['probability']:.1%}"


def _answers(shares: NDArray[np.float32], card: Card, top: int) -> list[dict[str, Any]]:
    """The `top` most likely classes, given probabilities (n_classes,)."""
    return [
        {"label": card.classes[i], "probability": round(float(shares[i]), 6)}
        for i in np.argsort(-shares, kind="stable")[:top].tolist()
    ]


# ---------------------------------------------------------------------------- input


def samples_of(
    one: Input | Upload, card: Card, videos: VideoOptions = VideoOptions()
) -> tuple[Frame, NDArray[np.uint8], tuple[str, ...]]:
    """The frame to show, the network's input (a clip, or one or more stills), and notes."""
    from signdata.training.data import fit

    frames, notes = _chosen_frames(one, card.frames, videos)
    how = card.fitting
    fitted = np.stack([fit(frame, card.size_hw, card.channels, how) for frame in frames])
    return frames[len(frames) // 2], fitted[None] if card.frames > 1 else fitted, notes


def _chosen_frames(
    one: Input | Upload, n_frames: int, videos: VideoOptions
) -> tuple[list[Frame], tuple[str, ...]]:
    """Evenly spaced frames: `n_frames` for a clip, `PER_VIDEO` for stills; a picture repeated."""
    with one.opened(videos) as source:
        if not source.is_video:
            [frame] = source.frames()
            return [frame] * n_frames, tuple(source.notes)
        wanted = n_frames if n_frames > 1 else PER_VIDEO
        chosen = evenly(wanted, sum(1 for _ in source.frames()))
        kept = {i: frame for i, frame in enumerate(source.frames()) if i in set(chosen)}
        return [kept[i] for i in chosen], tuple(source.notes)


def _annotate(one: Input, frame: Frame, answer: dict[str, Any], folder: Path, number: int) -> None:
    """Write a frame with its prediction; its name starts with the input's number."""
    try:
        name = safe_names.component(f"{number:04d}-{one.stem}")
    except UnsafeNameError:
        name = f"{number:04d}"
    picture = titled(frame, one_line(f"{answer['label']}  {answer['probability']:.1%}"))
    write_file(folder / f"{name}.png", encode.encode(picture, "png", 95))
