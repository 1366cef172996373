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


class TableKeywords(TypedDict, total=False):
    metadata: str | None
    manifest: str | None


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


@dataclass(frozen=True)
class TableOptions(Group):
    """Tables that are written next to pictures for programs of others."""

    title = "Pictures"

    metadata: str | None = keyword(
        None, "Write a metadata.csv next to the class folders, as Hugging Face reads it."
    )
    manifest: str | None = keyword(
        None, "Write a manifest.parquet next to manifest.csv: its ids stay text in pandas."
    )

    def __post_init__(self) -> None:
        if self.metadata not in (None, "hf"):
            raise UsageError(f"metadata {self.metadata!r}; expected hf")
        if self.manifest not in (None, "parquet"):
            raise UsageError(f"manifest {self.manifest!r}; expected parquet")

    def record(self) -> dict[str, Any]:
        """What is recorded of them: nothing where there are none."""
        return {name: value for name, value in vars(self).items() if value is not None}
