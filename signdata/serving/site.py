"""All that one run of the app holds: the dataset, what is known of it, marks, runs, a network."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from signdata.auditing.findings import KINDS
from signdata.errors import SigndataError
from signdata.formats.corrections import Correction
from signdata.pages.facts import anonymous as without_names
from signdata.pages.facts import dataset_facts
from signdata.pages.verdict import certificate_words, verdict
from signdata.samples import Sample
from signdata.serving import questions, replies
from signdata.serving.background_audit import BackgroundAudit, FoundFinding
from signdata.serving.catalog import Catalog, HeldReader, anonymous
from signdata.serving.decoding import Decoders
from signdata.serving.known import Known
from signdata.serving.marks import Marks
from signdata.serving.pictures import Pictures
from signdata.serving.prediction import Predictor
from signdata.serving.problems import ApiError
from signdata.serving.queries import Answers, Index
from signdata.serving.runs import Run, shares

TILE = 64
"""The usual side of a thumbnail."""

EXAMPLES, SHOWN_MESSAGES = 3, 5


@dataclass(frozen=True)
class SiteOptions:
    """How the app is run.

    Attributes
    ----------
    name : str
        What the dataset is called.
    anonymous : bool
        Whether signers, groups and sources are shown as numbers, or not at all.
    """

    name: str
    anonymous: bool = False


class Site:
    """What the app shows.

    Parameters
    ----------
    catalog : Catalog
    runs : sequence of Run
    marks : Marks
    decoders : Decoders
    predictor : Predictor or None
    audit : BackgroundAudit
    options : SiteOptions
    """

    def __init__(
        self,
        catalog: Catalog,
        runs: Sequence[Run],
        marks: Marks,
        decoders: Decoders,
        predictor: Predictor | None,
        audit: BackgroundAudit,
        options: SiteOptions,
    ) -> None:
        self.catalog, self.runs, self.marks = catalog, list(runs), marks
        self.predictor, self.audit, self.options = predictor, audit, options
        self._decoders = decoders
        if options.anonymous:
            catalog.signers = anonymous(catalog.signers, "signer")
            catalog.groups = anonymous(catalog.groups, "group")
        self.pictures = Pictures(catalog, decoders)
        self._known = Known(catalog, None)
        audit.then = lambda: self.known  # put in order there, not while someone waits
        self._lock = Lock()
        self._version = secrets.token_hex(4)
        self.answers: list[Answers] = [run.answers(catalog) for run in self.runs]
        self.index = Index(
            catalog,
            self.answers,
            lambda: self.marks.column,
            lambda: self.known.measures,
            lambda: self.version,
        )

    @property
    def known(self) -> Known:
        """What is known of the samples by now."""
        with self._lock:
            if not self._known.audited and self.audit.found is not None:
                self._known = Known(self.catalog, self.audit.found)
                self.audit.found = None  # it is kept in another form now
            return self._known

    @property
    def version(self) -> str:
        """Changes with every mark, and when the audit has ended."""
        return f"{self._version}.{self.marks.revision}.{int(self.known.audited)}"

    def number(self, text: str) -> int:
        """The number of a sample as it was sent; `ApiError` 404 if there is no such sample."""
        if text.isascii() and text.isdecimal() and len(text) < 10:
            number = int(text)
            if number < len(self.catalog):
                return number
        raise ApiError(
            404, f"no sample {text!r}", where="n", remedy=f"There are {len(self.catalog):,}."
        )

    def run(self, text: str) -> int:
        """The number of a run as it was sent; `ApiError` 404 if there is no such run."""
        if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < len(self.runs):
            return int(text)
        raise ApiError(404, f"no run {text!r}", where="r", remedy=f"There are {len(self.runs)}.")

    def close(self) -> None:
        """End all processes."""
        self.audit.close()
        self._decoders.close()
        if self.predictor is not None:
            self.predictor.close()
        self.catalog.close()

    # -- Samples

    def row(self, number: int, run: int = 0) -> replies.SampleRow:
        """A sample in a list."""
        sample = self.catalog.samples[number]
        answers = self.answers[run] if run < len(self.answers) else None
        said = answers.said.value(number) if answers else ""
        mark = self.marks.of(sample.id)
        return replies.SampleRow(
            n=number,
            id=sample.id,
            label=sample.label,
            split=sample.split,
            group=self.catalog.groups.value(number),
            signer=self.catalog.signers.value(number),
            kind=sample.kind,
            findings=self.index.finding_names(number),
            mark=mark_body(mark) if mark else None,
            said=said or None,
            p=shares(answers.p, number) if answers else None,
            p_true=shares(answers.p_true, number) if answers else None,
            missing=self.why_not(number),
        )

    def why_not(self, number: int) -> str:
        """Why a sample cannot be read, if that is known by now; '' otherwise."""
        return self.pictures.reason(number) or self.known.errors.get(number, "")

    def page(self, number: int) -> replies.SamplePage:
        """Everything that is known of a sample; what only reading it tells is read."""
        sample, known = self.catalog.samples[number], self.known
        about: dict[str, Any] = {}
        error = self.why_not(number)
        if not error:
            try:
                about = self.pictures.about(number)
            except SigndataError as err:
                error = err.what
        found = {str(key): str(value) for key, value in about.get("found", {}).items()}
        return replies.SamplePage(
            sample=self.row(number),
            source="" if self.options.anonymous else sample.source,
            columns=self._columns(sample) | found,
            size=about.get("size"),
            channels=about.get("channels"),
            frames=about.get("frames"),
            fps=_number(found.get("fps", sample.meta.get("fps", ""))),
            times=about.get("times", []),
            notes=about.get("notes", []),
            measures={
                name: round(float(some[number]), 3)
                for name, some in known.measures.numbers.items()
                if some[number] == some[number]
            },
            findings=[
                replies.Message(kind=one.kind, counts=one.counts, message=self._message(one))
                for one in known.of_sample.get(number, [])
            ],
            twins=[
                replies.Twin(kind=kind, correlation=round(value, 4), sample=self.row(other))
                for kind, other, value in known.twins(number)
            ],
            cluster=known.cluster_of.get(number),
            answers=[self._answer(r, number) for r in range(len(self.runs))],
            has_file=not error and self.pictures.may_have_file(number),
            error=error,
        )

    def _message(self, one: FoundFinding) -> str:
        """A finding in words; without those that tell who signs, where names are hidden."""
        if self.options.anonymous and one.kind in ABOUT_PEOPLE:
            return ""
        return one.message

    def _columns(self, sample: Sample) -> dict[str, str]:
        if self.options.anonymous:
            return {k: v for k, v in sample.meta.items() if k not in NAMING}
        return dict(sample.meta)

    def _answer(self, r: int, number: int) -> replies.RunAnswer:
        answers, run = self.answers[r], self.runs[r]
        return replies.RunAnswer(
            r=r,
            name=run.name,
            said=answers.said.value(number) or None,
            right=answers.right.value(number),
            p_true=shares(answers.p_true, number),
            top=run.top_of(self.catalog.samples[number].id),
        )

    # -- The dataset

    def dataset(self) -> replies.Dataset:
        """The dataset as a whole."""
        catalog, known, audit = self.catalog, self.known, self.audit
        facts = self._facts | known.details.get("facts", {})
        height, width = self.pictures.cell_size(TILE)
        judged = known.details.get("verdict") or self._verdict
        return replies.Dataset(
            name=self.options.name,
            format=catalog.info.format,
            kind=catalog.info.kind,
            samples=len(catalog),
            unreadable=int((~catalog.readable).sum()),
            classes=list(catalog.classes),
            splits=facts["splits"],
            counts=facts["counts"],
            coverage=facts["coverage"],
            signers=sum(1 for value in catalog.signers.values if value),
            groups=sum(1 for value in catalog.groups.values if value),
            tile=[width, height],
            version=self.version,
            verdict=replies.Verdict(**judged),
            certificate=known.details.get("certificate") or self._certificate,
            audit=replies.AuditState(
                state=audit.state, done=audit.done, total=audit.total, error=audit.failure
            ),
            findings=self.finding_kinds(),
            pairs={kind: some.total for kind, some in known.pairs.items()},
            clusters=len(known.clusters),
            runs=[replies.RunName(r=r, name=run.name) for r, run in enumerate(self.runs)],
            model=self.predictor.model() if self.predictor else None,
            marks=replies.MarksFile(file=self.marks_file, n=len(self.marks)),
            anonymous=self.options.anonymous,
        )

    @property
    def marks_file(self) -> str:
        """The name of the file that keeps the marks; '' without one."""
        return self.marks.path.name if self.marks.path else ""

    def finding_kinds(self) -> list[replies.FindingKind]:
        """The kinds of finding that there are, the most important first."""
        known = self.known
        by_kind: dict[str, list[Any]] = {}
        for one in known.findings:
            by_kind.setdefault(one.kind, []).append(one)
        order = [
            kind for kind in (*KINDS, *known.counts) if known.counts.get(kind, 0) or kind in by_kind
        ]
        return [
            replies.FindingKind(
                kind=kind,
                meaning=KINDS.get(kind, "cannot be read"),
                n=known.totals.get(kind, len(by_kind.get(kind, []))),
                counts=any(one.counts for one in by_kind.get(kind, [])),
                examples=known.examples(kind, EXAMPLES),
                messages=[self._message(one) for one in by_kind.get(kind, [])[:SHOWN_MESSAGES]],
            )
            for kind in dict.fromkeys(order)
        ]

    @cached_property
    def _before_audit(self) -> Any:
        facts = dataset_facts(HeldReader(self.catalog), self.options.name)
        return without_names(facts) if self.options.anonymous else facts

    @cached_property
    def _facts(self) -> dict[str, Any]:
        found: dict[str, Any] = self._before_audit.to_dict()
        return found

    @cached_property
    def _verdict(self) -> dict[str, Any]:
        return verdict(self._before_audit).to_dict()

    @cached_property
    def _certificate(self) -> list[str]:
        return certificate_words(self._before_audit)

    # -- Pairs

    def pairs(self, asked: questions.PairsQuery) -> replies.PairList:
        """A part of the pairs of one kind."""
        some = self.known.pairs.get(asked.kind)
        total = found = 0
        rows = []
        if some is not None:
            keep = np.arange(len(some.first))
            if asked.marked == "hide":
                marked = self.marks.column.codes > 0
                keep = keep[~(marked[some.first] | marked[some.second])]
            total, found = len(keep), some.total
            for i in keep[asked.from_ : asked.from_ + asked.n].tolist():
                left, right = int(some.first[i]), int(some.second[i])
                value = float(some.correlation[i])
                rows.append(
                    replies.PairRow(
                        left=self.row(left),
                        right=self.row(right),
                        correlation=round(value, 4),
                        reason=self._reason(asked.kind, left, right, value),
                    )
                )
        return replies.PairList(
            kind=asked.kind, total=total, found=found, from_=asked.from_, pairs=rows
        )

    def _reason(self, kind: str, left: int, right: int, value: float) -> str:
        """What is wrong with a pair, in words."""
        one, other = self.catalog.samples[left], self.catalog.samples[right]
        same = "the same pixels" if value >= 1 else f"correlation {min(value, 0.999):.3f}"
        if kind == "leak":
            return f"{same}, in {one.split or 'no split'} and in {other.split or 'no split'}"
        if kind == "conflict":
            return f"{same}, labelled {one.label} and {other.label}"
        return same

    def groups(self, asked: questions.GroupsQuery) -> replies.Clusters:
        """A part of the clusters of near-duplicates."""
        clusters = self.known.clusters
        part = range(asked.from_, min(asked.from_ + asked.n, len(clusters)))
        return replies.Clusters(
            total=len(clusters),
            from_=asked.from_,
            groups=[self._cluster(i, clusters[i].tolist(), asked.members) for i in part],
        )

    def _cluster(self, i: int, members: list[int], most: int) -> replies.Cluster:
        samples = [self.catalog.samples[n] for n in members]
        return replies.Cluster(
            cluster=i,
            size=len(members),
            splits=sorted({sample.split for sample in samples}),
            labels=sorted({sample.label for sample in samples}),
            samples=[self.row(n) for n in members[:most]],
        )

    # -- Marks

    def all_marks(self) -> replies.Marks:
        """All marks."""
        rows = [mark_body(one) for one in self.marks]
        return replies.Marks(
            file=self.marks_file, total=len(rows), version=self.version, marks=rows
        )


NAMING = frozenset({"signer", "group", "source", "url", "path", "user", "participant"})
"""Manifest columns that may tell who signs."""


ABOUT_PEOPLE = frozenset({"shared-signer", "shared-group", "unprotected"})
"""Kinds of finding whose words may name signers."""


def mark_body(row: Correction) -> replies.Mark:
    """A mark as it is sent."""
    return replies.Mark(
        id=row.id, was=row.was, action=row.action, label=row.label, group=row.group, note=row.note
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
