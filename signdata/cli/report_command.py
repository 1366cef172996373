"""``signdata report``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import OutputOptions, ReadOptions


class Pictures(click.ParamType[int]):
    """A number of pictures, or ``none``."""

    name = "N|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text != "none" and not text.isdecimal():
            self.fail(f"{text!r}; expected a number or none", param, ctx)
        return 0 if text == "none" else int(text)


@click.command("report", cls=Command)
@click.argument("src", metavar="SRC|RUN...", nargs=-1, required=True, type=options.PATH)
@click.option(
    "--out",
    "-o",
    default="report.html",
    show_default=True,
    type=options.PATH,
    metavar="FILE.html",
    help="The page to write.",
)
@click.option(
    "--against",
    multiple=True,
    type=options.PATH,
    metavar="OTHER",
    help="Show what SRC has in common with this dataset, too.",
)
@click.option(
    "--pictures",
    type=Pictures(),
    help="Pictures of each class and of each finding [default: as many as suit SRC].",
)
@click.option(
    "--anonymous", is_flag=True, help="Number signers and samples instead of naming them."
)
@options.groups(ReadOptions, OutputOptions)
@options.shows
def command(src: tuple[str, ...], against: tuple[str, ...], **kwargs: Any) -> None:
    """Show a dataset, and what networks make of it, on one page that needs no network.

    SRC is a dataset, RUN a folder of baseline or evaluate; both together show the pictures that a
    network takes for others, two runs are compared. First comes what the dataset is worth: leaks in
    words, the honest accuracy beside the naive one; then classes by split and signer, the findings
    of audit with pictures, samples of each class, curves and mistakes of networks, and how all of
    it was made. The page holds pictures of people: pass it on only if their licence lets you.

    \b
    Example:
      signdata report asl-split/ -o asl.html
      signdata report asl.h5 runs/asl-signnet-s0 runs/asl-signnet-s1 -o asl.html
      signdata report WLASL_v0.3.json --pictures none -o wlasl.html
    """
    import signdata

    display.run(signdata.report, *src, against=list(against) or None, **kwargs)
