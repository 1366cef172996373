"""The `predict` and `export` commands: what a saved network reads, and how it is handed on."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata import inputs
from signdata.errors import DependencyError, OutputExistsError, SigndataError
from signdata.files import remove, replace_file, write_file, writing
from signdata.formats.base import Reader
from signdata.inputs import Input
from signdata.manifest import table
from signdata.media import image
from signdata.media.sheet import titled
from signdata.results import Problem, Result
from signdata.samples import Frame

PER_VIDEO = 16
"""Frames of a video that a network for pictures reads."""


def predict(
    run: Path, words: Sequence[str], *, top: int, annotate: Path | None, device: str
) -> Result:
    """Read pictures, folders, videos or links with a saved network; see `signdata.predict`."""
    from signdata.training.predictors import open_predictor, probabilities

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
            shares = probabilities(predictor.logits(samples)).mean(axis=0)
            likeliest = np.argsort(-shares, kind="stable")[:top]
            answers = [
                {"label": card.classes[i], "probability": round(float(shares[i]), 6)}
                for i in likeliest.tolist()
            ]
            predictions.append({"path": one.name, "top": answers})
            if annotate is not None:
                _annotate(one, shown, answers, annotate, len(predictions))
            result.written += 1
    result.shows_counts = False
    result.exit_code = (4 if not result.written else 3) if result.failed else 0
    result.details = {"model": card.model, "predictions": predictions}
    rows = [
        [one["path"], *(f"{a['label']} {a['probability']:.1%}" for a in one["top"])]
        for one in predictions
    ]
    if rows:
        columns = ["path", *(str(k) for k in range(1, len(rows[0])))]
        result.summary = table(columns, rows)
    return result


def _samples(one: Input, card: Any) -> tuple[Frame, NDArray[np.uint8]]:
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
    count = sum(1 for _ in one.frames())
    chosen = [int((k + 0.5) * count / wanted) for k in range(wanted)]
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
        replace_file(folder / name, image.encode(picture, "png", 95))


def export(
    run: Path,
    out: Path,
    *,
    quantize: bool,
    reader: Reader | None,
    overwrite: bool,
) -> Result:
    """Write a run's network as ONNX, and hold it against PyTorch; see `signdata.export`."""
    for name in ("torch", "onnx", "onnxruntime", "onnxscript"):
        if importlib.util.find_spec(name) is None:
            raise DependencyError(
                f"{name} is not installed; export needs it",
                remedy="pip install 'signdata[train,onnx]'",
            )
    from signdata.training import onnx_files
    from signdata.training.predictors import RunPredictor, open_predictor

    predictor = open_predictor(run, "cpu")
    assert isinstance(predictor, RunPredictor)
    files = {"whole": out}
    if quantize:
        files["quantised"] = out.with_name(f"{out.stem}.uint8{out.suffix}")
    for file in files.values():
        if file.exists() and not overwrite:
            raise OutputExistsError(
                "exists", path=file, remedy="Choose another name, or replace it with --overwrite."
            )
    made = {kind: file.with_name(f"{file.name}.partial") for kind, file in files.items()}
    with writing(out):
        for file in made.values():
            remove(file)
        write_file(made["whole"], b"")
        onnx_files.write(predictor, made["whole"])
        if quantize:
            onnx_files.quantise(made["whole"], made["quantised"])
        for kind, file in made.items():
            file.replace(files[kind])
    samples, labels = _checked_on(reader, predictor.card)
    expected = _logits(predictor, samples)
    result = Result("export", str(out))
    result.shows_counts = False
    result.read = result.written = len(samples)
    lines = []
    for kind, file in files.items():
        found = _logits(open_predictor(file), samples)
        agreement = onnx_files.agreement(expected, found)
        size = file.stat().st_size
        accuracy = None if labels is None else float((found.argmax(axis=1) == labels).mean())
        result.details[kind] = {"path": str(file), "bytes": size, **agreement, "accuracy": accuracy}
        told = f", accuracy {accuracy:.2%}" if accuracy is not None else ""
        lines.append(
            f"{file}: {size:,} bytes{told}; same answer as PyTorch for "
            f"{agreement['same_top1']:.2%} of {len(samples):,} "
            f"{'samples' if labels is not None else 'random inputs'}"
        )
    result.details["samples"] = len(samples)
    result.summary = "\n".join(lines)
    return result


def _logits(predictor: Any, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
    from signdata.training.onnx_files import batches

    return np.concatenate([predictor.logits(part) for part in batches(samples)])


def _checked_on(
    reader: Reader | None, card: Any
) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """The test samples of a dataset and their labels; random inputs where none is named."""
    from signdata.training.data import fit

    shape = (card.channels, *card.size_hw)
    if reader is None:
        random = np.random.default_rng(0)
        clip = (card.frames,) if card.frames > 1 else ()
        return random.integers(0, 256, (64, *clip, *shape), np.uint8), None
    samples, labels = [], []
    for sample in reader:
        if sample.label not in card.classes:
            continue
        frames = [fit(frame, card.size_hw, card.channels) for frame in sample.frames()]
        if card.frames > 1:
            samples.append(
                np.stack(
                    [frames[int((k + 0.5) * len(frames) / card.frames)] for k in range(card.frames)]
                )
            )
        else:
            samples.append(frames[len(frames) // 2])
        labels.append(card.classes.index(sample.label))
    return np.stack(samples), np.array(labels, np.int64)
