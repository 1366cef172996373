"""What a dataset is worth, in one sentence, and its leak certificate in words.

Pure: facts in, sentences out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signdata.pages.facts import AuditFacts, DatasetFacts
from signdata.similarity.leakage import Leak
from signdata.similarity.neighbour_probe import Probe

SOUND, CARE, MISLEADING, UNKNOWN = "sound", "care", "misleading", "unknown"
"""How far an accuracy that is measured on a dataset can be trusted."""

FEWEST = 30
"""Samples of a test split below which its accuracy says nothing."""


@dataclass(frozen=True)
class Verdict:
    """What a dataset is worth.

    Attributes
    ----------
    level : {'sound', 'care', 'misleading', 'unknown'}
        Whether an accuracy measured on it can be trusted.
    sentence : str
        The verdict.
    reasons : tuple of str
        Everything else that speaks against it, the gravest first; no full stops.
    """

    level: str
    sentence: str
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {"level": self.level, "sentence": self.sentence, "reasons": list(self.reasons)}


def verdict(facts: DatasetFacts) -> Verdict:
    """Judge a dataset by its facts."""
    if not facts.there:
        return Verdict(UNKNOWN, f"None of its {facts.samples:,} {facts.noun} is there.")
    audited = facts.audited
    if audited is None:
        return Verdict(UNKNOWN, f"Its {facts.there:,} {facts.noun} have not been compared yet.")
    grave, mild = list(_grave(facts, audited)), list(_mild(facts))
    if grave:
        begin = "Accuracy on its test split would be too high: "
        if "test" not in facts.splits:
            begin = "It has no test split, and a random one would mislead: "
        return Verdict(MISLEADING, f"{begin}{grave[0]}.", (*grave[1:], *mild))
    if "test" not in facts.splits:
        first = f"Its {facts.there:,} {facts.noun} have no test split yet"
        return Verdict(CARE, f"{first}: signdata split makes one.", tuple(mild))
    n_test = facts.by_split.get("test", 0)
    if n_test < FEWEST:
        few = f"test has only {_number(n_test, 'sample')}"
        return Verdict(
            UNKNOWN, f"Accuracy on its test split would tell nothing: {few}.", tuple(mild)
        )
    if mild:
        return Verdict(CARE, f"Its test split can be used with care: {mild[0]}.", tuple(mild[1:]))
    return Verdict(SOUND, f"Its test split is kept apart: {_apart(facts, audited)}.")


def _grave(facts: DatasetFacts, audited: AuditFacts) -> Iterator[str]:
    """Why an accuracy would be too high."""
    leaks = [leak for leak in audited.leaks if leak.between[1] == "test"]
    for leak in leaks:
        if leak.signers:
            yield f"{_number(leak.signers, 'signer')} {_are(leak.signers)} in both {_pair(leak)}"
        if leak.near:
            yield f"{_twins(leak, facts.noun)} in {leak.between[0]}"
        if leak.groups and not leak.signers:
            yield f"{_number(leak.groups, 'group')} {_are(leak.groups)} in both {_pair(leak)}"
    probe = audited.probe
    if probe is not None and probe.is_wide and not _keeps_apart(facts, probe, leaks):
        yield probe_words(probe)


def _keeps_apart(facts: DatasetFacts, probe: Probe, leaks: list[Leak]) -> bool:
    """Whether the splits already keep apart what the probe found to matter."""
    if probe.unseen == "signers":
        return bool(leaks) and not any(leak.signers for leak in leaks)
    certified = facts.certified
    return certified is not None and certified.group_by not in ("none", "near-duplicates")


def _mild(facts: DatasetFacts) -> Iterator[str]:
    """What else a user should know."""
    found = facts.audited.counted if facts.audited else {}
    conflicts = found.get("label-conflict", 0) + found.get("near-label-conflict", 0)
    if conflicts:
        word = "picture" if facts.kind == "still" else "clip"
        yield f"{_number(conflicts, word)} {'stands' if conflicts == 1 else 'stand'} under 2 labels"
    if facts.unreadable:
        yield f"{facts.unreadable:,} of {facts.there:,} {facts.noun} cannot be read"
    if facts.missing:
        yield f"{facts.missing:,} of {facts.samples:,} {facts.noun} are not there"
    yield from _lacking(facts)
    if not facts.signers:
        yield "signers are unknown, so accuracy on a new signer cannot be measured"
    elif facts.unsigned:
        yield f"the signer of {facts.unsigned:,} {facts.noun} is unknown"


def _lacking(facts: DatasetFacts) -> Iterator[str]:
    """Splits that lack classes."""
    for split in facts.splits:
        lacking = [name for name, row in facts.counts.items() if not row.get(split)]
        if split and lacking:
            named = ", ".join(lacking[:5]) + (", ..." if len(lacking) > 5 else "")
            yield f"{split} has no samples of {_number(len(lacking), 'class', 'classes')} ({named})"


def _apart(facts: DatasetFacts, audited: AuditFacts) -> str:
    leak = audited.leak("train", "test")
    if leak is None:
        return "there is no train split that it could resemble"
    return f"none of its {leak.n:,} {facts.noun} has a near-twin in train, and no signer is in both"


# -- The certificate in words


def certificate_words(facts: DatasetFacts) -> list[str]:
    """The leak certificate, one sentence for each thing that is known, or not."""
    audited, certified = facts.audited, facts.certified
    lines = []
    if certified is not None:
        by = certified.group_by
        kept = "nothing was kept together" if by == "none" else f"kept together by {by}"
        lines.append(f"It was split by signdata, {kept}.")
    if audited is None:
        return [*lines, "Its samples have not been compared with each other."]
    for leak in audited.leaks:
        lines.append(_leak_words(leak, facts))
    if len(facts.splits) < 2:
        lines.append("It has fewer than two splits, so nothing can leak between them yet.")
    if audited.probe is not None:
        lines.append(f"{_capital(probe_words(audited.probe))}.")
    else:
        lines.append(
            "Neither signers nor runs of frames are known: what a random split would hide cannot "
            "be measured."
        )
    return lines


def _leak_words(leak: Leak, facts: DatasetFacts) -> str:
    one, other = leak.between
    many = f"none of the {leak.n:,} {facts.noun} of {other} has a near-twin in {one}"
    twins = many if leak.n > 1 else f"the only sample of {other} has no near-twin in {one}"
    if leak.near:
        same = f", {leak.exact:,} of them with the same pixels" if leak.exact else ""
        twins = f"{_twins(leak, facts.noun)} in {one}{same}"
    signers = f"{_number(leak.signers, 'signer')} in both"
    if not facts.signers:
        signers = "signers are unknown"
    groups = f"{_number(leak.groups, 'group')} in both" if facts.groups else "groups are unknown"
    return f"{_capital(one)} and {other}: {twins}; {signers}; {groups}."


def probe_words(probe: Probe) -> str:
    """What the neighbour probe measured: the naive accuracy beside the honest one."""
    unseen = "signers" if probe.unseen == "signers" else "runs of frames"
    return (
        f"nearest-neighbour accuracy is {probe.random:.1%} on a random tenth, but "
        f"{probe.apart:.1%} on unseen {unseen}"
        if probe.is_wide
        else f"nearest-neighbour accuracy is {probe.random:.1%} on a random tenth and "
        f"{probe.apart:.1%} on unseen {unseen}"
    )


# -- Words


def _twins(leak: Leak, noun: str) -> str:
    has = "has" if leak.near == 1 else "have"
    return (
        f"{leak.near:,} of {leak.n:,} {noun} of {leak.between[1]} ({leak.share:.1%}) "
        f"{has} a near-twin"
    )


def _pair(leak: Leak) -> str:
    return f"{leak.between[0]} and {leak.between[1]}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _number(n: int, word: str, many: str = "") -> str:
    return f"{n:,} {word if n == 1 else many or word + 's'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
