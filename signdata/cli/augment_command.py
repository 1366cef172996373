"""``signdata augment``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import EncodingOptions, ReadOptions, RunOptions, in_datasets


@click.command("augment", cls=Command)
@click.argument("words", metavar="SRC... [OUT]", nargs=-1, required=True, type=options.PATH)
@click.option(
    "--recipe",
    default="sign-mnist-60",
    show_default=True,
    metavar="NAME|FILE",
    help="sign-mnist-60, observed-20, or a TOML file.",
)
@click.option(
    "--variants", type=click.IntRange(1), help="Variants of each picture [default: the recipe's]."
)
@click.option(
    "--size", type=options.SIZE, metavar="WxH", help="Size of the variants [default: the recipe's]."
)
@options.fit
@options.background
@click.option(
    "--profile",
    type=click.Choice(["im7-2017", "im6-q16", "im7-current"]),
    help="Version of ImageMagick to match [default: the recipe's, im7-2017].",
)
@click.option(
    "--augment-splits",
    type=click.Choice(["train", "all"]),
    default="train",
    show_default=True,
    help="Splits to vary; the others are only converted to the same size.",
)
@click.option("--keep-original", is_flag=True, help="Also write each varied picture itself.")
@click.option(
    "--boxes",
    type=options.PATH,
    metavar="CSV|auto",
    help="Crop to these boxes first; auto uses *_loc.csv or the manifest.",
)
@click.option(
    "--label-pattern", metavar="PATTERN", help="As --layout, or a REGEX whose group is the label."
)
@click.option(
    "--group-pattern", metavar="PATTERN", help="As --layout, or a REGEX whose group is the signer."
)
@click.option(
    "--preview", type=options.PATH, metavar="PNG", help="Preview a few samples; write nothing else."
)
@options.seed
@options.to_format
@options.hdf5_layout
@options.groups(ReadOptions, EncodingOptions, RunOptions)
@options.shows
def command(words: tuple[str, ...], **kwargs: Any) -> None:
    """Make variants of every picture, with the grey levels that ImageMagick gives.

    If the dataset has splits, only train is varied. Each variant's manifest row says what it was
    made from and which ImageMagick options make the same picture.

    \b
    Example:
      signdata augment asl/ more.h5 --recipe observed-20
      signdata augment photos/ --boxes auto --label-pattern '/([A-Y])[0-9]' --preview sheet.png
    """
    import signdata

    src, *others = in_datasets(words)
    if others:
        src, others = list(words[:-1]), [[words[-1]]]
    out = others[0][0] if others else None
    display.run(signdata.augment, src, out, **kwargs)
