"""The command that finds what is wrong with a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Unpack

from signdata.auditing import cleaning, report, run
from signdata.auditing import contact_sheet as sheets
from signdata.auditing import findings as found_things
from signdata.command_results import AuditResult
from signdata.commands.conversion import convert_dataset
from signdata.errors import UsageError
from signdata.filesystem import output_path, replace_file, writing
from signdata.formats import targets
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.formats.sources import shown
from signdata.media.image.png import SIGNATURE
from signdata.options import (
    SKIP,
    OutputKeywords,
    OutputOptions,
    PathLike,
    ReadKeywords,
    ReadOptions,
    RunOptions,
    command,
    paths,
)
from signdata.output.overlap import refuse_overlap, refuse_replacing


class AuditKeywords(ReadKeywords, OutputKeywords, total=False):
    pass


@command(ReadOptions, OutputOptions)
def audit(
    src: PathLike | Sequence[PathLike],
    *others: PathLike | Sequence[PathLike],
    threshold: float = 0.98,
    contact_sheet: PathLike | None = None,
    findings: PathLike | None = None,
    fix: PathLike | None = None,
    strict: bool = False,
    seed: int = 0,
    **shared: Unpack[AuditKeywords],
) -> AuditResult:
    """Find what is wrong with a dataset, or between its splits, or between several datasets.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset. `split`, `videos` and `corrections` are about it alone, the other reading
        keywords about all datasets.
    others : paths
        Further datasets to compare it with; then the parts are the datasets, by name (and
        ``NAME/SPLIT`` where one has several splits), else the splits of `src`.
    threshold : float
        Correlation from which two pictures are twins.
    contact_sheet : path, optional
        Draw leaks, conflicts and groups of near-duplicates into this PNG.
    findings : path, optional
        Write all findings into this CSV, however many there are, and each sample of the groups
        of near-duplicates: ``kind,path,where,message,partner,correlation``.
    fix : path, optional
        Write `src` without the offenders, each listed in its ``problems.csv``: what cannot be
        read, pictures under two labels, copies, samples of a later split (or, next to others,
        of any) with a twin in an earlier one (in another dataset).
    strict : bool
        Whether `exit_code` is 4 when something was found that counts; see
        `signdata.auditing.findings`.
    seed : int
        Random seed of the hold-outs of the probe.
    """
    read, how = ReadOptions.taken_from(shared), OutputOptions.taken_from(shared)
    compared = replace(read, split=None, videos=None, corrections=None)
    datasets = [paths(src), *map(paths, others)]
    readers = [open_source(datasets[0], OpenOptions(read))]
    readers += (open_source(other, OpenOptions(compared)) for other in datasets[1:])
    inputs = [path for reader in readers for path in reader.inputs]
    _refuse_outputs(inputs, fix, contact_sheet, findings)
    if contact_sheet is not None:
        sheet = output_path(contact_sheet)
        refuse_replacing(sheet, SIGNATURE, "PNG")
    if findings is not None:
        table = output_path(findings)
        refuse_replacing(table, ",".join(found_things.COLUMNS).encode(), "CSV")
    with ExitStack() as stack:
        for reader in readers:
            stack.enter_context(reader)
        found = run.audit(
            readers,
            [shown(one) for one in datasets],
            run.AuditOptions(threshold, seed, how.workers, how.progress),
        )
        result = report.result(found, strict=strict)
        result.pictures = partial(sheets.as_html, found)
        if contact_sheet is not None and not how.dry_run:
            drawn = sheets.draw(found, sheet)
            report.add_contact_sheet(result, str(contact_sheet), drawn=drawn)
        if findings is not None and not how.dry_run:
            report.add_findings(result, str(findings), found.listed)
            with writing(table):
                replace_file(table, found_things.as_table(found.listed))
        if fix is None:
            return result
        left_out = cleaning.offenders(found)
        cleaned = output_path(fix)
        made = convert_dataset(
            cleaning.without(found, left_out),
            targets.writer_for(targets.format_for(cleaned, found.first.info), cleaned),
            cleaned,
            "audit",
            {
                **read.record_of(found.first.info.format),
                "threshold": threshold,
                "others": len(others),
                **cleaning.record(left_out),
            },
            RunOptions(**vars(how), on_error=SKIP),
            inputs=inputs,
            notes=cleaning.problems(left_out),
        )
        return report.with_fixed(result, made, found, left_out)


def _refuse_outputs(inputs: Sequence[Path], *outputs: PathLike | None) -> None:
    """Raise `UsageError` if an output would be inside something that is read, or in another."""
    targets = [output_path(one) for one in outputs if one is not None]
    for target in targets:
        refuse_overlap(inputs, target)
    for one, other in permutations(targets, 2):
        if one.resolve() in (other.resolve(), *other.resolve().parents):
            raise UsageError(
                f"is, or lies inside, {one}, which is written too",
                path=other,
                remedy="Choose another place for it.",
            )
