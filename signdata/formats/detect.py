"""Which format something on disk is in, told by what is there and never guessed."""

from __future__ import annotations

from pathlib import Path

from signdata import safe_names, sidecars
from signdata.errors import FormatError, MissingError
from signdata.formats.hdf5.safety import starts_as_hdf5
from signdata.formats.registry import HDF5_SUFFIXES
from signdata.formats.trees.scan import Tree
from signdata.formats.wlasl.layout import _is_trimmed
from signdata.media import suffixes
from signdata.media.image import decode
from signdata.sidecars import is_partial


def recognise(paths: list[Path], *, follow_symlinks: bool = False) -> str:
    """Return the name of the one format that `paths` can be read as.

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
            raise MissingError("not there", path=path)
    if len(paths) > 1:
        other = next((path for path in paths if path.suffix.lower() != ".csv"), None)
        if other is not None:
            raise FormatError("several sources; expected CSV files only", path=other)
        return "csv"
    path = paths[0]
    return _of_directory(path, follow_symlinks) if path.is_dir() else _of_file(path)


def refuse_partial(path: Path) -> None:
    """Raise `FormatError` if `path` is the unfinished output of a killed run."""
    if is_partial(path):
        raise FormatError(
            "an unfinished output; expected a whole dataset",
            path=path,
            remedy="Repeat the command that was making it.",
        )


def csv_files(path: Path) -> list[Path]:
    """CSV files that lie directly in a directory, without signdata's own beside them."""
    return sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() == ".csv"
        and not safe_names.is_junk(file.name)
        and not file.name.endswith(("manifest.csv", "problems.csv"))
    )


def _of_file(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return "csv"
    if suffix in HDF5_SUFFIXES:
        if not starts_as_hdf5(path):
            raise FormatError("named like HDF5, but not such a file", path=path)
        return "hdf5"
    if suffix == ".json":
        return "wlasl"
    if starts_as_hdf5(path):
        raise FormatError(
            "an HDF5 file with another suffix; expected .h5 or .hdf5",
            path=path,
            remedy=f"Rename it to {path.name}.h5.",
        )
    raise FormatError(
        "no dataset; expected a .csv, .h5, .hdf5 or WLASL .json file, or a directory", path=path
    )


def _of_directory(path: Path, follow_symlinks: bool) -> str:
    if _is_trimmed(path):
        return "wlasl"
    found = Tree.scan(path, follow_symlinks=follow_symlinks)
    if not found.class_dirs:
        if csv_files(path):
            return "csv"
        if (path / sidecars.MANIFEST).is_file():
            raise FormatError(
                "a list without pictures, as split --mode manifest writes it",
                path=path,
                remedy="Its paths lie below the dataset that was split; split again by links.",
            )
        raise FormatError(
            "no class folders; expected CLASS/NAME.png, CLASS/CLIP/img_00001.jpg "
            "or CLASS/NAME.mp4 below it",
            path=path,
        )
    kinds = _readings(found)
    if len(kinds) > 1:
        remedy = "Name one with --from, or point at the part that is meant."
        if "wlasl" in kinds:
            remedy = f"Name the index itself ({path / kinds['wlasl']}), or say --from videos."
        raise FormatError(f"{len(kinds)} readings: {_listed(kinds)}", path=path, remedy=remedy)
    if not kinds:
        raise FormatError("no pictures and no videos in its class folders", path=path)
    return next(iter(kinds))


def recognise_videos(path: Path, *, follow_symlinks: bool = False) -> str:
    """Return ``videos`` or ``wlasl``, whichever a source of videos is.

    Pictures beside the videos of a tree do not matter here.

    Raises
    ------
    MissingError, FormatError
        If it is not there, or neither.
    """
    refuse_partial(path)
    if path.suffix.lower() == ".json" and path.is_file():
        return "wlasl"
    if not path.is_dir():
        if not path.exists():
            raise MissingError("not there", path=path)
        raise FormatError("no videos; expected a directory, or the JSON of WLASL", path=path)
    kinds = _readings(Tree.scan(path, follow_symlinks=follow_symlinks))
    if "wlasl" in kinds:
        raise FormatError(
            f"holds the WLASL index {kinds['wlasl']}", path=path, remedy="Name that file as SRC."
        )
    if kinds and "videos" not in kinds:
        raise FormatError(
            f"no videos; expected CLASS/NAME.mp4 below it, found {_listed(kinds)}", path=path
        )
    return "videos"


def _listed(kinds: dict[str, str]) -> str:
    return ", ".join(f"{kind} ({place})" for kind, place in sorted(kinds.items()))


def _readings(found: Tree) -> dict[str, str]:
    """The formats that a directory could be read as, each with an example."""
    kinds = _kinds(found)
    for file in sorted(found.root.glob("*.json")):
        if file.is_file() and _mentions_gloss(file):
            kinds["wlasl"] = file.name
    return kinds


def _mentions_gloss(path: Path) -> bool:
    with path.open("rb") as file:
        return b'"gloss"' in file.read(4096)


def _kinds(found: Tree) -> dict[str, str]:
    """The formats that class folders could be read as, each with an example."""
    kinds: dict[str, str] = {}
    for class_dir in found.class_dirs:
        example_of = {suffixes.suffix_of(name): name for name in reversed(class_dir.files)}
        videos = sorted(example_of.keys() & suffixes.VIDEO_SUFFIXES)
        pictures = sorted(example_of.keys() & decode.SUFFIXES)
        if videos and pictures == [".gif"]:
            pictures = []  # videos of old sites are saved so
        for kind, matching in (("videos", videos), ("folders", pictures)):
            if matching:
                example = class_dir.path / example_of[matching[0]]
                kinds.setdefault(kind, found.below(example))
        for name in class_dir.folders:
            files, _ = found.entries(class_dir.path / name)
            if any(suffixes.suffix_of(file) in decode.SUFFIXES for file in files):
                kinds.setdefault("frames", found.below(class_dir.path / name))
                break
    return kinds
