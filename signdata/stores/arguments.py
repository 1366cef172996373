"""A call whose sources may be addresses: they are fetched, and the function is given paths.

What it returns, and what it raises, names the addresses again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from signdata.errors import SigndataError, UsageError
from signdata.filesystem import is_url
from signdata.results import Problem, Result
from signdata.samples import SPLIT_NAMES
from signdata.stores.access import Access
from signdata.stores.address import Address, public
from signdata.stores.fetching import Fetched, fetch

R = TypeVar("R", bound=Result)
SOURCES = frozenset(
    {"src", "csvs", "a", "b", "others", "data", "against", "videos", "root", "poses", "sources"}
)
"""Parameters of commands that name what is read and may be at an address."""

OF_ONE_SPLIT = frozenset({"src", "csvs"})
"""Those of which the keyword ``split`` is all that is read."""


@dataclass
class LocalCopies:
    """The copies of one call.

    Attributes
    ----------
    fetched : list of Fetched
        In the order in which they were named.
    """

    access: Access
    progress: Callable[..., None] | None
    fetched: list[Fetched] = field(default_factory=list)

    def of(self, value: Any, split: str | None, *, data: bool = True) -> Any:
        """A value in which every address is its local copy."""
        if isinstance(value, Mapping):
            return {name: self.of(one, split, data=data) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.of(one, split, data=data) for one in value)
        word, address = _parts(value)
        if not address:
            return value
        made = fetch(address, self.access, split=split, data=data, progress=self.progress)
        self.fetched.append(made)
        return f"{word}{made.path}"

    def shown(self, text: str) -> str:
        """A text with the addresses in place of the paths of their copies."""
        for made in self.fetched:
            text = text.replace(str(made.path), made.address.public)
        return text

    def show_in(self, result: Result) -> None:
        """Name the addresses in a result, and say what was fetched."""
        result.summary = self.shown(result.summary)
        result.problems = [
            Problem(self.shown(one.path), one.where, one.kind, self.shown(one.message))
            for one in result.problems
        ]
        result.details["fetched"] = [
            {
                "source": made.address.public,
                "objects": made.objects,
                "fetched": made.fetched,
                "bytes": made.size,
                "unchecked": made.unchecked,
            }
            for made in self.fetched
        ]

    def show_in_error(self, error: SigndataError) -> None:
        """Name the addresses in an error."""
        error.path = self.shown(error.path)
        error.what = self.shown(error.what)
        error.remedy = self.shown(error.remedy)


def call(
    run: Callable[..., R], bound: inspect.BoundArguments, manifests: Collection[str] = ()
) -> R:
    """Call a command with local copies of the sources that are addresses.

    Of the parameters named in `manifests`, only the files next to the data are fetched.

    Raises
    ------
    UsageError
        If the output is an address that is, holds or lies below a source.
    """
    given = bound.arguments
    for name, value in given.items():
        takes_path = "PathLike" in str(bound.signature.parameters[name].annotation)
        if is_url(value) and takes_path and name not in SOURCES | {"out"}:
            raise UsageError(
                f"{name} is an address; expected a path on this machine", path=public(value)
            )
    named = [name for name in given if name in SOURCES and _addresses(given[name])]
    if not named:
        return run(*bound.args, **bound.kwargs)
    _refuse_overlap([one for name in named for one in _addresses(given[name])], given.get("out"))
    access = Access.of(given.get("storage_options"), given.get("scratch"))
    _refuse_scratch(access.scratch, [given[name] for name in SOURCES & given.keys()])
    copies = LocalCopies(access, given.get("progress"))
    try:
        for name in named:
            split = given.get("split") if name in OF_ONE_SPLIT else None
            given[name] = copies.of(given[name], split, data=name not in manifests)
        result = run(*bound.args, **bound.kwargs)
    except SigndataError as err:
        copies.show_in_error(err)
        raise
    copies.show_in(result)
    return result


def local_copy(value: Any, access: Access, split: str | None = None) -> Any:
    """A path, or several, in which every address is its local copy."""
    return LocalCopies(access, None).of(value, split)


def _parts(value: Any) -> tuple[str, str]:
    """What stands before an address (``train=``) and the address itself; '' for anything else."""
    if is_url(value):
        return "", value
    if isinstance(value, str):
        word, equals, place = value.partition("=")
        if equals and word.casefold() in SPLIT_NAMES and is_url(place):
            return f"{word}=", place
    return "", ""


def _addresses(value: Any) -> list[str]:
    """Every address in the value of an argument."""
    if isinstance(value, Mapping):
        return _addresses(list(value.values()))
    if isinstance(value, list | tuple):
        return [address for one in value for address in _addresses(one)]
    address = _parts(value)[1]
    return [address] if address else []


def _paths(value: Any) -> list[Path]:
    """Every path in the value of an argument."""
    if isinstance(value, Mapping):
        return _paths(list(value.values()))
    if isinstance(value, list | tuple):
        return [path for one in value for path in _paths(one)]
    if value is None or _parts(value)[1]:
        return []
    word, equals, place = str(value).partition("=")
    return [Path(place if equals and word.casefold() in SPLIT_NAMES else value)]


def _refuse_scratch(scratch: Path, sources: list[Any]) -> None:
    """Raise `UsageError` if copies would be written into a dataset that is read."""
    place = scratch.resolve()
    for source in (path.resolve() for path in _paths(sources)):
        if source.is_dir() and (source == place or source in place.parents):
            raise UsageError(
                f"lies inside the source {source}, and copies would be written there",
                path=scratch,
                remedy="Choose another folder for them.",
            )


def _refuse_overlap(sources: list[str], out: Any) -> None:
    if not is_url(out):
        return
    target = Address.parse(out)
    for one in map(Address.parse, sources):
        if one.holds(target) or target.holds(one):
            raise UsageError(
                f"is, holds or lies inside its source {one.public}",
                path=public(out),
                remedy="Choose an output outside the source.",
            )
