"""Which format a source is in: what is there decides, nothing is guessed."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from signdata import sidecars
from signdata.downloads import refuse_failed
from signdata.errors import FormatError, SigndataError
from signdata.filesystem import not_there
from signdata.formats.clip_tables import known
from signdata.formats.hdf5.signature import starts_as_hdf5
from signdata.formats.place import Place
from signdata.formats.registry import FORMATS
from signdata.formats.table.files import lists_clip_folders
from signdata.formats.trees.readings import (
    Reading,
    layout_readings,
    mixed,
    questions,
    wrapped,
)
from signdata.media.image.kinds import is_picture
from signdata.safe_names import is_junk
from signdata.samples import SPLIT_NAMES, SPLITS
from signdata.sidecars import refuse_partial

MOST_READINGS = 5
"""Readings that a question lists."""

LAID_OUT = ("folders", "frames", "videos")
"""Formats of which a layout says what paths mean."""


ARCHIVES = {
    ".zip": "unzip",
    ".tar": "tar -xf",
    ".tar.gz": "tar -xf",
    ".tgz": "tar -xf",
    ".tar.xz": "tar -xf",
    ".tar.bz2": "tar -xf",
    ".7z": "7z x",
    ".rar": "unrar x",
}
"""How archives are called, and what unpacks them."""


def recognise(
    paths: list[Path],
    *,
    follow_symlinks: bool = False,
    layout: str | None = None,
    among: Collection[str] = (),
) -> str:
    """Return the name of the one format that `paths` can be read as.

    Parameters
    ----------
    paths : list of Path
        The source.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    layout : str, optional
        A pattern that says what paths in a directory mean.
    among : collection of str
        Formats that the command reads; readings as others do not matter. All by default.

    Raises
    ------
    MissingError
        If a path is not there.
    FormatError
        If nothing fits, more than one format fits, or it is an unfinished output.
    """
    for path in paths:
        refuse_partial(path)
        if not path.exists():
            raise not_there(path)
        if path.is_file() and path.stat().st_size:
            refuse_failed(path)
    if len(paths) > 1:
        return _of_several(paths)
    place = Place(paths[0], follow_symlinks, layout)
    others = readings(place)
    found = {name: one for name, one in others.items() if not among or name in among}
    if others and not found:
        expected = " or ".join(FORMATS[name].on_disk for name in among).replace("`", "")
        raise FormatError(
            f"not read by this command; expected {expected}, found {listed(others)}",
            path=place.path,
        )
    if {"folders", "videos"} <= found.keys() and is_picture(str(place.path / found["videos"])):
        del found["videos"]  # pictures that move are stills unless a command asks for videos
    if len(found) > 1 and place.layout is None and set(found) <= set(LAID_OUT):
        raise _question(place, mixed(place, found))
    if len(found) > 1:
        raise FormatError(
            f"{len(found)} readings: {listed(found)}",
            path=place.path,
            remedy=_remedy_for(place, found),
        )
    if not found:
        raise _not_a_dataset(place)
    name = next(iter(found))
    doubts = questions(place, name) if place.is_dir and name in LAID_OUT else []
    if len(doubts) > 1:
        raise _question(place, doubts)
    return name


def _question(place: Place, doubts: list[Reading]) -> FormatError:
    doubts = doubts[:MOST_READINGS]
    shown = "; ".join(f"{one.option} gives {one.gives}" for one in doubts)
    what = f"{len(doubts)} readings" if len(doubts) > 1 else "not laid out as CLASS/NAME"
    return FormatError(f"{what}: {shown}", path=place.path, remedy="Say which.")


def readings(place: Place) -> dict[str, str]:
    """The formats that a place could be read as, each with an example."""
    if not place.is_dir:
        named = {name: one for name, one in FORMATS.items() if one.names_source(place.path)}
        if named:  # the name says it; whether the file agrees, its reader will say
            found = {name: one.recognised_in(place) for name, one in named.items()}
            certain = {name: example for name, example in found.items() if example}
            return certain or {next(iter(named)): place.path.name}
    # A published dataset is known by its tables: the folders next to them are no classes. So
    # are clips of ours that lie next to their manifest.
    published = known.layout_at(place.path) is not None or lists_clip_folders(place.path)
    found = {}
    fault: FormatError | None = None
    for name in ("table", "wlasl") if published else FORMATS:
        one = FORMATS[name]
        try:
            found[name] = one.recognised_in(place) if one.reader else ""
        except FormatError as err:  # laid out as no tree is, and another format may know better
            fault = fault or err
    certain = {name: example for name, example in found.items() if example}
    if fault is not None and not certain:
        raise _of_parts(place) or fault
    if len(certain) > 1:  # a manifest lists files for the format that they are in
        certain = {name: one for name, one in certain.items() if one != sidecars.MANIFEST}
    return certain


def _of_parts(place: Place) -> FormatError | None:
    """The question about split folders that are datasets of their own; None if they are not."""
    folders = [child for child in sorted(place.path.iterdir()) if child.is_dir()]
    named = [child for child in folders if child.name.casefold() in SPLIT_NAMES]
    named.sort(key=lambda child: SPLITS.index(SPLIT_NAMES[child.name.casefold()]))
    if len(named) < 2 or len(named) < len(folders):
        return None
    parts = [_part(folder) for folder in named]
    if not all(parts):
        return None
    said = " ".join(
        shlex.quote(f"{SPLIT_NAMES[folder.name.casefold()]}={part}")
        for folder, part in zip(named, parts, strict=True)
    )
    return FormatError(
        "split folders that are datasets of their own; expected each of them named",
        path=place.path,
        remedy=f"Say {said}.",
    )


def _part(folder: Path) -> Path | None:
    """The dataset that a split folder is, or that the only file in it is; None if it is none."""
    files = [one for one in folder.iterdir() if one.is_file() and not is_junk(one.name)]
    paths = [folder, *(files if len(files) == 1 else ())]
    return next((path for path in paths if _is_dataset(path)), None)


def _is_dataset(path: Path) -> bool:
    try:
        return bool(recognise([path]))
    except SigndataError:
        return False


def listed(found: dict[str, str]) -> str:
    """Readings for people."""
    return ", ".join(f"{name} ({example})" for name, example in sorted(found.items()))


def unwrapped(path: Path, *, follow_symlinks: bool = False) -> Path:
    """The dataset inside a lone wrapper folder; any other `path` as it is."""
    if not path.is_dir() or (path / sidecars.MANIFEST).is_file():
        return path
    inside = wrapped(path, follow_symlinks=follow_symlinks)
    return path if inside is None else unwrapped(inside, follow_symlinks=follow_symlinks)


def _of_several(paths: list[Path]) -> str:
    several = {name: one for name, one in FORMATS.items() if one.several}
    for name, one in several.items():
        if all(map(one.names_source, paths)):
            return name
    other = next(
        (path for path in paths if not any(one.names_source(path) for one in several.values())),
        paths[-1],
    )
    raise FormatError("several sources; expected only CSV files, or X.npy and Y.npy", path=other)


def _remedy_for(place: Place, found: dict[str, str]) -> str:
    if "wlasl" in found:
        index = place.path / found["wlasl"]
        return f"Name the index itself ({index}), or say --from videos."
    return "Name one with --from, or point at the part that is meant."


def _ends(path: Path, suffix: str) -> bool:
    return path.name.lower().endswith(suffix)


def _not_a_dataset(place: Place) -> FormatError:
    path = place.path
    if not place.is_dir:
        unpacker = next((how for suffix, how in ARCHIVES.items() if _ends(path, suffix)), "")
        if unpacker:
            return FormatError(
                "an archive; expected what is in it",
                path=path,
                remedy=f"Unpack it: {unpacker} {path.name}",
            )
        if starts_as_hdf5(path):
            return FormatError(
                "an HDF5 file with another suffix; expected .h5 or .hdf5",
                path=path,
                remedy=f"Rename it to {path.name}.h5.",
            )
        return FormatError(
            "not a dataset; expected a .csv, .csv.gz, .h5, .hdf5, .npz, .jsonl or "
            "WLASL .json file, or a directory",
            path=path,
        )
    deeper = layout_readings(place) if place.layout is None else []
    if deeper and not (path / sidecars.MANIFEST).is_file():
        return _question(place, deeper)
    if place.tree.class_dirs:
        return FormatError("no pictures and no videos in its class folders", path=path)
    if (path / sidecars.MANIFEST).is_file():
        return FormatError(
            "a list without pictures, as split --mode manifest writes it",
            path=path,
            remedy="Its paths lie below the dataset that was split; split again by links.",
        )
    return FormatError(
        "no class folders; expected CLASS/NAME.png, CLASS/CLIP/img_00001.jpg "
        "or CLASS/NAME.mp4 below it",
        path=path,
    )
