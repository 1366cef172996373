"""``signdata trim``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options


@click.command("trim")
@click.argument("src", type=options.PATH)
@click.argument("out", type=options.PATH)
@options.videos
@click.option(
    "--glosses", metavar="N|FILE", help="The first N glosses, or those in the lines of FILE."
)
@click.option("--subset", type=options.PATH, metavar="JSON", help="Official subset: nslt_100.json.")
@click.option("--signers", metavar="ID,...", help="Only these signers.")
@click.option("--limit", type=click.IntRange(1), help="At most so many clips.")
@click.option(
    "--ranges",
    type=click.Choice(["auto", "apply", "ignore"]),
    default="auto",
    show_default=True,
    help="frame_start and frame_end of WLASL; auto leaves files that were cut already.",
)
@click.option("--keep-short", is_flag=True, help="Keep what there is of a video that ends early.")
@click.option("--copy", is_flag=True, help="Copy files of which nothing has to change.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds after which a video is given up.",
)
@options.writes("skip")
def command(src: str, out: str, signers: str | None, **kwargs: Any) -> None:
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

    names = [name.strip() for name in signers.split(",")] if signers else []
    display.run(signdata.trim, src, out, signers=names, **kwargs)
