"""The names by which a table of clips is known: its header alone is looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence

VIDEO_PATHS = (
    *("video", "video_path", "video_file", "video_name", "video_filename", "videopath"),
    *("clip", "clip_path", "clip_file", "clip_name"),
)
"""What columns of videos are called and those of pictures are not."""

LABELS = ("label", "gloss", "class", "class_name", "sign", "word", "target", "category")
SENTENCES = ("sentence", "text", "translation", "caption")

SPAN_COLUMNS = ("frame_start", "frame_end", "frame_rate", "start_time", "end_time")
"""Columns of our manifests that say which part of a video a clip is."""


def plain(name: str) -> str:
    """A column's name in lower case, with ``_`` for what stands between its words."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def names_clips(columns: Sequence[str]) -> bool:
    """Whether a header is that of a table of clips, and not one of pictures."""
    names = {plain(name) for name in columns}
    paths = names & {*VIDEO_PATHS, "video_id", "clip_id"}
    return bool(paths) and bool(names & {*LABELS, *SENTENCES})
