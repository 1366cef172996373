"""What a command returns: counts that add up, and the list of problems."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Generic, Self, TypeVar, overload

import msgspec

from signdata import notebooks
from signdata.errors import SigndataError, one_line
from signdata.plurals import counted

T = TypeVar("T")

NOTE = "note"
"""The kind of problem that does not affect the exit code."""

MAX_LISTED = 1000
"""How many problems the JSON object lists; ``problems.csv`` lists all."""


class Problem(msgspec.Struct, frozen=True, order=True):
    """Something the user should know about.

    Attributes
    ----------
    path : str
        The file or sample.
    where : str
        The place inside it, or ''.
    kind : str
        ``note`` (does not affect the exit code), ``missing``, ``corrupt``, ``short``, ...
    message : str
        One line.
    """

    path: str
    where: str
    kind: str
    message: str

    @classmethod
    def from_error(cls, error: SigndataError, kind: str, path: str = "") -> Problem:
        """The problem for an error that cost one sample."""
        return cls(path or error.path, error.where, kind, error.message)


@dataclass(repr=False)
class Result:
    """What a command did. A notebook shows it with its problems and a page of pictures.

    Attributes
    ----------
    command, output : str
        The command's name and where it wrote.
    read, written, skipped, failed : int
        Samples; ``read == written + skipped + failed``.
    seconds : float
        Wall time.
    problems : list of Problem
        The first 1,000 problems.
    details : dict
        Further keys of the JSON object.
    summary : str
        One or more lines to print.
    rejected : bool
        Whether the command's check failed: datasets differ, a strict audit found problems, or
        nothing could be read.
    lost : int or None
        Samples that could not be used, if these are not the skipped and failed ones.
    shows_counts : bool
        Whether the counts are printed.
    silent : bool
        Whether nothing is printed, because another process does it.
    ended_by : int
        Number of the signal that ended a command which runs until one comes; 0 for all others.
    pictures : callable, optional
        Makes what a notebook shows of the dataset, as HTML, once it is shown.
    """

    command: str
    output: str = ""
    read: int = 0
    written: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    summary: str = ""
    rejected: bool = False
    lost: int | None = None
    shows_counts: bool = True
    silent: bool = False
    ended_by: int = 0
    pictures: Callable[[], str] | None = field(default=None, compare=False)

    @classmethod
    def of(cls, result: Result) -> Self:
        """The same result with the attributes of this class."""
        return cls(**{one.name: getattr(result, one.name) for one in fields(result)})

    def __repr__(self) -> str:
        counts = [f"{self.read:,} read"] if self.read else []
        counts += [f"{self.written:,} written"] if self.output and self.shows_counts else []
        for n, what in ((self.skipped, "skipped"), (self.failed, "failed")):
            counts += [f"{n:,} {what}"] if n else []
        counts += [counted(len(self.problems), "problem")] if self.problems else []
        made = f" -> {self.output}" if self.output else ""
        told = ", ".join([*counts, f"exit code {self.exit_code}"])
        return one_line(f"<{type(self).__name__} {self.command}{made}: {told}>")

    def _repr_html_(self) -> str:
        problems = [(one.kind, one.path, one.where, one.message) for one in self.problems]
        return "".join(
            (
                notebooks.heading(repr(self)[1:-1]),
                self._counts_html(),
                notebooks.table(("kind", "path", "where", "message"), problems),
                self.pictures() if self.pictures else "",
            )
        )

    def _counts_html(self) -> str:
        """What is told between the first line and the problems."""
        return notebooks.lines(self.summary)

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: no function that draws."""
        return {**vars(self), "pictures": None}

    @property
    def exit_code(self) -> int:
        """The exit code: 128 + the signal that ended it, 4 if rejected, 3 if samples were lost."""
        if self.ended_by:
            return 128 + self.ended_by
        if self.rejected:
            return 4
        lost = self.skipped + self.failed if self.lost is None else self.lost
        return 3 if lost else 0

    def note(self, path: str, message: str, *, where: str = "") -> None:
        """Add a problem of kind ``note``."""
        if len(self.problems) < MAX_LISTED:
            self.problems.append(Problem(path, where, NOTE, message))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems, up to `MAX_LISTED` in all."""
        for problem in problems:
            if len(self.problems) >= MAX_LISTED:
                break
            self.problems.append(problem)

    def leave_out(self, problems: Sequence[Problem]) -> None:
        """Add samples that were left out on purpose, and count them by their kind."""
        if problems:
            self.extend(problems)
            self.details["left_out"] = dict(Counter(problem.kind for problem in problems))

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: strings, numbers, lists and dicts only."""
        return {
            "command": self.command,
            "output": self.output,
            "read": self.read,
            "written": self.written,
            "skipped": self.skipped,
            "failed": self.failed,
            "seconds": round(self.seconds, 3),
            **self.details,
            "problems": [msgspec.to_builtins(problem) for problem in self.problems],
        }


class Detail(Generic[T]):
    """A key of `Result.details` as an attribute with a type.

    Parameters
    ----------
    default
        Where there is no such key; without it that is an `AttributeError`.
    """

    _NONE = object()

    def __init__(self, *default: T) -> None:
        self._default: object = default[0] if default else self._NONE

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, result: None, owner: type) -> Self: ...
    @overload
    def __get__(self, result: Result, owner: type) -> T: ...
    def __get__(self, result: Result | None, owner: type) -> Any:
        if result is None:
            return self
        found = result.details.get(self._name, self._default)
        if found is self._NONE:
            raise AttributeError(f"{result!r} has no {self._name!r}")
        return found


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], left: Collection[int] = (0,)
) -> str:
    """A text table: the columns in `left` are left-aligned, the others right-aligned.

    Names come from untrusted files, so control characters in cells are escaped.
    """
    lines = [[one_line(str(cell)) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    out = io.StringIO()
    for line in lines:
        cells = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        out.write("  ".join(cells).rstrip() + "\n")
    return out.getvalue().rstrip("\n")
