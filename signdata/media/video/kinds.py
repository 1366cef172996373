"""What is a video: by the suffix of its name, else by the first bytes of the file."""

from __future__ import annotations

import os

from signdata.media import suffixes
from signdata.media.image import decode, kinds

_HEAD = 4096
"""Bytes in which a container says what it is."""

_STARTS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"0&\xb2u\x8ef\xcf\x11",  # ASF
    b"\0\0\x01\xba",  # MPEG program stream
    b"\0\0\x01\xb3",  # MPEG video
    b"FWS",
    b"CWS",
    b"\x06\x0e+4\x02\x05\x01\x01\r\x01\x02",  # MXF
    b"\x1f\x07\0?",  # DV
    b"\x1f\x07\0\xbf",
    b".RMF",
    b"DKIF",
    b"nut/multimedia container",
    b"YUV4MPEG2 ",
    b"\xb7\xd8\x00 7I\xda\x11",  # WTV
)
_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip")
"""What old QuickTime files begin with."""

_SOUND = (b"M4A ", b"M4B ", b"M4P ")
_OGG_VIDEO = (b"\x80theora", b"\x01video", b"OVP80", b"BBCD")
_PACKET = 188
"""Bytes of a packet of a transport stream, 192 where each has a time before it."""


def is_video(path: str) -> bool:
    """Whether a file is a video, readable or not.

    A suffix that tells is believed: what is in the file is seen when it is read.
    """
    suffix = suffixes.suffix_of(path)
    if suffix in suffixes.VIDEO_SUFFIXES:
        return True
    known = suffix in decode.SUFFIXES or suffix in kinds.UNSUPPORTED
    if known or suffix in suffixes.NEITHER or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return begins_as_video(file.read(_HEAD))
    except OSError:
        return False


def begins_as_video(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a container of videos."""
    if head.startswith(_STARTS):
        return True
    if head[4:8] == b"ftyp":
        return not kinds.kind_of(head) and head[8:12] not in _SOUND
    if head[4:8] in _BOXES:
        return True
    if head[:4] == b"RIFF":
        return head[8:12] in (b"AVI ", b"CDXA")
    if head[:4] == b"OggS":
        return any(name in head for name in _OGG_VIDEO)
    return any(
        len(head) > first + 4 * step and all(head[first + k * step] == 0x47 for k in range(5))
        for first, step in ((0, _PACKET), (4, _PACKET + 4))
    )
