"""Telling whether a dataset is what its manifest says, or two datasets are the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from signdata.errors import SigndataError
from signdata.filesystem import reading
from signdata.formats.batch_jobs import run_batches
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import Reader
from signdata.options import ProgressCallback
from signdata.output import existing
from signdata.results import Problem, Result
from signdata.samples import Sample

T = TypeVar("T")

_DIED = "the worker process died on it"


class Seen(NamedTuple):
    """A sample as it is compared: `pixels` is a digest, '' with `error` if unreadable."""

    id: str
    label: str
    split: str
    pixels: str
    error: str


class Checked(NamedTuple):
    """A sample as it is stored: a digest, '' with `error` and its `kind` if unreadable."""

    id: str
    digest: str
    error: str
    kind: str = "corrupt"


@dataclass(frozen=True)
class _Digest:
    """Digests the samples of a batch; runs in a worker."""

    def __call__(self, batch: Batch) -> list[Seen]:
        try:
            with reading(f"batch {batch.key}"):
                return batch.each(_see) if isinstance(batch, ListBatch) else list(map(_see, batch))
        except SigndataError as err:
            return [Seen(batch.key, "", "", "", str(err))]


def _see(sample: Sample) -> Seen:
    digest = hashlib.sha256()
    try:
        with reading(sample.source or sample.id):
            for frame in sample.frames():
                digest.update(f"{frame.shape}".encode())
                digest.update(frame.tobytes())
    except SigndataError as err:
        return Seen(sample.id, sample.label, sample.split, "", str(err))
    return Seen(sample.id, sample.label, sample.split, digest.hexdigest(), "")


def _each(
    job: Callable[[Batch], Sequence[T | str]],
    reader: Reader,
    workers: int | None,
    progress: ProgressCallback | None,
) -> Iterator[T | str]:
    """Yield what `job` returns for each sample; the id of one that killed its worker."""
    done = 0
    runs = run_batches(
        job, reader.batches(), workers, died=lambda batch: [_name(batch)], risky=reader.risky
    )
    with closing(runs) as all_results:
        for _, parts in all_results:
            for found in parts:
                yield from found
                done += len(found)
            if progress:
                progress(done, reader.info.n_samples)


def _name(batch: Batch) -> str:
    if isinstance(batch, ListBatch) and len(batch.samples) == 1:
        return batch.samples[0].id
    return f"batch {batch.key}"


def _all_seen(reader: Reader, workers: int | None, progress: ProgressCallback | None) -> list[Seen]:
    return [
        Seen(seen, "", "", "", _DIED) if isinstance(seen, str) else seen
        for seen in _each(_Digest(), reader, workers, progress)
    ]


def compare(
    a: Reader,
    b: Reader,
    path_a: Path,
    path_b: Path,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> Result:
    """Hold two datasets against each other; see `signdata.verify`."""
    seen_a = _all_seen(a, workers, progress)
    seen_b = _all_seen(b, workers, progress)
    result = Result("verify", str(path_b), read=len(seen_a) + len(seen_b), shows_counts=False)
    unreadable = [
        Problem(seen.id, str(path), "corrupt", seen.error)
        for path, all_seen in ((path_a, seen_a), (path_b, seen_b))
        for seen in all_seen
        if seen.error
    ]
    seen_a, seen_b = _align_splits(seen_a, seen_b)
    by_id = {seen.id for seen in seen_a} == {seen.id for seen in seen_b}
    if by_id:
        differences = list(_differences_by_id(seen_a, seen_b))
        how = "paired by id"
    else:
        differences = list(_differences_as_multisets(seen_a, seen_b, path_a, path_b))
        how = "compared as multisets of split, label and pixels, as their ids differ"
    result.extend([*unreadable, *differences])
    n = len(unreadable) + len(differences)
    result.failed = len(unreadable)
    result.rejected = bool(n)
    result.details = {"same": not n, "differences": n, "paired_by": "id" if by_id else "content"}
    counts = f"{len(seen_a):,} and {len(seen_b):,} samples, {how}"
    result.summary = f"the same: {counts}" if not n else f"{n:,} differences: {counts}"
    return result


def _align_splits(a: list[Seen], b: list[Seen]) -> tuple[list[Seen], list[Seen]]:
    """Ignore splits where one side has none and the other just one."""
    splits_a, splits_b = {seen.split for seen in a}, {seen.split for seen in b}
    if splits_a != splits_b and len(splits_a) == len(splits_b) == 1 and "" in splits_a | splits_b:
        a = [seen._replace(split="") for seen in a]
        b = [seen._replace(split="") for seen in b]
    return a, b


def _differences_by_id(a: list[Seen], b: list[Seen]) -> Iterator[Problem]:
    others = {seen.id: seen for seen in b}
    for seen in a:
        other = others[seen.id]
        for what in ("label", "split", "pixels"):
            left, right = getattr(seen, what), getattr(other, what)
            if left != right and not (seen.error or other.error):
                message = what + " differ" if what == "pixels" else f"{what} {left!r} / {right!r}"
                yield Problem(seen.id, what, "differs", message)


def _differences_as_multisets(
    a: list[Seen], b: list[Seen], path_a: Path, path_b: Path
) -> Iterator[Problem]:
    for only, other, path in ((a, b, path_a), (b, a, path_b)):
        left = Counter(_content(seen) for seen in other if not seen.error)
        for seen in only:
            if seen.error:
                continue
            if left[_content(seen)]:
                left[_content(seen)] -= 1
            else:
                where = f"split {seen.split}, " if seen.split else ""
                yield Problem(seen.id, f"{where}label {seen.label}", "only", f"only in {path}")


def _content(seen: Seen) -> tuple[str, str, str]:
    return seen.split, seen.label, seen.pixels


def against_manifest(
    reader: Reader, path: Path, workers: int | None = None, progress: ProgressCallback | None = None
) -> Result:
    """Hold every stored sample against the digest in its manifest; see `signdata.verify`."""
    result = Result("verify", str(path), shows_counts=False)
    recorded = _recorded(path)
    done = unrecorded = 0
    problems: list[Problem] = []
    seen_ids = set()
    for checked in _each(_Stored(any(recorded.values())), reader, workers, progress):
        if isinstance(checked, str):
            checked = Checked(checked, "", _DIED)
        sample_id, digest, error, kind = checked
        done += 1
        seen_ids.add(sample_id)
        wanted = recorded.get(sample_id)
        if error:
            problems.append(Problem(sample_id, "", kind, error))
        elif not wanted:
            unrecorded += 1
        elif digest != wanted:
            message = "its bytes are not those of the manifest"
            problems.append(Problem(sample_id, "", "differs", message))
    problems += [
        Problem(sample_id, "", "missing", "in the manifest, but not there")
        for sample_id in recorded
        if sample_id not in seen_ids
    ]
    result.read = done
    result.failed = len(problems)
    result.extend([*reader.info.notes, *problems])
    result.rejected = bool(problems)
    result.details = {
        "same": not problems,
        "differences": len(problems),
        "checked": done - unrecorded,
        "without_digest": unrecorded,
    }
    result.summary = _manifest_summary(done, unrecorded, len(problems))
    return result


def _manifest_summary(done: int, unrecorded: int, n_problems: int) -> str:
    if n_problems:
        return f"{n_problems:,} of {done:,} samples are not as the manifest says"
    if unrecorded == done:
        return (
            f"{done:,} samples can be read; there is no manifest with digests to hold them against"
        )
    text = f"{done - unrecorded:,} samples are as the manifest says"
    return text + (f", {unrecorded:,} without a digest can be read" if unrecorded else "")


@dataclass(frozen=True)
class _Stored:
    """Digests what is stored of each sample, and decodes it; runs in a worker.

    Attributes
    ----------
    as_files : bool
        Whether a file that holds one sample is digested as it is.
    """

    as_files: bool

    def __call__(self, batch: Batch) -> list[Checked]:
        try:
            with reading(f"batch {batch.key}"):
                return [self._one(sample) for sample in batch]
        except SigndataError as err:
            return [Checked(batch.key, "", str(err), err.kind)]

    def _one(self, sample: Sample) -> Checked:
        digest = hashlib.sha256()
        try:
            with reading(sample.source or sample.id):
                file = sample.pixels.stored() if self.as_files else None
                for data in file or _stored_bytes(sample):
                    digest.update(data)
        except SigndataError as err:
            return Checked(sample.id, "", str(err), err.kind)
        return Checked(sample.id, digest.hexdigest(), "")


def _stored_bytes(sample: Sample) -> Iterable[bytes]:
    originals = sample.pixels.encoded()
    if originals is not None:
        return (picture.data for picture in originals)
    return (frame.tobytes() for frame in sample.frames())


def _recorded(path: Path) -> dict[str, str]:
    return {row["id"]: row.get("sha256", "") for row in existing.read_rows(path)}
