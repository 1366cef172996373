"""The command that splits a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from signdata.command_results import SplitResult
from signdata.commands.conversion import convert_dataset
from signdata.errors import UsageError
from signdata.filesystem import output_path
from signdata.formats import targets
from signdata.formats.corrected import groups_in
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.formats.sources import shown
from signdata.formats.views import Without
from signdata.options import (
    PathLike,
    ReadKeywords,
    ReadOptions,
    RunKeywords,
    RunOptions,
    TableKeywords,
    TableOptions,
    command,
    paths,
)
from signdata.results import NOTE, Problem
from signdata.splitting import plan as planning
from signdata.splitting.split_options import SplitOptions
from signdata.splitting.stratified import as_text


class SplitKeywords(ReadKeywords, TableKeywords, RunKeywords, total=False):
    pass


@command(ReadOptions, TableOptions, RunOptions)
def split(
    src: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    ratios: str | Sequence[float] | None = None,
    keep: Sequence[str] = (),
    pool: bool = False,
    stratify: str = "label",
    group_by: str = "auto",
    folds: int | None = None,
    look: bool = True,
    allow_empty: bool = False,
    mode: str = "link",
    into: str | None = None,
    seed: int = 0,
    **shared: Unpack[SplitKeywords],
) -> SplitResult:
    """Split a dataset into train, val and test that do not leak, stratified by label.

    What belongs together stays together: signers or source pictures where the dataset knows
    them, near-duplicates and runs of frames where they can be seen. The leak certificate
    (key ``leak_certificate`` of ``signdata.json``) says what was kept apart and what not.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset.
    out : path
        A directory, or ``.h5`` or ``.csv`` for one file.
    ratios : str or sequence of float, optional
        Shares of train, val and test (or train and test), in percent or as fractions;
        ``80,10,10`` by default.
    keep : sequence of str
        Splits that stay as they are; the ratios name the others.
    pool : bool
        Whether samples of all splits are mixed and split again.
    stratify : str
        ``label``, ``signer``, or another column of the manifest.
    group_by : str
        ``auto``, ``none``, ``signer``, ``near-duplicates``, ``blocks:K`` (runs of K frames), a
        column of the manifest, or a regular expression with one group for a sample's path.
    folds : int, optional
        Write the number of one of this many folds into the column ``fold`` instead of splits.
    look : bool
        Whether near-duplicates are looked for.
    allow_empty : bool
        Whether a split or fold that must stay empty, as there are too few groups, is a warning
        only and no error.
    into : {'folders', 'hdf5', 'csv'}, optional
        Format of `out`; by its name by default.
    mode : {'link', 'copy', 'symlink', 'manifest'}
        How files that stay as they are come into a directory. `manifest` writes no picture,
        only ``manifest.csv`` with each sample's split.
    seed : int
        Random seed: another one draws another split.
    """
    read, how = ReadOptions.taken_from(shared), RunOptions.taken_from(shared)
    tables = TableOptions.taken_from(shared)
    sources, target = paths(src), output_path(out)
    if mode == "manifest" and len(sources) > 1:
        raise UsageError(
            f"--mode manifest with {len(sources)} sources; expected one, which its paths lie below"
        )
    reader = open_source(sources, OpenOptions(read))
    writer = targets.split_writer(target, reader.info, mode, shown(sources), into, tables)
    options = SplitOptions(
        as_text(ratios),
        tuple(keep),
        pool,
        stratify,
        group_by,
        folds,
        look,
        seed,
        how.workers,
        allow_empty,
    )
    together = {} if read.corrections is None else groups_in(Path(read.corrections))
    plan = planning.plan(reader, shown(sources), options, how.progress, together)
    if plan.left_out:
        reader = Without(reader, plan.left_out)
    made = convert_dataset(
        reader,
        writer,
        target,
        "split",
        {
            **options.record(),
            "mode": mode,
            **read.record_of(reader.info.format),
            **tables.record(),
        },
        how,
        transforms=(plan.assign,),
        seed=seed,
        describe=lambda: plan.document(reader.info.origin),
        notes=[Problem("", "", NOTE, note) for note in plan.notes],
    )
    result = SplitResult.of(made)
    result.details["splits"] = plan.counts
    if plan.are_folds:
        result.details["folds"] = plan.drawn
    certificate = plan.certificate.to_dict()
    result.details["leak_certificate"] = certificate
    for key in ("leaks", "missing_classes", "warnings"):
        result.details[key] = certificate[key]
    result.summary = "\n".join(part for part in (result.summary, plan.text) if part)
    return result
