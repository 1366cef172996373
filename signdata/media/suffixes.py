"""Suffixes of media files, and the numbers in their names."""

from __future__ import annotations

import os
import re

_LAST_NUMBER = re.compile(r"([0-9]+)[^0-9/]*$")

_VIDEOS = (
    "264 265 3gp asf avi flv h264 hevc m2ts m4v mkv mov mp4 mpeg mpg mts ogv swf ts vob webm wmv"
)


VIDEO_SUFFIXES = frozenset(f".{name}" for name in _VIDEOS.split())
"""File suffixes that are taken for videos; what is inside decides whether they are."""


ANIMATION_SUFFIXES = frozenset({".gif", ".webp", ".apng"})
"""File suffixes of pictures that move; a PNG that moves is called as one that does not."""


def is_clip_file(name: str) -> bool:
    """Whether a file is named like a video, or like a picture that moves."""
    return suffix_of(name) in VIDEO_SUFFIXES or suffix_of(name) in ANIMATION_SUFFIXES


def suffix_of(name: str) -> str:
    """The suffix of a file name in lower case."""
    return os.path.splitext(name)[1].lower()


def last_number(name: str) -> int | None:
    """The last number in the last part of a path without its suffix; None without one."""
    found = _LAST_NUMBER.search(name)
    return int(found[1]) if found else None


def natural(name: str) -> tuple[object, ...]:
    """Sort key that puts ``img_2`` before ``img_10``."""
    parts = re.split(r"(\d+)", name)
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)
