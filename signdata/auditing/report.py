"""The result of an audit, as text to print and as a JSON object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from signdata import results
from signdata.auditing import findings
from signdata.auditing.findings import Finding
from signdata.auditing.run import Audit, AuditedDataset, samples_per_part
from signdata.command_results import AuditResult
from signdata.errors import one_line
from signdata.plurals import counted
from signdata.results import Problem, Result


def result(found: Audit, *, strict: bool) -> AuditResult:
    """What `audit` returns if it does not write a dataset."""
    made = AuditResult("audit", shows_counts=False)
    made.read = sum(len(dataset.fingerprints) for dataset in found.datasets)
    made.skipped = sum(isinstance(one.error, FileNotFoundError) for one in found.unreadable)
    made.failed = len(found.unreadable) - made.skipped
    made.extend(
        Problem.from_error(one.error, one.error.kind, one.id)
        for one in found.unreadable
        if one.error is not None
    )
    made.details = details(found)
    made.leave_out([one for dataset in found.datasets for one in dataset.info.left_out])
    made.summary = table(found)
    made.rejected = strict and bool(found.serious)
    made.lost = len(found.unreadable)  # in all datasets; what --fix leaves out is not lost
    return made


def add_contact_sheet(made: AuditResult, path: str, *, drawn: bool) -> None:
    """Add the contact sheet's path, or that there is none, to a result."""
    made.details["contact_sheet"] = path if drawn else None
    line = f"{one_line(path)}: contact sheet of leaks, label conflicts and near-duplicates"
    made.summary += f"\n{line if drawn else 'nothing to draw; no contact sheet was written'}"


def add_findings(made: AuditResult, path: str, listed: Collection[Finding]) -> None:
    """Add the path of the table of all findings to a result."""
    made.details["findings_file"] = path
    made.summary += f"\n{one_line(path)}: {counted(len(listed), 'finding')}"


def with_fixed(
    made: AuditResult, written: Result, found: Audit, left_out: Collection[Finding]
) -> AuditResult:
    """What `audit --fix` returns after writing the cleaned copy of the first dataset."""
    broken = [
        one
        for one in found.first.fingerprints.samples
        if one.error is not None and not isinstance(one.error, FileNotFoundError)
    ]
    made.output = written.output
    made.read = len(found.first.fingerprints)
    made.written = written.written
    made.failed = len(broken)
    made.skipped = made.read - made.written - made.failed
    made.problems = written.problems
    marked = written.details.get("left_out", {})
    made.details |= written.details
    made.details["left_out"] = {**marked, **findings.counted(list(left_out))}
    reasons = ", ".join(f"{n:,} {kind}" for kind, n in made.details["left_out"].items())
    verb = "would be written" if written.details.get("dry_run") else "written"
    made.summary += (
        f"\n{one_line(written.output)}: {made.written:,} of {made.read:,} samples {verb}; "
        f"left out: {reasons or 'none'}"
    )
    return made


def details(found: Audit) -> dict[str, Any]:
    """Keys of the JSON object."""
    compared = found.compared
    clusters = compared.clusters()
    biggest = [found.fingerprints[i] for i in clusters[0].tolist()] if clusters else []
    return {
        "samples": sum(len(dataset.fingerprints) for dataset in found.datasets),
        "classes": len({one.label for one in found.fingerprints}),
        "exact_duplicates": len(compared.copies),
        "near_duplicate_groups": compared.n_clusters,
        "in_groups": sum(map(len, clusters)),
        "biggest_group": [one.id for one in biggest[:1000]],
        "related_pairs": len(compared.related),
        "threshold": found.threshold,
        "parts": dict(samples_per_part(found)),
        "signers": _signers(found),
        "leaks": [leak.to_dict() for leak in compared.leaks],
        "probe": found.probe.to_dict() if found.probe else None,
        "found": findings.counted(found.findings),
        "serious": found.serious,
        **({"accepted": findings.counted(found.accepted)} if found.accepted else {}),
        "findings": findings.listed(found.listed),
    }


def _signers(found: Audit) -> dict[str, int]:
    """Number of known signers in each part."""
    pairs = {
        (part, one.signer)
        for part, one in zip(found.compared.parts, found.fingerprints, strict=True)
        if one.signer
    }
    return dict(sorted(Counter(part for part, _ in pairs).items()))


def table(found: Audit) -> str:
    """The text to print, the most important first."""
    lines = [_dataset(dataset) for dataset in found.datasets]
    clusters = found.compared.clusters()
    n_groups = found.compared.n_clusters
    text = f"{counted(len(found.compared.copies), 'exact duplicate')}; "
    text += f"{n_groups:,} different {_kind(found.first)}s at {found.threshold:g}"
    if clusters:
        text += f"; the largest group of near-duplicates has {len(clusters[0]):,}"
    lines.append(text)
    if found.compared.leaks:
        lines += ["", *_leaks(found)]
    lines += findings.shown(found.findings)
    if found.probe is not None and not found.probe.is_wide:
        probe = found.probe
        lines += [
            "",
            f"nearest neighbour: a random tenth {probe.random:.0%} right, unseen {probe.unseen} "
            f"{probe.apart:.0%}: no sign that {_LEAKING[probe.unseen]} leak",
        ]
    count = found.serious
    verdict = f"{counted(count, 'problem')} found" if count else "no problems found"
    if found.accepted:
        verdict += f"; {len(found.accepted):,} more were accepted (keep in --corrections)"
    return "\n".join([*lines, "", verdict])


_LEAKING = {"blocks": "films", "signers": "signers"}
"""What would make a random tenth easier than one of which nothing like it was seen."""


def _kind(dataset: AuditedDataset) -> str:
    return "clip" if dataset.info.kind == "clip" else "picture"


def _dataset(dataset: AuditedDataset) -> str:
    fingerprints = [one for one in dataset.fingerprints.samples if one.error is None]
    sizes = {one.size_hw for one in fingerprints}
    colours = {one.channels for one in fingerprints}
    n_classes = len({one.label for one in fingerprints})
    total = len(dataset.fingerprints)
    text = f"{one_line(dataset.name)}: {counted(total, _kind(dataset))} of "
    text += counted(n_classes, "class", "classes")
    if len(sizes) == 1:
        height, width = sizes.pop()
        text += f", {width}x{height}"
    if len(colours) == 1:
        text += " grey" if colours.pop() == 1 else " colour"
    lost, left_out = total - len(fingerprints), len(dataset.info.left_out)
    text += f", {lost:,} of them unreadable" if lost else ""
    return text + (f"; {left_out:,} left out by --corrections" if left_out else "")


def _leaks(found: Audit) -> list[str]:
    columns = ["leaks between", "exact", "near", "share", "linked", "signers", "groups"]
    rows: list[list[object]] = []
    for leak in found.compared.leaks:
        name = f"{leak.between[0]} and {leak.between[1]}"
        share = f"{leak.share:.1%}"
        rows.append([name, leak.exact, leak.near, share, leak.linked, leak.signers, leak.groups])
    lines = results.table(columns, rows).split("\n")
    return [
        *lines,
        "near: samples of the second with a twin in the first; linked: in a group",
    ]
