"""Several datasets, read as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from signdata.errors import DatasetError, UsageError
from signdata.formats.batches import Batch, ListBatch
from signdata.formats.reader import DatasetInfo, PictureSummary, Reader
from signdata.formats.sources import Source
from signdata.formats.views import MappedBatch
from signdata.labels import LabelSpace
from signdata.samples import SPLITS, Sample


@dataclass(frozen=True)
class Placed:
    """How a sample of one source is seen in the whole; goes to the workers."""

    source: Source

    def __call__(self, sample: Sample) -> Sample:
        source = self.source
        split = source.split or sample.split
        own_id = sample.id.removeprefix(f"{split}/") if source.split else sample.id
        return replace(
            sample,
            id=source.prefix + own_id,
            split=split,
            stored_as=f"{source.stem}{sample.name}" if source.stem else sample.stored_as,
        )


@dataclass(frozen=True)
class _KeyedBatch(MappedBatch):
    """A batch of one source, under a key of its own."""

    prefix: str

    @property
    def key(self) -> str:
        return f"{self.prefix}{self.batch.key}"


class JoinedReader(Reader):
    """Several datasets as one, one after the other.

    Parameters
    ----------
    sources : sequence of Source
        What was named.
    readers : sequence of Reader
        Each of it, opened.

    Raises
    ------
    UsageError
        If stills and clips would be one dataset, or one that is to be a split has several.
    """

    name = "joined"

    def __init__(self, sources: Sequence[Source], readers: Sequence[Reader]) -> None:
        self._parts = list(zip(sources, readers, strict=True))
        self.inputs = tuple(path for reader in readers for path in reader.inputs)
        self.risky = any(reader.risky for reader in readers)  # type: ignore[misc]  # of its parts
        self.harmless = all(reader.harmless for reader in readers)  # type: ignore[misc]
        kinds = {reader.info.kind for reader in readers}
        if len(kinds) > 1:
            raise UsageError(
                "pictures and clips; expected sources of one kind", path=sources[1].path
            )
        for source, reader in self._parts:
            inside = set(reader.info.splits) - {"", source.split}
            if source.split and inside:
                raise UsageError(
                    f"has splits of its own ({', '.join(sorted(inside))}), and is to be "
                    f"{source.split}; expected a source without splits",
                    path=source.path,
                    remedy="Name the folder of the split itself.",
                )

    @cached_property
    def info(self) -> DatasetInfo:
        infos = [reader.info for _, reader in self._parts]
        names = {info.format for info in infos}
        numbers = [info.n_samples for info in infos]
        codes: dict[str, int] = {}
        for info in infos:
            codes |= info.labels.codes
        present = {label for info in infos for label in info.present}
        splits = {
            source.split or split
            for source, reader in self._parts
            for split in reader.info.splits or ("",)
        }
        return DatasetInfo(
            names.pop() if len(names) == 1 else "+".join(sorted(names)),
            infos[0].kind,
            LabelSpace(_in_turn(info.labels.classes for info in infos), codes),
            None if None in numbers else sum(n or 0 for n in numbers),
            tuple(sorted(present)) if all(info.present for info in infos) else (),
            _in_turn(info.columns for info in infos),
            self._origin(infos),
            tuple(note for info in infos for note in info.notes),
            tuple(
                {**found, **({"split": source.split} if source.split else {})}
                for source, reader in self._parts
                for found in reader.info.sources
            ),
            tuple(split for split in ("", *SPLITS) if split in splits),
        )

    def _origin(self, infos: Sequence[DatasetInfo]) -> dict[str, Any]:
        """What all parts say of how they were spelled, a CSV's spelling by its split."""
        first = dict(infos[0].origin)
        csvs = [info.origin.get("csv") for info in infos]
        files: dict[str, Any] = {}
        for (source, _), spelled in zip(self._parts, csvs, strict=True):
            found = spelled.get("files", {}) if isinstance(spelled, dict) else {}
            if len(found) == 1 and source.split and source.split not in files:
                files[source.split] = next(iter(found.values()))
        origin = {
            name: value
            for name, value in first.items()
            if all(info.origin.get(name) == value for info in infos)
        }
        if len(files) == len(infos):
            codes = [spelled.get("codes") for spelled in csvs if isinstance(spelled, dict)]
            same = {"codes": codes[0]} if codes[0] and codes.count(codes[0]) == len(codes) else {}
            origin["csv"] = {"files": files, **same}
        return origin

    def batches(self) -> Iterator[Batch]:
        for source, reader in self._parts:
            placed = Placed(source)
            for batch in reader.batches():
                if isinstance(batch, ListBatch):
                    samples = tuple(map(placed, batch.samples))
                    yield ListBatch(f"{source.prefix}{batch.key}", samples)
                else:
                    yield _KeyedBatch(batch, placed, source.prefix)

    def picture_summary(self, split: str | None = None) -> PictureSummary:
        found = []
        for source, reader in self._parts:
            if split is None or not source.split:
                found.append(reader.picture_summary(split))
            elif source.split == split:
                found.append(reader.picture_summary())
        some = [one for one in found if one.n_frames != 0]
        sizes = {one.size_hw for one in some}
        channels = {one.channels for one in some}
        numbers = [one.n_frames for one in found]
        return PictureSummary(
            sizes.pop() if len(sizes) == 1 else None,
            channels.pop() if len(channels) == 1 else None,
            all(one.lossless for one in found),
            None if None in numbers else sum(n or 0 for n in numbers),
        )

    def locate(self, error: DatasetError) -> tuple[str, str]:
        places = [reader.locate(error) for _, reader in self._parts]
        return next((place for place in places if place[1]), places[0])

    def close(self) -> None:
        for _, reader in self._parts:
            reader.close()


def _in_turn(names: Any) -> tuple[str, ...]:
    """Names of several lists, each once, in the order in which they come."""
    return tuple(dict.fromkeys(name for some in names for name in some))
