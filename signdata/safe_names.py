"""Check names from untrusted files before they become path components.

Every output path goes through `component`; nothing else may turn a label, a
gloss, a video id or an HDF5 string into a file name.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Sequence

from signdata.errors import UnsafeNameError

MAX_BYTES = 200
"""Leaves room for suffixes within the 255 bytes that file systems allow."""

MAX_SHOWN = 60
"""Characters of a refused name that an error message shows."""

_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])( *\..*)?", re.IGNORECASE
)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NUMBERS = re.compile(r"[0-9]{1,200}(/[0-9]{1,200})*")
_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}

JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def component(
    name: str, *, what: str = "name", path: str | os.PathLike[str] = "", where: str = ""
) -> str:
    """Return `name` if it is a safe path component on every system.

    Parameters
    ----------
    name : str
        A name found in a file.
    what : str
        What it names, for the message (``class name``, ``id``).
    path, where : str
        The file that contains it, and the place in it, if known.

    Raises
    ------
    UnsafeNameError
        If it is empty, ``.`` or ``..``, a Windows device name, or longer than 200 bytes, contains
        a separator, a control or bidi character or NUL, or starts or ends so that Windows would
        change it or this project's readers would skip it.
    """
    reason = _unsafe(name)
    if reason:
        raise UnsafeNameError(
            f"{what} {_shown(name)!r} {reason}",
            path=path,
            where=where,
            remedy="Rename it in the source.",
        )
    return name


def components(names: Sequence[str]) -> Sequence[str]:
    """Return several names if `component` would return each; those that are numbers go fast."""
    if not _NUMBERS.fullmatch("/".join(names)):
        for name in names:
            component(name)
    return names


def shortened(name: str) -> str:
    """A name that ends in a dot or is too long, cut, with digits that keep it apart from others."""
    name_bytes = name.encode("utf-8", "surrogateescape")
    if len(name_bytes) <= MAX_BYTES and not (name.endswith(".") and name.strip(" ._")):
        return name
    digits = hashlib.sha256(name_bytes).hexdigest()[:8]
    start = name_bytes[: MAX_BYTES // 2].decode("utf-8", "ignore").rstrip(" ._")
    return f"{start}-{digits}"


def is_fault(error: UnsafeNameError, name: str, what: str) -> bool:
    """Whether `error` is about this name."""
    return error.what.startswith(f"{what} {_shown(name)!r} ")


def _shown(name: str) -> str:
    return name if len(name) <= MAX_SHOWN else name[:MAX_SHOWN] + "..."


def _unsafe(name: str) -> str:
    if _PLAIN.fullmatch(name) and len(name) <= MAX_BYTES:  # the common case, for speed
        return "is a device name on Windows" if _RESERVED.fullmatch(name) else ""
    if not name or name.isspace():
        return "is empty"
    if name in (".", ".."):
        return "would leave its folder"
    if "/" in name or "\\" in name:
        return "holds a path separator"
    if any(unicodedata.category(char) in _CONTROL for char in name):
        return "holds a control or direction character"
    if name.startswith("."):
        return "starts with '.', so readers would skip it"
    if name.casefold() in JUNK_NAMES:
        return "is a system file name, so readers would skip it"
    if name != name.strip() or name.endswith("."):
        return "starts or ends with a space, or ends with a dot"
    if len(name.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        return f"is longer than {MAX_BYTES} bytes"
    if _RESERVED.fullmatch(name):
        return "is a device name on Windows"
    if os.name == "nt" and ":" in name:
        return "holds ':', which Windows does not allow"
    return ""


def key(name: str) -> str:
    """The same for two names that some file system treats as one: NFC and casefolded."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_junk(name: str) -> bool:
    """Whether a directory entry is a hidden file or one that systems leave behind."""
    return name.startswith(".") or name.casefold() in JUNK_NAMES


class Names:
    """Collects paths and refuses two that a file system could treat as one."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._last_folder = ""

    def add(self, path: str) -> None:
        """Record a file's path (POSIX separators).

        Raises
        ------
        UnsafeNameError
            If it, or one of its folders, is equal to another one after NFC and casefolding, or
            if the file itself was recorded before.
        """
        folded = key(path)
        if folded in self._seen:
            self._refuse(path, self._seen[folded])
        self._seen[folded] = path
        folder = path.rpartition("/")[0]
        if folder != self._last_folder:
            self._add_folders(folder)
            self._last_folder = folder

    def _add_folders(self, folder: str) -> None:
        while folder:
            known = self._seen.setdefault(key(folder), folder)
            if known != folder:
                self._refuse(folder, known, folders=True)
            folder = folder.rpartition("/")[0]

    def _refuse(self, one: str, other: str, *, folders: bool = False) -> None:
        if one.rpartition("/")[0] != other.rpartition("/")[0]:
            one, other, folders = one.rpartition("/")[0], other.rpartition("/")[0], True
        raise UnsafeNameError(
            f"two {'classes' if folders else 'samples'} would be stored as "
            f"{' and '.join(_distinct(one, other))}, "
            "which a file system may treat as the same name",
            remedy="Rename one in the source.",
        )


def _distinct(*names: str) -> list[str]:
    """Names in quotes; if they would look the same, non-ASCII characters are escaped."""
    look_same = len({unicodedata.normalize("NFKC", name) for name in names}) < len(set(names))
    return [ascii(name) if look_same else repr(name) for name in names]
