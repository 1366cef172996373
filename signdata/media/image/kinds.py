"""What is a picture: by the suffix of its name, else by the first bytes of the file."""

from __future__ import annotations

import os
from collections.abc import Iterable

from signdata.errors import UnsupportedError
from signdata.media import suffixes
from signdata.media.image.decode import SUFFIXES, USUAL_SUFFIX

UNSUPPORTED = {
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".jxl": "JPEG XL",
    ".cr2": "camera raw",
    ".nef": "camera raw",
    ".arw": "camera raw",
    ".dng": "camera raw",
    ".psd": "Photoshop",
    ".tga": "Targa",
    ".jp2": "JPEG 2000",
    ".j2k": "JPEG 2000",
    ".ico": "icon",
    ".pcx": "PCX",
    ".dds": "DirectDraw",
    ".sgi": "SGI",
    ".svg": "SVG",
    ".eps": "PostScript",
    ".exr": "OpenEXR",
    ".xcf": "GIMP",
}
"""Suffixes of pictures that Pillow does not read, and what they are called."""

_READ = tuple(SUFFIXES)

_ALIASES = frozenset({".jfif", ".jpe", ".jif"})
"""Suffixes of JPEGs that most loaders pass over."""

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"8BPS", "Photoshop"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1"), "HEIC"
)


def kind_of(head: bytes) -> str:
    """What picture the first 32 bytes of a file are the start of, or ''."""
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PPM"
    return ""


def all_are_read(names: Iterable[str]) -> bool:
    """Whether all of very many names end as those of pictures that are read."""
    return {name[name.rfind(".") :].lower() for name in names} <= SUFFIXES


def is_picture(path: str) -> bool:
    """Whether a file is a picture, readable or not."""
    if path.lower().endswith(_READ):  # nearly every file, and far faster than `suffix_of`
        return True
    suffix = suffixes.suffix_of(path)
    if suffix in UNSUPPORTED:
        return True
    if suffix in suffixes.VIDEO_SUFFIXES or suffix in suffixes.NEITHER:
        return False
    return bool(kind_of(_head(path)))


def unsupported(path: str) -> UnsupportedError | None:
    """Why a picture cannot be read that is whole; None where it can be."""
    if path.lower().endswith(_READ):
        return None
    kind = UNSUPPORTED.get(suffixes.suffix_of(path), "")
    if not kind:
        found = kind_of(_head(path))
        kind = found if found in UNSUPPORTED.values() else ""
    if not kind:
        return None
    return UnsupportedError(
        f"a {kind} picture, which is not read; expected PNG, JPEG, WebP, AVIF, TIFF, BMP or GIF",
        path=os.path.basename(path),
        remedy="Convert it to PNG or JPEG first.",
    )


def suffix_by_content(path: str) -> str:
    """The suffix that loaders know a picture by: its own, or the usual one of its kind."""
    suffix = suffixes.suffix_of(path)
    if suffix in SUFFIXES and suffix not in _ALIASES:
        return suffix
    return USUAL_SUFFIX.get(kind_of(_head(path)), suffix)


def _head(path: str) -> bytes:
    if not os.path.isfile(path):  # opening a pipe waits for who writes into it
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(32)
    except OSError:
        return b""
