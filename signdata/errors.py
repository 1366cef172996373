"""Every error that signdata raises on purpose.

::

    SigndataError                         exit
    |-- UsageError(ValueError)            2   options contradict each other or the data
    |-- DatasetError(ValueError)          4   the input cannot be used as requested
    |   |-- FormatError                   4   a file or folder violates its format
    |   |-- LabelError                    4   a label outside the label space
    |   `-- UnsafeNameError               4   a name that must not become a file name
    |-- DecodeError(OSError)              4   a picture or video cannot be decoded
    |   |-- UnsupportedError              4   a kind of picture that is not supported
    |   |   `-- AbsentError               4   a picture listed in a table does not exist
    |   |-- ShortError                    4   a video ends too early
    |   `-- CrashError                    4   the decoding process died on it
    |-- MissingError(FileNotFoundError)   4   a named file does not exist
    |-- StoreError(OSError)               4   an object store that cannot be read
    |-- TrainingError(RuntimeError)       4   a network could not be trained on this data
    |-- DependencyError(ImportError)      2   an extra is not installed
    `-- OutputError(OSError)              5   the output cannot be written
        |-- OutputExistsError(FileExistsError)  5   it exists, but was made by something else
        |-- OutputLockedError             5   another run is writing it
        |-- ClusterError                  5   a cluster is gone, or cannot be reached
        |   `-- NodeError                 2   one of its nodes is not fit for the work
        `-- SourceChangedError            5   a source has changed since it was made

Each also inherits from the builtin in brackets. A message is one line:
``PATH:WHERE: what; expected X, found Y. remedy``.
"""

from __future__ import annotations

import os


class SigndataError(Exception):
    """An expected failure, reported in one line.

    Parameters
    ----------
    what : str
        What is wrong, preferably as ``what; expected X, found Y``.
    path : str or os.PathLike
        The file or folder at fault; '' if there is none.
    where : str
        The place inside it (``row 12, column pixel7``; ``frame 3``), or ''.
    remedy : str
        What the user can do about it, or ''.

    Attributes
    ----------
    exit_code : int
        Exit code of the command.
    kind : str
        Kind of the `signdata.results.Problem` for a sample lost to this error.
    """

    exit_code = 4
    kind = "corrupt"

    def __init__(
        self, what: str, *, path: str | os.PathLike[str] = "", where: str = "", remedy: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.path = os.fspath(path)
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = ":".join(part for part in (self.path, self.where) if part)
        return one_line(f"{place}: {self.message}" if place else self.message)

    @property
    def message(self) -> str:
        """What is wrong and what can be done, without the place."""
        if not self.remedy:
            return self.what
        return f"{self.what}{'' if self.what.endswith('.') else '.'} {self.remedy}"

    def __repr__(self) -> str:
        told = {"path": self.path, "where": self.where, "remedy": self.remedy}
        rest = "".join(f", {name}={value!r}" for name, value in told.items() if value)
        return f"{type(self).__name__}({self.what!r}{rest})"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors are pickled by worker processes; Exception would restore only `args`.
        return (_rebuild, (type(self), self.what, self.path, self.where, self.remedy))


def _rebuild(
    kind: type[SigndataError], what: str, path: str, where: str, remedy: str
) -> SigndataError:
    return kind(what, path=path, where=where, remedy=remedy)


def one_line(text: str) -> str:
    """`text` with control and bidi characters escaped, so that a terminal shows one plain line.

    Error messages repeat names from untrusted files.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode()
        for char in text.encode("utf-8", "backslashreplace").decode()
    )


def printable(text: str) -> str:
    """The lines of `text`, each with control characters escaped; see `one_line`."""
    return "\n".join(map(one_line, text.split("\n")))


class UsageError(SigndataError, ValueError):
    """Options that contradict each other or the data."""

    exit_code = 2


class DatasetError(SigndataError, ValueError):
    """A dataset that cannot be used as requested."""


class FormatError(DatasetError):
    """A file or folder that violates its format."""


class LabelError(DatasetError):
    """A label outside the label space."""


class UnsafeNameError(DatasetError):
    """A name from a file that must not become a file name."""


class DecodeError(SigndataError, OSError):
    """A picture or video that cannot be decoded."""


class UnsupportedError(DecodeError):
    """A kind of picture that is not supported; skipped whatever the error policy."""

    kind = "unsupported"


class AbsentError(UnsupportedError):
    """A picture listed in a table that does not exist; skipped whatever the error policy."""

    kind = "missing"


class ShortError(DecodeError):
    """A video that ends too early, or a frame range beyond the end of its file."""

    kind = "short"


class CrashError(DecodeError):
    """A picture or video on which the decoding process died."""

    kind = "crash"


class MissingError(SigndataError, FileNotFoundError):
    """A named file that does not exist."""

    kind = "missing"


class StoreError(SigndataError, OSError):
    """An object store that cannot be read."""


class TrainingError(SigndataError, RuntimeError):
    """A network that cannot be trained on this data."""


class DependencyError(SigndataError, ImportError):  # type: ignore[misc]  # ImportError.path is a str too
    """An extra that is not installed."""

    exit_code = 2


class OutputError(SigndataError, OSError):
    """An output that cannot be written."""

    exit_code = 5


class OutputExistsError(OutputError, FileExistsError):
    """An output that exists and was made by something else or with other options."""


class OutputLockedError(OutputError):
    """An output that another run is writing."""


class ClusterWarning(UserWarning):
    """Something about a cluster that its user should know."""


class ClusterError(OutputError):
    """A cluster that is gone or cannot be reached."""


class NodeError(ClusterError):
    """A node of a cluster that would make other bytes, or does not see the files."""

    exit_code = 2


class SourceChangedError(OutputError):
    """A source that has changed since the output was made from it."""
