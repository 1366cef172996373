"""What class folders hold: pictures, folders of pictures, or videos."""

from __future__ import annotations

import os
from collections.abc import Callable

from signdata.formats.place import Place
from signdata.formats.trees.scan import ClassDir, Tree
from signdata.media import suffixes
from signdata.media.image.kinds import all_are_read, is_picture
from signdata.media.video.kinds import is_video
from signdata.media.video.moving import is_clip, kind_of

_MOVING = frozenset({".gif", ".webp", ".apng"})


def recognises_folders(place: Place) -> str:
    """The first picture in a class folder, or ''."""
    return _first(place, _picture_in)


def recognises_frames(place: Place) -> str:
    """The first folder of pictures in a class folder, or ''."""
    return _first(place, _clip_in)


def recognises_videos(place: Place) -> str:
    """The first video in a class folder, else the first picture there that moves, or ''."""
    return _first(place, _video_in) or _first(place, _moving_in)


def _first(place: Place, example_in: Callable[[Tree, ClassDir], str]) -> str:
    if not place.is_dir:
        return ""
    for class_dir in place.tree.class_dirs:
        name = example_in(place.tree, class_dir)
        if name:
            return place.tree.below(class_dir.path / name)
    return ""


def _video_in(tree: Tree, class_dir: ClassDir) -> str:
    """The first video's name, by suffix and name."""
    if all_are_read(class_dir.files):
        return ""
    folder = f"{class_dir.path}{os.sep}"
    found = [name for name in class_dir.files if is_video(folder + name)]
    return min(found, key=lambda name: (suffixes.suffix_of(name), name), default="")


def _moving_in(tree: Tree, class_dir: ClassDir) -> str:
    """The first picture that is named like one that moves, if it does.

    PNGs are called alike whether or not they move: a tree of them is one of stills.
    """
    named = [name for name in class_dir.files if suffixes.suffix_of(name) in _MOVING]
    return next((name for name in named[:1] if kind_of(str(class_dir.path / name))), "")


def _picture_in(tree: Tree, class_dir: ClassDir) -> str:
    folder = f"{class_dir.path}{os.sep}"
    found = [name for name in class_dir.files if is_picture(folder + name)]
    if _video_in(tree, class_dir) and all(is_clip(folder + name) for name in found):
        return ""  # videos of old sites are saved so
    return min(found, key=suffixes.suffix_of, default="")


def _clip_in(tree: Tree, class_dir: ClassDir) -> str:
    for name in class_dir.folders:
        folder = class_dir.path / name
        if any(is_picture(str(folder / file)) for file in tree.entries(folder)[0]):
            return name
    return ""
