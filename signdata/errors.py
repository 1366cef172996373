"""Every error that signdata raises on purpose.

::

    SigndataError                         exit
    |-- UsageError(ValueError)            2   two options, or an option and the data, contradict
    |-- DatasetError(ValueError)          4   the input is not what it should be
    |   |-- FormatError                   4   a file or folder breaks its format
    |   |-- LabelError                    4   a label outside the label space
    |   `-- UnsafeNameError               4   a name that may not become a file name
    |-- DecodeError(OSError)              4   one picture or video cannot be decoded
    |   |-- UnsupportedError              4   a picture of a kind that is not read
    |   |   `-- AbsentError               4   a picture that a table lists and that is not there
    |   |-- ShortError                    4   a video that ends before it should
    |   `-- CrashError                    4   one on which the decoding process died
    |-- MissingError(FileNotFoundError)   4   something named is not there
    |-- TrainingError(RuntimeError)       4   a network could not be trained on this data
    |-- DependencyError(ImportError)      2   an extra is not installed
    `-- OutputError(OSError)              5   the output cannot be written
        |-- OutputExistsError(FileExistsError)  5   it exists, made by something else
        |-- OutputLockedError             5   another run is writing it
        `-- SourceChangedError            5   its source is not the one it was made from

Each is also the builtin named in brackets. A message reads
``PATH:WHERE: what; expected X, found Y. remedy`` on one line.
"""

from __future__ import annotations

import os


class SigndataError(Exception):
    """An expected failure, told in one line.

    Parameters
    ----------
    what : str
        What is wrong, best as ``what; expected X, found Y``.
    path : str or os.PathLike
        The file or folder at fault, '' when there is none.
    where : str
        The place inside it (``row 12, column pixel7``; ``frame 3``), or ''.
    remedy : str
        What the user can do about it, or ''.

    Attributes
    ----------
    exit_code : int
        What a command ends with.
    kind : str
        What a problem of this kind is called that cost one sample.
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
        text = f"{place}: {self.what}" if place else self.what
        if self.remedy:
            text = f"{text}{'' if text.endswith('.') else '.'} {self.remedy}"
        return one_line(text)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors travel from worker processes; Exception would rebuild from `args` alone.
        return (_rebuild, (type(self), self.what, self.path, self.where, self.remedy))


def _rebuild(
    kind: type[SigndataError], what: str, path: str, where: str, remedy: str
) -> SigndataError:
    return kind(what, path=path, where=where, remedy=remedy)


def one_line(text: str) -> str:
    """`text` without anything that a terminal would act on: control and bidi characters escaped.

    Names come from strangers' files, and an error message repeats them.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode()
        for char in text.encode("utf-8", "backslashreplace").decode()
    )


def printable(text: str) -> str:
    """Lines of `text`, each without anything that a terminal would act on; see `one_line`."""
    return "\n".join(map(one_line, text.split("\n")))


class UsageError(SigndataError, ValueError):
    """Options that contradict each other or the data."""

    exit_code = 2


class DatasetError(SigndataError, ValueError):
    """A dataset that cannot be used for what was asked."""


class FormatError(DatasetError):
    """A file or folder that breaks its format."""


class LabelError(DatasetError):
    """A label outside the label space."""


class UnsafeNameError(DatasetError):
    """A name from a file that may not become a file name."""


class DecodeError(SigndataError, OSError):
    """One picture or video that cannot be decoded."""


class UnsupportedError(DecodeError):
    """A picture of a kind that is not read; left out whatever the policy on errors."""

    kind = "unsupported"


class AbsentError(UnsupportedError):
    """A picture that a table lists and that is not there; left out whatever the policy."""

    kind = "missing"


class ShortError(DecodeError):
    """A video that ends before it should, or a range that its file does not hold."""

    kind = "short"


class CrashError(DecodeError):
    """A picture or video on which the decoding process died."""

    kind = "crash"


class MissingError(SigndataError, FileNotFoundError):
    """A file that is named but not there."""

    kind = "missing"


class TrainingError(SigndataError, RuntimeError):
    """A network that could not be trained on this data."""


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


class SourceChangedError(OutputError):
    """A source that is no longer what the output was made from."""
