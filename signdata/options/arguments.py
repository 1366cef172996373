"""Words and values that commands take: paths, splits by name, patterns."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from signdata.errors import UsageError, one_line
from signdata.samples import SPLIT_NAMES

PathLike: TypeAlias = str | Path


def paths(value: PathLike | Sequence[PathLike]) -> list[Path]:
    """One path or several, as a list."""
    return [Path(value)] if isinstance(value, str | Path) else [Path(one) for one in value]


def next_command(name: str, *words: PathLike) -> str:
    """The line that says what may be typed next."""
    typed = " ".join(shlex.quote(one_line(str(word))) for word in words)
    return f"next: signdata {name} {typed}"


def named_split(source: PathLike) -> tuple[str, str]:
    """The split and the place of a source that was named ``train=DIR``; '' for any other."""
    text = str(source)
    word, equals, place = text.partition("=")
    split = SPLIT_NAMES.get(word.casefold(), "")
    if not (equals and split and place) or os.path.lexists(text):
        return "", text
    return split, place


def in_datasets(words: Sequence[PathLike]) -> list[list[PathLike]]:
    """Words of a command line as datasets: those that say their split one after the other are one.

    ``train=a test=b other`` are two datasets.
    """
    made: list[list[PathLike]] = []
    before = ""
    for word in words:
        split = named_split(word)[0]
        if split and before:
            made[-1].append(word)
        else:
            made.append([word])
        before = split
    return made


def one_group(text: str, option: str) -> re.Pattern[str]:
    """Compile a regular expression that a user typed; `UsageError` unless it has one group."""
    try:
        pattern = re.compile(text)
    except re.error as err:
        raise UsageError(f"{option} {text!r} is not a regular expression ({err})") from err
    if pattern.groups != 1:
        raise UsageError(f"{option} {text!r} has {pattern.groups} groups; expected one: (...)")
    return pattern
