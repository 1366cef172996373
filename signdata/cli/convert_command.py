"""``signdata convert``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions, RunOptions, TableOptions, WriteOptions


@click.command("convert", cls=Command)
@click.argument("src", metavar="SRC...", nargs=-1, required=True, type=options.PATH)
@click.argument("out", metavar="DST", type=options.PATH)
@options.to_format
@options.hdf5_layout
@options.shards
@options.shard_size
@click.option(
    "--frames", type=click.IntRange(1), help="Evenly spaced frames of each clip [default: all]."
)
@options.groups(ReadOptions, WriteOptions, TableOptions, RunOptions)
@options.shows
def command(src: tuple[str, ...], out: str, **kwargs: Any) -> None:
    """Convert a dataset from any format to any other that can hold it.

    DST ending in .h5 or .hdf5 becomes HDF5, in .csv a CSV, anything else a directory: folders
    of pictures, or frame folders for clips. Pictures stay as they are unless told otherwise.

    \b
    Example:
      signdata convert asl/ asl.h5
      signdata convert photos/ small.h5 --size 64x64 --gray
    """
    import signdata

    display.run(signdata.convert, src, out, **kwargs)
