"""Which clips of an index or a table are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signdata.errors import MissingError, UsageError

JSON_FPS = ("25", "auto")


@dataclass(frozen=True)
class Choice:
    """Which clips are read, and what is cut out of them.

    Attributes
    ----------
    glosses : int or tuple of str or None
        The first N of the index (WLASL100, 300, 1000, 2000), or these.
    subset : Path or None
        An official subset file such as ``nslt_100.json``: its ids, with its splits.
    signers : tuple of str
        Only these; all when empty.
    limit : int or None
        At most N instances.
    crop : float or None
        Cut out the signer's box, grown by this factor.
    poses : Path or None
        Folder with a folder of keypoint files for each video.
    pose_base : {0, 1} or None
        The number of the first frame's keypoint file; None where the numbers are to tell.
    json_fps : {'25', 'auto'}
        Frames a second that ranges are counted at: always WLASL's 25, or what the index says.
    """

    glosses: int | tuple[str, ...] | None = None
    subset: Path | None = None
    signers: tuple[str, ...] = ()
    limit: int | None = None
    crop: float | None = None
    poses: Path | None = None
    pose_base: int | None = None
    json_fps: str = "25"

    def __post_init__(self) -> None:
        if self.pose_base not in (None, 0, 1):
            raise UsageError(f"pose-base {self.pose_base}; expected 0 or 1")
        if self.pose_base is not None and self.poses is None:
            raise UsageError("--pose-base goes with --poses")
        if self.json_fps not in JSON_FPS:
            raise UsageError(f"json-fps {self.json_fps!r}; expected {' or '.join(JSON_FPS)}")

    def check_poses(self) -> None:
        """Raise `MissingError` where a folder of poses was named that is not there."""
        if self.poses is not None and not self.poses.is_dir():
            raise MissingError("no such folder of poses", path=self.poses)
