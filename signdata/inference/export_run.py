"""Writing a run as ONNX, and comparing it with PyTorch."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import (
    DatasetError,
    DependencyError,
    OutputExistsError,
    UsageError,
)
from signdata.filesystem import full_disk, remove, writing
from signdata.formats.reader import Reader
from signdata.inference.network_process import NetworkProcess, open_predictor
from signdata.output.lock import Lock
from signdata.output.overlap import refuse_overlap, refuse_replacing
from signdata.results import Result
from signdata.sidecars import PARTIAL_SUFFIX

_ONNX_START = b"\x08"
"""The tag of a model's first field, the version of ONNX."""


def export(
    run: Path,
    out: Path,
    *,
    quantize: bool,
    reader: Reader | None,
    split: str,
    overwrite: bool,
) -> Result:
    """Write a run's network as ONNX, and compare it with PyTorch; see `signdata.export`."""
    for name in ("torch", "onnx", "onnxruntime", "onnxscript"):
        if importlib.util.find_spec(name) is None:
            raise DependencyError(
                f"{name} is not installed; export needs it",
                remedy="pip install 'signdata[train,onnx]'",
            )
    if run.suffix.lower() == ".onnx":
        raise UsageError("is ONNX already; expected a run of baseline", path=run)
    files = _named(out, quantize, overwrite)
    for file in files.values():
        refuse_overlap(reader.inputs if reader else (), file)
    result = Result("export", str(out), shows_counts=False)
    lines = []
    with _partial(out) as folder:
        made = {kind: folder / file.name for kind, file in files.items()}
        with open_predictor(run, "cpu", scratch=folder) as predictor:
            samples, labels = _checked_on(reader, split, predictor)
            expected = predictor.logits(samples)
            with writing(out), full_disk(folder):
                predictor.export(made["whole"])
                if quantize:
                    predictor.quantise(made["whole"], made["quantised"])
        result.read = result.written = result.details["samples"] = len(samples)
        for kind, file in files.items():
            with open_predictor(made[kind]) as exported:
                told = _compared(expected, exported.logits(samples), labels)
            told |= {"path": str(file), "bytes": made[kind].stat().st_size}
            result.details[kind] = told
            lines.append(_line(told, len(samples)))
        with writing(out):
            for kind, file in made.items():
                file.replace(files[kind])
    result.summary = "\n".join(lines)
    return result


@contextlib.contextmanager
def _partial(out: Path) -> Iterator[Path]:
    """A folder beside the output for all that is not finished; what a killed run left is swept."""
    folder = Path(f"{out}{PARTIAL_SUFFIX}")
    _refuse_strange(folder)
    work = folder / "tree"
    lock = Lock(folder, out, "export")
    with writing(out):
        lock.acquire()
    try:
        with writing(out):
            lock.sign()
            remove(work)
            work.mkdir()
        yield work
    finally:
        with contextlib.suppress(OSError):
            remove(work)
            lock.vanish()
            folder.rmdir()
            if not out.exists():
                lock.remove_folders()
        lock.release()


def _refuse_strange(folder: Path) -> None:
    """Refuse a partial folder that is none of ours: it would be emptied."""
    if not os.path.lexists(folder):
        return
    ours = folder.is_dir() and not folder.is_symlink()
    names = os.listdir(folder) if ours else []
    if not ours or (names and "lock" not in names and "owner.json" not in names):
        raise OutputExistsError(
            "stands where the unfinished output would be, and was made by something else",
            path=folder,
            remedy="Choose another name, or remove it.",
        )


def _named(out: Path, quantize: bool, overwrite: bool) -> dict[str, Path]:
    """The files to make; those that are there may be replaced only if that is said."""
    if out.suffix.lower() != ".onnx":
        raise UsageError("expected a name that ends in .onnx", path=out)
    files = {"whole": out}
    if quantize:
        files["quantised"] = out.with_name(f"{out.stem}.uint8{out.suffix}")
    for file in files.values():
        refuse_replacing(file, _ONNX_START, "ONNX", overwrite=overwrite)
    return files


def _compared(
    expected: NDArray[np.float32], found: NDArray[np.float32], labels: NDArray[np.int64] | None
) -> dict[str, Any]:
    """How far two networks' logits (N, n_classes) agree, and how often the second is right."""
    first = found.argmax(axis=1)
    return {
        "same_top1": float((expected.argmax(axis=1) == first).mean()),
        "max_difference": float(np.abs(expected - found).max()),
        "accuracy": None if labels is None else float((first == labels).mean()),
    }


def _line(told: dict[str, Any], n: int) -> str:
    accuracy = "" if told["accuracy"] is None else f", accuracy {told['accuracy']:.2%}"
    what = "samples" if accuracy else "random inputs"
    return (
        f"{told['path']}: {told['bytes']:,} bytes{accuracy}; same answer as PyTorch for "
        f"{told['same_top1']:.2%} of {n:,} {what}"
    )


def _checked_on(
    reader: Reader | None, split: str, predictor: NetworkProcess
) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """The samples of a dataset's split, as the run has split it, and their labels; random
    inputs where no dataset is named.
    """
    from signdata.training.data import load
    from signdata.training.holdout import resolve_splits

    card = predictor.card
    if reader is None:
        random = np.random.default_rng(0)
        return random.integers(0, 256, (64, *card.shape), np.uint8), None
    source = str(reader.info.sources[0]["name"])
    data = load(reader, size_hw=card.size_hw, channels=card.channels, frames=card.frames)
    if unknown := sorted(set(data.classes) - set(card.classes)):
        raise DatasetError(f"the network has no class {unknown[0]!r}", path=source)
    splits = data.splits
    if not (splits == split).any():
        splits, _ = resolve_splits(data, predictor.split_seed or 0)
    rows = np.flatnonzero(splits == split)
    if not len(rows):
        raise DatasetError(f"no samples in {split}", path=source, remedy="Say export --split.")
    labels = [card.classes.index(data.classes[label]) for label in data.labels[rows].tolist()]
    return data.images[rows], np.array(labels, np.int64)
