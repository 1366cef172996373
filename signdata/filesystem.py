"""Writing files: never through a link or over a source, and with clear errors."""

from __future__ import annotations

import contextlib
import difflib
import errno
import itertools
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from signdata.errors import DecodeError, MissingError, OutputError, SigndataError, UsageError

_NEW_FILE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}


class reading:
    """Turns system errors while an item is read into a `DecodeError`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to do. A class, because this runs per sample and a generator is 4x slower."""

    def __exit__(self, kind: object, err: BaseException | None, traceback: object) -> None:
        if err is None or isinstance(err, SigndataError):
            return
        if isinstance(err, OSError):
            what = f"cannot be read ({err.strerror or err})"
            raise DecodeError(what, path=str(err.filename or self._path)) from err
        if isinstance(err, MemoryError):
            raise DecodeError("does not fit into memory", path=self._path) from err


class writing:
    """Turns an `OSError` into an `OutputError` with a remedy."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: object, err: BaseException | None, traceback: object) -> None:
        if not isinstance(err, OSError) or isinstance(err, SigndataError):
            return
        if err.errno in _NO_SPACE:
            raise OutputError(
                f"the disk is full ({os.strerror(err.errno)})",
                path=self._path,
                remedy="Free some space and run the same command again to resume.",
            ) from err
        what = f"cannot be written ({err.strerror or err})"
        raise OutputError(what, path=err.filename or self._path) from err


CRASHES_BELOW = 1 << 22
"""Free bytes on a disk where what a library does instead of writing is put down to it."""


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """On a full disk, turn what a library raises that writes there into the `OSError` it is."""
    try:
        yield
    except (OSError, SigndataError):
        raise
    except Exception as err:
        if shutil.disk_usage(folder).free < CRASHES_BELOW:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from err
        raise


def path_below(path: str | Path, root: str | Path) -> str:
    """A path relative to `root`, POSIX separators."""
    text, below = os.fspath(path), os.path.join(root, "")
    if text.startswith(below) and text == os.path.normpath(text):  # much faster, for very many
        return text[len(below) :].replace(os.sep, "/")
    return os.path.relpath(path, root).replace(os.sep, "/")


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def not_there(path: str | os.PathLike[str]) -> MissingError:
    """The error for a path that was typed and is not there; it asks for a name like it that is."""
    path = Path(path)
    try:
        names = os.listdir(path.parent)
    except OSError:
        names = []
    close = difflib.get_close_matches(path.name, names, 1, 0.8)
    remedy = f"Did you mean {path.with_name(close[0])}?" if close else ""
    return MissingError("not there", path=path, remedy=remedy)


def is_url(path: object) -> bool:
    """Whether what was named is an address (``s3://bucket/asl``) and no path."""
    return isinstance(path, str) and _URL.match(path) is not None


def output_path(path: str | os.PathLike[str]) -> Path:
    """The path of an output without ``NAME/..`` where there is no such folder, nor shall be.

    Raises
    ------
    UsageError
        If it is an address: whoever can write to one asks `is_url` first.
    OutputError
        If no file system takes its name.
    """
    if is_url(path):
        scheme = os.fspath(path).partition("://")[0]
        raise UsageError(
            f"a {scheme}:// address for an output; expected a path",
            remedy="Write it to a path, then: signdata convert PATH ADDRESS --to webdataset",
        )
    given = Path(path)
    place = Path(given.anchor)
    for name in given.parts[bool(given.anchor) :]:
        if name == ".." and place.name not in ("", "..") and not os.path.lexists(place):
            place = place.parent
        else:
            place /= name
    try:
        os.lstat(place)
    except OSError as err:
        if err.errno == errno.ENAMETOOLONG:
            raise OutputError("its name is too long", path=place) from err
    return place


def missing_folders(folder: Path) -> list[Path]:
    """The folders that have to be made for `folder` to exist, the deepest first."""
    place = folder.resolve()
    return [each for each in (place, *place.parents) if not each.exists()]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those of these folders that are empty, in this order."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


@contextlib.contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    """Make a folder for what follows; if that fails, what was made of it goes again."""
    missing = missing_folders(folder)
    try:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        remove_empty(missing)
        raise


def write_file(path: str | Path, data: bytes) -> None:
    """Write a file, creating its folder if needed; see `put_file`."""
    try:
        put_file(path, data)
    except FileNotFoundError:
        with in_folder(Path(path).parent):
            put_file(path, data)


def put_file(path: str | Path, data: bytes) -> None:
    """Write a file to an existing folder.

    An existing file is replaced atomically, never opened or removed first: it may be a hard link
    to a source, or the same file written by another attempt, which must stay valid.
    """
    try:
        _create(path, data)
    except FileExistsError:
        replace_by(path, lambda staged: _create(staged, data))


def put_files(files: Iterable[tuple[str, bytes]]) -> None:
    """Write many files to existing folders; see `put_file`.

    An `OSError` names the file that could not be written.
    """
    for path, data in files:
        try:
            file = os.open(path, _NEW_FILE, 0o666)
        except FileExistsError:
            put_file(path, data)
            continue
        try:
            written = os.write(file, data)
            if written < len(data):
                write_all(file, data[written:])
        except OSError as err:
            err.filename = path
            raise
        finally:
            os.close(file)


def _create(path: str | Path, data: bytes) -> None:
    file = os.open(path, _NEW_FILE, 0o666)
    try:
        write_all(file, data)
    finally:
        os.close(file)


def replace_by(path: str | Path, make: Callable[[str], object]) -> None:
    """Let `make` write a temporary file next to `path`, then move it to `path`.

    The temporary file has the same suffix, because some writers choose the format by it.
    """
    folder, name = os.path.split(path)
    staged = os.path.join(folder, unique_name(os.path.splitext(name)[1]))
    try:
        make(staged)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        os.replace(staged, path)
    finally:
        # It still exists after an error, or if both names are links to the same file.
        with contextlib.suppress(OSError):
            os.unlink(staged)


_process = (0, "")
_numbers = itertools.count()


def unique_name(suffix: str = "") -> str:
    """Return a file name that no other call returns, in any process on any machine.

    Process ids alone are not enough: every container has a process 7.
    """
    global _process
    if _process[0] != os.getpid():
        _process = (os.getpid(), os.urandom(6).hex())
    return f".{_process[1]}-{next(_numbers)}{suffix}"


def write_all(file: int, data: bytes | bytearray) -> None:
    """Write all of `data` to an open file, even if the system accepts only parts at a time."""
    written = os.write(file, data)
    while written < len(data):
        written += os.write(file, memoryview(data)[written:])


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content atomically with `data`."""
    new = path.with_name(f"{path.name}.new")
    write_file(new, data)
    os.replace(new, path)


def link_file(source: str, path: str | Path, *, symbolic: bool) -> bool:
    """Make `path` a link to the file `source`, in an existing folder.

    Returns
    -------
    bool
        False if the file was copied because the file system refused a hard link.
    """
    target = os.path.realpath(source) if symbolic or os.path.islink(source) else source
    make = os.symlink if symbolic else os.link
    try:
        try:
            make(target, path)
        except FileExistsError:
            replace_by(path, lambda staged: make(target, staged))
    except OSError as err:
        if symbolic or err.errno not in _NO_LINK:
            raise
        replace_by(path, lambda staged: shutil.copyfile(target, staged))
        return False
    return True


def link_files(pairs: Iterable[tuple[str, str]]) -> bool:
    """Make hard links to many files, each given with its path in an existing folder.

    Returns
    -------
    bool
        False as soon as the file system refuses one; the links made before stay.

    An `OSError` names the link that could not be made.
    """
    for source, path in pairs:
        try:
            os.link(os.path.realpath(source) if os.path.islink(source) else source, path)
        except FileExistsError:
            link_file(source, path, symbolic=False)
        except OSError as err:
            if err.errno in _NO_LINK:
                return False
            err.filename = path
            raise
    return True


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def own_folder(root: str, folder: str) -> None:
    """Create the folder `root`/`folder`, replacing symbolic links on the way down from `root`.

    `root` itself is never created: if it is gone, the run that needs the folder has ended.
    """
    place = root
    for name in folder.split("/") if folder else ():
        place = f"{place}/{name}"
        try:
            if not stat.S_ISLNK(os.lstat(place).st_mode):
                continue
            os.unlink(place)
        except FileNotFoundError:
            pass
        with contextlib.suppress(FileExistsError):  # another worker was faster
            os.mkdir(place)


def replace_folder(staged: str, path: str) -> None:
    """Move the folder `staged` to `path` atomically.

    If `path` exists, another attempt at the same work has completed it; it stays complete at
    every moment, because its files are replaced one by one.
    """
    try:
        os.rename(staged, path)
        return
    except OSError as err:
        if err.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        os.rename(staged, path)
        return
    names = os.listdir(staged)
    for name in names:
        os.replace(f"{staged}/{name}", f"{path}/{name}")
    for name in {*os.listdir(path)}.difference(names):
        remove(Path(path, name))
    shutil.rmtree(staged)


def merge(source: Path, target: Path) -> None:
    """Move every entry of `source` into `target`, folder by folder; remove `source`.

    Raises
    ------
    OutputError
        If a link is in the place of a folder: what it points to is not part of `target`.
    """
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        folder = entry.is_dir() and not entry.is_symlink()
        if folder and place.is_symlink():
            raise OutputError("is a link; expected a folder", path=place, remedy="Remove it.")
        if folder and place.is_dir():
            merge(entry, place)
        else:
            os.replace(entry, place)
    source.rmdir()
