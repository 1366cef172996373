"""Opening a dataset of any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signdata.errors import UsageError
from signdata.formats import detect
from signdata.formats.reader import OpenOptions, Reader
from signdata.formats.registry import FORMATS, reader_class
from signdata.formats.selection import selected, whole
from signdata.formats.sources import Source, several
from signdata.formats.views import Only
from signdata.options import ReadOptions, paths
from signdata.results import NOTE, Problem
from signdata.sidecars import refuse_partial
from signdata.values import checked

if TYPE_CHECKING:
    from signdata.formats.clip_choice import Choice
    from signdata.media.video.clip import ClipOptions


@checked
def open_dataset(
    src: str | Path | Sequence[str | Path],
    *,
    format: str | None = None,
    split: str | None = None,
    labels: str | Path | Sequence[str] = "letters",
    csv_size: tuple[int, ...] | None = None,
    header: bool = True,
    videos: str | Path | None = None,
    official_splits: bool = True,
    follow_symlinks: bool = False,
    images: str | None = None,
    targets: str | None = None,
    root: str | Path | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    clips: ClipOptions | None = None,
    choice: Choice | None = None,
    layout: str | None = None,
    corrections: str | Path | None = None,
    classes: Sequence[str] | str | Path | None = None,
    rename: str | Path | None = None,
    max_per_class: int | None = None,
    fold: int | None = None,
    val_fold: int | None = None,
    storage_options: Mapping[str, Any] | str | Path | None = None,
    scratch: str | Path | None = None,
) -> Reader:
    """Open a dataset for reading.

    Parameters
    ----------
    src : path or sequence of paths
        A file or directory of any format. Several are one dataset, with splits where they are
        named ``train=DIR`` or have the word in their names; see `signdata.formats.sources`.
    format : str, optional
        Name of the format; recognised by default.
    split : str, optional
        Read only the samples of this split.
    labels, csv_size, header
        How a CSV is read; see `signdata.formats.csv.rows_as_samples.CsvOptions`.
    videos, official_splits
        Where the videos of a WLASL JSON are, and whether its splits are used.
    follow_symlinks : bool
        Whether symbolic links to folders are followed.
    images, targets : str, optional
        The arrays of an ``.npz``, of ``.npy`` files or of an HDF5 file that are read; found by
        their names by default.
    root, path_column, label_column : optional
        What the paths in a table are relative to, and the columns that have paths and labels.
    clips : ClipOptions, optional
        Which frames of a video are read, and how; all by default.
    choice : Choice, optional
        Which instances of a WLASL JSON are read; all by default.
    layout : str, optional
        What paths in a directory mean: ``{signer}/{label}/*``.
    corrections : path, optional
        What a person decided about single samples; see `signdata.formats.corrections`.
    classes, rename, max_per_class, fold, val_fold
        Which samples are read, and under which names; see `signdata.formats.selection`.
    storage_options, scratch
        How a store is reached where `src` is an address, and where its local copy is kept.

    Returns
    -------
    Reader
        Iterable again and again; yields a `Sample` for each labelled item.

    Raises
    ------
    MissingError, FormatError, UsageError
        If it is not there, is not a dataset, or could be read in two ways.
    """
    read = ReadOptions(
        split=split,
        labels=labels,
        csv_size=csv_size,
        header=header,
        from_format=format,
        videos=videos,
        follow_symlinks=follow_symlinks,
        layout=layout,
        corrections=corrections,
        classes=classes,
        rename=rename,
        max_per_class=max_per_class,
        fold=fold,
        val_fold=val_fold,
        images=images,
        targets=targets,
        root=root,
        path_column=path_column,
        label_column=label_column,
    )
    if "://" in str((src, videos, root)):
        from signdata.stores.access import Access
        from signdata.stores.arguments import local_copy

        access = Access.of(storage_options, scratch)
        src = local_copy(src, access, split)
        read = replace(read, videos=local_copy(videos, access), root=local_copy(root, access))
    options = OpenOptions(read, clips=clips, choice=choice, official_splits=official_splits)
    return open_source(paths(src), options)


def open_source(sources: list[Path], options: OpenOptions) -> Reader:
    """Open a dataset as a command was told to; see `open_dataset`."""
    read = options.read
    if not sources:
        raise UsageError("no dataset named")
    parts = several(sources, read.from_format)
    if parts:
        reader: Reader = _joined(parts, options)
    else:
        reader = _open_one(sources, options)
    reader = selected(reader, read)
    return reader if read.split is None else Only(reader, read.split)


def _joined(parts: list[Source], options: OpenOptions) -> Reader:
    """Several sources as one dataset; what is selected is selected from all of it."""
    from signdata.formats.joined import JoinedReader

    alone = replace(options, read=whole(options.read))
    return JoinedReader(parts, [open_source([part.path], alone) for part in parts])


def _open_one(sources: list[Path], options: OpenOptions) -> Reader:
    """Open what is one dataset by itself."""
    read = options.read
    named = sources
    if read.from_format is None and read.layout is None and len(sources) == 1:
        sources = [detect.unwrapped(sources[0], follow_symlinks=read.follow_symlinks)]
    if read.from_format is None:
        name = detect.recognise(sources, follow_symlinks=read.follow_symlinks, layout=read.layout)
        if name == "csv" and (read.root or read.path_column or read.label_column):
            name = "table"  # options that only a table of files has
    else:
        name = read.from_format
        for path in sources:
            refuse_partial(path)
    reader_type = reader_class(name)
    if len(sources) > 1 and not FORMATS[name].several:
        raise UsageError(f"{len(sources)} sources; expected one for {name}")
    if read.videos is not None and name not in ("wlasl", "table"):
        raise UsageError(f"--videos goes with a WLASL JSON or a table of clips, not with {name}")
    if read.layout is not None and name not in detect.LAID_OUT:
        raise UsageError(f"--layout goes with directories of files, not with {name}")
    if (read.images or read.targets) and name not in ("arrays", "hdf5", "parquet"):
        raise UsageError(
            f"--images and --targets go with arrays, hdf5 and parquet, not with {name}"
        )
    has_columns = name in ("webdataset", "parquet")
    if name != "table" and (read.root or (not has_columns and _names_columns(read))):
        raise UsageError(
            f"--root, --path-column and --label-column go with tables of files, not with {name}",
            remedy="Say --from table if it is one.",
        )
    reader = reader_type.open(sources, options)
    if named != sources:
        reader.inputs = (*named, *reader.inputs)
        inside = sources[0].relative_to(named[0]).as_posix()
        reader.remarks = (Problem(inside, "", NOTE, "the only folder: read in place of SRC"),)
    return reader


def _names_columns(read: ReadOptions) -> bool:
    return bool(read.path_column or read.label_column)
