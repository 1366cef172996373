"""The label space: class names, their order, and the codes that files use for them."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

LETTERS = tuple(string.ascii_uppercase)
MOTION_LETTERS = ("J", "Z")
"""Letters signed with a movement, which a still picture cannot show; Sign-MNIST lacks them."""

SIGN_MNIST_CODES = {code: letter for code, letter in enumerate(LETTERS) if letter not in "JZ"}
"""Sign-MNIST's source codes: 0..24 without 9 (J); 25 (Z) never occurs. 24 classes."""

ONE_BASED_CODES = dict(enumerate(LETTERS, 1))
"""Codes of those who count letters from 1: A is 1, Z is 26."""

LABEL_WORDS = ("letters", "one-based", "codes", "text", "none")
"""What may be said of a CSV's labels instead of the path of a file."""

_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class LabelSpace:
    """The labels of a dataset.

    Attributes
    ----------
    classes : tuple of str
        Declared class names in order (``classes.txt``, an HDF5 file's ``class_names``);
        empty if none are declared.
    codes : mapping of str to int
        The integer codes that a file used for its classes, if any.
    """

    classes: tuple[str, ...] = ()
    codes: Mapping[str, int] = field(default_factory=dict)

    def order(self, present: Iterable[str]) -> tuple[str, ...]:
        """The class names in order.

        Declared names come first and are all included, present or not, so that an index
        means the same class in every part of a dataset. All other names are sorted, see
        `in_order`.
        """
        return self.classes + in_order(set(present).difference(self.classes))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort class names without a declared order: by number if all are integers, else by name.

    With classes 0..11, 2 comes before 10.
    """
    distinct = set(names)
    if all(_INTEGER.fullmatch(name) for name in distinct):
        return tuple(sorted(distinct, key=lambda name: (int(name), name)))
    return tuple(sorted(distinct))


def class_to_idx(classes: Sequence[str]) -> dict[str, int]:
    """Index of each class name, as torchvision's ImageFolder calls it."""
    return {name: idx for idx, name in enumerate(classes)}


def code_of(label: str, codes: Mapping[str, int]) -> int | None:
    """Integer code of a class: the recorded one, else its position if a letter, else its number.

    Returns
    -------
    int or None
        None if `label` has no code.
    """
    if label in codes:
        return codes[label]
    if codes:
        return None
    if len(label) == 1 and label.upper() in LETTERS:
        return LETTERS.index(label.upper())
    return int(label) if label.removeprefix("-").isdecimal() and label.isascii() else None
