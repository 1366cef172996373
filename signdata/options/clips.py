"""Which clips are read, and what comes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from signdata.options.arguments import PathLike
from signdata.options.group import Group, keyword
from signdata.options.reading import (
    LimitKeywords,
    LimitOptions,
    StoreKeywords,
    StoreOptions,
    VideoKeywords,
    VideoOptions,
    record_corrections,
)


class ClipKeywords(LimitKeywords, StoreKeywords, VideoKeywords, total=False):
    split: str | None
    corrections: PathLike | None
    videos: PathLike | None
    path_column: str | None
    label_column: str | None
    glosses: int | Sequence[str] | PathLike | None
    subset: PathLike | None
    signers: Sequence[str]
    limit: int | None
    ranges: str
    json_fps: str
    keep_short: bool
    timeout: float | None


@dataclass(frozen=True)
class ClipSelection(VideoOptions, LimitOptions, StoreOptions):
    """Which clips of an index or a table are read, and where in their files they are."""

    title = "Which clips"

    split: str | None = keyword(None, "Read only this split.")
    corrections: PathLike | None = keyword(
        None, "Leave out, relabel or group samples as the rows of this CSV say; see docs."
    )
    videos: PathLike | None = keyword(
        None, "Videos of a WLASL JSON or of a table [default: videos/]."
    )
    path_column: str | None = keyword(None, "Column of a table that has paths.")
    label_column: str | None = keyword(None, "Column of a table that has labels.")
    glosses: int | Sequence[str] | PathLike | None = keyword(
        None, "The first N glosses, or those in the lines of FILE."
    )
    subset: PathLike | None = keyword(None, "Official subset: nslt_100.json.")
    signers: Sequence[str] = keyword((), "Only these signers.")
    limit: int | None = keyword(None, "Read at most this many clips.")
    ranges: str = keyword(
        "auto", "Apply WLASL's frame_start and frame_end; auto takes files whole if already cut."
    )
    json_fps: str = keyword(
        "25",
        "Frame rate of frame_start and frame_end: WLASL's 25, or the index's own fps.",
    )
    keep_short: bool = keyword(False, "Keep the frames of a video that ends early.")
    timeout: float | None = keyword(600.0, "Give up on a video after this many seconds.")

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same."""
        return {
            "split": self.split,
            "path_column": self.path_column,
            "label_column": self.label_column,
            "glosses": self.glosses,
            "subset": None if self.subset is None else Path(self.subset).name,
            "signers": list(self.signers),
            "limit": self.limit,
            "ranges": self.ranges,
            "json_fps": self.json_fps,
            "keep_short": self.keep_short,
            **record_corrections(self.corrections),
            **self.record_videos(),
        }


class PoseKeywords(TypedDict, total=False):
    poses: PathLike | None
    pose_base: int | None


@dataclass(frozen=True)
class PoseOptions(Group):
    """Where the keypoints of videos are; they follow the frames."""

    title = "Keypoints"

    poses: PathLike | None = keyword(
        None, "Keypoint files, a folder for each video; each frame's is written with it."
    )
    pose_base: int | None = keyword(
        None, "Number of the first frame's keypoint file [default: derived from all numbers]."
    )

    def record(self) -> dict[str, Any]:
        """What of it makes two runs the same; nothing where there are none."""
        if self.poses is None:
            return {}
        return {"poses": Path(self.poses).name, "pose_base": self.pose_base}
