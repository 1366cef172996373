"""How pictures are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from signdata.errors import UsageError
from signdata.limits import check_size
from signdata.options.group import Group, keyword


class SizeKeywords(TypedDict, total=False):
    size: tuple[int, int] | None
    fit: str
    background: str
    gray: bool


class EncodingKeywords(TypedDict, total=False):
    image_format: str | None
    quality: int


class WriteKeywords(SizeKeywords, EncodingKeywords, total=False):
    pass


@dataclass(frozen=True)
class SizeOptions(Group):
    """What is changed of every picture that is written."""

    title = "Pictures"

    size: tuple[int, int] | None = keyword(
        None, "Size of the written pictures, width x height [default: as read]."
    )
    fit: str = keyword(
        "stretch",
        "Bring other proportions to --size: stretch; pad with the background; crop the middle.",
    )
    background: str = keyword("black", "Background of --fit pad: a colour's name or #rrggbb.")
    gray: bool = keyword(False, "Write grey pictures (Rec. 601 luma).")

    def __post_init__(self) -> None:
        check_size(self.size, "--size")
        if self.fit != "stretch" and self.size is None:
            raise UsageError("--fit goes with --size")


@dataclass(frozen=True)
class EncodingOptions(Group):
    """How pictures are encoded."""

    title = "Pictures"

    image_format: str | None = keyword(
        None, "Picture format [default: original bytes, otherwise png]."
    )
    quality: int = keyword(95, "JPEG quality, 1-100.")


@dataclass(frozen=True)
class WriteOptions(EncodingOptions, SizeOptions):
    """How pictures are written."""

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same."""
        return {
            "size": list(self.size) if self.size else None,
            "fit": self.fit,
            "background": self.background,
            "gray": self.gray,
            "image_format": self.image_format,
            "quality": self.quality,
        }
