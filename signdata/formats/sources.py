"""Several sources that are one dataset: which split each is, and what its samples are called.

``train=DIR test=DIR`` say it; ``dataset dataset-test`` and ``Training Testing`` say it in their
names; without any such word all are one dataset without further splits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signdata.errors import UsageError
from signdata.filesystem import not_there
from signdata.formats.csv.files import is_pixel_csv
from signdata.formats.registry import FORMATS
from signdata.formats.trees.layout import splits_of_names
from signdata.options import named_split


@dataclass(frozen=True)
class Source:
    """One of several sources.

    Attributes
    ----------
    path : Path
        Where it is.
    split : str
        The split that all of it is, or ''.
    prefix : str
        What the ids of its samples start with.
    stem : str
        What the names of its samples start with where another source may have the same, or ''.
    """

    path: Path
    split: str
    prefix: str
    stem: str


def several(paths: Sequence[Path], from_format: str | None) -> list[Source]:
    """The sources that were named, where they are joined to one dataset; else [].

    Files that are one dataset by themselves (CSVs of pixels, ``X.npy`` and ``Y.npy``) are left to
    their format.

    Raises
    ------
    MissingError
        If one is not there.
    UsageError
        If one is named twice, or only some of them say their split.
    """
    said = [named_split(path) for path in paths]
    named = [split for split, _ in said if split]
    if not named and (len(paths) < 2 or _are_one(paths, from_format)):
        return []
    places = [Path(place) for _, place in said]
    for place in places:
        if not place.exists():
            raise not_there(place)
    twice = [path for path, n in Counter(place.resolve() for place in places).items() if n > 1]
    if twice:
        raise UsageError("named twice; expected different sources", path=twice[0])
    if named and len(named) < len(paths):
        other = next(place for (split, _), place in zip(said, places, strict=True) if not split)
        raise UsageError(
            "a source without its split next to others with theirs; expected train=, val= or test=",
            path=other,
            remedy=f"Say train={other}.",
        )
    splits = [split for split, _ in said] if named else _splits_in_names(places)
    return _sources(places, splits)


def shown(paths: Sequence[Path]) -> Path:
    """What a dataset is called by its sources: the first, without the split that was said."""
    return Path(named_split(paths[0])[1])


def _are_one(paths: Sequence[Path], from_format: str | None) -> bool:
    """Whether several files are one dataset of a format that takes several."""
    if from_format == "csv":
        return True
    if from_format not in (None, "arrays"):
        return False
    if from_format is None and all(FORMATS["csv"].names_source(path) for path in paths):
        return all(is_pixel_csv(path) for path in paths)
    return all(path.suffix.lower() == ".npy" for path in paths)


def _splits_in_names(places: Sequence[Path]) -> list[str]:
    """The split in each name; none at all where no name has one."""
    names = [_stem(place) for place in places]
    found = splits_of_names(names) if len(set(names)) == len(names) else {}
    splits = [found.get(name, "") for name in names]
    if any(splits) and not all(splits):
        other = places[splits.index("")]
        raise UsageError(
            "no split in its name, and others have one; expected train, val or test in all or none",
            path=other,
            remedy=f"Say train={other}, and so for each.",
        )
    return splits


def _sources(places: Sequence[Path], splits: Sequence[str]) -> list[Source]:
    names = [_stem(place) for place in places]
    taken = Counter(names)
    distinct = [
        name if taken[name] == 1 else f"{place.resolve().parent.name}-{name}"
        for name, place in zip(names, places, strict=True)
    ]
    if len(set(distinct)) < len(distinct):
        distinct = [f"{name}-{number}" for number, name in enumerate(names, 1)]
    n_of = Counter(splits)
    made = []
    for place, split, name in zip(places, splits, distinct, strict=True):
        alone = bool(split) and n_of[split] == 1
        parts = ([split] if split else []) + ([] if alone else [name])
        made.append(Source(place, split, "/".join(parts) + "/", "" if alone else f"{name}-"))
    return made


def _stem(place: Path) -> str:
    """A source's name, without suffix where it is a file."""
    name = place.resolve().name
    return name if place.is_dir() else name.partition(".")[0]
