"""An audit as a table for people and as an object for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from signdata import results
from signdata.auditing import findings
from signdata.auditing.findings import Finding
from signdata.auditing.run import Audit, Seen, samples_per_part
from signdata.errors import one_line
from signdata.results import Problem, Result


def result(found: Audit, *, strict: bool) -> Result:
    """What `audit` returns when it writes no dataset."""
    made = Result("audit", shows_counts=False)
    made.read = sum(len(seen.looks) for seen in found.seen)
    made.skipped = sum(isinstance(one.error, FileNotFoundError) for one in found.unreadable)
    made.failed = len(found.unreadable) - made.skipped
    made.extend(
        Problem.from_error(one.error, one.error.kind, one.id)
        for one in found.unreadable
        if one.error is not None
    )
    made.details = details(found)
    made.summary = table(found)
    made.rejected = strict and bool(found.serious)
    made.lost = len(found.unreadable)  # of all datasets, and not what --fix leaves out
    return made


def tell_of_sheet(made: Result, path: str, *, drawn: bool) -> None:
    """Say what came of the contact sheet."""
    made.details["contact_sheet"] = path if drawn else None
    line = f"{one_line(path)}: leaks, conflicts and groups to look at"
    made.summary += f"\n{line if drawn else 'nothing to draw: no contact sheet was written'}"


def with_fixed(
    made: Result, written: Result, found: Audit, left_out: Collection[Finding]
) -> Result:
    """What `audit` returns when it has written the first dataset again."""
    broken = [
        one
        for one in found.first.looks.looks
        if one.error is not None and not isinstance(one.error, FileNotFoundError)
    ]
    made.output = written.output
    made.read = len(found.first.looks)
    made.written = written.written
    made.failed = len(broken)
    made.skipped = made.read - made.written - made.failed
    made.problems = written.problems
    made.details["left_out"] = findings.counted(list(left_out))
    made.details |= written.details
    reasons = ", ".join(f"{n:,} {kind}" for kind, n in made.details["left_out"].items())
    verb = "would be written" if written.details.get("dry_run") else "written"
    made.summary += (
        f"\n{one_line(written.output)}: {made.written:,} of {made.read:,} samples {verb}; "
        f"left out: {reasons or 'none'}"
    )
    return made


def details(found: Audit) -> dict[str, Any]:
    """Keys of the JSON object."""
    like = found.like
    clusters = like.clusters()
    biggest = [found.looks[i] for i in clusters[0].tolist()] if clusters else []
    return {
        "samples": sum(len(seen.looks) for seen in found.seen),
        "classes": len({one.label for one in found.looks}),
        "exact_duplicates": len(like.copies),
        "near_duplicate_groups": like.n_clusters,
        "in_groups": sum(map(len, clusters)),
        "biggest_group": [one.id for one in biggest[:1000]],
        "related_pairs": len(like.related),
        "threshold": found.threshold,
        "parts": dict(samples_per_part(found)),
        "signers": _signers(found),
        "leaks": [leak.to_dict() for leak in like.leaks],
        "probe": found.probe.to_dict() if found.probe else None,
        "found": findings.counted(found.findings),
        "serious": found.serious,
        "findings": findings.listed(found.findings),
    }


def _signers(found: Audit) -> dict[str, int]:
    """How many signers are known in each part."""
    pairs = {
        (part, one.signer)
        for part, one in zip(found.like.parts, found.looks, strict=True)
        if one.signer
    }
    return dict(sorted(Counter(part for part, _ in pairs).items()))


def table(found: Audit) -> str:
    """Lines for people, the most important first."""
    lines = [_dataset(seen) for seen in found.seen]
    clusters = found.like.clusters()
    n_groups = found.like.n_clusters
    text = f"{len(found.like.copies):,} exact duplicates; "
    text += f"{n_groups:,} different {_kind(found.first)} at {found.threshold:g}"
    if clusters:
        text += f"; the largest group of near-duplicates has {len(clusters[0]):,}"
    lines.append(text)
    if found.like.leaks:
        lines += ["", *_leaks(found)]
    lines += findings.shown(found.findings)
    if found.probe is not None and not found.probe.is_wide:
        probe = found.probe
        lines += [
            "",
            f"nearest neighbour: {probe.random:.1%} of a random tenth, {probe.apart:.1%} "
            f"of unseen {probe.unseen}",
        ]
    count = found.serious
    verdict = "no problems found" if not count else f"{count:,} findings count"
    return "\n".join([*lines, "", verdict])


def _kind(seen: Seen) -> str:
    return "clips" if seen.info.kind == "clip" else "pictures"


def _dataset(seen: Seen) -> str:
    looks = [one for one in seen.looks.looks if one.error is None]
    sizes = {one.size_hw for one in looks}
    colours = {one.channels for one in looks}
    n_classes = len({one.label for one in looks})
    text = f"{one_line(seen.name)}: {len(seen.looks):,} {_kind(seen)} of {n_classes:,} classes"
    if len(sizes) == 1:
        height, width = sizes.pop()
        text += f", {width}x{height}"
    if len(colours) == 1:
        text += " grey" if colours.pop() == 1 else " colour"
    lost = len(seen.looks) - len(looks)
    return text + (f", {lost:,} of them unreadable" if lost else "")


def _leaks(found: Audit) -> list[str]:
    columns = ["leaks between", "exact", "near", "share", "linked", "signers", "groups"]
    rows: list[list[object]] = []
    for leak in found.like.leaks:
        name = f"{leak.between[0]} and {leak.between[1]}"
        share = f"{leak.share:.1%}"
        rows.append([name, leak.exact, leak.near, share, leak.linked, leak.signers, leak.groups])
    lines = results.table(columns, rows).split("\n")
    return [*lines, "near: the second's samples with a twin in the first; linked: in one group"]
