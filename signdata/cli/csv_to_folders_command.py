"""``signdata csv-to-folders``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import RowOptions, RunOptions, TableOptions, WriteOptions


@click.command("csv-to-folders", cls=Command)
@click.argument("csvs", metavar="CSV...", nargs=-1, required=True, type=options.PATH)
@click.argument("out", type=options.PATH)
@options.groups(RowOptions, WriteOptions, TableOptions, RunOptions)
@options.shows
def command(csvs: tuple[str, ...], out: str, **kwargs: Any) -> None:
    """Turn the rows of Sign-MNIST CSVs into folders of pictures.

    One CSV gives OUT/LABEL/000001.png, several give OUT/SPLIT/LABEL/000001.png, with the
    split from each file name (train, val or test). folders-to-csv converts back.

    \b
    Example:
      signdata csv-to-folders sign_mnist_train.csv sign_mnist_test.csv asl/
    """
    import signdata

    display.run(signdata.csv_to_folders, csvs, out, **kwargs)
