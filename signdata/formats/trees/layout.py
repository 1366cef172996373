"""Patterns that say what the parts of a path mean: ``{split}/{label}/*``.

A part in braces is a field, ``*`` stands for anything, both within one folder's or file's name.
``split``, ``label``, ``signer`` and ``group`` mean what they mean everywhere; any other name
becomes a column of the manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from signdata.errors import UsageError
from signdata.samples import SPLIT_NAMES

FIELDS = ("split", "label", "signer", "group")

_TOKEN = re.compile(r"\{([^{}]*)\}|(\*)|([^{}*]+)|([{}])")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SPLIT_WORDS = {
    **SPLIT_NAMES,
    "training": "train",
    "dev": "val",
    "validate": "val",
    "eval": "test",
    "testing": "test",
}


def split_word(name: str) -> str:
    """The split that a folder's name speaks of, in any case and spelling; '' for none.

    The last such word that stands alone between ``_ - .`` and blanks.
    """
    words = [_SPLIT_WORDS.get(word, "") for word in re.split(r"[_\-. ]+", name.casefold())]
    return next((word for word in reversed(words) if word), "")


def splits_of_names(names: Iterable[str]) -> dict[str, str]:
    """The split that each of several names speaks of.

    Where one has no such word and none of the others is train, it is train: ``signs`` and
    ``signs-test``.
    """
    found = {name: split_word(name) for name in names}
    silent = [name for name, split in found.items() if not split]
    if len(silent) == 1 and len(found) > 1 and "train" not in found.values():
        found[silent[0]] = "train"
    return found


@dataclass(frozen=True)
class Layout:
    """A pattern for the paths of a dataset's samples below its root.

    Attributes
    ----------
    pattern : str
        As it was typed.
    splits : dict
        What the values of the field ``split`` mean, once all are known.

    Raises
    ------
    UsageError
        If the pattern cannot be read, or names no label.
    """

    pattern: str
    splits: dict[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if "label" not in self.fields:
            raise UsageError(
                f"--layout {self.pattern!r} says not what the label is; "
                "expected a pattern such as '{signer}/{label}/*'"
            )

    @cached_property
    def _tokens(self) -> list[tuple[str, str]]:
        """Each part of the pattern: a field's name, a star, or text."""
        found: list[tuple[str, str]] = []
        for name, star, text, stray in _TOKEN.findall(self.pattern.strip("/")):
            if stray or (not star and not text and not _FIELD_NAME.fullmatch(name)):
                raise UsageError(
                    f"--layout {self.pattern!r} cannot be read at {stray or '{' + name + '}'!r}; "
                    "expected fields such as {label}, and *"
                )
            found.append(("star", "*") if star else ("text", text) if text else ("field", name))
        return found

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields, in order."""
        names = tuple(text for kind, text in self._tokens if kind == "field")
        if len(set(names)) < len(names):
            raise UsageError(f"--layout {self.pattern!r} names a field twice; expected each once")
        return names

    @cached_property
    def depth(self) -> int:
        """How many folders and names a path has."""
        return self.pattern.strip("/").count("/") + 1

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        made = ""
        for kind, text in self._tokens:
            if kind == "field":
                made += f"(?P<{text}>[^/]+?)"
            else:
                made += "[^/]*" if kind == "star" else re.escape(text)
        return re.compile(made)

    def match(self, path: str) -> dict[str, str] | None:
        """The fields of a path below the root (without suffix, for a file); None if it differs."""
        found = self._regex.fullmatch(path)
        return found.groupdict() if found else None

    def knowing(self, paths: Iterable[str]) -> Layout:
        """The same pattern, told the paths of all samples: it knows what their splits mean."""
        matches = (self.match(path) for path in paths)
        names = sorted({found["split"] for found in matches if found and "split" in found})
        return Layout(self.pattern, splits_of_names(names))
