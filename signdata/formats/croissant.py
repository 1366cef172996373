"""What a Croissant file says of the files of a dataset; each format says it of its own.

Croissant (https://mlcommons.org/croissant) is JSON-LD: files, and the records that they hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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


def file_object(path: Path, base: str, root: Path) -> Node:
    """One file below `root`, with its digest.

    Parameters
    ----------
    path, root : Path
        The file, and the dataset's folder.
    base : str
        What its URL starts with: where `root` is, seen from the Croissant file.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = path.relative_to(root).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": base + name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": encoding_of(path.suffix),
        "sha256": digest,
    }


def file_set(node_id: str, includes: Sequence[str], base: str) -> Node:
    """All files that match one of some patterns."""
    encodings = sorted({encoding_of(Path(pattern).suffix) for pattern in includes})
    patterns = [base + pattern for pattern in includes]
    return {
        "@type": "cr:FileSet",
        "@id": node_id,
        "name": node_id,
        "encodingFormat": encodings[0] if len(encodings) == 1 else encodings,
        "includes": patterns[0] if len(patterns) == 1 else patterns,
    }


def record_set(node_id: str, description: str, fields: Sequence[Node]) -> Node:
    """Records; the ids of `fields` are below theirs."""
    return {
        "@type": "cr:RecordSet",
        "@id": node_id,
        "name": node_id,
        "description": description,
        "field": [
            {"@type": "cr:Field", "@id": f"{node_id}/{one['name']}", **one} for one in fields
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
