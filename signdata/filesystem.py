"""Writing files: never through a link, never over a source; errors that say what to do."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from signdata.errors import DecodeError, OutputError, SigndataError

T = TypeVar("T")


_NEW_FILE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}


class reading:
    """Turns what the system refuses while one item is read into a `DecodeError`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to do: this runs for each sample, and a generator would cost four times it."""

    def __exit__(self, kind: object, err: BaseException | None, traceback: object) -> None:
        if err is None or isinstance(err, SigndataError):
            return
        if isinstance(err, OSError):
            what = f"cannot be read ({err.strerror or err})"
            raise DecodeError(what, path=str(err.filename or self._path)) from err
        if isinstance(err, MemoryError):
            raise DecodeError("does not fit into memory", path=self._path) from err


class writing:
    """Turns an `OSError` of the system into an `OutputError` that says what to do."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to do: this runs for each file."""

    def __exit__(self, kind: object, err: BaseException | None, traceback: object) -> None:
        if not isinstance(err, OSError) or isinstance(err, SigndataError):
            return
        if err.errno in _NO_SPACE:
            raise OutputError(
                f"the disk is full ({os.strerror(err.errno)})",
                path=self._path,
                remedy="Free some space and run the same command again: it goes on from here.",
            ) from err
        what = f"cannot be written ({err.strerror or err})"
        raise OutputError(what, path=err.filename or self._path) from err


def path_below(path: str | Path, root: str | Path) -> str:
    """A path as seen from `root`, POSIX separators."""
    return os.path.relpath(path, root).replace(os.sep, "/")


def write_file(path: str | Path, data: bytes) -> None:
    """Write a new file, making its folder when needed.

    What stands under the name is removed first, never opened: it may be a hard link to a
    source, left by a run that was killed.
    """
    file = _new(path, lambda: os.open(path, _NEW_FILE, 0o666))
    try:
        write_all(file, data)
    finally:
        os.close(file)


def write_all(file: int, data: bytes) -> None:
    """Write all of `data` to an open file, however little of it the system takes at once."""
    written = os.write(file, data)
    while written < len(data):
        written += os.write(file, memoryview(data)[written:])


def replace_file(path: Path, data: bytes) -> None:
    """Write a file that is there with all of `data`, or as it was before."""
    new = path.with_name(f"{path.name}.new")
    write_file(new, data)
    os.replace(new, path)


def link_file(source: str, path: str | Path, *, symbolic: bool) -> bool:
    """Make `path` a link to the file `source`.

    Returns
    -------
    bool
        False if the file system refused a hard link and the file was copied instead.
    """
    target = os.path.realpath(source) if symbolic or os.path.islink(source) else source
    if symbolic:
        _new(path, lambda: os.symlink(target, path))
        return True
    try:
        _new(path, lambda: os.link(target, path))
    except OSError as err:
        if err.errno not in _NO_LINK:
            raise
        write_file(path, b"")
        shutil.copyfile(target, path)
        return False
    return True


def _new(path: str | Path, make: Callable[[], T]) -> T:
    for _ in range(3):
        try:
            return make()
        except FileNotFoundError:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            remove(Path(path))
    return make()


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def own_folder(root: str, folder: str) -> None:
    """Remove every symbolic link that is part of the path from `root` down to `root`/`folder`."""
    place = root
    for name in folder.split("/"):
        place = f"{place}/{name}"
        if os.path.islink(place):
            os.unlink(place)


def merge(source: Path, target: Path) -> None:
    """Move every entry of `source` into `target`, folder by folder; remove `source`.

    Raises
    ------
    OutputError
        If a link stands where a folder is to be: what it points at is not part of `target`.
    """
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        folder = entry.is_dir() and not entry.is_symlink()
        if folder and place.is_symlink():
            raise OutputError("a link where a folder is to be", path=place, remedy="Remove it.")
        if folder and place.is_dir():
            merge(entry, place)
        else:
            os.replace(entry, place)
    source.rmdir()
