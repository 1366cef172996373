"""Verify that a dataset matches its manifest, or that two datasets are the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from signdata.command_results import VerifyResult
from signdata.errors import SigndataError
from signdata.filesystem import reading
from signdata.formats import notebook_view
from signdata.formats.batch_jobs import run_batches
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import Reader
from signdata.inspection.recorded_digests import RecordedDigests, agrees
from signdata.options import ProgressCallback
from signdata.output import existing
from signdata.plurals import counted
from signdata.results import Problem
from signdata.samples import Sample
from signdata.sidecars import Row
from signdata.workers.cluster import Shared

T = TypeVar("T")

_DIED = "the worker process died on it"


class PixelDigest(NamedTuple):
    """A sample to compare: `pixels` is a checksum, '' with `error` if unreadable."""

    id: str
    label: str
    split: str
    pixels: str
    error: str


class StoredDigest(NamedTuple):
    """A stored sample: its checksum, '' with `error` and its `kind` if unreadable."""

    id: str
    digest: str
    error: str
    kind: str = "corrupt"


@dataclass(frozen=True)
class _PixelDigests:
    """Computes the checksums of a batch's pixels; runs in a worker."""

    def __call__(self, batch: Batch) -> list[PixelDigest]:
        try:
            with reading(f"batch {batch.key}"):
                return list(map(_digest_of, batch))
        except SigndataError as err:
            return [PixelDigest(batch.key, "", "", "", str(err))]


def _digest_of(sample: Sample) -> PixelDigest:
    digest = hashlib.sha256()
    try:
        with reading(sample.source or sample.id):
            for frame in sample.frames():
                digest.update(f"{frame.shape}".encode())
                digest.update(frame.tobytes())
    except SigndataError as err:
        return PixelDigest(sample.id, sample.label, sample.split, "", str(err))
    return PixelDigest(sample.id, sample.label, sample.split, digest.hexdigest(), "")


def _each(
    job: Callable[[Batch], Sequence[T | str]],
    reader: Reader,
    workers: int | None,
    progress: ProgressCallback | None,
) -> Iterator[T | str]:
    """Yield what `job` returns for each sample, or the id of one that killed its worker."""
    done = 0
    runs = run_batches(
        job,
        reader.batches(),
        workers,
        died=lambda batch: [_name(batch)],
        risky=reader.risky,
        shared=Shared(reader.inputs),
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


def _digests_of(
    reader: Reader, workers: int | None, progress: ProgressCallback | None
) -> list[PixelDigest]:
    return [
        PixelDigest(one, "", "", "", _DIED) if isinstance(one, str) else one
        for one in _each(_PixelDigests(), reader, workers, progress)
    ]


def compare(
    a: Reader,
    b: Reader,
    path_a: Path,
    path_b: Path,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> VerifyResult:
    """Compare two datasets; see `signdata.verify`."""
    digests_a = _digests_of(a, workers, progress)
    digests_b = _digests_of(b, workers, progress)
    n_read = len(digests_a) + len(digests_b)
    result = VerifyResult("verify", str(path_b), read=n_read, shows_counts=False)
    unreadable = [
        Problem(one.id, str(path), "corrupt", one.error)
        for path, digests in ((path_a, digests_a), (path_b, digests_b))
        for one in digests
        if one.error
    ]
    digests_a, digests_b = _align_splits(digests_a, digests_b)
    by_id = {one.id for one in digests_a} == {one.id for one in digests_b}
    if by_id:
        differences = list(_differences_by_id(digests_a, digests_b))
        how = "paired by id"
    else:
        differences = list(_differences_as_multisets(digests_a, digests_b, path_a, path_b))
        how = "paired by split, label and pixels, because their ids differ"
    result.extend([*unreadable, *differences])
    n = len(unreadable) + len(differences)
    result.failed = len(unreadable)
    result.rejected = bool(n)
    result.details = {"same": not n, "differences": n, "paired_by": "id" if by_id else "content"}
    result.leave_out(a.info.left_out)
    counts = f"{len(digests_a):,} and {len(digests_b):,} samples, {how}"
    result.summary = f"the same: {counts}" if not n else f"{counted(n, 'difference')}: {counts}"
    return result


def _align_splits(
    a: list[PixelDigest], b: list[PixelDigest]
) -> tuple[list[PixelDigest], list[PixelDigest]]:
    """Ignore splits if one dataset has none and the other has only one."""
    splits_a, splits_b = {one.split for one in a}, {one.split for one in b}
    if splits_a != splits_b and len(splits_a) == len(splits_b) == 1 and "" in splits_a | splits_b:
        a = [one._replace(split="") for one in a]
        b = [one._replace(split="") for one in b]
    return a, b


def _differences_by_id(a: list[PixelDigest], b: list[PixelDigest]) -> Iterator[Problem]:
    others = {one.id: one for one in b}
    for one in a:
        other = others[one.id]
        for what in ("label", "split", "pixels"):
            left, right = getattr(one, what), getattr(other, what)
            if left != right and not (one.error or other.error):
                message = what + " differ" if what == "pixels" else f"{what} {left!r} / {right!r}"
                yield Problem(one.id, what, "differs", message)


def _differences_as_multisets(
    a: list[PixelDigest], b: list[PixelDigest], path_a: Path, path_b: Path
) -> Iterator[Problem]:
    for only, other, path in ((a, b, path_a), (b, a, path_b)):
        left = Counter(_content(one) for one in other if not one.error)
        for one in only:
            if one.error:
                continue
            if left[_content(one)]:
                left[_content(one)] -= 1
            else:
                where = f"split {one.split}, " if one.split else ""
                yield Problem(one.id, f"{where}label {one.label}", "only", f"only in {path}")


def _content(one: PixelDigest) -> tuple[str, str, str]:
    return one.split, one.label, one.pixels


def against_manifest(
    reader: Reader,
    path: Path,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
    *,
    chosen: Callable[[Row], bool] = lambda row: True,
) -> VerifyResult:
    """Compare stored samples with the checksums in the manifest; see `signdata.verify`.

    Parameters
    ----------
    reader : Reader
        All samples, or some.
    path : Path
        The dataset, which has the manifest.
    chosen : callable
        Whether the sample of a row of the manifest should be among those of `reader`.
    """
    result = VerifyResult("verify", str(path), shows_counts=False)
    result.pictures = partial(notebook_view.pictures, reader)
    recorded = RecordedDigests(row for row in existing.read_rows(path) if chosen(row))
    done = unrecorded = 0
    problems = reader.damage(workers)
    n_damaged = len(problems)
    for checked in _each(_StoredDigests(recorded.any), reader, workers, progress):
        if isinstance(checked, str):
            checked = StoredDigest(checked, "", _DIED)
        sample_id, digest, error, kind = checked
        done += 1
        expected = recorded.ask(sample_id)
        if error:
            problems.append(Problem(sample_id, "", kind, error))
        elif not expected:
            unrecorded += 1
        elif not agrees(digest, expected):
            message = "its checksum differs from the manifest's"
            problems.append(Problem(sample_id, "", "differs", message))
    again = () if recorded.all_asked else existing.read_rows(path, distinct=False)
    lost = list(recorded.never_asked(row["id"] for row in again if chosen(row)))
    problems += [
        Problem(sample_id, "", "missing", "listed in the manifest, but does not exist")
        for sample_id in lost
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
    result.leave_out(reader.info.left_out)
    result.summary = _manifest_summary(done, len(lost), unrecorded, len(problems) - n_damaged)
    if n_damaged:
        result.summary += f"; {counted(n_damaged, 'shard')} not as they were written"
    return result


def _manifest_summary(done: int, n_lost: int, unrecorded: int, n_problems: int) -> str:
    if n_problems:
        return f"{n_problems:,} of {done + n_lost:,} samples do not match the manifest"
    if unrecorded == done:
        return (
            f"{counted(done, 'sample')} can be read; there is no manifest with checksums to check "
            "against"
        )
    n = done - unrecorded
    text = f"{counted(n, 'sample')} {'matches' if n == 1 else 'match'} the manifest"
    return text + (f", {unrecorded:,} without a checksum can be read" if unrecorded else "")


@dataclass(frozen=True)
class _StoredDigests:
    """Computes the checksum of each stored sample; runs in a worker.

    Attributes
    ----------
    as_files : bool
        Whether a file that holds a single sample is read without decoding it.
    """

    as_files: bool

    def __call__(self, batch: Batch) -> list[StoredDigest]:
        try:
            with reading(f"batch {batch.key}"):
                return [self._one(sample) for sample in batch]
        except SigndataError as err:
            return [StoredDigest(batch.key, "", str(err), err.kind)]

    def _one(self, sample: Sample) -> StoredDigest:
        digest = hashlib.sha256()
        try:
            with reading(sample.source or sample.id):
                file = sample.pixels.stored() if self.as_files else None
                for data in file or _stored_bytes(sample):
                    digest.update(data)
        except SigndataError as err:
            return StoredDigest(sample.id, "", str(err), err.kind)
        return StoredDigest(sample.id, digest.hexdigest(), "")


def _stored_bytes(sample: Sample) -> Iterable[bytes]:
    originals = sample.pixels.encoded()
    if originals is not None:
        return (picture.data for picture in originals)
    return (frame.tobytes() for frame in sample.frames())
