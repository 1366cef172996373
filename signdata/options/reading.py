"""How a dataset is read: from where, which samples, and what their labels mean."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from signdata.errors import MissingError, UsageError
from signdata.labels import LABEL_WORDS
from signdata.limits import MAX_PIXELS
from signdata.options.arguments import PathLike
from signdata.options.group import Group, keyword


class LimitKeywords(TypedDict, total=False):
    max_pixels: int


@dataclass(frozen=True)
class LimitOptions(Group):
    """How large a picture may be; `command` sees to it that it is kept."""

    title = "Limits"

    max_pixels: int = keyword(
        MAX_PIXELS, "Read and write no picture of more pixels, width times height."
    )


class StoreKeywords(TypedDict, total=False):
    storage_options: Mapping[str, Any] | PathLike | None
    scratch: PathLike | None


@dataclass(frozen=True)
class StoreOptions(Group):
    """How what is at an address (``s3://bucket/asl``) is reached; never recorded."""

    title = "Stores"

    storage_options: Mapping[str, Any] | PathLike | None = keyword(
        None, "JSON file of the store's fsspec options, such as credentials."
    )
    scratch: PathLike | None = keyword(
        None, "Keep local copies of what is at an address here [default: ~/.cache/signdata]."
    )


class VideoKeywords(TypedDict, total=False):
    tone_map: bool
    deinterlace: str


class RowKeywords(LimitKeywords, StoreKeywords, total=False):
    split: str | None
    labels: PathLike | Sequence[str]
    csv_size: tuple[int, ...] | None
    header: bool
    corrections: PathLike | None
    classes: Sequence[str] | PathLike | None
    rename: PathLike | None
    max_per_class: int | None
    fold: int | None
    val_fold: int | None


class ReadKeywords(RowKeywords, VideoKeywords, total=False):
    from_format: str | None
    videos: PathLike | None
    follow_symlinks: bool
    layout: str | None
    images: str | None
    targets: str | None
    root: PathLike | None
    path_column: str | None
    label_column: str | None


@dataclass(frozen=True)
class VideoOptions(Group):
    """What is made of the frames of videos."""

    title = "Videos"

    tone_map: bool = keyword(
        True, "Keep the code values of HDR videos, which look dull.", "--no-tone-map"
    )
    deinterlace: str = keyword("auto", "Deinterlace interlaced videos, or leave them.")

    def __post_init__(self) -> None:
        if self.deinterlace not in ("auto", "off"):
            raise UsageError(f"--deinterlace {self.deinterlace!r}; expected auto or off")

    def record_videos(self) -> dict[str, Any]:
        """What of it makes two runs the same, where it differs from the defaults."""
        everything = {"tone_map": self.tone_map, "deinterlace": self.deinterlace}
        usual = VideoOptions()
        return {k: v for k, v in everything.items() if v != getattr(usual, k)}


@dataclass(frozen=True)
class RowOptions(LimitOptions, StoreOptions):
    """How the rows of CSVs are read, and which of them."""

    title = "Reading"

    split: str | None = keyword(None, "Read only this split.")
    labels: PathLike | Sequence[str] = keyword(
        "letters",
        "Meaning of a CSV's labels: A..Y, A..Z from 1, any integer, names, none, lines of FILE.",
    )
    csv_size: tuple[int, ...] | None = keyword(
        None, "Size of a CSV's pictures: WxH, WxHx3 or 3xWxH for colour [default: square]."
    )
    header: bool = keyword(True, "The CSV's first line is a picture.", "--no-header")
    corrections: PathLike | None = keyword(
        None, "Leave out, relabel or group samples as the rows of this CSV say; see docs."
    )
    classes: Sequence[str] | PathLike | None = keyword(
        None, "Read only these classes, in this order, or the lines of FILE."
    )
    rename: PathLike | None = keyword(
        None, "New class names, one old,new per line; several may be merged."
    )
    max_per_class: int | None = keyword(None, "Read at most this many samples of each class.")
    fold: int | None = keyword(
        None, "Read this fold of split --folds as test, the others as train."
    )
    val_fold: int | None = keyword(None, "Read this fold as val.")

    def __post_init__(self) -> None:
        sides = self.csv_size
        if sides is not None and (len(sides) not in (2, 3) or min(sides) < 1):
            raise UsageError(f"--csv-size {sides!r}; expected (28, 28), (W, H, 3) or (3, W, H)")

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same."""
        return {
            "split": self.split,
            "labels": _content_of(self.labels),
            "csv_size": list(self.csv_size) if self.csv_size else None,
            "header": self.header,
            "classes": _content_of_file(self.classes),
            "rename": _content_of_file(self.rename),
            "max_per_class": self.max_per_class,
            "fold": self.fold,
            "val_fold": self.val_fold,
            **record_corrections(self.corrections),
        }


@dataclass(frozen=True)
class ReadOptions(VideoOptions, RowOptions):
    """How a dataset of any format is read."""

    title = "Reading"

    from_format: str | None = keyword(None, "Format of SRC [default: recognised].", "--from")
    videos: PathLike | None = keyword(
        None, "Videos of a WLASL JSON or of a table [default: videos/]."
    )
    follow_symlinks: bool = keyword(False, "Follow symbolic links to folders.")
    layout: str | None = keyword(None, "Meaning of the paths: '{signer}/{label}/*'; see docs.")
    images: str | None = keyword(
        None, "Array or column of the pictures: .npz, .npy, HDF5, Parquet."
    )
    targets: str | None = keyword(None, "Array or column of their labels.")
    root: PathLike | None = keyword(None, "What the paths in a table are relative to.")
    path_column: str | None = keyword(None, "Column of a table that has paths.")
    label_column: str | None = keyword(None, "Column of a table that has labels.")

    def __post_init__(self) -> None:
        VideoOptions.__post_init__(self)
        RowOptions.__post_init__(self)

    def record_of(self, found_format: str) -> dict[str, Any]:
        """What makes two runs the same, with the format that was found or named.

        Where the files are, and through which links they were reached, is not part of it.
        """
        return {
            "from": found_format,
            "layout": self.layout,
            "images": self.images,
            "targets": self.targets,
            "path_column": self.path_column,
            "label_column": self.label_column,
            **self.record_videos(),
            **self.record(),
        }


def record_corrections(path: PathLike | None) -> dict[str, str]:
    """What is recorded of a file of corrections: that there was one; it is one of the sources."""
    return {} if path is None else {"corrections": "file among the sources"}


def _content_of_file(value: Sequence[str] | PathLike | None) -> str | list[str] | None:
    """What is recorded of a file, or of names: a checksum, or the names."""
    if value is None:
        return None
    if not isinstance(value, str | Path):
        return list(value)
    return _content_of(str(value)) if os.path.isfile(value) else str(value)


def _content_of(labels: PathLike | Sequence[str]) -> str | list[str]:
    """What is recorded of `labels`: the word, the names, or a checksum of the file."""
    if not isinstance(labels, str | Path):
        return list(labels)
    if str(labels) in LABEL_WORDS:
        return str(labels)
    try:
        return f"file {hashlib.sha256(Path(labels).read_bytes()).hexdigest()}"
    except OSError as err:
        raise MissingError(f"cannot be read ({err.strerror})", path=labels) from err
