"""What `folders` and `frames` share beyond the tree: surveying and writing picture files."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from signdata import sidecars
from signdata.errors import DecodeError, UnsafeNameError, UsageError
from signdata.filesystem import write_file
from signdata.formats.reader import PictureSummary
from signdata.formats.trees.picture_files import read
from signdata.formats.writer import OutputSummary
from signdata.media.image import decode, encode
from signdata.media.image.decode import Header
from signdata.media.image.encode import ImageFormat
from signdata.safe_names import component
from signdata.samples import SPLIT_NAMES, Encoded, Sample

LINK_MODES = ("link", "copy", "symlink")


@dataclass(frozen=True)
class PictureOptions:
    """How pictures are written.

    Attributes
    ----------
    image_format : {'png', 'jpg'} or None
        None keeps original bytes, and writes PNG where there are none.
    quality : int
        1..100, for JPEGs that are encoded anew.
    mode : {'copy', 'link', 'symlink'}
        Whether a file that stays as it is is copied or linked to.
    class_names : {'as-is', 'safe'}
        `safe` writes ``_`` for blanks in class folders.
    """

    image_format: ImageFormat | None = None
    quality: int = 95
    mode: str = "copy"
    class_names: str = "as-is"

    def place(self, sample: Sample) -> str:
        """Where a tree stores a sample, without suffix; see `scan.target`."""
        if self.class_names == "safe":
            sample = replace(sample, label=sample.label.replace(" ", "_"))
        return target(sample)

    def __post_init__(self) -> None:
        if self.class_names not in ("safe", "as-is"):
            raise UsageError(f"class names {self.class_names!r}; expected safe or as-is")
        encode.check_format(self.image_format or "png", self.quality)
        if self.mode not in LINK_MODES:
            raise UsageError(f"mode {self.mode!r}; expected one of {', '.join(LINK_MODES)}")


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


def picture_summary(samples: Iterable[Sample]) -> PictureSummary:
    """Look at the header of every picture file; damaged ones are left for the reading."""
    headers: Counter[Header] = Counter()
    for sample in samples:
        for path in sample.pixels.files:
            with contextlib.suppress(DecodeError, FileNotFoundError):
                headers[decode.probe(read(path), path)] += 1
    sizes = {header.size_hw for header in headers}
    channels = {header.channels for header in headers}
    return PictureSummary(
        sizes.pop() if len(sizes) == 1 else None,
        channels.pop() if len(channels) == 1 else None,
        not any(header.suffix == ".jpg" or header.changes for header in headers),
        headers.total(),
    )


def write_sidecars(tree: Path, finished: OutputSummary) -> None:
    """Write the manifest, the class list and the document at the root of a directory.

    Raises
    ------
    UnsafeNameError
        If two classes would share a folder.
    """
    labels: dict[str, str] = {}
    for row in finished.rows():
        folder = row["path"].rpartition("/")[0].removeprefix(f"{row['split']}/").partition("/")[0]
        if labels.setdefault(folder, row["label"]) != row["label"]:
            raise UnsafeNameError(
                f"{labels[folder]!r} and {row['label']!r} would share the class folder {folder!r}",
                remedy="Rename one in the source.",
            )
    sidecars.write_rows(tree / sidecars.MANIFEST, finished.columns, finished.rows())
    classes = "".join(f"{name}\n" for name in finished.classes)
    write_file(tree / sidecars.CLASSES, classes.encode())
    write_file(tree / sidecars.DOCUMENT, sidecars.dump_document(finished.document))


def target(sample: Sample) -> str:
    """Where a tree stores a sample, without suffix: ``[SPLIT/]CLASS/NAME``.

    Raises
    ------
    UnsafeNameError
        If the label or the name may not become a path component, or the class would be
        read as a split.
    """
    label = component(sample.label, what="class name")
    if not sample.split:
        _refuse_taken(label)
    name = component(sample.name, what="name")
    return f"{sample.split}/{label}/{name}" if sample.split else f"{label}/{name}"


def _refuse_taken(label: str) -> None:
    """Raise `UnsafeNameError` if a class folder at the root would be taken for something else."""
    for taken, what in ((SPLIT_NAMES, "be read as a split"), (sidecars.SIDECARS, "be a sidecar")):
        if label.casefold() in taken:
            raise UnsafeNameError(
                f"class name {label!r} would {what}",
                remedy="Rename the class, or give the dataset splits.",
            )


def with_suffix(stem: str, suffix: str) -> str:
    """Add a suffix to a name unless it has it already."""
    return stem if stem.lower().endswith(suffix) else stem + suffix
