"""What an output is to be: its format by option or by name, and the writer of that format."""

from __future__ import annotations

from pathlib import Path

from signdata.errors import UsageError
from signdata.formats.file_suffixes import file_suffix
from signdata.formats.manifest_only import ManifestWriter
from signdata.formats.parquet.library import arrow
from signdata.formats.picture_options import LINK_MODES, PictureOptions
from signdata.formats.reader import DatasetInfo
from signdata.formats.registry import FORMATS, Format, writer_class
from signdata.formats.writer import Writer
from signdata.options import TableOptions

MODES = (*LINK_MODES, "manifest")

DIRECTORY = "folders"
"""What ``--into`` calls a directory, whatever kind of sample it holds."""


def format_for(out: Path, info: DatasetInfo, to_format: str | None = None) -> str:
    """The format of an output: what was asked for, else what its name and its samples ask for.

    Raises
    ------
    UsageError
        If its name could not be recognised as that format again.
    """
    named = _file_named(out)
    if named is None and file_suffix(out) and not out.is_dir():
        files = [one.suffixes[0] for one in FORMATS.values() if one.writer and one.is_file]
        raise UsageError(
            f"named like a {file_suffix(out)} file, which cannot be written; expected "
            f"{', '.join(files)} or the name of a folder",
            path=out,
            remedy="Choose another name.",
        )
    if to_format is None:
        return named.name if named else _directory_for(info.kind)
    asked = FORMATS.get(to_format)
    if asked and asked.is_file and not asked.names(out):
        raise UsageError(
            f"not named like {to_format}; expected a name that ends in "
            f"{' or '.join(asked.suffixes)}",
            path=out,
            remedy=f"Call it {out.name}{asked.suffixes[0]}.",
        )
    if asked and not asked.is_file and file_suffix(out) and not out.is_dir():
        raise UsageError(
            f"named like a {file_suffix(out)} file; expected the name of a folder, as "
            f"{to_format} is one",
            path=out,
            remedy="Choose another name.",
        )
    return to_format


def check_named(name: str, out: Path) -> None:
    """Raise `UsageError` unless an output that is one file is named like its format."""
    format_for(out, DatasetInfo(name, "still"), name)


def _file_named(out: Path) -> Format | None:
    return next((one for one in FORMATS.values() if one.writer and one.names(out)), None)


def _directory_for(kind: str) -> str:
    return next(
        one.name for one in FORMATS.values() if one.writer and not one.is_file and kind in one.holds
    )


def writer_for(
    name: str,
    out: Path,
    pictures: PictureOptions | None = None,
    *,
    layout: str = "auto",
    split: str | None = None,
) -> Writer:
    """The writer of a format, for an output of this name."""
    made: Writer = writer_class(name).create(
        out, pictures or PictureOptions(), layout=layout, split=split or ""
    )
    return made


def split_writer(
    out: Path,
    info: DatasetInfo,
    mode: str,
    source: Path,
    into: str | None = None,
    tables: TableOptions = TableOptions(),
) -> Writer:
    """The writer that a split's output name and mode ask for; `source` is what is split.

    Raises
    ------
    UsageError
        If there is no such mode, or the name does not fit the format that was asked for.
    """
    if mode not in MODES:
        raise UsageError(f"mode {mode!r}; expected one of {', '.join(MODES)}")
    named = _file_named(out)
    found = named.name if named else DIRECTORY
    if into not in (None, *split_targets()):
        raise UsageError(f"into {into!r}; expected one of {', '.join(split_targets())}")
    if into is not None and into != found:
        asked = FORMATS[into]
        ends = asked.suffixes[0] if asked.is_file else ""
        remedy = f"Call it {out.name}{ends}." if ends else "Name a directory."
        raise UsageError(f"--into {into}, but it is named like {found}", path=out, remedy=remedy)
    if mode == "manifest":
        check_tables(tables, "a list")
        return ManifestWriter(source)
    written = format_for(out, info)
    check_tables(tables, written)
    options = PictureOptions() if named else PictureOptions(mode=mode, tables=tables)
    return writer_for(written, out, options)


def check_tables(tables: TableOptions, written: str) -> None:
    """See that tables for others can be written next to this format.

    Raises
    ------
    UsageError
        If the format has none.
    DependencyError
        If one is Parquet, and pyarrow is not installed.
    """
    if tables.metadata is not None and written != "folders":
        raise UsageError(f"--metadata goes with folders of pictures, not with {written}")
    if tables.manifest is None:
        return
    if written not in ("folders", "frames"):
        raise UsageError(
            f"--manifest goes with folders of pictures and of frames, not with {written}",
            remedy=f"In Python, signdata.manifest(PATH) reads that of {written}.",
        )
    arrow()


def split_targets() -> tuple[str, ...]:
    """What ``--into`` offers: a directory, or one file."""
    files = (one.name for one in FORMATS.values() if one.writer and one.is_file)
    return (DIRECTORY, *files)


def picture_options(
    image_format: str | None, quality: int, class_names: str = "as-is"
) -> PictureOptions:
    """How pictures are written; `UsageError` if it cannot be done."""
    return PictureOptions(image_format, quality, class_names=class_names)  # type: ignore[arg-type]  # it checks
