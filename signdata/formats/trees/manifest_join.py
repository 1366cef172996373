"""The files of a tree and the rows of its manifest, joined."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from signdata import sidecars
from signdata.columns import TextColumn
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
class ManifestRows:
    """The rows of a manifest, read from it whenever they are asked for.

    Attributes
    ----------
    file : Path or None
        The manifest; None where there is none.
    columns : tuple of str
        What its rows have.
    """

    file: Path | None = None
    columns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.file is not None

    def __iter__(self) -> Iterator[Row]:
        return iter(()) if self.file is None else sidecars.read_rows(self.file, distinct=False)


@dataclass(frozen=True)
class ManifestMatch:
    """What the files next to a directory dataset say of it."""

    rows: ManifestRows
    classes: tuple[str, ...]
    origin: dict[str, object]
    columns: tuple[str, ...]


def describe(tree: Tree) -> ManifestMatch:
    """Read ``manifest.csv``, ``classes.txt`` and ``signdata.json`` at the root, where they are."""
    file = tree.root / sidecars.MANIFEST
    rows = _rows_with_paths(tree, file) if file.is_file() else ManifestRows()
    classes = tree.root / sidecars.CLASSES
    return ManifestMatch(
        rows,
        sidecars.read_classes(classes) if classes.is_file() else (),
        sidecars.origin_of(sidecars.read_document(tree.root)),
        tuple(name for name in rows.columns if name not in NO_META),
    )


def _rows_with_paths(tree: Tree, file: Path) -> ManifestRows:
    """The rows of a manifest in which each has a path, and none that of another."""
    hashes, ids = array("q"), array("q")
    header: Sequence[str] = ()
    for header, rows in sidecars.row_blocks(file):
        path, own = header.index("path") if "path" in header else None, header.index("id")
        if path is None or not all(cells[path] for cells in rows):
            if rows:
                tree.note(file, "not a manifest of these files (no paths): not used")
            return ManifestRows()
        hashes.extend(hash(cells[path]) for cells in rows)
        ids.extend(hash(cells[own]) for cells in rows)
    sidecars.refuse_repeated_ids(file, ids)
    if sidecars.has_repetitions(hashes):
        twice = next(iter(_repeated(row["path"] for row in sidecars.read_rows(file))), None)
        if twice is not None:
            raise FormatError(f"path {twice!r} appears twice", path=file)
    return ManifestRows(file, tuple(header)) if hashes else ManifestRows()


def _repeated(names: Iterable[str]) -> Iterator[str]:
    """The names that an earlier one equals."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


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


def laid_out(layout: Layout, found: Sequence[Found]) -> list[Found]:
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


def join(tree: Tree, found: Iterable[Found], described: ManifestMatch) -> Iterator[Sample]:
    """Make samples of what was found, with what the manifest knows of each.

    Without one `found` is gone through twice.

    The manifest's order comes first and its id, label, split, group and further columns
    are preferred; an entry that it does not list is read all the same, after the others.
    A row whose file is gone becomes a sample that cannot be read.
    """
    if not described.rows:
        several = _shared_stems(entry.path for entry in found if entry.is_file)
        for entry in found:
            stem = os.path.splitext(entry.path)[0] if entry.is_file else entry.path
            yield _sample(entry, entry.path if stem in several else stem, {}, {})
        return
    by_path = {entry.path: entry for entry in found}
    taken: set[str] = set()
    for row in described.rows:
        path = row["path"]
        if path in by_path:
            entry = by_path.pop(path)
        else:
            entry = Found(path, row.get("split", ""), row["label"], _gone(tree, path), "still")
        meta = {name: row[name] for name in described.columns}
        yield _sample(entry, row["id"], row, meta)
    if by_path:
        taken.update(row["id"] for row in described.rows)
    ids = unique_ids(path for path, entry in by_path.items() if entry.is_file)
    for path, entry in by_path.items():
        tree.note(tree.root / path, "not in the manifest: read all the same")
        sample_id = ids.get(path, path)
        if sample_id in taken:
            sample_id = path
        yield _sample(entry, sample_id, {}, {})


def _shared_stems(paths: Iterable[str]) -> set[str]:
    """The paths without suffix that several paths have in common."""
    stems = TextColumn(os.path.splitext(path)[0] for path in paths)
    return set(_repeated(stems)) if stems.repeats() else set()


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
