"""Where the files of a dataset are: one, or a folder of them, with a split for each.

::

    data/train-00000-of-00002.parquet      as the Hub has it, and as we write it
    train/0000.parquet                     as the Hub converts datasets
    train/data-00000-of-00001.arrow        as `save_to_disk` leaves it
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from signdata import sidecars
from signdata.errors import FormatError, MissingError
from signdata.formats.parquet.library import as_format_error, is_installed
from signdata.formats.parquet.stored_columns import features_of, picture_columns
from signdata.formats.parquet.stored_files import schema_of
from signdata.formats.place import Place
from signdata.formats.shard_files import read_sums, refuse_gaps, stem_of
from signdata.formats.trees.layout import split_word, splits_of_names
from signdata.media.suffixes import natural
from signdata.safe_names import is_junk
from signdata.samples import SPLITS

T = TypeVar("T")

SAVED, SAVED_SPLITS = "state.json", "dataset_dict.json"
"""Files that `save_to_disk` of Hugging Face's library leaves: of one split, and of several."""

SUFFIX = ".parquet"


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Its path below the dataset, POSIX separators.
    split : str
        What its folder or its name says, or ''.
    """

    path: Path
    name: str
    split: str


class _State(msgspec.Struct):
    """What is read of ``state.json``."""

    data_files: list[dict[str, str]] = msgspec.field(name="_data_files", default_factory=list)
    indices: list[dict[str, str]] | None = msgspec.field(
        name="_indices_data_files", default_factory=list
    )
    split: str | None = msgspec.field(name="_split", default=None)


class _Splits(msgspec.Struct):
    """What is read of ``dataset_dict.json``."""

    splits: list[str]


def is_saved(path: Path) -> bool:
    """Whether a folder is what `save_to_disk` left."""
    return (path / SAVED_SPLITS).is_file() or (path / SAVED).is_file()


def is_own(path: Path) -> bool:
    """Whether a folder is a dataset in Parquet files that signdata has written."""
    if not (path / sidecars.SHARDS).is_file() or not (path / sidecars.MANIFEST).is_file():
        return False

    return any(one.shard.endswith(SUFFIX) for one in read_sums(path / sidecars.SHARDS))


def files_of(path: Path) -> list[DataFile]:
    """The files of a dataset in order; [] where a folder has none.

    Raises
    ------
    FormatError
        If one is missing among numbered ones, if only some say their split, or if several
        folders have some.
    """
    if not path.is_dir():
        return [DataFile(path, path.name, "")]
    if (path / SAVED_SPLITS).is_file():
        return _saved_splits(path)
    if (path / SAVED).is_file():
        return _saved(path, path, None)
    return _found(path)


def _saved_splits(root: Path) -> list[DataFile]:
    found = []
    for name in _read(root / SAVED_SPLITS, _Splits).splits:
        split = split_word(name)
        folder = root / name
        if not split or len(Path(name).parts) != 1 or not os.path.isfile(folder / SAVED):
            raise FormatError(
                f"split {name!r}; expected folders of {', '.join(SPLITS)}",
                path=root / SAVED_SPLITS,
                remedy=f"Name the folder that is meant, as train={folder}." if not split else "",
            )
        found.extend(_saved(root, folder, split))
    return found


def _saved(root: Path, folder: Path, split: str | None) -> list[DataFile]:
    state = _read(folder / SAVED, _State)
    if state.indices:
        raise FormatError(
            "rows in an order that is a file of its own; expected them as they are",
            path=folder / SAVED,
            remedy="Save it again with a newer version of datasets.",
        )
    names = [one.get("filename", "") for one in state.data_files]
    for name in names:
        if len(Path(name).parts) != 1 or not os.path.isfile(folder / name):
            raise MissingError(f"{name!r} is not there", path=folder / SAVED)
    said = split if split is not None else split_word(state.split or "")
    return [_file(root, folder / name, said) for name in names]


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, RecursionError) as err:
        raise FormatError(f"not what save_to_disk writes ({err})", path=path) from err


def _file(root: Path, path: Path, split: str) -> DataFile:
    return DataFile(path, path.relative_to(root).as_posix(), split)


def _found(root: Path) -> list[DataFile]:
    """The Parquet files of a folder: in it, in ``data/``, or in folders of splits."""
    places = [root, root / "data"]
    for place in places:
        paths, all_folders = _entries(place)
        if paths:
            return _with_splits(root, paths)
        folders = [one for one in all_folders if split_word(one.name)]
        held = [(folder, one) for folder in folders for one in _entries(folder)[0]]
        if held:
            return _in_order([_file(root, one, split_word(folder.name)) for folder, one in held])
    inside = [one for one in _entries(root)[1] if _found_inside(one)]
    if len(inside) > 1:
        raise FormatError(
            f"{len(inside)} folders of Parquet files: "
            f"{', '.join(one.name for one in inside[:5])}; expected one dataset",
            path=root,
            remedy=f"Name the one that is meant, as {inside[0]}.",
        )
    return [
        DataFile(one.path, f"{inside[0].name}/{one.name}", one.split)
        for one in (_found_inside(inside[0]) if inside else ())
    ]


def _found_inside(folder: Path) -> list[DataFile]:
    """The Parquet files of a folder in a dataset's root; no deeper."""
    paths, folders = _entries(folder)
    if paths:
        return _with_splits(folder, paths)
    splits = [one for one in folders if split_word(one.name)]
    held = [(one, path) for one in splits for path in _entries(one)[0]]
    return _in_order([_file(folder, path, split_word(one.name)) for one, path in held])


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """The Parquet files directly in a folder that are no tables next to pictures, and its folders.

    Most of what is asked about are folders of very many pictures: their names alone are looked at.
    """
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    named = [one for one in entries if one.name.lower().endswith(SUFFIX)]
    files = [
        folder / one.name
        for one in named
        if one.name != "metadata.parquet" and not is_junk(one.name) and one.is_file()
    ]
    folders = [folder / one.name for one in entries if one.is_dir() and not is_junk(one.name)]
    return sorted(files, key=lambda one: natural(one.name)), sorted(folders)


def _with_splits(root: Path, paths: Sequence[Path]) -> list[DataFile]:
    """Files of one folder, with the splits that their names say."""
    refuse_gaps(paths)
    stems = {path: stem_of(path) for path in paths}
    splits = splits_of_names(dict.fromkeys(stems.values()))
    silent = next((path for path, stem in stems.items() if not splits[stem]), None)
    if silent is not None and any(splits.values()):
        raise FormatError(
            "no split in its name, and others have one; expected train, val or test in all or none",
            path=silent,
        )
    return _in_order([_file(root, path, splits[stem]) for path, stem in stems.items()])


def _in_order(files: Iterable[DataFile]) -> list[DataFile]:
    """Files by split, in the order of listings; each split's as they were."""
    return sorted(files, key=lambda one: ("", *SPLITS).index(one.split))


def recognises(place: Place) -> str:
    """An example of what makes a place this format, or ''."""
    path = place.path
    if not place.is_dir:
        if path.suffix.lower() == ".arrow":
            return path.name
        return path.name if path.suffix.lower() == SUFFIX and holds_pictures(path) else ""
    if is_own(path):
        return sidecars.SHARDS
    if is_saved(path):
        return SAVED_SPLITS if (path / SAVED_SPLITS).is_file() else SAVED
    first = next(iter(files_of(path)), None)
    return first.name if first is not None and _may_hold_pictures(first.path) else ""


def _may_hold_pictures(path: Path) -> bool:
    """Whether a file of a folder has pictures; without pyarrow, its reader will say what to do."""
    return not is_installed() or holds_pictures(path)


def holds_pictures(path: Path) -> bool:
    """Whether a Parquet file has a column of pictures; else it is a table of something else."""
    if not is_installed():
        return False
    try:
        schema = schema_of(path)
        with as_format_error(path):
            return bool(picture_columns(schema, features_of(schema, path)))
    except FormatError:
        return False
