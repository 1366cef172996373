"""What a download that went wrong leaves under the name of a dataset, a picture or a video."""

from __future__ import annotations

from pathlib import Path

from signdata.errors import FormatError

START = 512
"""Bytes by which such files are known."""

POINTER = "a Git LFS pointer"

_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<svg")
_POINTER_START = b"version https://git-lfs.github.com/spec/"

_REMEDIES = {
    POINTER: "Fetch it with: git lfs pull",
    "a web page": "The download was answered with a page, as for a login: fetch it again.",
    "an empty file": "Fetch it again.",
}
"""What helps, by what is there instead of the file."""


def found_instead(start: bytes) -> str:
    """What the first bytes of a file are the start of: one of three, or ''.

    A web page, a Git LFS pointer, or nothing at all.
    """
    if not start:
        return "an empty file"
    if start.startswith(_POINTER_START):
        return POINTER
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "a web page" if text.startswith(_PAGES) else ""


def remedy_for(found: str) -> str:
    """What helps against what `found_instead` says, or ''."""
    return _REMEDIES.get(found, "")


def refuse_failed(path: Path) -> None:
    """Raise `FormatError` if a file is a web page, a Git LFS pointer or empty.

    A file that cannot be read is left to whoever opens it.
    """
    try:
        with path.open("rb") as file:
            found = found_instead(file.read(START))
    except OSError:
        return
    if found:
        expected = "" if found == "an empty file" else "; expected the dataset's own bytes"
        raise FormatError(found + expected, path=path, remedy=remedy_for(found))
