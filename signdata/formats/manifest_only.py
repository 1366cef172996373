"""A writer that stores no picture: the manifest alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signdata import sidecars
from signdata.filesystem import path_below, write_file
from signdata.formats.writer import EncodedItem, OutputSummary, Writer
from signdata.samples import Sample


class ManifestWriter(Writer):
    """Writes no pixels: only each sample's row, with its split and its path below `source`."""

    name = "manifest"
    single_file = False
    holds = frozenset({"still", "clip"})

    def __init__(self, source: Path) -> None:
        self._source = source

    def encoded_items(self, sample: Sample) -> Iterator[EncodedItem]:
        return iter(())

    def meta(self, sample: Sample, n_pieces: int) -> dict[str, str]:
        files = sample.pixels.files
        if not files:
            return {"path": ""}
        file = Path(files[0])
        return {"path": path_below(file.parent if sample.kind == "clip" else file, self._source)}

    def finish(self, tree: Path, finished: OutputSummary) -> None:
        sidecars.write_blocks(tree / sidecars.MANIFEST, finished.columns, finished.blocks())
        classes = "".join(f"{name}\n" for name in finished.classes)
        write_file(tree / sidecars.CLASSES, classes.encode())
        write_file(tree / sidecars.DOCUMENT, sidecars.dump_document(finished.document))
