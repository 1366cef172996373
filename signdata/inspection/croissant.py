"""A dataset's metadata in the form of Croissant, which search engines and loaders read.

Only what the files say is said, and what the user said; a licence or a date is never invented.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from signdata.errors import UsageError
from signdata.formats import registry
from signdata.formats.reader import Reader
from signdata.plurals import counted
from signdata.samples import SPLITS, Broken

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The names that Croissant 1.0 uses, as its specification lists them."""

START = b'{\n  "@context": {'
"""How the files begin that are written: only such a one is replaced."""


@dataclass(frozen=True)
class About:
    """What the files of a dataset do not say of it.

    Attributes
    ----------
    name, description, license, cite, date, dataset_version, url : str or None
        As Croissant means them; `date` is that of publication, ``YYYY-MM-DD``.
    creators : sequence of str
        Names of those who made it.
    """

    name: str | None = None
    description: str | None = None
    license: str | None = None
    cite: str | None = None
    date: str | None = None
    dataset_version: str | None = None
    url: str | None = None
    creators: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.date is not None:
            try:
                written = date.fromisoformat(self.date).isoformat()
            except ValueError:
                written = ""
            if written != self.date:  # Python reads other spellings, too
                raise UsageError(f"--date {self.date!r}; expected YYYY-MM-DD")

    def nodes(self) -> dict[str, Any]:
        """What was said, as Croissant names it."""
        said = {
            "license": self.license,
            "citeAs": self.cite,
            "datePublished": self.date,
            "version": self.dataset_version,
            "url": self.url,
        }
        people = [{"@type": "sc:Person", "name": name} for name in self.creators]
        if people:
            said_of = people[0] if len(people) == 1 else people
            return {**_given(said), "creator": said_of}
        return _given(said)


def _given(values: dict[str, str | None]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def document(reader: Reader, root: Path, base: str, about: About) -> dict[str, Any]:
    """The Croissant document of a dataset.

    Parameters
    ----------
    reader : Reader
        The dataset.
    root : Path
        Its folder.
    base : str
        Where `root` is, seen from the file that will hold the document: '' or ``NAME/``.
    about : About
        What the files do not say.

    Raises
    ------
    UsageError
        If its format cannot be described.
    """
    found = registry.description(reader.info.format, root, reader, base)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": about.name or root.resolve().name,
        "description": about.description or _described(reader),
        **about.nodes(),
        "distribution": found.files,
        "recordSet": found.records,
    }


def _described(reader: Reader) -> str:
    """What there is to count."""
    labels: set[str] = set()
    n_of: dict[str, int] = {}
    for sample in reader:
        if not isinstance(sample.pixels, Broken):
            labels.add(sample.label)
            n_of[sample.split] = n_of.get(sample.split, 0) + 1
    unit = "clips" if reader.info.kind == "clip" else "pictures"
    classes = reader.info.labels.order(labels)
    text = f"{sum(n_of.values()):,} {unit} of {counted(len(classes), 'class', 'classes')}"
    splits = [f"{name} {n_of[name]:,}" for name in SPLITS if name in n_of]
    return f"{text} ({', '.join(splits)})." if splits else f"{text}."


def dumped(made: dict[str, Any]) -> bytes:
    """The document as a file: the same for the same dataset."""
    return (json.dumps(made, indent=2, ensure_ascii=True) + "\n").encode()
