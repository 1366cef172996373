"""Directories that can be meant in several ways: what each layout would make of them.

A tree is legal as soon as its shape fits. `SIGNER/CLASS/1.png` has the shape of frame folders, and
`train_signs/0_1.jpg` that of class folders; nobody means them so. Where names or numbers speak
against the plain reading, every reading is counted and the user is asked.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from signdata import sidecars
from signdata.formats.place import Place
from signdata.formats.trees.layout import Layout, split_word
from signdata.formats.trees.scan import Tree
from signdata.media import suffixes
from signdata.media.image import decode
from signdata.samples import SPLIT_NAMES

DEEPEST = 5
"""Folders below the root in which media are looked for."""

_FRAME = re.compile(r"(.*?)([0-9]+)")
_FRAME_NAME = re.compile(r"((?:img|image|frame|f)[_\-]?)?([0-9]+)")


@dataclass(frozen=True)
class Reading:
    """One way to read a directory.

    Attributes
    ----------
    option : str
        What is typed to choose it.
    gives : str
        What it would give, with counts.
    """

    option: str
    gives: str


def questions(place: Place, name: str) -> list[Reading]:
    """All readings of a directory whose plain one, as format `name`, is hardly meant; else []."""
    root = place.path
    if place.layout is not None or (root / sidecars.MANIFEST).is_file():
        return []
    doubtful = _doubtful_clips(place.tree) if name == "frames" else _doubtful_classes(place.tree)
    if not doubtful:
        return []
    return [Reading(f"--from {name}", _plain(place.tree, name)), *layouts(media_in(place))]


def layouts(paths: list[str]) -> list[Reading]:
    """The layouts that may be meant by media at these places, with what each would give."""
    depths = Counter(path.count("/") + 1 for path in paths)
    if not depths:
        return []
    depth = depths.most_common(1)[0][0]
    found = []
    for pattern in _patterns(depth, [path for path in paths if path.count("/") + 1 == depth]):
        layout = Layout(pattern)
        matches = [fields for path in paths if (fields := layout.match(_stem(path)))]
        if matches:
            found.append(Reading(f"--layout '{pattern}'", _counted(matches)))
    return found


def media_in(place: Place) -> list[str]:
    """Where pictures and videos are below a directory, sorted."""
    return list(_media(place.tree, place.path))


def wrapped(place: Place) -> Path | None:
    """The folder inside a lone wrapper folder that is meant; None if there is no wrapper."""
    files, folders = place.tree.entries(place.path)
    if len(folders) != 1 or any(_is_media(name) for name in files):
        return None
    if folders[0].casefold() in SPLIT_NAMES:
        return None
    inside = place.path / folders[0]
    files, folders = place.tree.entries(inside)
    if len(folders) < 2 or any(_is_media(name) for name in files):
        return None
    clips = [
        [file for file in place.tree.entries(inside / name)[0] if _is_picture(file)]
        for name in folders
    ]
    return None if any(clips) and _are_frames(clips) else inside


def _patterns(depth: int, paths: list[str]) -> list[str]:
    tops = {path.split("/")[0] for path in paths}
    splits = len({split_word(top) for top in tops} - {""}) > 1 or any(map(split_word, tops))
    if depth == 1:
        return ["{label}_*"]
    if depth == 2:
        return ["{split}/{label}_*"] if splits else ["{label}/*", "*/{label}_*"]
    if depth == 3:
        first = ["{split}/{label}/*"] if splits else []
        return [*first, "{signer}/{label}/*", "{label}/{group}/*", "*/{label}/*"]
    first = ["{split}/{signer}/{label}/*", "{split}/{label}/{group}/*"] if splits else []
    stars = "*/" * (depth - 2)
    return [*first, f"{stars}{{label}}/*"]


def _doubtful_clips(tree: Tree) -> bool:
    """Whether folders of pictures are hardly clips of the folders above them."""
    tops = [class_dir.path.name for class_dir in tree.class_dirs]
    if any(map(split_word, tops)) and not any(one.split for one in tree.class_dirs):
        return True
    folders = [(one, name) for one in tree.class_dirs for name in one.folders]
    pictures = {
        (one.path.name, name): [
            file for file in tree.entries(one.path / name)[0] if _is_picture(file)
        ]
        for one, name in folders
    }
    pictures = {key: files for key, files in pictures.items() if files}
    repeated = Counter(name for _, name in pictures)
    named = [n for name, n in repeated.items() if n > 1 and not name.isdecimal()]
    films = all(_is_film(tuple(files)) for files in pictures.values())
    return not films or (bool(named) and not _are_frames(pictures.values()))


def _doubtful_classes(tree: Tree) -> bool:
    """Whether class folders are named like splits, or the only one like what every folder holds."""
    names = {one.path.name for one in tree.class_dirs if not one.split}
    words = [split_word(name) for name in names]
    if len(names) == 1 and next(iter(names)).casefold() in suffixes.NO_CLASS:
        return True
    return bool(names) and all(words) and len(set(words)) == len(words)


def _is_film(files: tuple[str, ...]) -> bool:
    """Whether pictures are numbered one after the other, with one name before the number."""
    found = [_FRAME.fullmatch(Path(name).stem) for name in files if _is_picture(name)]
    if not found or not all(found):
        return False
    heads = {match[1] for match in found if match}
    numbers = sorted(int(match[2]) for match in found if match)
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(heads) == 1 and len(steps) <= 1


def _are_frames(clips: Iterable[list[str]]) -> bool:
    """Whether all pictures are named as frames are: a word for it, or zeros before numbers.

    Cameras say IMG_2034 as well: without zeros, numbers have to begin at 0 or 1.
    """
    for files in clips:
        found = [_FRAME_NAME.fullmatch(Path(name).stem.casefold()) for name in files]
        numbers = [match[2] for match in found if match and (match[1] or len(match[2]) >= 4)]
        if len(numbers) < len(files):
            return False
        padded = all(number.startswith("0") for number in numbers)
        if files and not padded and min(map(int, numbers)) > 1:
            return False
    return True


def _plain(tree: Tree, name: str) -> str:
    labels = Counter[str]()
    for one in tree.class_dirs:
        labels[one.path.name] += len(one.folders if name == "frames" else one.files)
    what = "clips" if name == "frames" else "pictures"
    return f"{sum(labels.values()):,} {what} of {_names(sorted(labels), 'class', 'classes')}"


def _counted(matches: list[dict[str, str]]) -> str:
    text = f"{len(matches):,} files of "
    text += _names(sorted({one["label"] for one in matches}), "class", "classes")
    for name in ("split", "signer", "group"):
        values = sorted({one[name] for one in matches if name in one})
        if values:
            text += f", {_names(values, name, f'{name}s')}"
    return text


def _names(values: list[str], one: str, many: str) -> str:
    shown = ", ".join(values[:3]) + (", ..." if len(values) > 3 else "")
    return f"{len(values):,} {one if len(values) == 1 else many} ({shown})"


def _media(tree: Tree, folder: Path, depth: int = 0) -> Iterator[str]:
    files, folders = tree.entries(folder)
    below = "" if folder == tree.root else f"{tree.below(folder)}/"
    for name in files:
        if _is_media(name):
            yield below + name
    if depth < DEEPEST:
        for name in folders:
            yield from _media(tree, folder / name, depth + 1)


def _is_picture(name: str) -> bool:
    return suffixes.suffix_of(name) in decode.SUFFIXES


def _is_media(name: str) -> bool:
    return _is_picture(name) or suffixes.suffix_of(name) in suffixes.VIDEO_SUFFIXES


def _stem(path: str) -> str:
    return path.rpartition(".")[0] or path
