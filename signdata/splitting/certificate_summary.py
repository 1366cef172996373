"""Whether a measured accuracy and what is known of the split fit together.

A high accuracy is no news where test resembles train, and no proof where nothing was checked. Pure:
numbers and a leak certificate in, sentences out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from signdata.errors import FormatError

CERTIFICATE = "leak_certificate"
"""Under this name a dataset's origin holds what is known of its splits."""


GAP = 0.05
"""How much better one hold-out may be read than another before it is said why."""

_BY_LOOKS = ("none", "near-duplicates")
"""Ways of grouping that keep no people and no films apart."""


class Shared(msgspec.Struct, frozen=True):
    """What two splits have in common; see `signdata.similarity.leakage.Leak`."""

    between: tuple[str, str]
    near: int | None
    share: float | None
    groups: int
    signers: int


class Neighbour(msgspec.Struct, frozen=True):
    """What a nearest neighbour reads; see `signdata.similarity.neighbour_probe.Probe`."""

    unseen: str
    random: float
    apart: float
    gap: float


class Certified(msgspec.Struct, frozen=True):
    """What of a leak certificate goes along with a dataset through every conversion."""

    group_by: str
    looked_for_near_duplicates: bool
    leaks: list[Shared]
    probe: Neighbour | None

    @classmethod
    def of(cls, certificate: Mapping[str, Any]) -> Certified:
        """The short form of a whole certificate."""
        return msgspec.convert(certificate, cls)

    @classmethod
    def from_origin(cls, origin: Mapping[str, Any]) -> Certified | None:
        """What a dataset's origin holds; None where nothing was checked.

        Raises
        ------
        FormatError
            There is something else under the name.
        """
        if CERTIFICATE not in origin:
            return None
        try:
            return cls.of(origin[CERTIFICATE])
        except msgspec.ValidationError as err:
            what = f"signdata.json: origin.{CERTIFICATE} is none ({err})"
            raise FormatError(what, remedy="Split the dataset again.") from None

    def shared(self, split: str) -> str:
        """What train has in common with a split, or ''."""
        for leak in self.leaks:
            if leak.between != ("train", split):
                continue
            if leak.signers:
                return _both_sides(leak.signers, "signers", split)
            if leak.near and leak.share:
                return f"{leak.share:.1%} of {split} have a near-twin in train"
            if leak.groups:
                return _both_sides(leak.groups, "groups", split)
        return ""

    def lends_itself(self) -> str:
        """Why a high accuracy on test says little, or ''."""
        if why := self.shared("test"):
            return why
        if not self.looked_for_near_duplicates:
            return "near-duplicates were not looked for when the dataset was split (--no-look)"
        probe = self.probe
        if probe is not None and self.group_by in _BY_LOOKS and probe.gap > GAP:
            return (
                f"a nearest neighbour reads {probe.random:.1%} at random, and {probe.apart:.1%} "
                f"of unseen {probe.unseen}, which this split does not keep apart"
            )
        return ""


def _both_sides(n: int, what: str, split: str) -> str:
    return f"{n} {what} stand in train and in {split}"
