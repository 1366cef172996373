"""What the loaders of others read: names, lists and folders, each as its own code asks for them.

``videoframedataset``
    VideoFrameDataset (Video-Dataset-Loading-Pytorch): ``annotations_SPLIT.txt`` with
    ``PATH START END CLASS``, frames ``img_00001.jpg``.
``mmaction2``
    `RawframeDataset`: the same with ``PATH N_FRAMES CLASS``.
``sign2text``
    UBU's `VideoFrameDataset`: every entry of the folder that it is given is a class, every entry
    of a class a clip, frames are ``img_00001.png``. So it is given the folder of a split.
``i3d``
    WLASL's `NSLT`: clips are called by ids of five or six characters, whatever their class, and
    ``nslt_N.json`` has their splits, classes and frames.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from signdata.errors import FormatError, UsageError
from signdata.extraction.spans import cut_out
from signdata.filesystem import write_file
from signdata.formats.clip_tables.layouts.nslt import CLASS_LIST
from signdata.formats.reader import Reader
from signdata.formats.writer import OutputSummary
from signdata.labels import class_to_idx
from signdata.results import NOTE, Problem
from signdata.samples import Sample

I3D = "i3d"

ID_LENGTHS = (5, 6)
"""How long the ids of clips are that `NSLT` reads: it passes over all others in silence."""


@dataclass(frozen=True)
class Loader:
    """How frames are written for a loader.

    Attributes
    ----------
    image_format, name_template
        Its pictures.
    annotations_style : {'v1', 'v2'}
        Its lists.
    needs_splits : bool
        Whether it can only be given the folder of a split, or reads samples of splits alone.
    """

    image_format: str = "jpg"
    name_template: str = "img_{:05d}"
    annotations_style: str = "v2"
    needs_splits: bool = False


LOADERS = {
    I3D: Loader(name_template="image_{:05d}", needs_splits=True),
    "videoframedataset": Loader(),
    "sign2text": Loader(image_format="png", needs_splits=True),
    "mmaction2": Loader(annotations_style="v1"),
}
"""By the name that ``--layout-for`` has for it."""


def loader_named(name: str | None) -> Loader:
    """What a loader reads; `UsageError` for a name that is none."""
    if name is None:
        return Loader()
    if name not in LOADERS:
        raise UsageError(f"--layout-for {name}; expected one of {', '.join(LOADERS)}")
    return LOADERS[name]


def check_splits(reader: Reader, name: str) -> None:
    """Raise `FormatError` if a loader would not find samples without a split."""
    if LOADERS[name].needs_splits and "" in reader.info.splits:
        raise FormatError(
            f"clips without a split; {name} reads those of train, val and test",
            path=reader.info.source_name,
            remedy="Put the class folders into folders called train, val and test.",
        )


@dataclass(frozen=True)
class NsltEntry:
    """A clip that ``nslt_N.json`` names."""

    name: str
    label: str
    split: str


def nslt_entries(reader: Reader, *, renamed: bool = True) -> tuple[NsltEntry, ...]:
    """All clips of a source, those that are missing too: `NSLT` counts classes by them.

    Parameters
    ----------
    reader : Reader
        The source.
    renamed : bool
        Whether clips are stored under the names that `short_names` gives them, not their ids.

    Raises
    ------
    FormatError
        If a class has none.
    """
    check_splits(reader, I3D)
    short = short_names(reader) if renamed else {}
    entries = tuple(
        NsltEntry(
            short.get(sample.id, sample.name if renamed else sample.id.replace("/", "-")),
            sample.label,
            sample.split,
        )
        for sample in reader
    )
    present = {entry.label for entry in entries}
    empty = [name for name in reader.info.labels.order(present) if name not in present]
    if empty:
        raise FormatError(
            f"class {empty[0]!r} has no clip; {I3D} counts its classes by their clips",
            path=reader.info.source_name,
            remedy="Choose the others with --glosses FILE.",
        )
    return entries


def passed_over(entries: Sequence[NsltEntry]) -> list[Problem]:
    """A note on the clips that `NSLT` does not read because of their names."""
    found = [entry.name for entry in entries if len(entry.name) not in ID_LENGTHS]
    if not found:
        return []
    what = (
        f"{len(found):,} of {len(entries):,} clips are called by ids that have not five or six "
        f"characters, as {found[0]!r}: {I3D} passes over them"
    )
    return [Problem("", "", NOTE, what)]


def short_names(reader: Reader) -> dict[str, str]:
    """Six digits for each clip whose own name has not the length that `NSLT` reads, by id."""
    own = {sample.id: sample.name for sample in reader}
    taken = {name for name in own.values() if len(name) in ID_LENGTHS}
    long = [sample_id for sample_id, name in own.items() if len(name) not in ID_LENGTHS]
    free = (text for text in map("{:06d}".format, range(1, 10**6)) if text not in taken)
    return dict(zip(long, free, strict=False))


@dataclass(frozen=True)
class ShortNames:
    """A transform: clips of their own, under the names that `short_names` gives them."""

    names: dict[str, str]

    def __call__(self, sample: Sample) -> Iterable[Sample]:
        """The sample as it is to be stored."""
        name = self.names.get(sample.id, sample.stored_as)
        return (replace(sample, stored_as=name, meta=cut_out(sample.meta)),)


def write_nslt(tree: Path, entries: Sequence[NsltEntry], finished: OutputSummary) -> None:
    """Write ``nslt_N.json`` and the names of its classes."""
    index = class_to_idx(finished.classes)
    n_frames = {_stem(row["path"]): row["n_frames"] for row in finished.rows()}
    content = {
        entry.name: {
            "subset": entry.split,
            "action": [index[entry.label], 1, int(n_frames.get(entry.name, "1"))],
        }
        for entry in entries
    }
    write_file(tree / f"nslt_{len(index)}.json", f"{json.dumps(content)}\n".encode())
    names = "".join(f"{number}\t{name}\n" for name, number in index.items())
    write_file(tree / CLASS_LIST, names.encode())


def _stem(path: str) -> str:
    return path.removesuffix(".mp4")
