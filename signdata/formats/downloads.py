"""What a download that went wrong left under the name of a dataset."""

from __future__ import annotations

from pathlib import Path

from signdata.errors import FormatError

_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")
_POINTER = b"version https://git-lfs.github.com/spec/"


def refuse_failed(path: Path) -> None:
    """Raise `FormatError` if a file is a web page, a Git LFS pointer or empty.

    A file that cannot be read is left to whoever opens it.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError:
        return
    if start.startswith(_POINTER):
        raise FormatError(
            "a Git LFS pointer; expected the file that it stands for",
            path=path,
            remedy="Fetch it with: git lfs pull",
        )
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        raise FormatError(
            "a web page; expected the dataset's own bytes",
            path=path,
            remedy="The download was answered with a page, as for a login: fetch it again.",
        )
    if not start:
        raise FormatError("an empty file", path=path, remedy="Fetch it again.")
