"""Directories that can be meant in several ways: what each layout would make of them.

A tree is legal as soon as its shape fits. `SIGNER/CLASS/1.png` has the shape of frame folders, and
`train_signs/0_1.jpg` and `user_3/A0.jpg` that of class folders; nobody means them so. Where names
or numbers speak against the plain reading, every reading is counted and the user is asked.
"""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from signdata import sidecars
from signdata.formats.place import Place
from signdata.formats.trees.layout import Layout, split_word
from signdata.formats.trees.scan import Tree
from signdata.media import suffixes
from signdata.media.image import decode
from signdata.media.image.kinds import is_picture
from signdata.media.video.moving import is_clip
from signdata.samples import SPLIT_NAMES

DEEPEST = 5
"""Folders below the root in which media are looked for."""

_SIGNER = re.compile(
    r"(user|signer|subject|person|participant|actor|speaker|volunteer)[_\-. ]?[0-9]+", re.IGNORECASE
)
"""Folders of people: `user_3`."""

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
    if place.layout is not None or (place.path / sidecars.MANIFEST).is_file():
        return []
    doubtful = _doubtful_clips(place.tree) if name == "frames" else _doubtful_classes(place.tree)
    if not doubtful:
        return []
    return [*plain_readings(place, {name: ""}), *layout_readings(place)]


def plain_readings(place: Place, examples: Mapping[str, str]) -> list[Reading]:
    """What a directory gives as each of some formats of directories; each with an example."""
    media = _Media.below(place)
    return [
        Reading(f"--from {name}" + (f" ({example})" if example else ""), _plain(place, name, media))
        for name, example in sorted(examples.items())
    ]


def mixed(place: Place, examples: Mapping[str, str]) -> list[Reading]:
    """All readings of a directory that has the shape of several formats."""
    doubtful = "frames" in examples and _doubtful_clips(place.tree)
    return [*plain_readings(place, examples), *(layout_readings(place) if doubtful else ())]


def layout_readings(place: Place) -> list[Reading]:
    """The layouts that may be meant by the media below a directory, with what each would give."""
    media = _Media.below(place)
    depths = Counter(path.count("/") + 1 for path in media.paths)
    if not depths:
        return []
    depth = depths.most_common(1)[0][0]
    there = [path for path in media.paths if path.count("/") + 1 == depth]
    # As what a layout is read: pictures where there are some, else videos.
    stills = [path for path in there if path in media.pictures] or there
    found = []
    for pattern in _patterns(depth, there):
        layout = Layout(pattern)
        matches = [fields for path in stills if (fields := layout.match(_stem(path)))]
        if matches:
            left_out = len(media.paths) - len(matches)
            found.append(Reading(f"--layout '{pattern}'", _counted(matches) + _without(left_out)))
    return found


@dataclass(frozen=True)
class _Media:
    """Where pictures and videos are below a directory, known by suffix or by content."""

    paths: tuple[str, ...]
    pictures: frozenset[str]

    @classmethod
    def below(cls, place: Place) -> _Media:
        root = f"{place.path}{os.sep}"
        files = list(_files(place.tree, place.path))
        pictures = frozenset(path for path in files if is_picture(root + path))
        paths = (path for path in files if path in pictures or is_clip(root + path))
        return cls(tuple(paths), pictures)


def wrapped(path: Path, *, follow_symlinks: bool) -> Path | None:
    """The folder inside a lone wrapper folder that is meant; None if there is no wrapper."""
    tree = Tree(path, follow_symlinks)  # of which only the top is looked at
    files, folders = tree.entries(path)
    if len(folders) != 1 or any(_is_media(name) for name in files):
        return None
    if folders[0].casefold() in SPLIT_NAMES:
        return None
    inside = path / folders[0]
    files, folders = tree.entries(inside)
    if len(folders) < 2 or any(_is_media(name) for name in files):
        return None
    clips = [
        [file for file in tree.entries(inside / name)[0] if _is_picture(file)] for name in folders
    ]
    return None if any(clips) and _are_frames(clips) else inside


def _patterns(depth: int, paths: list[str]) -> list[str]:
    tops = {path.split("/")[0] for path in paths}
    if depth == 2 and all(map(_SIGNER.fullmatch, tops)):
        return ["{signer}/{label}_*" if all("_" in _name(one) for one in paths) else _LETTERS]
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


_LETTERS = "{signer}/{label}*"
"""`user_3/A0.jpg`: a field that is followed by a star is one character."""


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
    """Whether class folders are named like splits or people, or the only one like any folder."""
    names = {one.path.name for one in tree.class_dirs if not one.split}
    words = [split_word(name) for name in names]
    if names and all(map(_SIGNER.fullmatch, names)):
        return True
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


def _plain(place: Place, name: str, media: _Media) -> str:
    """What a directory of class folders gives as one of the formats of such."""
    tree = place.tree
    labels = {tree.below(one.path): one.path.name for one in tree.class_dirs}
    label_of: dict[str, str] = {}
    n_read = 0
    for path in media.paths:
        folder = path.rpartition("/")[0]
        item, folder = (folder, folder.rpartition("/")[0]) if name == "frames" else (path, folder)
        taken = (path in media.pictures) if name != "videos" else is_clip(str(tree.root / path))
        if taken and folder in labels:
            label_of[item] = labels[folder]
            n_read += 1
    what = {"frames": "clip", "folders": "picture", "videos": "video"}[name]
    n = len(label_of)
    text = f"{n:,} {what if n == 1 else what + 's'}"
    text += f" of {_names(sorted(set(label_of.values())), 'class', 'classes')}"
    return text + _without(len(media.paths) - n_read)


def _without(n: int) -> str:
    """What is said of files that a reading leaves out."""
    return f", {n:,} {'file' if n == 1 else 'files'} left out" if n else ""


def _counted(matches: list[dict[str, str]]) -> str:
    text = f"{len(matches):,} {'file' if len(matches) == 1 else 'files'} of "
    text += _names(sorted({one["label"] for one in matches}), "class", "classes")
    for name in ("split", "signer", "group"):
        values = sorted({one[name] for one in matches if name in one})
        if values:
            text += f", {_names(values, name, f'{name}s')}"
    return text


def _names(values: list[str], one: str, many: str) -> str:
    shown = ", ".join(values[:3]) + (", ..." if len(values) > 3 else "")
    return f"{len(values):,} {one if len(values) == 1 else many} ({shown})"


def _files(tree: Tree, folder: Path, depth: int = 0) -> Iterator[str]:
    files, folders = tree.entries(folder)
    below = "" if folder == tree.root else f"{tree.below(folder)}/"
    for name in files:
        yield below + name
    if depth < DEEPEST:
        for name in folders:
            yield from _files(tree, folder / name, depth + 1)


def _is_picture(name: str) -> bool:
    return suffixes.suffix_of(name) in decode.SUFFIXES


def _is_media(name: str) -> bool:
    return _is_picture(name) or suffixes.suffix_of(name) in suffixes.VIDEO_SUFFIXES


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    return path.rpartition(".")[0] or path
