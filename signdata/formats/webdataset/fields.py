"""What the members of a sample are, told by their names: ``KEY.FIELD``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from signdata.errors import FormatError
from signdata.formats import frame_times
from signdata.media.image.decode import SUFFIXES
from signdata.media.suffixes import VIDEO_SUFFIXES, suffix_of
from signdata.safe_names import is_junk

CLASS, DESCRIPTION = "cls", "json"
"""Fields with the class, and with all that is said of a sample."""

TEXT_LABELS = (CLASS, "cls.txt", "label", "label.txt", "class", "class.txt")
"""Fields with the class alone, the first that there is."""

POSE, TIMES = "pose.json", frame_times.FILE
"""Fields with the keypoints of a still, and with the times of a clip's frames."""

_FRAME = re.compile(r"(.*?)([0-9]+)(\.[a-z0-9]+)", re.DOTALL)
"""A picture that is one of several: what they share, its number, its suffix."""


def field_of(name: str) -> tuple[str, str]:
    """Key and field of a member: its name up to the first dot, and behind it.

    The folders that it is in belong to the key; the field is in lower case.
    """
    folder, slash, last = name.removeprefix("./").rpartition("/")
    stem, _, field = last.partition(".")
    return f"{folder}{slash}{stem}", field.lower()


def is_part(name: str) -> bool:
    """Whether a member is part of a sample: not what systems leave behind, nor without a field."""
    last = name.rpartition("/")[2]
    return "." in last and not is_junk(last)


def is_picture(field: str) -> bool:
    """Whether a field is a picture."""
    return suffix_of(f"x.{field}") in SUFFIXES


def is_video(field: str) -> bool:
    """Whether a field is a video."""
    return suffix_of(f"x.{field}") in VIDEO_SUFFIXES


def is_seen(field: str) -> bool:
    """Whether a field is a picture or a video."""
    return is_picture(field) or is_video(field)


def pixels_among(fields: Sequence[str], wanted: str | None) -> tuple[str, ...]:
    """The fields that are a sample's pixels: one picture or video, or a clip's frames in order.

    Parameters
    ----------
    fields : sequence of str
        All fields of the sample.
    wanted : str or None
        The field that was asked for.

    Raises
    ------
    FormatError
        If there are none, or several that are no frames of one clip.
    """
    if wanted is not None:
        if wanted.lower() not in fields:
            raise FormatError(f"no {wanted} in it; expected one of {', '.join(fields)[:200]}")
        return (wanted.lower(),)
    videos = tuple(filter(is_video, fields))
    found = videos or tuple(filter(is_picture, fields))
    if not found:
        raise FormatError("no picture and no video in it")
    if len(found) == 1:
        return found
    frames = [] if videos else [_FRAME.fullmatch(one) for one in found]
    if not frames or not all(frames) or len({one[1] for one in frames if one}) > 1:
        raise FormatError(
            f"{len(found)} of its files could be its pixels: {', '.join(found)[:200]}",
            remedy="Choose one with --path-column NAME.",
        )
    numbered = sorted((int(one[2]), one[0]) for one in frames if one)
    return tuple(name for _, name in numbered)


def are_clip(fields: Collection[str]) -> bool:
    """Whether these pixels are a clip: a video, several frames, or one that is numbered."""
    return len(fields) > 1 or any(is_video(one) or is_frame(one) for one in fields)


def is_frame(field: str) -> bool:
    """Whether a field is called as frames are here: ``f00001.jpg``."""
    return re.fullmatch(r"f[0-9]{5,}\.[a-z0-9]+", field) is not None


def has_label(fields: Iterable[str]) -> bool:
    """Whether a sample may say its class."""
    return bool({*TEXT_LABELS, DESCRIPTION} & set(fields))


def are_of_sample(fields: Collection[str], *wanted: str | None) -> bool:
    """Whether files of one key are a sample, and not a licence or the like beside samples."""
    asked = {name.lower() for name in wanted if name is not None}
    return has_label(fields) or any(is_seen(name) or name in asked for name in fields)
