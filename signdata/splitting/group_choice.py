"""The choice of groups: what is known or seen to belong together, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from signdata.errors import UsageError
from signdata.formats.reader import Reader
from signdata.similarity import fingerprints, near_duplicates, neighbour_probe
from signdata.similarity.near_duplicates import Pairs
from signdata.splitting import groups as grouping
from signdata.splitting.certificate import Evidence
from signdata.splitting.groups import Grouping
from signdata.splitting.sample_table import SampleTable
from signdata.splitting.split_options import AUTO, BLOCKS, NONE, TWINS, SplitOptions


def look(
    reader: Reader,
    samples: SampleTable,
    options: SplitOptions,
    progress: Callable[[int, int | None], None] | None,
) -> Evidence:
    """Compare the pixels: find twins, and run the neighbour probe."""
    seen = fingerprints.fingerprint(reader, workers=options.workers, progress=progress)
    place = {one.id: i for i, one in enumerate(seen.samples) if one.error is None}
    rows = np.array([place.get(sample_id, -1) for sample_id in samples.ids], np.int64)
    vectors = near_duplicates.normalised(seen.thumbnails)[rows]
    vectors[rows < 0] = 0
    digests = [seen.samples[row].sha256 if row >= 0 else "" for row in rows.tolist()]
    twins = near_duplicates.pairs(vectors, workers=options.workers)
    signers = samples.columns.get("signer", [""] * len(samples))
    probe = neighbour_probe.by_signers(vectors, samples.labels, signers)
    if probe is None and "csv" not in reader.info.origin:  # row numbers are meaningless
        probe = neighbour_probe.by_numbers(vectors, samples.labels, samples.names)
    return Evidence(digests, twins, probe)


def group(samples: SampleTable, evidence: Evidence | None, options: SplitOptions) -> Grouping:
    """Group all samples as `options` say; `evidence` is None if pixels were not compared."""
    how = options.group_by
    if how == AUTO:
        return _best(samples, evidence)
    if how == NONE:
        return Grouping([""] * len(samples), NONE, "as requested")
    if how == TWINS:
        if evidence is None:
            raise UsageError("--group-by near-duplicates and --no-look contradict each other")
        twins = evidence.twins.inside(near_duplicates.numbered(samples.labels))
        return Grouping(grouping.by_twins(samples.ids, twins), TWINS, _twins_text(twins, samples))
    if how.startswith(BLOCKS):
        return _blocks(samples, how)
    if how in ("signer", "group") or how in samples.columns:
        return Grouping(samples.column(how, "--group-by"), how)
    if not options.may_group_by_path:
        samples.column(how, "--group-by")
    return Grouping(grouping.by_pattern(samples.paths, how), how)


def _blocks(samples: SampleTable, how: str, why: str = "") -> Grouping:
    length = how.removeprefix(BLOCKS)
    if not length.isdecimal() or int(length) < 2:
        raise UsageError(f"--group-by {how}; expected blocks:K with K from 2")
    return Grouping(grouping.by_blocks(samples.labels, samples.names, int(length)), how, why)


def _best(samples: SampleTable, evidence: Evidence | None) -> Grouping:
    """The grouping that keeps together everything known or detected to belong together."""
    if evidence is None:
        if any(samples.groups):
            return Grouping(samples.groups, "group", "the manifest has groups")
        return Grouping(
            [""] * len(samples), NONE, "no groups are known, and near-duplicates were not checked"
        )
    inside = evidence.twins.inside(near_duplicates.numbered(samples.labels))
    if any(samples.groups):
        groups = grouping.by_twins(samples.ids, evidence.twins, samples.groups)
        why = "the manifest has groups"
        if groups != list(samples.groups):
            why += "; those that share near-duplicates were merged"
        return Grouping(groups, "group", why)
    film = grouping.film_like(samples.labels, near_duplicates.clusters(len(samples), inside))
    probe = evidence.probe
    runs = probe is not None and probe.unseen == "blocks"
    if runs and probe is not None and (film or probe.is_wide):
        why = (
            f"class {film} is one recording of near-duplicates"
            if film
            else (
                f"nearest-neighbour accuracy is {probe.random:.1%} on a random tenth, but "
                f"{probe.apart:.1%} on unseen runs of frames"
            )
        )
        return _blocks(samples, f"{BLOCKS}{probe.block}", why)
    if len(inside):
        groups = grouping.by_twins(samples.ids, evidence.twins)
        return Grouping(groups, TWINS, _twins_text(inside, samples))
    return Grouping(
        [""] * len(samples), NONE, "no groups are known, and there are no near-duplicates"
    )


def _twins_text(twins: Pairs, samples: SampleTable) -> str:
    n = len(np.unique(twins.index))
    return f"{n:,} of {len(samples):,} samples have a near-twin of their class"


def guards(
    samples: SampleTable, drawn: Sequence[int], parts: list[str], found: Grouping
) -> list[int]:
    """Samples to leave out where runs of frames of different splits meet."""
    if not found.how.startswith(BLOCKS):
        return []
    guards = grouping.guarded(
        [samples.labels[i] for i in drawn],
        [samples.names[i] for i in drawn],
        [parts[i] for i in drawn],
        int(found.how.removeprefix(BLOCKS)),
    )
    return [drawn[i] for i in guards]
