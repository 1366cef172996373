"""What the names of arrays say: pictures, their labels, a split, class names, columns.

``X`` and ``y``; ``images`` and ``labels``; ``x_train``, ``y_train``, ``x_test``, ``y_test``;
``train_set_x``, ``train_set_y``, ``list_classes``; ``train/images``, ``train/labels``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signdata.errors import FormatError, UsageError
from signdata.samples import SPLIT_NAMES, SPLITS

IMAGES = ("images", "X", "data", "x", "image", "imgs", "img", "pictures", "clips", "videos")
TARGETS = ("labels", "y", "label", "Y", "target", "targets")
CLASS_NAMES = ("class_names", "classes", "list_classes", "label_names", "target_names")

_SPLITS = "|".join(SPLIT_NAMES)
_CORES = "|".join(sorted({name.lower() for name in (*IMAGES, *TARGETS)}))
_NAME = re.compile(rf"(?:({_SPLITS})(?:set|data)?)?({_CORES})({_SPLITS})?")
_IMAGE_CORES = {name.lower() for name in IMAGES}

CHOOSE = "Say which with --images NAME --targets NAME."


@dataclass(frozen=True)
class Head:
    """What is known of an array before its values are read.

    Attributes
    ----------
    shape : tuple of int
        Its shape, in the order in which its author saw the axes.
    kind : str
        The kind of its values, as numpy calls it; ``O`` for text of any length.
    """

    shape: tuple[int, ...]
    kind: str

    @property
    def shown(self) -> str:
        """Its shape for people."""
        return "x".join(map(str, self.shape))

    def is_list_of(self, n: int) -> bool:
        """Whether it has one value for each of `n` samples, in whatever axis they are."""
        return sorted(self.shape)[-1:] == [n] and sum(size != 1 for size in self.shape) == (n != 1)


@dataclass(frozen=True)
class Pair:
    """Pictures and their labels.

    Attributes
    ----------
    split : str
        The split that their names say, or ''.
    images, targets : str
        The names of the arrays.
    """

    split: str
    images: str
    targets: str


def role_of(name: str) -> tuple[str, str]:
    """What an array's name says it is, ``images``, ``targets`` or '', and of which split."""
    match = _NAME.fullmatch(re.sub("[^a-z0-9]", "", name.lower()))
    if not match or (match[1] and match[3]):
        return "", ""
    split = SPLIT_NAMES.get(match[1] or match[3] or "", "")
    return ("images" if match[2] in _IMAGE_CORES else "targets"), split


def without_split(name: str) -> tuple[str, str]:
    """The split that stands alone in a name, or '', and the name without it."""
    words = re.split(r"([/_.-])", name)
    found = [word for word in words if word.lower() in SPLIT_NAMES]
    if len(found) != 1:
        return "", name
    rest = [word for word in words if word not in (*found, "/", "_", ".", "-", "")]
    return SPLIT_NAMES[found[0].lower()], "_".join(rest)


def pairs_of(
    heads: Mapping[str, Head], path: Path, images: str | None = None, targets: str | None = None
) -> list[Pair]:
    """The pictures and labels that a file's arrays are, one pair a split.

    Parameters
    ----------
    heads : mapping
        Its arrays by name.
    path : Path
        What errors name.
    images, targets : str, optional
        The names that the user gave.

    Raises
    ------
    FormatError
        If there are none, or more than one reading.
    UsageError
        If an array that the user named is not there.
    """
    for option, name in (("images", images), ("targets", targets)):
        if name is not None and name not in heads:
            raise UsageError(f"--{option} {name}; expected one of {', '.join(heads)}", path=path)
    if images is not None and targets is not None:
        return [Pair("", images, targets)]
    pictures = {role_of(images)[1]: images} if images else _pictures(heads, path)
    labels = {split: targets for split in pictures} if targets else _labels(heads, path)
    if targets and len(pictures) > 1:
        raise UsageError("--targets goes with --images here", path=path, remedy=CHOOSE)
    missing = [split for split in pictures if split not in labels]
    if missing:
        raise _no_labels(pictures, missing[0], path)
    return [Pair(s, pictures[s], labels[s]) for s in ("", *SPLITS) if s in pictures]


def _pictures(heads: Mapping[str, Head], path: Path) -> dict[str, str]:
    named = [name for name in heads if role_of(name)[0] == "images" and len(heads[name].shape) > 1]
    full = [name for name in named if len(heads[name].shape) > 2] or named
    if not full:
        raise FormatError(
            "no pictures; expected images, X, data or x next to labels, y or label",
            path=path,
            remedy=f"It holds {', '.join(heads)}. {CHOOSE}" if heads else "",
        )
    found = _by_split(full, heads, "pictures", path)
    if "" in found and len(found) > 1:
        raise _two_readings(list(found.values()), heads, "pictures", path)
    return found


def _labels(heads: Mapping[str, Head], path: Path) -> dict[str, str]:
    named = [name for name in heads if role_of(name)[0] == "targets"]
    return _by_split(named, heads, "labels", path)


def _by_split(names: list[str], heads: Mapping[str, Head], what: str, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        split = role_of(name)[1]
        if split in found:
            raise _two_readings([found[split], name], heads, what, path)
        found[split] = name
    return found


def _two_readings(
    names: list[str], heads: Mapping[str, Head], what: str, path: Path
) -> FormatError:
    listed = " or in ".join(f"{name} ({heads[name].shown})" for name in names)
    return FormatError(f"two readings: {what} in {listed}", path=path, remedy=CHOOSE)


def _no_labels(pictures: dict[str, str], split: str, path: Path) -> FormatError:
    if not split:
        return FormatError("no labels; expected labels, y or label", path=path, remedy=CHOOSE)
    others = " or ".join(name for other, name in pictures.items() if other != split)
    remedy = f"To read {others} alone, name it: --images NAME --targets NAME." if others else CHOOSE
    return FormatError(
        f"pictures of {split} without labels", path=path, where=pictures[split], remedy=remedy
    )
