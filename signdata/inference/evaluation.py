"""The `evaluate` command: what a saved network gets right on a labelled dataset.

Samples are read one batch after the other; the few that the pictures show are read again, so
that no more of a dataset than a batch is ever in memory, whatever size a stranger's network
asks for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signdata.errors import DatasetError, MissingError, SigndataError, one_line
from signdata.filesystem import write_file
from signdata.formats.reader import Reader
from signdata.inference.card import Card
from signdata.inference.export_run import ALL
from signdata.inference.inputs import file_digest
from signdata.inference.network_process import NetworkProcess, open_predictor, probabilities
from signdata.output import one_shot
from signdata.output.overlap import refuse_overlap
from signdata.results import Result
from signdata.samples import Sample
from signdata.training import metrics
from signdata.training.accuracy_warnings import FEW, few
from signdata.training.baseline_report import mistakes, read_json
from signdata.training.data import as_picture, fit_sample
from signdata.training.predictions import (
    PREDICTIONS,
    Answers,
    dataset_record,
    write_predictions,
)
from signdata.training.run_plots import RunPictures, draw, drawing_notes, shown_rows

METRICS = "metrics.json"

_NAMED = 10
"""Class names that a note lists."""

Progress = Callable[[int, int | None], None]


def evaluate(
    run: Path,
    reader: Reader,
    *,
    split: str | None,
    options: dict[str, Any],
    out: Path | None,
    device: str,
    overwrite: bool,
    progress: Progress | None,
) -> Result:
    """Test a saved network on a dataset; see `signdata.evaluate`.

    Parameters
    ----------
    split : str, optional
        The split that `reader` was told to read, for what is said of it.
    options : dict
        What of reading the dataset makes two runs the same.
    """
    name = reader.info.source_name

    def judged() -> _Judged:
        with open_predictor(run, device) as predictor:
            return _judge(reader, predictor, split or ALL, progress)

    if out is None:
        result = _described(judged().numbers, Result("evaluate"), name)
        result.leave_out(reader.info.left_out)
        return result
    refuse_overlap([*reader.inputs, run], out)

    def build(root: Path) -> dict[str, Any]:
        found = judged()
        for title, page in draw(found.pictures).items():
            write_file(root / f"{title}.png", page)
        text = json.dumps(found.numbers, indent=2, ensure_ascii=False)
        write_file(root / METRICS, f"{text}\n".encode())
        write_predictions(root / PREDICTIONS, [found.said], found.numbers["classes"])
        return {"counts": {"samples": found.numbers["total"]}}

    _, already = one_shot.make(
        out,
        command="evaluate",
        options={"device": device, **options},
        seed=0,
        sources=(_network(run), *reader.info.sources),
        overwrite=overwrite,
        build=build,
    )
    result = _described(read_json(out / METRICS), Result("evaluate", str(out)), name)
    for note in drawing_notes(result.details["classes"]):
        result.note(str(out), note)
    result.leave_out(reader.info.left_out)
    files = ", ".join(sorted(each.name for each in out.iterdir()))
    result.summary += f"\n{one_line(str(out))}: {files}"
    if already:
        result.details["already_done"] = True
        complete = f"{one_line(str(out))} is complete already: nothing to do"
        result.summary = f"{complete}\n{result.summary}"
    return result


def _network(run: Path) -> dict[str, str]:
    """The network's file, as a source is recorded."""
    file = run / "best.pt" if run.is_dir() else run
    if not file.is_file():
        raise MissingError("no network; expected a run of baseline or a .onnx file", path=run)
    return {"name": file.name, "sha256": file_digest(file)}


# ---------------------------------------------------------------------------- reading


@dataclass(frozen=True, eq=False)
class _Judged:
    """All numbers, what there is to draw, and what was said of each sample."""

    numbers: dict[str, Any]
    pictures: RunPictures
    said: Answers


@dataclass(frozen=True, eq=False)
class _Answers:
    """The samples whose class the network knows, what it makes of them, and the ids of all."""

    said: Answers
    signers: list[str]
    unknown: Counter[str]
    ids: list[str]


def _judge(
    reader: Reader, predictor: NetworkProcess, measured_on: str, progress: Progress | None
) -> _Judged:
    card = predictor.card
    answers = _answers(reader, predictor, progress)
    if not len(answers.said.labels):
        raise _nothing(reader, card, answers.unknown)
    labels, shares, classes = answers.said.labels, answers.said.probabilities, card.classes
    splits = np.array(answers.said.splits, np.str_)
    rows = shown_rows(labels, shares, len(classes))
    shown = _pictures(reader, card, rows)
    right = int((shares.argmax(axis=1) == labels).sum())
    summary = metrics.summary(labels, shares, classes, signers=answers.signers)
    numbers = {
        "model": card.model,
        "measured_on": measured_on,
        "correct": right,
        "total": len(labels),
        "macro_f1": summary["macro"]["f1"],
        **summary,
        "classes": classes,
        **_one_sided(reader, card, set(labels.tolist()), answers.unknown),
        "dataset": dataset_record(reader.info.sources, answers.ids),
    }
    pictures = RunPictures(
        model=card.model,
        classes=classes,
        counts={
            name: np.bincount(labels[splits == name], minlength=len(classes))
            for name in np.unique(splits).tolist()
        },
        measured_on=measured_on,
        labels=labels,
        probabilities=shares,
        ids=answers.said.ids,
        picture=shown.__getitem__,
    )
    return _Judged(numbers, pictures, answers.said)


def _known(reader: Reader, card: Card) -> Iterator[Sample]:
    """The samples whose class the network knows."""
    classes = set(card.classes)
    return (sample for sample in reader if sample.label in classes)


def _answers(reader: Reader, predictor: NetworkProcess, progress: Progress | None) -> _Answers:
    card = predictor.card
    index = {name: idx for idx, name in enumerate(card.classes)}
    unknown: Counter[str] = Counter()
    labels: list[int] = []
    every: list[str] = []
    ids, splits, signers, shares = [], [], [], []
    waiting: list[NDArray[np.uint8]] = []

    def read() -> None:
        if waiting:
            shares.append(probabilities(predictor.logits(np.stack(waiting))))
            waiting.clear()
        if progress:
            progress(len(labels) + unknown.total(), reader.info.n_samples)

    for sample in reader:
        every.append(sample.id)
        if sample.label not in index:
            unknown[sample.label] += 1
            continue
        labels.append(index[sample.label])
        ids.append(sample.id)
        splits.append(sample.split)
        signers.append(sample.meta.get("signer", ""))
        waiting.append(_fitted(sample, card))
        if len(waiting) == predictor.batch_size:
            read()
    read()
    told = np.concatenate(shares) if shares else np.empty((0, len(index)), np.float32)
    said = Answers(ids, splits, np.array(labels, np.int64), told)
    return _Answers(said, signers, unknown, every)


def _fitted(sample: Sample, card: Card) -> NDArray[np.uint8]:
    return fit_sample(sample, card.size_hw, card.channels, card.frames, card.fitting).array


def _pictures(reader: Reader, card: Card, rows: set[int]) -> dict[int, NDArray[np.uint8]]:
    """The pictures of these rows, as the network got them."""
    return {
        row: as_picture(_fitted(sample, card))
        for row, sample in enumerate(_known(reader, card))
        if row in rows
    }


# ---------------------------------------------------------------------------- classes


def _one_sided(
    reader: Reader, card: Card, there: set[int], unknown: Counter[str]
) -> dict[str, Any]:
    """Classes that only the dataset has, with their samples, and that only the network has."""
    info = reader.info
    shared = [card.classes[idx] for idx in sorted(there)]
    declared = dict.fromkeys((*info.labels.classes, *info.present, *shared, *sorted(unknown)))
    mine = set(card.classes)
    return {
        "only_in_dataset": {name: unknown[name] for name in declared if name not in mine},
        "only_in_network": [name for name in card.classes if name not in declared],
    }


def _nothing(reader: Reader, card: Card, unknown: Counter[str]) -> SigndataError:
    """Why there is nothing to test on."""
    name = reader.info.source_name
    if not unknown:
        return DatasetError("no samples to test on", path=name)
    return DatasetError(
        f"no class of the network is in it; expected some of {_listed(card.classes)}, found "
        f"{_listed(sorted(unknown))}",
        path=name,
        remedy="Give its classes the network's names with evaluate --rename FILE.",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


# ---------------------------------------------------------------------------- what is said


def _described(numbers: dict[str, Any], result: Result, source: str) -> Result:
    """Fill in a result."""
    result.shows_counts = False
    result.details |= numbers
    left_out, total = sum(numbers["only_in_dataset"].values()), numbers["total"]
    result.read, result.written, result.skipped = total + left_out, total, left_out
    result.lost = 0  # the network was not asked about them; nothing of the dataset is unusable
    for note in _notes(numbers, left_out):
        result.note(source, note)
    result.summary = "\n".join(_lines(numbers, source))
    return result


def _notes(numbers: dict[str, Any], left_out: int) -> list[str]:
    notes = []
    if theirs := numbers["only_in_dataset"]:
        notes.append(
            f"the network does not know {_classes(list(theirs))}: {left_out:,} samples left out"
        )
    if ours := numbers["only_in_network"]:
        notes.append(f"the dataset does not have {_classes(ours)}, which the network knows")
    if numbers["total"] < FEW:
        notes.append(few(numbers["measured_on"], numbers["total"]))
    return notes


def _classes(names: list[str]) -> str:
    word = "class" if len(names) == 1 else f"{len(names)} classes"
    return f"{word} {_listed(names)}"


def _lines(numbers: dict[str, Any], source: str) -> list[str]:
    low, high = numbers["accuracy_95"]
    return [
        one_line(f"{numbers['model']} on {source}, {numbers['measured_on']}"),
        f"{numbers['correct']:,} of {numbers['total']:,} right: {numbers['accuracy']:.2%} "
        f"(95 % interval {low:.2%} to {high:.2%}), top five {numbers['top5_accuracy']:.2%}, "
        f"macro F1 {numbers['macro_f1']:.4f}",
        *map(one_line, mistakes(numbers)),
    ]
