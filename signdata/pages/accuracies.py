"""The naive accuracies of a dataset and of runs, each beside the honest one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signdata.auditing.run import Audit
from signdata.pages.facts import DatasetFacts
from signdata.pages.run_groups import accuracy_without
from signdata.pages.runs import RunFacts

HONEST, NAIVE = "honest", "naive"
"""Accuracies on samples unlike those trained on, and on samples that resemble them."""


@dataclass(frozen=True)
class Accuracy:
    """One accuracy among others.

    Attributes
    ----------
    kind : str
        ``honest``, ``naive``, or '' where nobody can tell.
    """

    what: str
    value: float
    kind: str = ""
    detail: str = ""


def accuracies(
    facts: DatasetFacts | None, found: Audit | None, runs: Sequence[RunFacts]
) -> list[Accuracy]:
    """The naive accuracies, each beside the honest one."""
    rows = []
    probe = facts.audited.probe if facts and facts.audited else None
    if probe is not None:
        unseen = "signers" if probe.unseen == "signers" else "runs of frames"
        rows.append(Accuracy("nearest neighbour, a random tenth", probe.random, NAIVE))
        rows.append(Accuracy(f"nearest neighbour, unseen {unseen}", probe.apart, HONEST))
    for run in runs:
        compared = run.comparison
        if compared is not None:
            by = compared.grouped_by
            name = run.about.model
            naive, honest = compared.random_split_accuracy, compared.group_split_accuracy
            rows.append(Accuracy(f"{name}, rows split at random", naive, NAIVE))
            rows.append(Accuracy(f"{name}, split by {by}", honest, HONEST))
            for control, values in compared.controls.items():
                said = control.replace("_", " ")
                rows.append(Accuracy(f"{said}, split by {by}", values.grouped, HONEST, "a control"))
            continue
        rows += _of_run(run, found)
    return rows


def _of_run(run: RunFacts, found: Audit | None) -> list[Accuracy]:
    """The accuracy of a run, and without the samples that training had twins of."""
    numbers = run.numbers
    low, high = numbers.accuracy_95
    detail = f"95 % interval {low:.1%} to {high:.1%}"
    all_of = Accuracy(f"{run.name} on {run.about.measured_on}", numbers.accuracy, detail=detail)
    if found is None or not run.answers or run.about.measured_on != "test":
        return [all_of]
    samples, parts = found.fingerprints, found.compared.parts
    leaking = {samples[leak.index].id for leak in found.leaking if parts[leak.index] == "test"}
    answers = [one for one in run.answers if one.split == "test"]
    mine = {one.id for one in answers} & leaking
    if not mine:
        return [all_of]
    right, total = accuracy_without(answers, mine)
    if not total:
        return [all_of]
    naive = Accuracy(all_of.what, numbers.accuracy, NAIVE, detail)
    what = f"{run.name} on test, without the {len(mine):,} with a twin in an earlier split"
    return [naive, Accuracy(what, right / total, HONEST, f"{right:,} of {total:,}")]
