"""What an output is to be: its format by option or by name."""

from __future__ import annotations

from pathlib import Path

from signdata.errors import UsageError
from signdata.formats.csv.writer import CsvWriter
from signdata.formats.folders import FoldersWriter
from signdata.formats.frames import FramesWriter
from signdata.formats.manifest_only import ManifestWriter
from signdata.formats.reader import DatasetInfo
from signdata.formats.registry import HDF5_SUFFIXES, writer_class
from signdata.formats.trees.pictures import LINK_MODES, PictureOptions
from signdata.formats.writer import Writer

MODES = (*LINK_MODES, "manifest")


INTO = ("folders", "hdf5", "csv")


def writer_for(
    out: Path, info: DatasetInfo, mode: str, source: Path, into: str | None = None
) -> Writer:
    """The writer that a split's output name and mode ask for; `source` is what is split.

    Raises
    ------
    UsageError
        If the mode is none, or the name does not fit the format that was asked for.
    """
    if mode not in MODES:
        raise UsageError(f"mode {mode!r}; expected one of {', '.join(MODES)}")
    if into not in (None, *INTO):
        raise UsageError(f"into {into!r}; expected one of {', '.join(INTO)}")
    suffix = out.suffix.lower()
    named = "csv" if suffix == ".csv" else "hdf5" if suffix in HDF5_SUFFIXES else "folders"
    if into is not None and into != named:
        ends = {"csv": ".csv", "hdf5": ".h5"}.get(into)
        remedy = f"Call it {out.name}{ends}." if ends else "Name a directory."
        raise UsageError(f"--into {into}, but it is named like {named}", path=out, remedy=remedy)
    if mode == "manifest":
        return ManifestWriter(source)
    if named == "csv":
        return CsvWriter(out.name)
    if named == "hdf5":
        writer: Writer = writer_class("hdf5")(out.name)
        return writer
    options = PictureOptions(mode=mode)
    return FramesWriter(options) if info.kind == "clip" else FoldersWriter(options)


def picture_options(
    image_format: str | None, quality: int, class_names: str = "as-is"
) -> PictureOptions:
    return PictureOptions(image_format, quality, class_names=class_names)  # type: ignore[arg-type]  # it checks


def format_for(out: Path, info: DatasetInfo) -> str:
    """The format that an output's name asks for."""
    suffix = out.suffix.lower()
    if suffix == ".csv":
        return "csv"
    if suffix in HDF5_SUFFIXES:
        return "hdf5"
    return "folders" if info.kind == "still" else "frames"


_SUFFIXES = {"csv": (".csv",), "hdf5": HDF5_SUFFIXES}
"""What the name of a single file has to end in, so that it is recognised again."""


def check_suffix(name: str, out: Path) -> None:
    """Raise `UsageError` unless an output's name can be recognised as its format."""
    suffixes = _SUFFIXES.get(name)
    if suffixes and out.suffix.lower() not in suffixes:
        raise UsageError(
            f"not named like {name}; expected a name that ends in {' or '.join(suffixes)}",
            path=out,
            remedy=f"Call it {out.name}{suffixes[0]}.",
        )


def writer(
    name: str, out: Path, pictures: PictureOptions, layout: str, split: str | None
) -> Writer:
    made: Writer
    check_suffix(name, out)
    if name == "csv":
        made = CsvWriter(out.name, split or "")
    elif name == "hdf5":
        made = writer_class(name)(out.name, layout, pictures)
    else:
        made = writer_class(name)(pictures)
    return made
