"""What `split` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DEFAULT_RATIOS = "80,10,10"
AUTO, NONE, TWINS, BLOCKS = "auto", "none", "near-duplicates", "blocks:"
"""Values of ``--group-by`` that name no column; ``blocks:`` is followed by a length."""


@dataclass(frozen=True)
class SplitOptions:
    """How to split a dataset.

    Attributes
    ----------
    ratios : str or None
        Shares of train, val and test (or train and test); None is 80,10,10.
    keep : tuple of str
        Splits that are kept.
    pool : bool
        Whether the samples of all splits are pooled and split again.
    stratify : str
        ``label``, ``signer``, or another column of the manifest.
    group_by : str
        ``auto``, ``none``, ``signer``, ``near-duplicates``, ``blocks:K``, a column of the
        manifest, or a regular expression with one group, searched in a sample's path.
    folds : int or None
        Number of folds to make instead of splits.
    look : bool
        Whether pixels are compared to find near-duplicates.
    seed : int
        Random seed.
    workers : int or None
        Worker processes; all cores by default.
    allow_empty : bool
        Whether an empty split or fold is only a warning.
    """

    ratios: str | None = None
    keep: tuple[str, ...] = ()
    pool: bool = False
    stratify: str = "label"
    group_by: str = AUTO
    folds: int | None = None
    look: bool = True
    seed: int = 0
    workers: int | None = None
    allow_empty: bool = False

    @property
    def may_group_by_path(self) -> bool:
        """Whether `group_by` may be a regular expression."""
        return "(" in self.group_by

    def record(self) -> dict[str, Any]:
        """The options that must be equal for two runs to be the same; the seed is separate."""
        return {
            "ratios": self.ratios,
            "keep": sorted(self.keep),
            "pool": self.pool,
            "stratify": self.stratify,
            "group_by": self.group_by,
            "folds": self.folds,
            "look": self.look,
            # Recorded only if set, so that outputs of older versions still match.
            **({"allow_empty": True} if self.allow_empty else {}),
        }
