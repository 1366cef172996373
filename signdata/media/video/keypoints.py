"""Keypoint files of a video: one JSON a frame, found by the frame's number."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from signdata.errors import FormatError
from signdata.media.keypoints import Keypoints, Size, extent
from signdata.media.suffixes import last_number

_LONG = re.compile(r"(?<!\d)\d{12}(?!\d)")
"""OpenPose numbers the frames of a video in twelve digits, from 0."""


@dataclass(frozen=True)
class Poses:
    """The keypoint files of one video.

    Attributes
    ----------
    folder : str
        A folder of files such as ``image_00001_keypoints.json``: the last number before the
        suffix is the frame's.
    base : {0, 1} or None
        The number of the first frame; None where the numbers are to tell.
    """

    folder: str
    base: int | None = None
    _files: dict[int, str] = field(default_factory=dict, compare=False, repr=False)

    def of(self, index: int, n_frames: int) -> bytes | None:
        """Bytes of the file that belongs to the frame of this index (from 0); None without one.

        Parameters
        ----------
        index : int
            The frame.
        n_frames : int
            How many the video has.

        Raises
        ------
        FormatError
            If the numbers may count from 0 or from 1.
        """
        self._list()
        if not self._files:
            return None
        first = self.base if self.base is not None else self._first(n_frames)
        name = self._files.get(index + first)
        return Path(self.folder, name).read_bytes() if name else None

    def beyond(self, n_frames: int) -> int:
        """How many files are numbered beyond the last frame of a video of this length."""
        self._list()
        if not self._files:
            return 0
        end = n_frames + (self.base if self.base is not None else self._first(n_frames))
        return sum(number >= end for number in self._files)

    def _list(self) -> None:
        if not self._files:
            self._files.update(_numbered(self.folder))

    def _first(self, n_frames: int) -> int:
        """The number of the first frame, where nobody says."""
        if _is_from_zero(self._files.items()):
            return 0
        low, high = min(self._files), max(self._files)
        if high >= n_frames:  # from 0 there is no such frame
            return 1
        raise FormatError(
            f"{len(self._files)} keypoint files numbered {low} to {high} for {n_frames} frames "
            "may count from 0 or from 1",
            path=self.folder,
            remedy="Say extract-frames --pose-base 0, or --pose-base 1.",
        )

    def are_upright(self, coded: Size) -> bool:
        """Whether the points were found in the picture as it is shown, a quarter turn from `coded`.

        So they were if a file says so, or a point lies where the coded picture has no pixel.
        """
        width, height = coded
        self._list()
        right = down = 0.0
        for name in self._files.values():
            found = Keypoints.parse(Path(self.folder, name).read_bytes())
            if found is None:
                continue
            if found.canvas is not None and width != height:
                return found.canvas == (height, width)
            x, y = extent(found.points())
            right, down = max(right, x), max(down, y)
        outside = right > width or down > height
        return outside and right <= height and down <= width


def common_base(folders: Iterable[Path]) -> int | None:
    """0 if the keypoint files of any of these videos count from 0; None where none tells."""
    return 0 if any(_is_from_zero(_numbered(str(folder)).items()) for folder in folders) else None


def _numbered(folder: str) -> dict[int, str]:
    """The files of a folder by their number."""
    numbered = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        number = last_number(Path(name).stem)
        if name.endswith(".json") and number is not None:
            numbered[number] = name
    return numbered


def _is_from_zero(files: Iterable[tuple[int, str]]) -> bool:
    return any(not number or _LONG.search(name) for number, name in files)
