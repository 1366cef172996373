"""The short form of a leak certificate, and whether it casts doubt on a measured accuracy.

A high accuracy means little if test resembles train, or if that was not checked. Pure: a leak
certificate in, sentences out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from signdata.errors import FormatError

CERTIFICATE = "leak_certificate"
"""Key of the short certificate in a dataset's origin."""


GAP = 0.05
"""Difference between the accuracies on two hold-outs from which a reason is given."""

_BY_SIMILARITY = ("none", "near-duplicates")
"""Groupings that keep neither signers nor recordings apart."""


class Shared(msgspec.Struct, frozen=True):
    """What two splits have in common; see `signdata.similarity.leakage.Leak`."""

    between: tuple[str, str]
    near: int | None
    share: float | None
    groups: int
    signers: int


class Neighbour(msgspec.Struct, frozen=True):
    """Accuracies of the neighbour probe; see `signdata.similarity.neighbour_probe.Probe`."""

    unseen: str
    random: float
    apart: float
    gap: float


class Certified(msgspec.Struct, frozen=True):
    """The part of a leak certificate that every conversion of the dataset keeps."""

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
        """The certificate in a dataset's origin; None if there is none.

        Raises
        ------
        FormatError
            If the key holds something else.
        """
        if CERTIFICATE not in origin:
            return None
        try:
            return cls.of(origin[CERTIFICATE])
        except msgspec.ValidationError as err:
            what = f"signdata.json: origin.{CERTIFICATE} is not a certificate ({err})"
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

    def reason_to_doubt(self) -> str:
        """Why a high accuracy on test means little, or ''."""
        if why := self.shared("test"):
            return why
        if not self.looked_for_near_duplicates:
            return "near-duplicates were not checked when the dataset was split (--no-look)"
        probe = self.probe
        if probe is not None and self.group_by in _BY_SIMILARITY and probe.gap > GAP:
            return (
                f"nearest-neighbour accuracy is {probe.random:.1%} on a random tenth, but "
                f"{probe.apart:.1%} on unseen {probe.unseen}, which this split does not keep apart"
            )
        return ""


def _both_sides(n: int, what: str, split: str) -> str:
    return f"{n} {what} are in both train and {split}"
