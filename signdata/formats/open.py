"""Opening a dataset of any format; reading only a part of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from signdata.errors import UsageError
from signdata.formats import detect
from signdata.formats.reader import Reader
from signdata.formats.registry import reader_class
from signdata.formats.views import Only
from signdata.formats.wlasl import layout

if TYPE_CHECKING:
    from signdata.formats.wlasl.reader import Choice
    from signdata.media.video.clip import ClipOptions


def open_dataset(
    src: str | Path | Sequence[str | Path],
    *,
    format: str | None = None,
    split: str | None = None,
    labels: str = "letters",
    csv_size: tuple[int, int] | None = None,
    header: bool = True,
    videos: str | Path | None = None,
    official_splits: bool = True,
    follow_symlinks: bool = False,
    clips: ClipOptions | None = None,
    choice: Choice | None = None,
) -> Reader:
    """Open a dataset for reading.

    Parameters
    ----------
    src : path or sequence of paths
        A file or directory of any format; several CSV files make one dataset.
    format : str, optional
        Name of the format; recognised by default.
    split : str, optional
        Read only the samples of this split.
    labels, csv_size, header
        How a CSV is read; see `signdata.formats.csv.reader.CsvOptions`.
    videos, official_splits
        Where the videos of a WLASL JSON are, and whether its splits are used.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    clips : ClipOptions, optional
        Which frames of a video are read, and how; all by default.
    choice : Choice, optional
        Which instances of a WLASL JSON are read; all by default.

    Returns
    -------
    Reader
        Iterable again and again; yields a `Sample` for each labelled item.

    Raises
    ------
    MissingError, FormatError, UsageError
        If it is not there, is no dataset, or could be read in two ways.
    """
    paths = [Path(src)] if isinstance(src, str | Path) else [Path(one) for one in src]
    if not paths:
        raise UsageError("no dataset named")
    if format is None:
        format = detect.recognise(paths, follow_symlinks=follow_symlinks)
    for path in paths:
        detect.refuse_partial(path)
    reader: Reader
    if format == "csv":
        reader = _open_csv(paths, labels, csv_size, header)
    else:
        if len(paths) > 1:
            raise UsageError(f"{len(paths)} sources; expected one for {format}")
        reader_type = reader_class(format)
        path = paths[0]
        if format in ("videos", "wlasl"):
            from signdata.media.video.clip import ClipOptions

            options = clips or ClipOptions()
            if format == "wlasl":
                path = layout.wlasl_index(path)
                where = Path(videos) if videos is not None else None
                reader = reader_type(path, where, options, choice, official_splits=official_splits)
            else:
                reader = reader_type(path, options, follow_symlinks=follow_symlinks)
        elif format == "hdf5":
            reader = reader_type(path)
        else:
            reader = _open_tree(format, path, follow_symlinks)
    if videos is not None and format != "wlasl":
        raise UsageError(f"--videos goes with a WLASL JSON, not with {format}")
    return reader if split is None else Only(reader, split)


def _open_csv(
    paths: list[Path], labels: str, csv_size: tuple[int, int] | None, header: bool
) -> Reader:
    from signdata.formats.csv.reader import CsvOptions, CsvReader

    if len(paths) == 1 and paths[0].is_dir():
        paths = detect.csv_files(paths[0])
    return CsvReader(paths, CsvOptions(labels, csv_size, header))


def _open_tree(format: str, path: Path, follow_symlinks: bool) -> Reader:
    from signdata.formats.folders import FoldersOptions, FoldersReader
    from signdata.formats.frames import FramesOptions, FramesReader

    if format == "folders":
        return FoldersReader(path, FoldersOptions(follow_symlinks))
    return FramesReader(path, FramesOptions(follow_symlinks))
