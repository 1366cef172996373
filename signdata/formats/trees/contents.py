"""What class folders hold: pictures, folders of pictures, or videos."""

from __future__ import annotations

from collections.abc import Callable

from signdata.formats.place import Place
from signdata.formats.trees.scan import ClassDir, Tree
from signdata.media import suffixes
from signdata.media.image import decode


def recognises_folders(place: Place) -> str:
    """The first picture in a class folder, or ''."""
    return _first(place, _picture_in)


def recognises_frames(place: Place) -> str:
    """The first folder of pictures in a class folder, or ''."""
    return _first(place, _clip_in)


def recognises_videos(place: Place) -> str:
    """The first video in a class folder, or ''."""
    return _first(place, _video_in)


def _first(place: Place, example_in: Callable[[Tree, ClassDir], str]) -> str:
    if not place.is_dir:
        return ""
    for class_dir in place.tree.class_dirs:
        name = example_in(place.tree, class_dir)
        if name:
            return place.tree.below(class_dir.path / name)
    return ""


def _video_in(tree: Tree, class_dir: ClassDir) -> str:
    return _named(class_dir.files, suffixes.VIDEO_SUFFIXES)


def _picture_in(tree: Tree, class_dir: ClassDir) -> str:
    found = {suffixes.suffix_of(name) for name in class_dir.files} & decode.SUFFIXES
    if found == {".gif"} and _video_in(tree, class_dir):
        return ""  # videos of old sites are saved so
    return _named(class_dir.files, decode.SUFFIXES)


def _clip_in(tree: Tree, class_dir: ClassDir) -> str:
    for name in class_dir.folders:
        files, _ = tree.entries(class_dir.path / name)
        if _named(files, decode.SUFFIXES):
            return name
    return ""


def _named(names: tuple[str, ...], wanted: frozenset[str] | set[str]) -> str:
    """The first name with the first of the wanted suffixes that occurs."""
    found = [(suffixes.suffix_of(name), name) for name in names]
    return min((one for one in found if one[0] in wanted), default=("", ""))[1]
