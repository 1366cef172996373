"""``signdata extract-frames``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import options


class Count(click.ParamType[int | None]):
    """``all`` or a number."""

    name = "all|N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        if value is None or isinstance(value, int) or value == "all":
            return None if value == "all" else value
        if not str(value).isdecimal() or not int(value):
            self.fail(f"{value!r}; expected all or a number from 1", param, ctx)
        return int(value)


@click.command("extract-frames")
@click.argument("src", type=options.PATH)
@click.argument("out", type=options.PATH)
@options.videos
@click.option(
    "--frames",
    type=Count(),
    metavar="all|N",
    default="all",
    help="All frames, or N evenly spaced [default: all].",
)
@click.option(
    "--short-side", type=click.IntRange(1), help="Scale the shorter side to this many pixels."
)
@click.option("--size", type=options.SIZE, metavar="WxH", help="Scale to this size.")
@click.option(
    "--image-format",
    type=click.Choice(["jpg", "png"]),
    default="jpg",
    show_default=True,
    help="jpg, or png, which keeps every value.",
)
@options.quality
@click.option("--name-template", default="img_{:05d}", show_default=True, help="Name of a frame.")
@click.option(
    "--official-splits/--no-official-splits",
    default=True,
    show_default=True,
    help="Use the splits of a WLASL JSON.",
)
@click.option(
    "--class-names",
    type=click.Choice(["safe", "as-is"]),
    default="safe",
    show_default=True,
    help="Class folders with _ for blanks, or with the gloss as it is.",
)
@options.follow_symlinks
@options.writes("skip")
def command(src: str, out: str, **kwargs: Any) -> None:
    """Decode videos into one folder of numbered pictures a clip.

    SRC is a tree CLASS/NAME.mp4, with or without split folders, or a WLASL JSON. OUT becomes
    [SPLIT/]CLASS/CLIP/img_00001.jpg. Missing and dead videos are counted and named, and tried
    again when the same command is repeated.

    \b
    Example:
      signdata extract-frames WLASL_v0.3.json frames/ --videos videos/ --frames 16
    """
    import signdata

    options.run(signdata.extract_frames, src, out, **kwargs)
