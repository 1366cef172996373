"""How pictures are written, and under which names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from signdata import sidecars
from signdata.errors import UnsafeNameError, UsageError
from signdata.formats.sample_columns import SampleColumns
from signdata.formats.sharding import ShardOptions
from signdata.media.image import encode
from signdata.media.image.encode import ImageFormat
from signdata.options import TableOptions
from signdata.safe_names import component, components, shortened
from signdata.samples import SPLIT_NAMES, Sample

LINK_MODES = ("link", "copy", "symlink")


@dataclass(frozen=True)
class PictureOptions:
    """How pictures are written.

    Attributes
    ----------
    image_format : {'png', 'jpg'} or None
        None keeps original bytes, and writes PNG where there are none.
    quality : int
        1..100, for JPEGs that are encoded again.
    mode : {'copy', 'link', 'symlink'}
        Whether a file that stays as it is is copied or linked to.
    class_names : {'as-is', 'safe'}
        `safe` writes ``_`` for blanks in class folders, and gives a class that is a sentence
        the start of it and a few digits.
    shards : ShardOptions
        How many shards there are, where the format has some.
    tables : TableOptions
        Which tables for programs of others are written next to the pictures.
    """

    image_format: ImageFormat | None = None
    quality: int = 95
    mode: str = "copy"
    class_names: str = "as-is"
    tables: TableOptions = TableOptions()
    shards: ShardOptions = ShardOptions()

    def place(self, sample: Sample) -> str:
        """Where a tree stores a sample, without suffix; see `scan.target`."""
        if self.class_names == "safe":
            label = shortened(sample.label.replace(" ", "_"))
            sample = replace(sample, label=label)
        return target(sample)

    def places(self, samples: SampleColumns) -> list[str]:
        """What `place` says of each of several samples."""
        labels = samples.labels
        if self.class_names == "safe":
            labels = [shortened(label.replace(" ", "_")) for label in labels]
        pairs = list(zip(labels, samples.splits, strict=True))
        folders = {pair: _class_folder(*pair) for pair in dict.fromkeys(pairs)}
        names = components(samples.names)
        return [f"{folders[pair]}/{name}" for pair, name in zip(pairs, names, strict=True)]

    def __post_init__(self) -> None:
        if self.class_names not in ("safe", "as-is"):
            raise UsageError(f"class names {self.class_names!r}; expected safe or as-is")
        encode.check_format(self.image_format or "png", self.quality)
        if self.mode not in LINK_MODES:
            raise UsageError(f"mode {self.mode!r}; expected one of {', '.join(LINK_MODES)}")


def target(sample: Sample) -> str:
    """Where a tree stores a sample, without suffix: ``[SPLIT/]CLASS/NAME``.

    Raises
    ------
    UnsafeNameError
        If the label or the name may not become a path component, or the class would be
        read as a split.
    """
    folder = _class_folder(sample.label, sample.split)
    return f"{folder}/{component(sample.name, what='name')}"


@lru_cache(maxsize=4096)
def _class_folder(label: str, split: str) -> str:
    """The folder of a class: asked for with every sample, and always one of a few."""
    component(label, what="class name")
    if split:
        return f"{split}/{label}"
    _refuse_taken(label)
    return label


def _refuse_taken(label: str) -> None:
    """Raise `UnsafeNameError` if a class folder at the root would be taken for something else."""
    for taken, what in ((SPLIT_NAMES, "be read as a split"), (sidecars.SIDECARS, "be a sidecar")):
        if label.casefold() in taken:
            raise UnsafeNameError(
                f"class name {label!r} would {what}",
                remedy="Rename the class, or give the dataset splits.",
            )
