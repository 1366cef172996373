"""The `baseline` command: one training run, or one for each of several random seeds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from signdata import sidecars
from signdata.errors import (
    DatasetError,
    FormatError,
    MissingError,
    OutputError,
    UsageError,
    one_line,
)
from signdata.filesystem import remove
from signdata.formats.reader import Reader
from signdata.options import ReadOptions
from signdata.output import one_shot
from signdata.results import Result
from signdata.sidecars import PARTIAL_DIR
from signdata.splitting.certificate_summary import Certified
from signdata.training import distributed
from signdata.training.baseline_report import _describe, _folders, _measured
from signdata.training.torch_check import need_torch

if TYPE_CHECKING:
    from signdata.training.data import Dataset
    from signdata.training.settings import TrainConfig

Progress = Callable[[int, int, str], None]

_OF_RUNS = ("seeds", "compare_splits", "folds", "val_fold")
"""Options that define which runs there are, not how a run is trained."""

_USUAL = ReadOptions().record_of("")
_READING = {*_USUAL, *ReadOptions.keywords()} - {"from"}
_OF_FILES = "file "
"""How the record of a file's content begins."""


def reading_record(read: ReadOptions) -> dict[str, Any]:
    """What of the reading options makes two runs the same, as far as it is not the usual."""
    found = read.record_of("")
    return {name: value for name, value in found.items() if value != _USUAL.get(name)}


def reading_again(read: ReadOptions, options: dict[str, Any]) -> ReadOptions:
    """The reading options of a run that goes on: as recorded, but for those that are given.

    Raises
    ------
    UsageError
        A file that the run read its labels or classes from is not named again.
    """
    given = reading_record(read)
    again: dict[str, Any] = {}
    for name, value in options.items():
        if name not in _READING or name in given:
            continue
        if isinstance(value, str) and value.startswith(_OF_FILES):
            raise UsageError(f"the run had --{name.replace('_', '-')} FILE; expected it again")
        again[name] = tuple(value) if name == "csv_size" else value
    return replace(read, **again)


def default_model(reader: Reader) -> str:
    """The default network for a dataset of this kind."""
    from signdata.training.models import MODELS

    preferred = ("clipnet", "signnet") if reader.info.kind == "clip" else ("signnet",)
    return next((name for name in preferred if name in MODELS), "unam")


def options_of(run: Path) -> tuple[dict[str, Any], int]:
    """Options and random seed of an interrupted or finished run.

    Raises
    ------
    MissingError
        If there is no run of baseline.
    """
    for file in (run / PARTIAL_DIR / "record.json", run / sidecars.DOCUMENT):
        if file.is_file():
            document = sidecars.parse_document(file.read_bytes(), file)
            if document.get("command") == "baseline":
                return dict(document["options"]), int(document["seed"])
    raise MissingError("no run of baseline to resume", path=run)


def refuse_options(given: dict[str, Any]) -> None:
    """Raise `UsageError` if options are given for a resumed run, which has its own."""
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if named:
        raise UsageError(
            f"--resume uses the options of the run; found {' and '.join(named)} as well"
        )


def run(
    reader: Reader,
    out: Path,
    settings: dict[str, Any],
    seed: int,
    overwrite: bool,
    progress: Progress | None,
    reading: dict[str, Any] | None = None,
) -> Result:
    """Train on `reader` into the folder `out`; see `signdata.baseline`.

    An interrupted run with the same options, and the same `reading`, is resumed.
    """
    need_torch()
    given = {name: value for name, value in settings.items() if value is not None}
    kinds = [name for name in ("seeds", "compare_splits", "folds") if name in given]
    if len(kinds) > 1:
        first, second = (f"--{name.replace('_', '-')}" for name in kinds[:2])
        raise UsageError(f"{first} and {second} contradict each other")

    certified = Certified.from_origin(reader.info.origin)
    begun: list[str] = []

    def build(root: Path) -> dict[str, Any]:
        scratch = root.parent / "scratch"
        remove(scratch)
        scratch.mkdir()
        begun.append(distributed.broadcast(str(scratch.absolute())))
        try:
            with _caches_in(scratch):
                counts = _train(reader, root, given, seed, progress)
            distributed.gathered(True)  # wait until no process needs the scratch folder
            return {"counts": counts}
        except OutputError as err:
            err.path = str(out)  # not the partial folder
            raise

    with distributed.joined():
        if distributed.number():
            return _help(reader, given, seed)
        try:
            document, already = one_shot.make(
                out,
                command="baseline",
                options={**given, **(reading or {})},
                seed=seed,
                sources=(*reader.info.sources, *_weights(given)),
                overwrite=overwrite,
                build=build,
                resumes=True,
            )
        finally:
            if not begun:
                distributed.broadcast("")
    result = _describe(out, int(document["counts"]["samples"]), given, seed, certified)
    result.leave_out(reader.info.left_out)
    if already:
        result.details["already_done"] = True
        result.summary = (
            f"{one_line(str(out))} is complete already: nothing to do\n{result.summary}"
        )
    return result


def _weights(given: dict[str, Any]) -> list[dict[str, str]]:
    """The file of initial weights, recorded as a source like the dataset."""
    if "weights" not in given:
        return []
    path = Path(given["weights"])
    try:
        with path.open("rb") as file:
            return [{"name": str(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}]
    except FileNotFoundError as err:
        raise MissingError("not there", path=path) from err
    except OSError as err:
        raise FormatError(f"cannot be read ({err.strerror})", path=path) from err


def _help(reader: Reader, given: dict[str, Any], seed: int) -> Result:
    """Train along with the first process, which alone writes the output and reports."""
    if scratch := distributed.broadcast(""):
        # A killed run's leftovers are removed with the output's partial folder.
        shared = os.path.isdir(scratch)
        root = Path(scratch) / f"rank-{distributed.number()}"
        root.mkdir(parents=True)
        try:
            with _caches_in(root):
                _train(reader, root, given, seed, None)
        finally:
            remove(root)
            if not shared:  # on another machine without a shared file system
                os.removedirs(scratch)
        distributed.gathered(True)
    return Result("baseline", shows_counts=False, silent=True)


@contextmanager
def _caches_in(scratch: Path) -> Iterator[None]:
    """Make PyTorch's compiler use `scratch`; it creates its folder when it is imported."""
    name = "TORCHINDUCTOR_CACHE_DIR"
    chosen = os.environ.get(name)
    os.environ[name] = chosen or str(scratch.absolute() / "compiled")
    try:
        yield
    finally:
        if chosen is None:
            del os.environ[name]


def _train(
    reader: Reader, root: Path, given: dict[str, Any], seed: int, progress: Progress | None
) -> dict[str, int]:
    """Train every requested run that is not finished yet."""
    from signdata.training import data, models
    from signdata.training.settings import TrainConfig
    from signdata.training.train import train

    settings = {name: value for name, value in given.items() if name not in _OF_RUNS}
    config = TrainConfig.of(**settings, seed=seed, split_seed=seed)
    wanted = data.InputSpec.of(models.model_class(config.model))
    try:
        dataset = data.load(
            reader,
            size_hw=wanted.size_hw,
            channels=wanted.channels,
            frames=wanted.frames,
            poses=wanted.poses,
            how=config.fitting,
            scratch=root,
            progress=progress,
        )
        if given.get("compare_splits"):
            _compare(dataset, config, root, progress)
            return {"samples": len(dataset.labels)}
        if given.get("folds"):
            from signdata.training import folds

            val_fold = given.get("val_fold")
            folds.train_all(dataset, config, root, val_fold=val_fold, progress=progress)
            return {"samples": len(dataset.labels)}
        for folder, each in _folders(root, given, seed):
            folder.mkdir(exist_ok=True)
            if distributed.broadcast(folder == root or not (folder / "metrics.json").exists()):
                config = TrainConfig.of(**settings, seed=each, split_seed=seed)
                train(config, dataset, run_dir=folder, progress=progress)
    except DatasetError as err:
        err.path = err.path or str(reader.info.sources[0]["name"])
        raise
    return {"samples": len(dataset.labels)}


def _compare(dataset: Dataset, config: TrainConfig, root: Path, progress: Progress | None) -> None:
    """Train on both splits and on shuffled labels, and write ``comparison.json``."""
    from signdata.training import split_comparison
    from signdata.training.train import train

    if config.refit == "auto":  # train on both splits in the same way
        config = replace(config, refit="never")
    vectors = split_comparison.vectors_of(dataset)
    groups, how = split_comparison.groups_of(dataset, vectors)
    by_rows = split_comparison.by_rows(dataset, config.seed)
    by_groups = split_comparison.by_groups(dataset, groups, config.seed)
    splits = {
        "random": by_rows,
        "grouped": by_groups,
        "shuffled": split_comparison.shuffled(by_groups, config.seed),
    }
    for name, split in splits.items():
        folder = root / name
        folder.mkdir(exist_ok=True)
        if distributed.broadcast(not (folder / "metrics.json").exists()):
            train(config, split, run_dir=folder, progress=progress)
    if distributed.number():
        return
    reached = {name: float(_measured(root / name)["test_accuracy"]) for name in splits}
    controls = split_comparison.controls(by_rows, by_groups, vectors)
    controls["shuffled_labels"] = {"grouped": reached["shuffled"]}
    comparison = {
        "random_split_accuracy": reached["random"],
        "group_split_accuracy": reached["grouped"],
        "gap": reached["random"] - reached["grouped"],
        "grouped_by": how,
        "groups": len(set(groups) - {""}) + groups.count(""),
        "controls": controls,
        "shuffled_falls_to_chance": split_comparison.is_at_chance(reached["shuffled"], by_groups),
    }
    (root / "comparison.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(comparison), indent=2) + b"\n"
    )


# -- What it reached
