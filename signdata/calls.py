"""Commands as they were called: recorded next to what they wrote, so that it can be made again.

Paths are not recorded. A source is called by its file name, a file or folder named by another
keyword by that keyword; who makes a dataset again says where each of them is.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signdata.errors import DatasetError, MissingError, UsageError
from signdata.labels import LABEL_WORDS

SOURCE = "source"
"""The key by which a place is recorded, instead of a value."""

OUTPUTS = frozenset({"out", "fix", "preview", "contact_sheet", "findings"})
"""Keywords that name what is written."""

_UNRECORDED = OUTPUTS | {
    "workers",
    "cluster",
    "allow_skew",
    "progress",
    "dry_run",
    "overwrite",
    "on_error",
    "storage_options",
    "scratch",
}
"""Keywords that make no difference to a finished output, name it, or hold what is secret."""

_FOLDERS = frozenset({"videos", "root", "poses"})
"""Keywords that may name a folder; a class that is called as a folder is not meant as one."""

_WORDS: Mapping[str, Sequence[str]] = {"labels": LABEL_WORDS, "boxes": ("auto",)}
"""Values that are no files, whatever the files nearby are called."""


@dataclass(frozen=True)
class Call:
    """A call of a command.

    Attributes
    ----------
    signature : inspect.Signature
        All keywords of the command, with their types and defaults.
    args, keywords
        What it was called with.
    """

    signature: inspect.Signature
    args: tuple[Any, ...]
    keywords: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """The keywords that were given, without those that leave a finished output the same."""
        bound = self.signature.bind(*self.args, **self.keywords)
        names = _Names()
        made = {}
        for name, value in bound.arguments.items():
            parameter = self.signature.parameters[name]
            if name in _UNRECORDED or value == parameter.default:
                continue
            kind = parameter.kind
            takes_paths = _takes_paths(parameter)
            if takes_paths and kind is not kind.KEYWORD_ONLY:
                made[name] = names.of_sources(value, several=kind is kind.VAR_POSITIONAL)
            elif takes_paths and isinstance(value, str | Path) and _is_place(name, str(value)):
                made[name] = _of_file(name, Path(value))
            else:
                made[name] = _plain(value)
        return made


def _takes_paths(parameter: inspect.Parameter) -> bool:
    return "PathLike" in str(parameter.annotation)


class _Names:
    """Names of sources, each one once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of_sources(self, value: Any, *, several: bool = False) -> Any:
        """What is recorded of sources: one by its name, several as a list."""
        if isinstance(value, str | Path):
            return self._of_source(str(value))
        made = [self.of_sources(one) for one in value]
        return made[0] if len(made) == 1 and not several else made

    def _of_source(self, text: str) -> dict[str, str]:
        split, equals, place = text.partition("=")
        if not equals or Path(text).exists():
            split, place = "", text
        path = Path(place)
        name = first = (path.resolve() if path.is_dir() else path).name
        number = 1
        while name in self._taken:
            number += 1
            name = f"{first}#{number}"
        self._taken.add(name)
        return {SOURCE: name, "split": split} if split else {SOURCE: name}


def _is_place(keyword: str, value: str) -> bool:
    """Whether a keyword's value names a file, or a folder where one is meant."""
    if value in _WORDS.get(keyword, ()):
        return False
    # not those of `Path`: of a list of classes that is too long for a name they raise
    return os.path.isfile(value) or (keyword in _FOLDERS and os.path.isdir(value))


def _of_file(keyword: str, path: Path) -> dict[str, str]:
    made = {SOURCE: keyword.replace("_", "-")}
    return {**made, "sha256": _digest(path)} if path.is_file() else made


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise MissingError(f"cannot be read ({err.strerror})", path=path) from err


def _plain(value: Any) -> Any:
    """A keyword's value as JSON has it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


_CURRENT: ContextVar[Call | None] = ContextVar("call", default=None)
_EXPECTED: ContextVar[Sequence[Mapping[str, Any]] | None] = ContextVar("expected", default=None)


@contextlib.contextmanager
def calling(call: Call) -> Iterator[None]:
    """Make a call the current one."""
    token = _CURRENT.set(call)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> dict[str, Any]:
    """The keywords of the command that runs, as they are recorded; {} outside of a command."""
    call = _CURRENT.get()
    return call.record() if call else {}


# -- The same again


def check_recorded(signature: inspect.Signature, keywords: Mapping[str, Any], path: Path) -> None:
    """Refuse recorded keywords that no call recorded: a record may come from a stranger.

    What it says of places are names, and the user says where they are: a path in it would be
    that of a file which nobody named.

    Raises
    ------
    DatasetError
        If a keyword is unknown, is never recorded, or leads to a file.
    """
    for name, value in keywords.items():
        parameter = signature.parameters.get(name)
        if parameter is None or name in _UNRECORDED:
            raise DatasetError(f"records a keyword {name!r} that its command has not", path=path)
        if parameter.kind is not parameter.KEYWORD_ONLY:
            is_sound = _are_places(value)
        elif isinstance(value, dict):
            is_sound = _takes_paths(parameter) and _are_places(value)
        else:
            is_sound = not (_takes_paths(parameter) and _leads_somewhere(name, value))
        if not is_sound:
            what = f"records {name} {reprlib.repr(value)}; expected names of sources, no paths"
            raise DatasetError(what, path=path)
    first = next(iter(signature.parameters))
    if first not in keywords:
        raise DatasetError(f"does not record its {first}", path=path)


def _are_places(value: Any) -> bool:
    """Whether a recorded value is that of a source, or of several."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) and _are_places(one) for one in value)
    return (
        isinstance(value, dict)
        and SOURCE in value
        and all(isinstance(one, str) for one in value.values())
    )


def _leads_somewhere(keyword: str, value: Any) -> bool:
    """Whether a value that was recorded as it was given is the path of a file here."""
    return isinstance(value, str) and ("://" in value or _is_place(keyword, value))


def places_in(keywords: Mapping[str, Any]) -> dict[str, str]:
    """The name of every place in recorded keywords, with its checksum, '' if there is none."""
    found: dict[str, str] = {}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found[str(value.get(SOURCE, ""))] = str(value.get("sha256", ""))
        elif isinstance(value, list):
            for one in value:
                walk(one)

    for value in keywords.values():
        walk(value)
    return found


def with_places(value: Any, places: Mapping[str, Path]) -> Any:
    """A recorded value as it was given, with a path for each place."""
    if isinstance(value, dict):
        path = str(places[value[SOURCE]])
        return f"{value['split']}={path}" if value.get("split") else path
    if isinstance(value, list):
        made = [with_places(one, places) for one in value]
        return made if any(isinstance(one, dict | list) for one in value) else tuple(made)
    return value


def check_places(recorded: Mapping[str, str], places: Mapping[str, Path]) -> None:
    """Refuse places that are not named, not known or not there, or files of another content.

    Raises
    ------
    UsageError
        If a name is missing, or none of the recorded ones.
    MissingError
        If a place is not there.
    DatasetError
        If the checksum of a file is another one.
    """
    unknown = sorted(places.keys() - recorded.keys())
    missing = sorted(recorded.keys() - places.keys())
    if unknown or missing:
        fault = f"no source is called {unknown[0]!r}." if unknown else f"where is {missing[0]!r}?"
        raise UsageError(
            f"{fault} It was made from {', '.join(map(repr, sorted(recorded)))}.",
            remedy="Say where each is: signdata replay --source NAME=PATH.",
        )
    for name, digest in recorded.items():
        path = places[name]
        if not path.exists() and "://" not in str(path):
            raise MissingError("not there", path=path)
        if digest and _digest(path) != digest:
            raise _another_version(str(path), name, digest)


@contextlib.contextmanager
def expecting(sources: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Let `check_sources` compare what a command reads with recorded sources."""
    token = _EXPECTED.set(sources)
    try:
        yield
    finally:
        _EXPECTED.reset(token)


def check_sources(found: Sequence[Mapping[str, Any]]) -> None:
    """Raise `DatasetError` if the sources that were found are not those that are expected."""
    expected = _EXPECTED.get()
    if expected is None:
        return
    if len(expected) != len(found):
        raise DatasetError(f"{len(found)} sources; expected {len(expected)}, as recorded")
    for old, new in zip(expected, found, strict=True):
        if {**old, "name": ""} != {**new, "name": ""}:
            digest = old.get("sha256") or old.get("listing_sha256") or ""
            raise _another_version(str(new["name"]), str(old.get("name", "")), str(digest))


def _another_version(place: str, name: str, digest: str) -> DatasetError:
    return DatasetError(
        f"not the {name} that it was made from; expected checksum {digest[:16]}...",
        path=place,
        remedy="Name that version with signdata replay --source.",
    )
