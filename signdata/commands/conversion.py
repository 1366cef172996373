"""Commands that bring a dataset from one format into another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from signdata.conversion import pipeline
from signdata.conversion.transforms import EvenFrames, Geometry, Transform
from signdata.errors import UsageError
from signdata.filesystem import is_url, output_path
from signdata.formats import notebook_view, targets
from signdata.formats.csv.dialect import has_split_column
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions, Reader
from signdata.formats.registry import writer_class
from signdata.formats.sharding import MEGABYTES, ShardOptions
from signdata.formats.sources import shown
from signdata.formats.writer import Writer
from signdata.media.fitting import Fit
from signdata.options import (
    EncodingOptions,
    PathLike,
    ReadKeywords,
    ReadOptions,
    RowKeywords,
    RowOptions,
    RunKeywords,
    RunOptions,
    SizeKeywords,
    SizeOptions,
    TableKeywords,
    TableOptions,
    WriteKeywords,
    WriteOptions,
    command,
    paths,
)
from signdata.output.overlap import refuse_overlap
from signdata.results import Problem, Result

if TYPE_CHECKING:  # imported where an output goes to a store
    from signdata.commands.store_output import Place


class CsvToFoldersKeywords(RowKeywords, WriteKeywords, TableKeywords, RunKeywords, total=False):
    pass


class FoldersToCsvKeywords(ReadKeywords, SizeKeywords, RunKeywords, total=False):
    pass


class ConvertKeywords(ReadKeywords, WriteKeywords, TableKeywords, RunKeywords, total=False):
    pass


@command(RowOptions, WriteOptions, TableOptions, RunOptions)
def csv_to_folders(
    csvs: PathLike | Sequence[PathLike],
    out: PathLike,
    **shared: Unpack[CsvToFoldersKeywords],
) -> Result:
    """Turn the rows of Sign-MNIST CSVs into an ImageFolder tree of pictures.

    Parameters
    ----------
    csvs : path or sequence of paths
        One CSV gives ``OUT/LABEL/000001.png``; several give ``OUT/SPLIT/LABEL/...``.
    out : path
        The directory to make.
    """
    tables = TableOptions.taken_from(shared)
    targets.check_tables(tables, "folders")
    rows, write = RowOptions.taken_from(shared), WriteOptions.taken_from(shared)
    read = ReadOptions(**vars(rows), from_format="csv")
    return convert_dataset(
        open_source(paths(csvs), OpenOptions(read)),
        targets.writer_for(
            "folders",
            output_path(out),
            replace(targets.picture_options(write.image_format, write.quality), tables=tables),
        ),
        output_path(out),
        "csv-to-folders",
        {**rows.record(), **write.record(), **tables.record()},
        RunOptions.taken_from(shared),
        transforms=geometry(write),
    )


@command(ReadOptions, SizeOptions, RunOptions)
def folders_to_csv(
    src: PathLike | Sequence[PathLike],
    out: PathLike,
    **shared: Unpack[FoldersToCsvKeywords],
) -> Result:
    """Write an ImageFolder tree of grey pictures, or any dataset of stills, as one CSV.

    A tree that was made from a CSV gives the same bytes back: its spelling and the order of
    its rows are in the tree's manifest. Without a manifest rows are ordered by the number
    in each name, else by path. Of several splits, `split` names the one to write.

    Parameters
    ----------
    src, out : path
        The dataset and the CSV to make.
    """
    read, size = ReadOptions.taken_from(shared), SizeOptions.taken_from(shared)
    sources, target = paths(src), output_path(out)
    targets.check_named("csv", target)
    reader = open_source(sources, OpenOptions(read, by_number=True))
    if read.split is None and not has_split_column(reader.info.origin):
        from signdata.inspection import summary

        summary.refuse_several_splits(reader, shown(sources))
    return convert_dataset(
        reader,
        targets.writer_for("csv", target, split=read.split),
        target,
        "folders-to-csv",
        {**read.record_of(reader.info.format), **WriteOptions(**vars(size)).record()},
        RunOptions.taken_from(shared),
        transforms=geometry(size),
    )


@command(ReadOptions, WriteOptions, TableOptions, RunOptions)
def convert(
    src: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    to_format: str | None = None,
    hdf5_layout: str = "auto",
    shards: int | None = None,
    shard_size: int = MEGABYTES,
    frames: int | None = None,
    **shared: Unpack[ConvertKeywords],
) -> Result:
    """Convert a dataset from any format to any other that can hold it.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset; several CSV files make one.
    out : path
        What to make: ``.h5`` or ``.hdf5``, ``.csv``, or a directory. A format of shards may
        also be published at an address in a store, such as ``s3://bucket/asl``.
    to_format : str, optional
        Name of the format, where it is not clear from `out`.
    hdf5_layout : {'auto', 'raw', 'encoded'}
        Arrays, or picture files; see `signdata.formats.hdf5`.
    shards : int, optional
        Shards of each split, for formats that have some; by default as many as `shard_size`
        asks for, and at least 16.
    shard_size : int
        Megabytes of a shard, about.
    frames : int, optional
        That many evenly spaced frames of each clip; all by default.
    """
    read, write = ReadOptions.taken_from(shared), WriteOptions.taken_from(shared)
    tables = TableOptions.taken_from(shared)
    options = OpenOptions(read)
    if frames is not None:
        from signdata.media.video.frame_selection import Selection

        clips = replace(options.clip_options, selection=Selection(n_frames=frames))
        options = replace(options, clips=clips)
    reader = open_source(paths(src), options)
    place = None
    if is_url(out):
        from signdata.commands.store_output import Place

        place = Place.at(out, read)
    target = output_path(out) if place is None else place.staging
    written = targets.format_for(target, reader.info, to_format)
    cut = ShardOptions(shards, shard_size)
    if cut != ShardOptions() and not writer_class(written).sharded:
        raise UsageError(f"--shards and --shard-size go with formats of shards, not with {written}")
    targets.check_tables(tables, written)
    return convert_dataset(
        reader,
        writer(written, target, write, hdf5_layout, read.split, cut, tables),
        target,
        "convert",
        {
            **read.record_of(reader.info.format),
            "to": written,
            "hdf5_layout": hdf5_layout,
            **write.record(),
            **({} if frames is None else {"frames": frames}),
            **({} if cut == ShardOptions() else {"shards": shards, "shard_size": shard_size}),
            **tables.record(),
        },
        RunOptions.taken_from(shared),
        transforms=(*evenly_spaced(reader, frames), *geometry(write)),
        place=place,
    )


def evenly_spaced(reader: Reader, frames: int | None) -> tuple[Transform, ...]:
    """What chooses frames of clips that are not decoded from videos, which choose themselves."""
    if frames is None:
        return ()
    if reader.info.kind != "clip":
        raise UsageError("--frames goes with clips", path=reader.info.source_name)
    return () if reader.risky else (EvenFrames(frames),)


def convert_dataset(
    reader: Reader,
    writer: Writer,
    out: Path,
    command: str,
    options: dict[str, Any],
    how: RunOptions,
    *,
    inputs: Iterable[Path] = (),
    transforms: Sequence[Transform] = (),
    seed: int = 0,
    describe: Callable[[], dict[str, Any]] | None = None,
    notes: Sequence[Problem] = (),
    place: Place | None = None,
) -> Result:
    """Run the loop for a command.

    `inputs` are read next to what the reader reads. Where the output is sent to a store, `place`
    is it, and `out` where it waits.
    """
    refuse_overlap([*reader.inputs, *inputs], out)
    if place is not None:
        place.check(writer)
    with reader:
        result = pipeline.convert(
            reader,
            writer,
            out,
            command=command,
            options=options,
            seed=seed,
            transforms=transforms,
            describe=describe,
            notes=notes,
            how=how,
            already=None if place is None else place.existing,
        )
    if place is not None:
        return place.publish(result, how)
    if not how.dry_run:
        result.pictures = partial(notebook_view.of_dataset, out)
    return result


def writer(
    name: str,
    out: Path,
    encoding: EncodingOptions,
    hdf5_layout: str,
    split: str | None,
    shards: ShardOptions = ShardOptions(),
    tables: TableOptions = TableOptions(),
) -> Writer:
    """The writer of a format, told how pictures are encoded."""
    pictures = targets.picture_options(encoding.image_format, encoding.quality)
    pictures = replace(pictures, shards=shards, tables=tables)
    return targets.writer_for(name, out, pictures, layout=hdf5_layout, split=split)


def geometry(size: SizeOptions) -> tuple[Geometry, ...]:
    """What changes every picture, if anything is asked for."""
    size_hw = (size.size[1], size.size[0]) if size.size else None
    made = Geometry(size_hw, size.gray, Fit(size.fit, size.background))
    return (made,) if made else ()
