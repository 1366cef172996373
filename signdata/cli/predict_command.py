"""``signdata predict``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import LimitOptions, NetworkOptions, VideoOptions


@click.command("predict", cls=Command)
@click.argument("run", metavar="RUN|MODEL.onnx", type=options.PATH)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--top",
    "-k",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Number of most likely classes to show.",
)
@click.option(
    "--annotate",
    type=options.PATH,
    metavar="DIR",
    help="Write each picture with its prediction to DIR.",
)
@options.overwrite
@options.groups(NetworkOptions, VideoOptions, LimitOptions)
@options.shows
def command(run: str, paths: tuple[str, ...], **kwargs: Any) -> None:
    """Run a trained network on pictures and videos.

    RUN is a run folder of baseline, or a file written by export. PATH is a picture, a video, a
    folder of them, or a link.

    \b
    Example:
      signdata predict runs/asl-signnet-s0 hand.jpg clips/
    """
    import signdata

    display.run(signdata.predict, run, *paths, **kwargs)
