"""Suffixes of media files, and the numbers in their names."""

from __future__ import annotations

import os
import re

_NOT_BEFORE = (".", "/", os.sep)
"""What may not precede the dot of a suffix."""

_LAST_NUMBER = re.compile(r"([0-9]+)[^0-9/]*$")

_VIDEOS = (
    "264 265 3g2 3gp 3gp2 3gpp amv asf avi divx dv evo f4v flv h264 hevc ivf m1v m2t m2ts m2v m4v"
    " mkv mov mp4 mpe mpeg mpg mts mxf ogm ogv ogx qt rm rmvb swf tod trp ts vob vro webm wmv wtv"
    " xvid y4m nut"
)
_NEITHER = (
    "txt csv tsv json jsonl md xml html htm yml yaml toml ini log pdf py ipynb npy npz mat"
    " pkl h5 hdf5 parquet zip tar gz rar 7z wav mp3 db url lnk aac flac m4a mka opus srt vtt"
    " ass eaf"
)


VIDEO_SUFFIXES = frozenset(f".{name}" for name in _VIDEOS.split())
"""File suffixes that are taken for videos; what is inside decides whether they are."""

NEITHER = frozenset(f".{name}" for name in _NEITHER.split())
"""Suffixes of files that are neither pictures nor videos, whatever is inside."""


NO_CLASS = frozenset(
    {
        *("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos"),
        *("video", "videos", "clip", "clips", "frames", "data", "dataset"),
    }
)
"""Names of folders that say what is in them, and no class."""


def suffix_of(name: str) -> str:
    """The suffix of a file name in lower case."""
    stem, dot, suffix = name.rpartition(".")
    if dot and suffix.isalnum() and stem and stem[-1] not in _NOT_BEFORE:  # nearly every name
        return f".{suffix.lower()}"
    return os.path.splitext(name)[1].lower()


def stem_of(path: str) -> str:
    """A path without its suffix."""
    stem, dot, suffix = path.rpartition(".")
    if dot and suffix.isalnum() and stem and stem[-1] not in _NOT_BEFORE:
        return stem
    return os.path.splitext(path)[0]


def last_number(name: str) -> int | None:
    """The last number in the last part of a path without its suffix; None without one."""
    found = _LAST_NUMBER.search(name)
    return int(found[1]) if found else None


def natural(name: str) -> tuple[object, ...]:
    """Sort key that puts ``img_2`` before ``img_10``."""
    parts = re.split(r"(\d+)", name)
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)
