"""The `predict` and `export` commands: what a saved network reads, and how it is handed on."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import (
    DatasetError,
    DependencyError,
    OutputExistsError,
    SigndataError,
    UsageError,
)
from signdata.filesystem import remove, replace_file, write_file, writing
from signdata.formats.reader import Reader
from signdata.inference import inputs
from signdata.inference.inputs import Input
from signdata.media.contact_sheet import titled
from signdata.media.image import decode
from signdata.results import Problem, Result
from signdata.samples import Frame
from signdata.sidecars import table

if TYPE_CHECKING:
    from signdata.inference.saved_networks import Card, Predictor, RunPredictor

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
    from signdata.training.data import evenly

    wanted = n_frames if n_frames > 1 else PER_VIDEO
    chosen = evenly(sum(1 for _ in one.frames()), wanted)
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
        replace_file(folder / name, decode.encode(picture, "png", 95))


def export(
    run: Path,
    out: Path,
    *,
    quantize: bool,
    reader: Reader | None,
    split: str,
    overwrite: bool,
) -> Result:
    """Write a run's network as ONNX, and hold it against PyTorch; see `signdata.export`."""
    for name in ("torch", "onnx", "onnxruntime", "onnxscript"):
        if importlib.util.find_spec(name) is None:
            raise DependencyError(
                f"{name} is not installed; export needs it",
                remedy="pip install 'signdata[train,onnx]'",
            )
    from signdata.inference import onnx_export
    from signdata.inference.saved_networks import RunPredictor, open_predictor

    predictor = open_predictor(run, "cpu")
    if not isinstance(predictor, RunPredictor):
        raise UsageError("is ONNX already; expected a run of baseline", path=run)
    files = _named(out, quantize, overwrite)
    samples, labels = _checked_on(reader, split, predictor)
    expected = _logits(predictor, samples)
    made = {kind: file.with_name(f".{file.stem}.partial.onnx") for kind, file in files.items()}
    result = Result("export", str(out))
    result.shows_counts = False
    result.read = result.written = result.details["samples"] = len(samples)
    lines = []
    try:
        with writing(out):
            write_file(made["whole"], b"")
            onnx_export.write(predictor, made["whole"])
            if quantize:
                onnx_export.quantise(made["whole"], made["quantised"])
        for kind, file in files.items():
            found = _logits(open_predictor(made[kind]), samples)
            told = _compared(expected, found, labels)
            told |= {"path": str(file), "bytes": made[kind].stat().st_size}
            result.details[kind] = told
            lines.append(_line(told, len(samples)))
        with writing(out):
            for kind, file in made.items():
                file.replace(files[kind])
    finally:
        for file in made.values():
            remove(file)
    result.summary = "\n".join(lines)
    return result


def _named(out: Path, quantize: bool, overwrite: bool) -> dict[str, Path]:
    """The files to make; those that are there may be replaced only if that is said."""
    if out.suffix.lower() != ".onnx":
        raise UsageError("expected a name that ends in .onnx", path=out)
    files = {"whole": out}
    if quantize:
        files["quantised"] = out.with_name(f"{out.stem}.uint8{out.suffix}")
    for file in files.values():
        if file.exists() and not overwrite:
            raise OutputExistsError(
                "exists", path=file, remedy="Choose another name, or replace it with --overwrite."
            )
    return files


def _compared(
    expected: NDArray[np.float32], found: NDArray[np.float32], labels: NDArray[np.int64] | None
) -> dict[str, Any]:
    from signdata.inference.onnx_export import agreement

    accuracy = None if labels is None else float((found.argmax(axis=1) == labels).mean())
    return {**agreement(expected, found), "accuracy": accuracy}


def _line(told: dict[str, Any], n: int) -> str:
    accuracy = "" if told["accuracy"] is None else f", accuracy {told['accuracy']:.2%}"
    what = "samples" if accuracy else "random inputs"
    return (
        f"{told['path']}: {told['bytes']:,} bytes{accuracy}; same answer as PyTorch for "
        f"{told['same_top1']:.2%} of {n:,} {what}"
    )


def _logits(predictor: Predictor, samples: NDArray[np.uint8]) -> NDArray[np.float32]:
    from signdata.inference.onnx_export import batches

    return np.concatenate([predictor.logits(part) for part in batches(samples)])


def _checked_on(
    reader: Reader | None, split: str, predictor: RunPredictor
) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """The samples of a dataset's split, as the run has split it, and their labels; random
    inputs where no dataset is named.
    """
    from signdata.training.data import load, settle_splits

    card = predictor.card
    if reader is None:
        random = np.random.default_rng(0)
        clip = (card.frames,) if card.frames > 1 else ()
        shape = (64, *clip, card.channels, *card.size_hw)
        return random.integers(0, 256, shape, np.uint8), None
    source = str(reader.info.sources[0]["name"])
    data = load(reader, size_hw=card.size_hw, channels=card.channels, frames=card.frames)
    if unknown := sorted(set(data.classes) - set(card.classes)):
        raise DatasetError(f"the network has no class {unknown[0]!r}", path=source)
    splits = data.splits
    if not (splits == split).any():
        splits, _ = settle_splits(data, predictor.split_seed)
    rows = np.flatnonzero(splits == split)
    if not len(rows):
        raise DatasetError(f"no samples in {split}", path=source, remedy="Say --split.")
    labels = [card.classes.index(data.classes[label]) for label in data.labels[rows].tolist()]
    return data.images[rows], np.array(labels, np.int64)
