"""Samples as columns: what is known of many at once, without an object for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from signdata.errors import SigndataError
from signdata.samples import Broken, Sample


@dataclass(frozen=True, slots=True)
class Described:
    """Some samples that follow each other in a dataset; every column has one value for each.

    Attributes
    ----------
    ids, labels, splits, groups, sources : sequence of str
        As in `Sample`.
    names : sequence of str
        `Sample.name` of each.
    files : sequence of str
        The first of the files that hold exactly a sample; '' where there are none.
    meta : mapping of str to sequence of str
        Further manifest columns; '' where a sample lacks one.
    broken : mapping of int to SigndataError
        Why some of them, by place, cannot be read.
    """

    ids: Sequence[str]
    labels: Sequence[str]
    splits: Sequence[str]
    groups: Sequence[str]
    sources: Sequence[str]
    names: Sequence[str]
    files: Sequence[str]
    meta: Mapping[str, Sequence[str]]
    broken: Mapping[int, SigndataError] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Self:
        """What is known of samples."""
        columns = dict.fromkeys(name for sample in samples for name in sample.meta)
        files = [sample.pixels.files for sample in samples]
        return cls(
            [sample.id for sample in samples],
            [sample.label for sample in samples],
            [sample.split for sample in samples],
            [sample.group for sample in samples],
            [sample.source for sample in samples],
            [sample.name for sample in samples],
            [some[0] if some else "" for some in files],
            {name: [sample.meta.get(name, "") for sample in samples] for name in columns},
            {
                i: sample.pixels.error
                for i, sample in enumerate(samples)
                if isinstance(sample.pixels, Broken)
            },
        )


def names_of(ids: Sequence[str], stored_as: Sequence[str]) -> Sequence[str]:
    """`Sample.name` of each sample; `stored_as` is () where none has one."""
    if not any(stored_as):
        return ids if not any("/" in one for one in ids) else [_last(one) for one in ids]
    return [name or _last(one) for one, name in zip(ids, stored_as, strict=True)]


def _last(sample_id: str) -> str:
    return sample_id.rpartition("/")[2]
