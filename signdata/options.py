"""How a command reads, writes and runs: each option named, typed and explained once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from signdata.errors import (
    UsageError,
)

STOP, SKIP = "stop", "skip"

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called as ``progress(done, total)`` with counts of samples; total None when unknown."""


@dataclass(frozen=True)
class Run:
    """How a conversion is to be done; nothing of it changes a byte of the output.

    Attributes
    ----------
    workers : int or None
        Processes; None takes all cores.
    on_error : {'stop', 'skip'}
        Whether a sample that cannot be read ends the run or is recorded and left out.
    dry_run : bool
        Whether everything is read and counted, and nothing written.
    overwrite : bool
        Whether something else under the output's name may be replaced.
    progress : callable or None
        Told how many samples are done.
    """

    workers: int | None = None
    on_error: str = STOP
    dry_run: bool = False
    overwrite: bool = False
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.on_error not in (STOP, SKIP):
            raise UsageError(f"on-error {self.on_error!r}; expected stop or skip")


def one_group(text: str, option: str) -> re.Pattern[str]:
    """Compile a regular expression that a user typed; `UsageError` unless it has one group."""
    try:
        pattern = re.compile(text)
    except re.error as err:
        raise UsageError(f"{option} {text!r} is no regular expression ({err})") from err
    if pattern.groups != 1:
        raise UsageError(f"{option} {text!r} has {pattern.groups} groups; expected one: (...)")
    return pattern
