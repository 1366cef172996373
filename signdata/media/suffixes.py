"""Suffixes of media files, and the natural order of their names."""

from __future__ import annotations

import os
import re

_VIDEOS = (
    "264 265 3gp asf avi flv h264 hevc m2ts m4v mkv mov mp4 mpeg mpg mts ogv swf ts vob webm wmv"
)


VIDEO_SUFFIXES = frozenset(f".{name}" for name in _VIDEOS.split())
"""File suffixes that are taken for videos; what is inside decides whether they are."""


def suffix_of(name: str) -> str:
    """The suffix of a file name in lower case."""
    return os.path.splitext(name)[1].lower()


def natural(name: str) -> tuple[object, ...]:
    """Sort key that puts ``img_2`` before ``img_10``."""
    parts = re.split(r"(\d+)", name)
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)
