"""The files of clips that rows of Parquet files name.

::

    data/train-00000-of-00016.parquet          its rows name
    clips/train-00000-of-00016/000000012.mp4   the video as it was, or
    clips/train-00000-of-00016/000000012/      a folder of frames
"""

from __future__ import annotations

from pathlib import Path

from signdata.errors import MissingError
from signdata.formats.frames import frames_in
from signdata.formats.parquet.files import SUFFIX
from signdata.formats.sharding import FOLDER
from signdata.media.video.clip import ClipOptions, ClipPixels
from signdata.samples import Broken, Pixels

CLIPS = "clips"
"""Where the files of clips are, below the root."""

_DEPTH = 3
"""Parts of the path of a clip: what is below a folder of frames has one more."""


def is_clip(path: str) -> bool:
    """Whether a path of a manifest is that of a clip, not of a Parquet file."""
    return path.startswith(f"{CLIPS}/")


def folder_of(shard: str) -> str:
    """Where the clips are that a Parquet file names."""
    return f"{CLIPS}/{shard.rpartition('/')[2].removesuffix(SUFFIX)}"


def shard_of(path: str) -> str:
    """The Parquet file that names the clip at a path; the path itself where it is no clip's."""
    if not is_clip(path):
        return path
    return f"{FOLDER}/{path.split('/')[1]}{SUFFIX}"


def place_of(path: str) -> str:
    """Where the clip is that a file belongs to: a video itself, or the folder of a frame."""
    return "/".join(path.split("/")[:_DEPTH])


def clip_at(path: Path, *, is_video: bool, options: ClipOptions) -> Pixels:
    """The pixels of a clip, given its video or its folder of frames."""
    if is_video:
        return ClipPixels(options.video(str(path)), options=options)
    if not path.is_dir():
        return Broken(MissingError("a folder of frames that is not there", path=path))
    found = frames_in(path)
    if found is None:
        return Broken(MissingError("a folder of frames without any", path=path))
    return found
