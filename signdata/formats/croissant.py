"""What a Croissant file says of the files of a dataset; each format says it of its own.

Croissant (https://mlcommons.org/croissant) is JSON-LD: files, and the records that they hold.
"""

from __future__ import annotations

import fnmatch
import glob
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

Node = dict[str, Any]
"""One object of JSON-LD."""

TEXT, INTEGER, FLOAT, BOOLEAN = "sc:Text", "sc:Integer", "sc:Float", "sc:Boolean"
PICTURE, VIDEO = "sc:ImageObject", "sc:VideoObject"

ENCODINGS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".parquet": "application/x-parquet",
    ".csv": "text/csv",
}


@dataclass(frozen=True)
class Description:
    """Files, and the records in them.

    Attributes
    ----------
    files : list of dict
        `FileObject` and `FileSet` nodes.
    records : list of dict
        `RecordSet` nodes.
    """

    files: list[Node]
    records: list[Node]


def encoding_of(suffix: str) -> str:
    """The media type of files with a suffix."""
    return ENCODINGS.get(suffix.lower(), "application/octet-stream")


def distinct_ids(names: Iterable[str]) -> list[str]:
    """An id for each name: loaders refuse blanks in it, and ``:`` and ``#`` mean something else."""
    made: dict[str, None] = {}
    for name in names:
        first = found = re.sub(r"[^\w.-]+", "_", name)
        number = 1
        while found in made:
            number += 1
            found = f"{first}_{number}"
        made[found] = None
    return list(made)


def file_object(path: Path, base: str, root: Path, node_id: str = "") -> Node:
    """One file below `root`, with its digest.

    Parameters
    ----------
    path, root : Path
        The file, and the dataset's folder.
    base : str
        What its URL starts with: where `root` is, seen from the Croissant file.
    node_id : str
        Its id; its name by default.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = path.relative_to(root).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": node_id or name,
        "name": name,
        "contentUrl": base + name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": encoding_of(path.suffix),
        "sha256": digest,
    }


def patterns_of(paths: Iterable[PurePosixPath], root: Path) -> list[str]:
    """Patterns that match these files below `root`, and no others there.

    Loaders take ``*`` for any text, with ``/`` in it: hidden files, folders that are no classes and
    what lies deeper than pictures would be records, too. Where a few patterns match such files,
    each folder has its own; where even that one does, its files are listed.
    """
    by_folder: dict[PurePosixPath, list[PurePosixPath]] = {}
    for path in paths:
        by_folder.setdefault(path.parent, []).append(path)
    known = {path for listed in by_folder.values() for path in listed}
    wide = {"*/" * (len(path.parts) - 1) + f"*{path.suffix}" for path in known}
    others = [path for path in _files_below(root) if path not in known]
    others = _matched(others, wide)
    if not others:
        return sorted(wide)
    made: set[str] = set()
    for folder, listed in by_folder.items():
        start = "" if folder == PurePosixPath() else f"{glob.escape(str(folder))}/"
        own = {f"{start}*{path.suffix}" for path in listed}
        strays = _matched(others, own)
        made |= {glob.escape(str(path)) for path in listed} if strays else own
    return sorted(made)


def _files_below(root: Path) -> Iterator[PurePosixPath]:
    for folder, _, names in os.walk(root):
        place = PurePosixPath(Path(folder).relative_to(root).as_posix())
        yield from (place / name for name in names)


def _matched(paths: Iterable[PurePosixPath], patterns: Iterable[str]) -> list[PurePosixPath]:
    """The paths that a loader would take."""
    chosen = re.compile("|".join(map(fnmatch.translate, patterns)))
    return [path for path in paths if chosen.match(str(path))]


def file_set(node_id: str, includes: Sequence[str], base: str) -> Node:
    """All files that match one of some patterns."""
    encodings = sorted({encoding_of(Path(pattern).suffix) for pattern in includes})
    patterns = [glob.escape(base) + pattern for pattern in includes]
    return {
        "@type": "cr:FileSet",
        "@id": node_id,
        "name": node_id,
        "encodingFormat": encodings[0] if len(encodings) == 1 else encodings,
        "includes": patterns[0] if len(patterns) == 1 else patterns,
    }


def record_set(node_id: str, description: str, fields: Sequence[Node]) -> Node:
    """Records; the ids of `fields` are below theirs."""
    ids = distinct_ids(one["name"] for one in fields)
    return {
        "@type": "cr:RecordSet",
        "@id": node_id,
        "name": node_id,
        "description": description,
        "field": [
            {"@type": "cr:Field", "@id": f"{node_id}/{own}", **one}
            for own, one in zip(ids, fields, strict=True)
        ],
    }


def field(name: str, kind: str, source: Node, description: str = "") -> Node:
    """One field of the records of a set."""
    said = {"description": description} if description else {}
    return {"name": name, **said, "dataType": kind, "source": source}


def of_file(node_id: str, what: str, regex: str = "") -> Node:
    """A field's source that is a property of each file of a set: ``fullpath``, ``content``."""
    transform = {"transform": {"regex": regex}} if regex else {}
    return {"fileSet": {"@id": node_id}, "extract": {"fileProperty": what}, **transform}


def of_column(node: Node, column: str, json_path: str = "") -> Node:
    """A field's source that is a column of a table, or of each table of a set."""
    kind = "fileSet" if node["@type"] == "cr:FileSet" else "fileObject"
    transform = {"transform": {"jsonPath": json_path}} if json_path else {}
    return {kind: {"@id": node["@id"]}, "extract": {"column": column}, **transform}
