"""Which files are clips: videos, and pictures that move; told without what decodes them."""

from __future__ import annotations

import os
import struct

from signdata.media import suffixes
from signdata.media.video.kinds import is_video

MAY_MOVE = frozenset({".gif", ".webp", ".apng", ".png"})
"""Suffixes of pictures that may move."""

_PNG = b"\x89PNG\r\n\x1a\n"


def is_clip(path: str) -> bool:
    """Whether a file among videos is one, or a picture that moves; a GIF is meant so in any case.

    A suffix that tells is believed.
    """
    suffix = suffixes.suffix_of(path)
    return suffix == ".gif" or is_video(path) or (suffix in MAY_MOVE and bool(kind_of(path)))


def kind_of(path: str) -> str:
    """``GIF``, ``WebP`` or ``PNG`` where a file is one that may move, else ''."""
    if not os.path.isfile(path):  # opening a pipe waits for who writes into it
        return ""
    try:
        with open(path, "rb") as file:
            head = file.read(32)
            if head[:6] in (b"GIF87a", b"GIF89a"):
                return "GIF"
            if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
                return "WebP" if head[20:21] and head[20] & 2 else ""
            if not head.startswith(_PNG):
                return ""
            place = len(_PNG)
            while True:
                file.seek(place)
                start = file.read(8)
                if len(start) < 8 or start[4:] in (b"IDAT", b"IEND"):
                    return ""
                if start[4:] == b"acTL":
                    return "PNG"
                place += 12 + int(struct.unpack(">I", start[:4])[0])
    except OSError:
        return ""
