"""How an output whose record is inside its one file is asked about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signdata.sidecars import Row


@dataclass(frozen=True)
class OwnRecord:
    """What stands in for the sidecars of such an output.

    Attributes
    ----------
    document : callable
        Returns the description (``signdata.json``) in a file, or None.
    rows : callable
        Yields what the manifest's rows say of samples and sources: id, label, split, group,
        source and checksums.
    digests : callable
        Yields ids and checksums, many at once; '' where none is recorded.
    seal : callable
        Puts a digest of a finished file into its record.
    is_as_sealed : callable
        Returns whether a file is as it was sealed, or has no seal.
    """

    document: Callable[[Path], dict[str, Any] | None]
    rows: Callable[[Path], Iterator[Row]]
    digests: Callable[[Path], Iterator[tuple[Sequence[str], Sequence[str]]]]
    seal: Callable[[Path], None]
    is_as_sealed: Callable[[Path], bool]
