"""What a page may call samples and signers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Names:
    """What a page calls samples and signers.

    Parameters
    ----------
    names : mapping of str to str
        A number for each signer who must not be named; empty if all may be.
    groups : set of str
        Groups, which often are named after signers.
    hides : bool
        Whether signers must not be named.
    """

    def __init__(self, names: Mapping[str, str], groups: set[str], *, hides: bool) -> None:
        self._numbers, self.hides = names, hides
        telling = sorted({*names, *groups} - {""}) if hides else []
        self._telling = re.compile("|".join(map(_found, telling)), re.I) if telling else None

    def sample(self, samples: Sequence[Any]) -> Callable[[int], str]:
        """What the samples of a dataset are called: their ids, or their numbers."""
        if self.hides:
            return lambda at: f"no. {at + 1}"
        return lambda at: str(samples[at].id)

    def signer(self, name: str) -> str:
        """What a signer is called."""
        return self._numbers.get(name, "a signer") if self.hides else name

    def text(self, words: str) -> str:
        """A text, or '' if it tells who signs."""
        return "" if self._telling and self._telling.search(words) else words


def _found(name: str) -> str:
    """A pattern that finds a name; one of digits alone is not found in a longer number."""
    return rf"(?<!\d){name}(?!\d)" if name.isdecimal() else re.escape(name)
