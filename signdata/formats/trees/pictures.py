"""What `folders` and `frames` share beyond the tree: surveying and writing picture files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from signdata import sidecars
from signdata.errors import DecodeError, UnsafeNameError
from signdata.filesystem import write_file
from signdata.formats.parquet.text_columns import write_texts
from signdata.formats.picture_options import PictureOptions
from signdata.formats.reader import PictureSummary
from signdata.formats.trees.picture_files import read
from signdata.formats.writer import EncodedItem, EncodedStills, OutputSummary
from signdata.media.image import decode, encode
from signdata.media.image.decode import Header
from signdata.options import TableOptions
from signdata.row_blocks import RowBlock
from signdata.samples import Encoded, Sample


def encoded_frames(sample: Sample, options: PictureOptions) -> Iterator[Encoded]:
    """Yield each frame of a sample as a picture file's bytes.

    The original bytes where there are some and nothing asks for others.
    """
    originals = sample.pixels.encoded()
    wanted = options.image_format
    if originals is not None and wanted is None:
        yield from originals
        return
    if wanted == "jpg" and originals is None:
        jpegs = sample.pixels.jpegs(options.quality)
        if jpegs is not None:
            yield from (Encoded(data, ".jpg") for data in jpegs)
            return
    for frame in sample.pixels.frames():
        original = next(originals) if originals is not None else None
        if original is not None and original.suffix == f".{wanted}":
            yield original
        else:
            data = encode.encode(frame, wanted or "png", options.quality)
            yield Encoded(data, f".{wanted or 'png'}")


def encoded_together(
    stems: Iterable[str], frames: NDArray[np.uint8], options: PictureOptions
) -> EncodedStills:
    """Several stills without original bytes as picture files; `stems` are their paths."""
    image_format = options.image_format or "png"
    files = encode.encode_all(frames, image_format, options.quality)
    return EncodedStills(files, [with_suffix(stem, f".{image_format}") for stem in stems])


def companions(sample: Sample, number: int, path: str) -> tuple[EncodedItem, ...]:
    """What is stored next to frame `number` (from 1) of a sample, which is at `path`."""
    found = sample.pixels.companion(number - 1)
    if found is None:
        return ()
    suffix, data = found
    return (EncodedItem(os.path.splitext(path)[0] + suffix, data, companion=True),)


def picture_summary(samples: Iterable[Sample]) -> PictureSummary:
    """Look at the header of every picture file of some samples."""
    return summary_of_files(file for sample in samples for file in sample.pixels.files)


def summary_of_files(files: Iterable[str]) -> PictureSummary:
    """Look at the header of every picture; damaged ones are left for the reading."""
    headers: set[Header] = set()
    last: Header | None = None
    n = 0
    for path in files:
        try:
            header = decode.probe(read(path), path)
        except (DecodeError, FileNotFoundError):
            continue
        n += 1
        if header is not last:  # nearly all are the same
            headers.add(header)
            last = header
    sizes = {header.size_hw for header in headers}
    channels = {header.channels for header in headers}
    return PictureSummary(
        sizes.pop() if len(sizes) == 1 else None,
        channels.pop() if len(channels) == 1 else None,
        all(header.suffix != ".jpg" and not header.changes for header in headers),
        n,
    )


def write_sidecars(tree: Path, finished: OutputSummary, tables: TableOptions) -> None:
    """Write the manifest, the class list and the document at the root of a directory.

    Raises
    ------
    UnsafeNameError
        If two classes would share a folder.
    """
    _write(tree, finished, _of_own_folders(finished.blocks()))
    if tables.manifest is not None:
        write_texts(tree / "manifest.parquet", finished.columns, finished.rows())


def write_flat_sidecars(tree: Path, finished: OutputSummary) -> None:
    """The same where samples are not in folders of their classes."""
    _write(tree, finished, finished.blocks())


def _write(tree: Path, finished: OutputSummary, blocks: Iterable[RowBlock]) -> None:
    sidecars.write_blocks(tree / sidecars.MANIFEST, finished.columns, blocks)
    classes = "".join(f"{name}\n" for name in finished.classes)
    write_file(tree / sidecars.CLASSES, classes.encode())
    write_file(tree / sidecars.DOCUMENT, sidecars.dump_document(finished.document))


def _of_own_folders(blocks: Iterable[RowBlock]) -> Iterator[RowBlock]:
    """The rows as they are, as long as each class has a folder of its own."""
    labels: dict[str, str] = {}
    for block in blocks:
        folders = [path.rpartition("/")[0] for path in block.column("path")]
        places = zip(folders, block.column("split"), block.column("label"), strict=True)
        for place, split, label in dict.fromkeys(places):
            folder = place.removeprefix(f"{split}/").partition("/")[0]
            if labels.setdefault(folder, label) != label:
                raise UnsafeNameError(
                    f"{labels[folder]!r} and {label!r} would share the class folder {folder!r}",
                    remedy="Rename one in the source.",
                )
        yield block


def with_suffix(stem: str, suffix: str) -> str:
    """Add a suffix to a name unless it has it already."""
    return stem if stem.lower().endswith(suffix) else stem + suffix
