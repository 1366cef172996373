"""How a command runs: where, with how many workers, and what it replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

from signdata.errors import UsageError
from signdata.options.group import Group, keyword

STOP, SKIP = "stop", "skip"
"""What happens at a sample that cannot be read: the run ends, or the sample is left out."""


ProgressCallback: TypeAlias = Callable[..., None]
"""Called as ``progress(done, total)`` in samples, total None when unknown.

Training calls it with a third argument, a note on how it goes: in samples while it is
``reading``, then in steps. A note that ends with a line break is to stay on the screen. What is
fetched from a store or sent to one is counted in the same way, in objects, with the note
``fetching`` or ``sending``.
"""


def callback(progress: ProgressCallback | bool | None) -> ProgressCallback | None:
    """What a keyword `progress` calls; `command` has put a bar in the place of True."""
    return progress if callable(progress) else None


class NetworkKeywords(TypedDict, total=False):
    device: str


@dataclass(frozen=True)
class NetworkOptions(Group):
    """Where a saved network runs."""

    title = "Network"

    device: str = keyword("auto", "Run the network here; auto uses CUDA if available.")


class WorkKeywords(TypedDict, total=False):
    workers: int | None
    cluster: Any
    allow_skew: bool
    progress: ProgressCallback | bool | None


class OutputKeywords(WorkKeywords, total=False):
    dry_run: bool
    overwrite: bool


class RunKeywords(OutputKeywords, total=False):
    on_error: str


@dataclass(frozen=True)
class WorkOptions(Group):
    """How the work is done; nothing of it changes a byte of the output."""

    title = "Running"

    workers: int | None = keyword(None, "Worker processes [default: all cores].", "--workers/-j")
    cluster: Any = keyword(
        None, "Work on the nodes of a cluster: dask:tcp://HOST:PORT, dask:FILE.json, ray:auto."
    )
    allow_skew: bool = keyword(
        False, "Accept nodes whose libraries or processors make other bytes than here."
    )
    progress: ProgressCallback | None = keyword(
        None,
        "Called with the number of samples done and the total; True shows a bar, False nothing "
        "[default: a bar in notebooks].",
    )

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise UsageError(f"--workers {self.workers}; expected 0 (only this process) or more")


@dataclass(frozen=True)
class OutputOptions(WorkOptions):
    """Whether and how an output is written."""

    dry_run: bool = keyword(False, "Read and count everything, but write nothing.")
    overwrite: bool = keyword(False, "Replace an existing output.")


@dataclass(frozen=True)
class RunOptions(OutputOptions):
    """How a command that writes a dataset runs."""

    on_error: str = keyword(
        STOP, "Stop at the first unreadable sample, or leave it out and name it."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on_error not in (STOP, SKIP):
            raise UsageError(f"on-error {self.on_error!r}; expected stop or skip")
