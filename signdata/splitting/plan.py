"""The plan of a split: groups, the split of each sample, and the leak certificate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from signdata import results
from signdata.errors import DatasetError, UsageError
from signdata.formats.reader import Reader
from signdata.plurals import counted
from signdata.samples import SPLITS
from signdata.similarity.near_duplicates import Pairs
from signdata.splitting import group_choice, grouped, split_warnings, stratified
from signdata.splitting.assignment import Assign
from signdata.splitting.by_id import ById
from signdata.splitting.certificate import Certificate, Evidence, SplitSamples, certify
from signdata.splitting.certificate_summary import CERTIFICATE, Certified
from signdata.splitting.groups import Grouping, joined
from signdata.splitting.sample_table import SampleTable
from signdata.splitting.split_options import AUTO, DEFAULT_RATIOS, NONE, TWINS, SplitOptions
from signdata.splitting.split_warnings import AssignedSamples


@dataclass
class Plan:
    """A split before it is written.

    Attributes
    ----------
    assign : Assign
        The transform that carries it out.
    counts : dict
        Samples per split and class: ``counts[split][label]``.
    drawn : dict
        The same for the newly assigned samples, by split or fold.
    kept : dict
        The same for each split that was kept.
    asked : dict
        Requested share of each split or fold, of the newly assigned samples.
    are_folds : bool
        Whether these are folds.
    left_out : list of str
        Ids of the samples left out at borders between runs of frames.
    certificate : Certificate
        The leak certificate.
    """

    assign: Assign
    counts: dict[str, dict[str, int]]
    drawn: dict[str, dict[str, int]]
    kept: dict[str, dict[str, int]]
    asked: dict[str, float]
    are_folds: bool
    left_out: list[str]
    certificate: Certificate
    notes: list[str] = field(default_factory=list)

    def document(self, origin: Mapping[str, Any]) -> dict[str, Any]:
        """Keys of ``signdata.json`` about the split; `origin` is that of the dataset."""
        certificate = self.certificate.to_dict()
        return {
            "splits": {split: sum(by.values()) for split, by in self.counts.items()},
            "leak_certificate": certificate,
            "origin": {**origin, CERTIFICATE: msgspec.to_builtins(Certified.of(certificate))},
        }

    @property
    def text(self) -> str:
        """Samples per split or fold, and the certificate, as text to print."""
        n_drawn = sum(sum(by.values()) for by in self.drawn.values())
        total = n_drawn + sum(sum(by.values()) for by in self.kept.values())
        parts = {**self.drawn, **self.kept}
        rows = []
        for part in self.asked if self.are_folds else SPLITS:
            if part in parts:
                rows.append(self._row(part, parts[part], n_drawn, total))
        if self.are_folds:
            rows += [self._row(part, by, n_drawn, total) for part, by in self.kept.items()]
        # Requested shares refer to the newly assigned samples; so does the column next to them.
        shares = ["of all", "of the rest"] if self.kept else ["share"]
        columns = ["fold" if self.are_folds else "split", "samples", *shares, "asked", "classes"]
        return f"{results.table(columns, rows)}\n{self.certificate.text}"

    def _row(self, part: str, by_class: dict[str, int], n_drawn: int, total: int) -> list[object]:
        n = sum(by_class.values())
        of_all = [_percent(n, total)] if self.kept else []
        reached, asked = "", "kept"
        if part not in self.kept:
            reached, asked = _percent(n, n_drawn), f"{self.asked[part]:.1%}"
        return [part, n, *of_all, reached, asked, sum(map(bool, by_class.values()))]


def _percent(n: int, total: int) -> str:
    return f"{n / max(1, total):.1%}"


def plan(
    reader: Reader,
    root: Path,
    options: SplitOptions,
    progress: Callable[[int, int | None], None] | None = None,
    together: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Decide the split of every sample.

    Parameters
    ----------
    together : mapping of str to str
        The group that a person named for a sample, by its id: however the others are grouped,
        those of one such group stay together.

    Raises
    ------
    UsageError
        If the dataset has splits and neither `keep` nor `pool` says what to do with them, a
        split to keep does not exist, or options contradict each other or the dataset.
    DatasetError
        If a split or fold would be empty, and `allow_empty` is not set.
    """
    shares = _shares(options)
    samples = SampleTable.of(reader, root, with_paths=options.may_group_by_path)
    _check_present(samples, reader, options)
    drawn: Sequence[int] = range(len(samples))  # a million places take no memory
    if options.keep:
        drawn = [i for i, split in enumerate(samples.splits) if split not in options.keep]
    if not drawn:
        raise UsageError("nothing is left to split", path=_name(reader))
    strata = samples.column(options.stratify, "--stratify")
    evidence = group_choice.look(reader, samples, options, progress) if options.look else None
    found = group_choice.group(_known(samples, together, options), evidence, options)
    found = joined(found, samples.ids, together)
    parts = list(samples.splits)
    assigned = grouped.grouped(
        _of(samples.ids, drawn),
        _of(strata, drawn),
        _of(found.groups, drawn),
        shares,
        options.seed,
    )
    for i, part in zip(drawn, assigned, strict=True):
        parts[i] = part
    left_out = group_choice.guards(samples, drawn, parts, found)
    order = [*(shares if options.folds else ()), *SPLITS]
    kept = _without(range(len(samples)), left_out)
    groups = found.groups
    shared_out = _without(drawn, left_out)
    what = AssignedSamples(
        _of(parts, shared_out),
        _of(samples.labels, shared_out),
        _of(groups, shared_out),
        shares,
        options.folds is not None,
    )
    _check_filled(what, reader, options)
    certificate = certify(
        _split_samples(samples, found, parts, kept),
        order,
        shares,
        _evidence_of(evidence, kept),
        found.how,
        found.why,
        what,
    )
    splits = _as_splits(parts, drawn, options)
    ungrouped = [i for i in drawn if groups[i] and not samples.groups[i]] if any(groups) else []
    ids = _of(samples.ids, drawn)
    return Plan(
        Assign(
            ById(ids, _of(splits, drawn)),
            dict(_renamed(samples, drawn)),
            ById(_of(samples.ids, ungrouped), _of(groups, ungrouped)),
            ById(ids, _of(parts, drawn)) if options.folds else ById(),
            options.pool,
        ),
        {s: by for s, by in _count(samples, splits, kept, ("", *SPLITS)).items() if by},
        _count(samples, parts, shared_out, shares),
        _count(samples, parts, _without(kept, shared_out) if options.keep else (), options.keep),
        shares,
        what.are_folds,
        [samples.ids[i] for i in left_out],
        certificate,
        _notes(left_out, certificate, shares if what.are_folds else ()),
    )


def _of(values: Sequence[str], places: Sequence[int]) -> Sequence[str]:
    """The values at some places; those themselves, if it is all of them."""
    return values if places == range(len(values)) else [values[i] for i in places]


def _known(samples: SampleTable, together: Mapping[str, str], options: SplitOptions) -> SampleTable:
    """The samples as a grouping is chosen for them: a few that a person joined are none yet."""
    ids = (one for one, group in zip(samples.ids, samples.groups, strict=True) if group)
    if options.group_by == AUTO and together and all(one in together for one in ids):
        return replace(samples, groups=[""] * len(samples))
    return samples


def _without(places: Sequence[int], others: Sequence[int]) -> Sequence[int]:
    """The places that are not among the others, in order."""
    if not others:
        return places
    left_out = set(others)
    return [i for i in places if i not in left_out]


MOST_FOLDS = 1000


def _shares(options: SplitOptions) -> dict[str, float]:
    for name in options.keep:
        if name not in SPLITS:
            raise UsageError(f"--keep {name}; expected names out of {', '.join(SPLITS)}")
    if options.keep and options.pool:
        raise UsageError("--keep and --pool contradict each other")
    if options.folds is None:
        return stratified.parse_ratios(options.ratios or DEFAULT_RATIOS, options.keep)
    if options.ratios is not None:
        raise UsageError("--folds and --ratios contradict each other: all folds have equal shares")
    if not 2 <= options.folds <= MOST_FOLDS:
        raise UsageError(f"--folds {options.folds}; expected 2 to {MOST_FOLDS:,}")
    return {str(number): 1 / options.folds for number in range(1, options.folds + 1)}


def _check_present(samples: SampleTable, reader: Reader, options: SplitOptions) -> None:
    present = set(samples.splits) - {""}
    if present and not options.keep and not options.pool:
        raise UsageError(
            f"already has splits ({', '.join(s for s in SPLITS if s in present)})",
            path=_name(reader),
            remedy="Use --keep SPLIT,... to keep some and split the rest, or --pool to mix all.",
        )
    absent = [name for name in options.keep if name not in present]
    if absent:
        what = f"--keep {','.join(absent)}: no such split"
        raise UsageError(what, path=_name(reader))


def _name(reader: Reader) -> str:
    return str(reader.info.sources[0]["name"])


def _check_filled(drawn: AssignedSamples, reader: Reader, options: SplitOptions) -> None:
    if drawn.empty and not options.allow_empty:
        raise DatasetError(
            split_warnings.emptiness(drawn),
            path=_name(reader),
            remedy="Ask for fewer, group by something else (--group-by), or use --allow-empty.",
        )


# -- Result


def _as_splits(parts: list[str], drawn: Sequence[int], options: SplitOptions) -> list[str]:
    """Splits of all samples; with folds and kept splits, the folds are training samples."""
    if not options.folds:
        return parts
    splits = list(parts)
    for i in drawn:
        splits[i] = "train" if options.keep else ""
    return splits


def _split_samples(
    samples: SampleTable, found: Grouping, parts: Sequence[str], kept: Sequence[int]
) -> SplitSamples:
    signers = samples.columns.get("signer", [""] * len(samples))
    groups = found.groups if any(found.groups) else samples.groups
    return SplitSamples(
        _of(parts, kept),
        _of(samples.labels, kept),
        _of(groups, kept),
        _of(signers, kept),
        _of(samples.names, kept),
        found.how not in (NONE, TWINS),
    )


def _evidence_of(evidence: Evidence | None, kept: Sequence[int]) -> Evidence | None:
    """The evidence about some of the samples, with new indices."""
    if evidence is None or len(kept) == len(evidence.digests):
        return evidence
    place = np.full(len(evidence.digests), -1)
    place[list(kept)] = np.arange(len(kept))
    index = place[evidence.twins.index]
    both = (index >= 0).all(axis=1)
    twins = Pairs(index[both], evidence.twins.correlation[both])
    return Evidence([evidence.digests[i] for i in kept], twins, evidence.probe)


def _count(
    samples: SampleTable, splits: Sequence[str], kept: Sequence[int], order: Iterable[str]
) -> dict[str, dict[str, int]]:
    counter: dict[str, Counter[str]] = defaultdict(Counter)
    pairs = Counter(zip(_of(splits, kept), _of(samples.labels, kept), strict=True))
    for (split, label), n in pairs.items():
        counter[split][label] = n
    return {s: dict(sorted(counter[s].items())) for s in order}


def _renamed(samples: SampleTable, drawn: Sequence[int]) -> Iterator[tuple[str, str]]:
    """New names for pooled samples of one class that would share a name."""
    if len(set(samples.splits)) < 2:
        return
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in _sharing(samples, drawn):
        places[samples.labels[i], samples.names[i]].append(i)
    for same in places.values():
        if len({samples.splits[i] for i in same}) > 1:
            for i in same:
                split, name = samples.splits[i], samples.names[i]
                yield samples.ids[i], f"{split}-{name}" if split else name


def _sharing(samples: SampleTable, drawn: Sequence[int]) -> Iterator[int]:
    """The samples that seem to share class and name with another, some by chance; in order."""
    pairs = zip(_of(samples.labels, drawn), _of(samples.names, drawn), strict=True)
    hashes = np.fromiter(map(hash, pairs), np.int64, len(drawn))
    found, counts = np.unique(hashes, return_counts=True)
    for place in np.flatnonzero(np.isin(hashes, found[counts > 1])).tolist():
        yield drawn[place]


def _notes(left_out: list[int], certificate: Certificate, folds: Collection[str]) -> list[str]:
    notes = []
    for part, lacking in certificate.missing.items():
        name = f"fold {part}" if part in folds else part
        notes.append(split_warnings.lacking(name, lacking))
    if left_out:
        notes.append(
            f"{counted(len(left_out), 'sample')} left out as a gap between runs of different splits"
        )
    return notes
