"""Export a run to ONNX, and compare the result with PyTorch."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
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
from signdata.inference.scaling import INPUT_TYPES
from signdata.output.lock import Lock
from signdata.output.overlap import refuse_overlap, refuse_replacing
from signdata.results import Result
from signdata.sidecars import PARTIAL_SUFFIX

ALL = "all"
"""What a dataset without splits is tested on."""

_ONNX_START = b"\x08"
"""First byte of an ONNX file: the tag of its version field."""


def export(
    run: Path,
    out: Path,
    *,
    quantize: bool,
    input_type: str,
    reader: Reader | None,
    split: str,
    overwrite: bool,
) -> Result:
    """Export a run's network to ONNX, and compare it with PyTorch; see `signdata.export`."""
    for name in ("torch", "onnx", "onnxruntime", "onnxscript"):
        if importlib.util.find_spec(name) is None:
            raise DependencyError(
                f"{name} is not installed; export needs it",
                remedy="pip install 'signdata[train,onnx]'",
            )
    if run.suffix.lower() == ".onnx":
        raise UsageError("is already ONNX; expected a run of baseline", path=run)
    if input_type not in INPUT_TYPES:
        raise UsageError(f"input type {input_type!r}; expected {' or '.join(INPUT_TYPES)}")
    files = _named(out, quantize, overwrite)
    for file in files.values():
        refuse_overlap(reader.inputs if reader is not None else (), file)
    result = Result("export", str(out), shows_counts=False)
    lines = []
    with _partial(out) as folder:
        made = {kind: folder / file.name for kind, file in files.items()}
        with open_predictor(run, "cpu", scratch=folder) as predictor:
            inputs = _test_samples(reader, split, predictor)
            samples, labels = inputs.samples, inputs.labels
            expected = predictor.logits(samples)
            with writing(out), full_disk(folder):
                predictor.export(made["whole"], input_type)
                if quantize:
                    predictor.quantise(made["whole"], made["quantised"])
        result.read = result.written = result.details["samples"] = len(samples)
        result.details["measured_on"] = inputs.measured_on
        if reader is not None:
            result.leave_out(reader.info.left_out)
        if reader is not None and inputs.measured_on == ALL:
            whole = f"has no splits: tested on all {len(samples):,} samples"
            result.note(reader.info.source_name, whole)
        for kind, file in files.items():
            with open_predictor(made[kind]) as exported:
                compared = _compared(expected, exported.logits(samples), labels)
            compared |= {"path": str(file), "bytes": made[kind].stat().st_size}
            result.details[kind] = compared
            lines.append(_line(compared, f"{len(samples):,} {inputs.what}"))
        with writing(out):
            for kind, file in made.items():
                file.replace(files[kind])
    result.summary = "\n".join(lines)
    return result


@contextlib.contextmanager
def _partial(out: Path) -> Iterator[Path]:
    """A locked folder next to the output for unfinished files; leftovers are removed."""
    folder = Path(f"{out}{PARTIAL_SUFFIX}")
    _refuse_foreign(folder)
    work = folder / "tree"
    lock = Lock(folder, out, "export")
    with writing(out):
        lock.acquire()
    try:
        with writing(out):
            lock.write_owner()
            remove(work)
            work.mkdir()
        yield work
    finally:
        with contextlib.suppress(OSError):
            remove(work)
            lock.remove_files()
            folder.rmdir()
            if not out.exists():
                lock.remove_folders()
        lock.release()


def _refuse_foreign(folder: Path) -> None:
    """Refuse a partial folder that signdata did not make, because it would be emptied."""
    if not os.path.lexists(folder):
        return
    ours = folder.is_dir() and not folder.is_symlink()
    names = os.listdir(folder) if ours else []
    if not ours or (names and "lock" not in names and "owner.json" not in names):
        raise OutputExistsError(
            "was made by something else; expected the unfinished output, or nothing",
            path=folder,
            remedy="Choose another name, or remove it.",
        )


def _named(out: Path, quantize: bool, overwrite: bool) -> dict[str, Path]:
    """The files to write; existing ones may be replaced only with `overwrite`."""
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
    """How far two networks' logits (N, n_classes) agree, and the accuracy of the second."""
    first = found.argmax(axis=1)
    return {
        "same_top1": float((expected.argmax(axis=1) == first).mean()),
        "max_difference": float(np.abs(expected - found).max()),
        "accuracy": None if labels is None else float((first == labels).mean()),
    }


def _line(compared: dict[str, Any], inputs: str) -> str:
    accuracy = "" if compared["accuracy"] is None else f", accuracy {compared['accuracy']:.2%}"
    return (
        f"{compared['path']}: {compared['bytes']:,} bytes{accuracy}; same answer as PyTorch for "
        f"{compared['same_top1']:.2%} of {inputs}"
    )


@dataclass(frozen=True, eq=False)
class _Inputs:
    """What two networks are compared on.

    Attributes
    ----------
    samples : ndarray of uint8
    labels : ndarray of int64, or None
        Indices into the network's classes; None where nobody knows.
    measured_on : str
        A split, `ALL`, or ``random``.
    what : str
        What the samples are called.
    """

    samples: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    measured_on: str
    what: str


def _test_samples(reader: Reader | None, split: str, predictor: NetworkProcess) -> _Inputs:
    """The samples of a dataset's split, as the run has split it where it has others; all of
    them where it has none; random inputs where no dataset is named.
    """
    from signdata.training.data import load
    from signdata.training.holdout import resolve_splits

    card = predictor.card
    if reader is None:
        random = np.random.default_rng(0)
        inputs = random.integers(0, 256, (64, *card.shape), np.uint8)
        return _Inputs(inputs, None, "random", "random inputs")
    source = str(reader.info.sources[0]["name"])
    data = load(
        reader,
        size_hw=card.size_hw,
        channels=card.channels,
        frames=card.frames,
        how=card.fitting,
    )
    if unknown := sorted(set(data.classes) - set(card.classes)):
        raise DatasetError(f"the network has no class {unknown[0]!r}", path=source)
    splits, measured_on = data.splits, split
    if not (splits != "").any():
        splits, measured_on = np.full(len(splits), ALL), ALL
    elif not (splits == split).any():
        splits, _ = resolve_splits(data, predictor.split_seed or 0)
    rows = np.flatnonzero(splits == measured_on)
    if not len(rows):
        remedy = "Choose another with export --split."
        raise DatasetError(f"no samples in {split}", path=source, remedy=remedy)
    labels = [card.classes.index(data.classes[label]) for label in data.labels[rows].tolist()]
    name = f"all of {source}" if measured_on == ALL else f"{split} of {source}"
    return _Inputs(data.images[rows], np.array(labels, np.int64), measured_on, f"samples, {name}")
