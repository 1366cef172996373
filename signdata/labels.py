"""The label space: class names, their order, and the codes that files use for them."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

LETTERS = tuple(string.ascii_uppercase)
MOTION_LETTERS = ("J", "Z")
"""Letters that are movements: a still picture cannot show them, Sign-MNIST has none."""

SIGN_MNIST_CODES = {code: letter for code, letter in enumerate(LETTERS) if letter not in "JZ"}
"""Sign-MNIST's source codes: 0..24 without 9 (J); 25 (Z) never occurs. 24 classes."""

_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class LabelSpace:
    """What labels a dataset may hold.

    Attributes
    ----------
    classes : tuple of str
        Declared class names in order (``classes.txt``, an HDF5 file's ``class_names``);
        empty when nothing declares them.
    codes : mapping of str to int
        The integer that a file used for a class, where it used one.
    """

    classes: tuple[str, ...] = ()
    codes: Mapping[str, int] = field(default_factory=dict)

    def order(self, present: Iterable[str]) -> tuple[str, ...]:
        """Class names in their one order.

        Declared names come first and all of them stay, present or not, so that an
        index means the same class in every part of a dataset. Otherwise Sign-MNIST's
        letters follow their codes and any other names are sorted, see `in_order`.
        """
        return self.classes + in_order(set(present).difference(self.classes))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names that nothing declares the order of: by number if all are integers, else sorted.

    A set that calls its classes 0..11 means 2 to come before 10.
    """
    distinct = set(names)
    if all(_INTEGER.fullmatch(name) for name in distinct):
        return tuple(sorted(distinct, key=lambda name: (int(name), name)))
    return tuple(sorted(distinct))


def class_to_idx(classes: Sequence[str]) -> dict[str, int]:
    """Index of each class name, as torchvision's ImageFolder calls it."""
    return {name: idx for idx, name in enumerate(classes)}


def code_of(label: str, codes: Mapping[str, int]) -> int | None:
    """Source code of a class name: the recorded one, a letter's, or the number it spells.

    Returns
    -------
    int or None
        None when nothing says which integer stands for `label`.
    """
    if label in codes:
        return codes[label]
    if codes:
        return None
    if len(label) == 1 and label.upper() in LETTERS:
        return LETTERS.index(label.upper())
    return int(label) if label.removeprefix("-").isdecimal() and label.isascii() else None
