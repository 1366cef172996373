"""Writing a run as ONNX, and comparing it with PyTorch."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import (
    DatasetError,
    DependencyError,
    OutputExistsError,
    UsageError,
)
from signdata.filesystem import remove, write_file, writing
from signdata.formats.reader import Reader
from signdata.results import Result

if TYPE_CHECKING:
    from signdata.inference.saved_networks import Predictor, RunPredictor


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
    from signdata.training.data import load
    from signdata.training.holdout import resolve_splits

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
        splits, _ = resolve_splits(data, predictor.split_seed)
    rows = np.flatnonzero(splits == split)
    if not len(rows):
        raise DatasetError(f"no samples in {split}", path=source, remedy="Say export --split.")
    labels = [card.classes.index(data.classes[label]) for label in data.labels[rows].tolist()]
    return data.images[rows], np.array(labels, np.int64)
