"""Keypoint files of OpenPose: one JSON a frame, found by the frame's index."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from signdata.media.suffixes import last_number


@dataclass(frozen=True)
class Poses:
    """The keypoint files of one video.

    Attributes
    ----------
    folder : str
        A folder of files such as ``image_00001_keypoints.json``: the last number before the
        suffix is the frame's, counted from 1, or from 0 where there is a file of number 0.
    """

    folder: str
    _files: dict[int, str] = field(default_factory=dict, compare=False, repr=False)

    def of(self, index: int) -> bytes | None:
        """Bytes of the file that belongs to the frame of this index (from 0); None without one."""
        if not self._files:
            self._list()
        name = self._files.get(index)
        return Path(self.folder, name).read_bytes() if name else None

    def _list(self) -> None:
        numbered = {}
        for name in sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else ():
            number = last_number(Path(name).stem)
            if name.endswith(".json") and number is not None:
                numbered[number] = name
        first = 0 if 0 in numbered else 1
        self._files.update({number - first: name for number, name in numbered.items()})
