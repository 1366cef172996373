"""``signdata trim``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.options import SKIP, ClipSelection, RunOptions


@click.command("trim")
@click.argument("src", type=options.PATH)
@click.argument("out", type=options.PATH)
@click.option("--copy", is_flag=True, help="Copy files of which nothing has to change.")
@options.groups(ClipSelection, RunOptions, on_error=SKIP)
@options.shows
def command(src: str, out: str, **kwargs: Any) -> None:
    """Cut raw downloads of WLASL's videos into one MP4 for each instance.

    SRC is a WLASL JSON; its videos are called VIDEO_ID.mp4 (.swf, .mkv, ...) or by their id on
    YouTube. OUT gets VIDEO_ID.mp4 for each instance, cut to the frame, and WLASL.json, the index
    of those that were written. Missing and dead videos are counted and named, and tried again
    when the same command is repeated.

    \b
    Example:
      signdata trim WLASL_v0.3.json videos/ --videos raw_videos/
    """
    import signdata

    display.run(signdata.trim, src, out, **kwargs)
