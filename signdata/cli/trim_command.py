"""``signdata trim``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import SKIP, ClipSelection, PoseOptions, RunOptions


@click.command("trim", cls=Command)
@click.argument("src", type=options.PATH)
@click.argument("out", type=options.PATH)
@click.option("--copy", is_flag=True, help="Copy files that need no change.")
@click.option(
    "--layout-for",
    type=click.Choice(["i3d"]),
    help="Write nslt_N.json as well, which WLASL's I3D reads.",
)
@options.groups(ClipSelection, PoseOptions, RunOptions, on_error=SKIP)
@options.shows
def command(src: str, out: str, **kwargs: Any) -> None:
    """Cut raw downloads of WLASL's videos into one MP4 for each instance.

    SRC is a WLASL JSON; its videos are named VIDEO_ID.mp4 (.swf, .mkv, ...) or by their YouTube
    id. OUT gets VIDEO_ID.mp4 for each instance, cut exactly to the frame, and WLASL.json, the
    index of the clips written. Missing and damaged videos are counted and named, and tried again
    when you repeat the command.

    \b
    Example:
      signdata trim WLASL_v0.3.json videos/ --videos raw_videos/
    """
    import signdata

    display.run(signdata.trim, src, out, **kwargs)
