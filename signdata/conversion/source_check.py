"""Check whether the sources of an output have changed since it was made."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signdata.errors import SigndataError
from signdata.formats.batches import ListBatch
from signdata.formats.reader import Reader
from signdata.output.existing import Rows
from signdata.samples import Sample
from signdata.sidecars import Row


@dataclass
class Sources:
    """The sources of a reader, to be compared with the record of an earlier run.

    A single file (a CSV, an HDF5 file, a JSON) is compared by its checksum. A directory is
    compared file by file: files that were read by checksum, linked files by identity. A sample
    that was not written may change, because it is retried.
    """

    reader: Reader
    out: Path

    def changed(self, document: Mapping[str, Any], rows: Rows) -> str:
        """Return the first source that differs from `document` and `rows`; '' if none does."""
        listings = False
        recorded = document.get("sources", [])
        found = [dict(source) for source in self.reader.info.sources]
        if len(recorded) != len(found):
            return " and ".join(str(source["name"]) for source in found)
        for old, new in zip(recorded, found, strict=True):
            if old == new:
                continue
            if "listing_sha256" not in new or old.get("name") != new["name"]:
                return str(new["name"])
            listings = True
        if self.reader.self_contained:
            return ""
        name = self._changed_item(document.get("counts"), rows)
        if not name and listings and not _unwritten(document.get("counts")):
            name = str(found[0]["name"])
        return name

    def _changed_item(self, counts: Mapping[str, int] | None, rows: Rows) -> str:
        stored: dict[str, tuple[str, Row]] = {}
        made_of: dict[str, tuple[str, Row]] = {}
        for key, row in rows:
            if row.get("variant"):
                made_of[row.get("source", "")] = key, row
            else:
                stored[row["id"]] = key, row
        if not stored and not made_of:
            return ""
        unknown: list[str] = []
        keys = {""}
        for batch in self.reader.batches():
            if not isinstance(batch, ListBatch):
                return ""
            keys.add(batch.key)
            for sample in batch.samples:
                name = sample.source or sample.id
                of_variant = made_of.pop(sample.id, ("", {}))
                key, row = stored.pop(sample.id, of_variant)
                if not row:
                    unknown.append(name)
                elif (key and key != batch.key) or not self._is_same(sample, row):
                    return name
        if counts is None:  # a journal, which need not list every sample
            gone = [row for key, row in stored.values() if key not in keys]
        elif counts.get("read") == counts.get("written", 0) + _unwritten(counts):
            gone = [row for _, row in (*stored.values(), *made_of.values())]
            if len(unknown) > _unwritten(counts):
                return unknown[0]
        else:  # several samples were made from one, so their ids are not those of the source
            gone = []
        return (gone[0].get("source") or gone[0]["id"]) if gone else ""

    def _is_same(self, sample: Sample, row: Row) -> bool:
        try:
            if row.get("source_sha256"):
                return sample.pixels.source_sha256() == row["source_sha256"]
            if not row.get("path") or not sample.pixels.files:
                return True
            return self._is_linked(sample, self.out / row["path"])
        except (SigndataError, OSError):
            return False

    def _is_linked(self, sample: Sample, place: Path) -> bool:
        """Whether what was stored as links to a sample's files is still the same as them."""
        if not place.exists():
            return True  # the stored file was removed; the source has not changed
        paths = [place]
        if place.is_dir():
            names = sorted(os.listdir(place), key=lambda name: (len(name), name))
            paths = [place / name for name in names]
        files = sample.pixels.files
        return len(files) == len(paths) and all(
            os.path.samefile(file, path) or filecmp.cmp(file, path, shallow=False)
            for file, path in zip(files, paths, strict=True)
        )


def _unwritten(counts: Mapping[str, int] | None) -> int:
    return counts.get("skipped", 0) + counts.get("failed", 0) if counts else 0
