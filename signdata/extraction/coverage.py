"""How much of a WLASL index is there: for people, for programs, and as a list of what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signdata import results
from signdata.errors import MissingError
from signdata.filesystem import write_file
from signdata.formats.reader import Reader
from signdata.results import Result
from signdata.samples import SPLITS, Broken

MISSING = "missing.txt"


@dataclass(frozen=True)
class Coverage:
    """Which videos of an index are there.

    Attributes
    ----------
    counts : dict
        By ``split``, ``gloss`` and ``source`` (the site), then by name: how many are ``found``
        and ``missing``.
    missing : tuple of str
        Ids or names of those that are not there, in the order of the index.
    """

    counts: dict[str, dict[str, dict[str, int]]]
    missing: tuple[str, ...]

    def tell(self, result: Result) -> None:
        """Add the counts to what a command returns."""
        result.details["coverage"] = self.counts
        rows = [
            (f"{kind} {name}".rstrip(), counts["found"], counts["missing"])
            for kind in ("split", "source")
            for name, counts in self.counts[kind].items()
        ]
        table = results.table(["videos of", "found", "missing"], rows)
        result.summary = f"{table}\n{result.summary}" if result.summary else table


def of(reader: Reader) -> Coverage:
    """Count what is there."""
    found: dict[str, Counter[str]] = {"split": Counter(), "gloss": Counter(), "source": Counter()}
    lacking: dict[str, Counter[str]] = {name: Counter() for name in found}
    missing = []
    for sample in reader:
        pixels = sample.pixels
        is_missing = isinstance(pixels, Broken) and isinstance(pixels.error, MissingError)
        if is_missing:
            missing.append(sample.source or sample.id)
        counters = lacking if is_missing else found
        counters["split"][sample.split] += 1
        counters["gloss"][sample.label] += 1
        counters["source"][sample.meta.get("site", "")] += 1
    counts = {
        name: {
            key: {"found": found[name][key], "missing": lacking[name][key]}
            for key in sorted({*found[name], *lacking[name]}, key=_order)
        }
        for name in found
    }
    return Coverage(counts, tuple(dict.fromkeys(missing)))


def write_missing(tree: Path, missing: Sequence[str]) -> None:
    """Write the list of missing ids as the WLASL kit does; nothing where none is missing."""
    if missing:
        write_file(tree / MISSING, "\n".join(missing).encode())


def _order(name: str) -> tuple[int, str]:
    return (SPLITS.index(name) if name in SPLITS else len(SPLITS), name)
