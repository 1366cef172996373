"""What videos are called: by ids of YouTube, by numbers where several clips share one."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

_YOUTUBE = re.compile(r"(?:youtu\.be/|[?&]v=|/embed/|/v/)([A-Za-z0-9_-]{11})")


def youtube_id(url: str) -> str:
    """The id of a video on YouTube in its address, or ''."""
    found = _YOUTUBE.search(url)
    return found[1] if found else ""


def sample_ids(clips: Iterable[tuple[str, Hashable]]) -> list[str]:
    """The id of the sample that each clip is, '' where it only repeats another.

    The second clip of a video is ``ID-2``, whether or not the first is selected.

    Parameters
    ----------
    clips : iterable of tuple
        What each is named after, and what tells it from others of that name.
    """
    clips = list(clips)
    taken = {name for name, _ in clips}
    seen: dict[str, set[Hashable]] = {}
    ids: list[str] = []
    for name, what in clips:
        before = seen.setdefault(name, set())
        if what in before:
            ids.append("")
            continue
        before.add(what)
        ids.append(name if len(before) == 1 else _unused(name, len(before), taken))
    return ids


def _unused(name: str, number: int, taken: set[str]) -> str:
    """``NAME-NUMBER``, or with the next number that makes it one that nothing else is called."""
    while f"{name}-{number}" in taken:
        number += 1
    taken.add(f"{name}-{number}")
    return f"{name}-{number}"
