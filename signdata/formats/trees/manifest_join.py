"""The files of a tree and the rows of its manifest, joined."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from signdata import sidecars
from signdata.errors import FormatError, MissingError
from signdata.formats.trees.layout import Layout
from signdata.formats.trees.scan import Tree
from signdata.media import suffixes
from signdata.samples import Broken, Pixels, Sample
from signdata.sidecars import Row

NO_META = frozenset({*sidecars.COLUMNS, sidecars.STORED_AS, "source_sha256"})
"""Columns of a manifest that a sample has a field for, or that describe one stored copy."""


def unique_ids(paths: Iterable[str]) -> dict[str, str]:
    """Id of each path below the root: without suffix, unless two would then be one."""
    stems = {path: suffixes.stem_of(path) for path in paths}
    taken = Counter(stems.values())
    return {path: stem if taken[stem] == 1 else path for path, stem in stems.items()}


@dataclass(frozen=True)
class ManifestMatch:
    """What the files next to a directory dataset say of it."""

    rows: dict[str, Row]
    classes: tuple[str, ...]
    origin: dict[str, object]
    columns: tuple[str, ...]


def describe(tree: Tree) -> ManifestMatch:
    """Read ``manifest.csv``, ``classes.txt`` and ``signdata.json`` at the root, where they are."""
    rows: dict[str, Row] = {}
    file = tree.root / sidecars.MANIFEST
    if file.is_file():
        for row in sidecars.read_rows(file):
            path = row.get("path", "")
            if not path:
                rows = {}
                tree.note(file, "not a manifest of these files (no paths): not used")
                break
            if path in rows:
                raise FormatError(f"path {path!r} appears twice", path=file)
            rows[path] = row
    classes = tree.root / sidecars.CLASSES
    columns = next(iter(rows.values()), {})
    return ManifestMatch(
        rows,
        sidecars.read_classes(classes) if classes.is_file() else (),
        sidecars.origin_of(sidecars.read_document(tree.root)),
        tuple(name for name in columns if name not in NO_META),
    )


@dataclass(slots=True)  # made for every file: a frozen one takes three times as long
class Found:
    """One entry on disk that is a sample."""

    path: str
    split: str
    label: str
    pixels: Pixels
    kind: str
    is_file: bool = True
    group: str = ""
    stored_as: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)


def laid_out(layout: Layout, found: list[Found]) -> list[Found]:
    """What a layout says of each entry; one that does not fit it cannot be read."""
    stems = [os.path.splitext(entry.path)[0] if entry.is_file else entry.path for entry in found]
    layout = layout.knowing([*stems, *(entry.path for entry in found)])
    made = [_laid_out(layout, stem, entry) for stem, entry in zip(stems, found, strict=True)]
    taken = Counter(
        (one.split, one.label, _last(stem)) for one, stem in zip(made, stems, strict=True)
    )
    return [
        replace(one, stored_as=_distinct(one, stem))
        if taken[one.split, one.label, _last(stem)] > 1
        else one
        for one, stem in zip(made, stems, strict=True)
    ]


def _last(stem: str) -> str:
    return stem.rpartition("/")[2]


def _distinct(entry: Found, stem: str) -> str:
    """A name for an entry whose own several share: the parts of its path but for the label."""
    return "-".join(part for part in stem.split("/") if part != entry.label)


def _laid_out(layout: Layout, stem: str, entry: Found) -> Found:
    fields = layout.match(stem) or layout.match(entry.path)
    if fields is None:
        error = FormatError(
            f"does not fit the layout {layout.pattern}",
            path=entry.path,
            remedy="Leave such files out with --on-error skip, or mend the pattern.",
        )
        return replace(entry, pixels=Broken(error))
    signer = fields.get("signer", "")
    return replace(
        entry,
        label=fields["label"],
        split=layout.splits.get(fields.get("split", ""), ""),
        group=fields.get("group", signer),
        meta={name: text for name, text in fields.items() if name not in _NOT_COLUMNS},
    )


_NOT_COLUMNS = ("split", "label", "group")
"""Fields of a layout that a sample has a place of its own for."""


def join(tree: Tree, found: list[Found], described: ManifestMatch) -> list[Sample]:
    """Make samples of what was found, with what the manifest knows of each.

    The manifest's order comes first and its id, label, split, group and further columns
    are preferred; an entry that it does not list is read all the same, after the others.
    A row whose file is gone becomes a sample that cannot be read.
    """
    by_path = {entry.path: entry for entry in found}
    samples = []
    for path, row in described.rows.items():
        entry = by_path.pop(path, None)
        if entry is None:
            entry = Found(path, row.get("split", ""), row["label"], _gone(tree, path), "still")
        meta = {name: row[name] for name in described.columns}
        samples.append(_sample(entry, row["id"], row, meta))
    ids = unique_ids(path for path, entry in by_path.items() if entry.is_file)
    taken = {sample.id for sample in samples}
    for path, entry in by_path.items():
        if described.rows:
            tree.note(tree.root / path, "not in the manifest: read all the same")
        sample_id = ids.get(path, path)
        if sample_id in taken:
            sample_id = path
        samples.append(_sample(entry, sample_id, {}, {}))
    return samples


def _sample(entry: Found, sample_id: str, row: Row, meta: Row) -> Sample:
    return Sample(
        id=sample_id,
        label=row.get("label", entry.label),
        pixels=entry.pixels,
        split=row.get("split", entry.split),
        group=row.get("group", entry.group),
        source=row.get("source", "") or entry.path,
        kind=entry.kind,
        meta={**entry.meta, **meta} if entry.meta else meta,
        stored_as=row.get(sidecars.STORED_AS, "") or entry.stored_as,
    )


def _gone(tree: Tree, path: str) -> Pixels:
    return Broken(
        MissingError(
            "listed in the manifest but not there",
            path=tree.root / path,
            remedy="Put the file back, or remove its row.",
        )
    )


def sources(root: Path, files: Iterable[str]) -> dict[str, object]:
    """What identifies a directory as a source: how many files, and a digest of names and sizes."""
    digest = hashlib.sha256()
    n_files = 0
    below = os.path.join(root, "")
    for file in sorted(files):
        try:
            size = os.stat(file).st_size
        except OSError:
            size = -1
        name = file.removeprefix(below).replace(os.sep, "/")
        digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        n_files += 1
    return {"name": root.resolve().name, "files": n_files, "listing_sha256": digest.hexdigest()}
