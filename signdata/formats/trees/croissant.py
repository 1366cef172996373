"""What a Croissant file says of class folders: of pictures, frames or videos."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from signdata import sidecars
from signdata.errors import DatasetError
from signdata.formats.croissant import (
    PICTURE,
    TEXT,
    VIDEO,
    Description,
    Node,
    field,
    file_object,
    file_set,
    of_column,
    of_file,
    patterns_of,
    record_set,
)
from signdata.formats.trees.reader import TreeReader
from signdata.samples import Sample

FILES, MANIFEST = "files", "manifest"
"""Ids of the set of files, and of the records of the manifest."""


def describe(root: Path, reader: TreeReader, base: str) -> Description:
    """The files of a tree, a record each; and its manifest, where it has one.

    The two are not joined: the common reader of Croissant loses the pictures of a join.
    """
    paths = [
        (sample, PurePosixPath(Path(file).relative_to(root).as_posix()))
        for sample in reader
        for file in reader.source_files(sample)
    ]
    if not paths:
        raise DatasetError("no files in it", path=root)
    files = [file_set(FILES, patterns_of((path for _, path in paths), root), base)]
    records = [_of_files(reader.name, paths, base)]
    manifest = root / sidecars.MANIFEST
    if manifest.is_file():
        files.append(file_object(manifest, base, root))
        records.append(_of_manifest(manifest, files[-1]))
    return Description(files, records)


def _of_files(name: str, paths: list[tuple[Sample, PurePosixPath]], base: str) -> Node:
    """The records of the files: what their paths say, and what is in them."""
    depth = 2 if name == "frames" else 1
    tail = "/[^/]+" * depth
    start = f"^{re.escape(base)}"
    fields = [_part("path", f"{start}(.*)$", "Where the file is, below the dataset.")]
    folder = f"{start}(?:.*/)?([^/]+){tail}$"
    if _is_label(paths, -1 - depth):
        fields.append(_part("label", folder, "The class: the name of its folder."))
    else:
        fields.append(_part("folder", folder, "The folder of the class; the manifest names it."))
    if all(sample.split for sample, _ in paths):
        above = f"{start}(?:.*/)?([^/]+)/[^/]+{tail}$"
        fields.append(_part("split", above, "The split: the folder above that of the class."))
    if name == "frames":
        fields.append(_part("clip", f"{start}(.*)/[^/]+$", "The folder of its clip."))
    content, kind = ("video", VIDEO) if name == "videos" else ("image", PICTURE)
    fields.append(field(content, kind, of_file(FILES, "content")))
    what = {"frames": "One record a frame.", "videos": "One record a video."}
    node_id = "pictures" if name == "folders" else name
    return record_set(node_id, what.get(name, "One record a picture."), fields)


def _part(name: str, regex: str, description: str) -> Node:
    """A field that is a part of the path of a file."""
    return field(name, TEXT, of_file(FILES, "fullpath", regex), description)


def _is_label(paths: Iterable[tuple[Sample, PurePosixPath]], part: int) -> bool:
    """Whether a part of every path is the label of its sample."""
    return all(
        len(path.parts) >= -part and path.parts[part] == sample.label for sample, path in paths
    )


def _of_manifest(path: Path, node: Node) -> Node:
    header = next(iter(sidecars.read_rows(path)), {})
    fields = [field(name, TEXT, of_column(node, name)) for name in header]
    made = record_set(MANIFEST, "One record a sample, as its manifest describes it.", fields)
    return {**made, "key": {"@id": f"{MANIFEST}/id"}}
