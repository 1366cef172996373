"""Which instances of a WLASL index are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signdata.errors import UsageError

JSON_FPS = ("25", "auto")


@dataclass(frozen=True)
class Choice:
    """Which instances are read, and what is cut out of them.

    Attributes
    ----------
    glosses : int or tuple of str or None
        The first so many of the JSON (WLASL100, 300, 1000, 2000), or these.
    subset : Path or None
        An official subset file such as ``nslt_100.json``: its ids, with its splits.
    signers : tuple of str
        Only these; all when empty.
    limit : int or None
        At most so many instances.
    crop : float or None
        Cut out the signer's box, grown by this factor.
    poses : Path or None
        Folder with a folder of keypoint files for each video.
    json_fps : {'25', 'auto'}
        Frames a second that ranges are counted at: always WLASL's 25, or what the index says.
    """

    glosses: int | tuple[str, ...] | None = None
    subset: Path | None = None
    signers: tuple[str, ...] = ()
    limit: int | None = None
    crop: float | None = None
    poses: Path | None = None
    json_fps: str = "25"

    def __post_init__(self) -> None:
        if self.json_fps not in JSON_FPS:
            raise UsageError(f"json-fps {self.json_fps!r}; expected {' or '.join(JSON_FPS)}")
