"""``signdata extract-frames``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import SKIP, ClipSelection, PoseOptions, RunOptions


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


@click.command("extract-frames", cls=Command)
@click.argument("src", type=options.PATH)
@click.argument("out", type=options.PATH)
@click.option(
    "--official-splits/--no-official-splits",
    default=True,
    show_default=True,
    help="Use the splits of a WLASL JSON.",
)
@click.option(
    "--frames",
    type=Count(),
    metavar="all|N",
    default="all",
    help="All frames, or N evenly spaced [default: all].",
)
@click.option(
    "--margin", type=options.Number(), default=0.0, help="Cut this fraction off both ends first."
)
@click.option("--fps", type=options.Number(), help="Resample to this many frames per second.")
@click.option(
    "--allow-repeats", is_flag=True, help="Let --fps make more than 4 pictures of a frame."
)
@click.option("--segments", type=click.IntRange(1), help="Evenly spaced runs of frames.")
@click.option("--frames-per-segment", type=click.IntRange(1), help="Frames in each run.")
@click.option(
    "--short-side", type=click.IntRange(1), help="Scale the shorter side to this many pixels."
)
@click.option("--size", type=options.SIZE, metavar="WxH", help="Scale to this size.")
@options.fit
@options.background
@click.option("--crop-bbox", is_flag=True, help="Crop to WLASL's bounding box of the signer.")
@click.option(
    "--bbox-scale",
    type=options.Number(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Scale the box by this factor.",
)
@click.option(
    "--montage", is_flag=True, help="Put all frames of a clip side by side in one picture."
)
@click.option(
    "--layout-for",
    type=click.Choice(["i3d", "videoframedataset", "sign2text", "mmaction2"]),
    help="Write what this loader reads; see docs/open-it-in.md.",
)
@click.option(
    "--image-format",
    type=click.Choice(["jpg", "png"]),
    help="jpg, or png, which is lossless [default: jpg].",
)
@click.option("--name-template", help="Name of a frame [default: img_{:05d}].")
@click.option(
    "--class-names",
    type=click.Choice(["safe", "as-is"]),
    help="Replace spaces in class and clip folders with _, or keep names [default: safe].",
)
@click.option(
    "--annotations-style",
    type=click.Choice(["v2", "v1"]),
    help="PATH START END CLASS_IDX, or PATH N_FRAMES CLASS_IDX [default: v2].",
)
@click.option(
    "--decoder",
    type=click.Choice(["pyav", "ffmpeg"]),
    default="pyav",
    show_default=True,
    help="The PyAV library, or the ffmpeg program in a separate process.",
)
@click.option("--times", is_flag=True, help="Write when each frame is shown: times.csv.")
@click.option(
    "--from",
    "from_format",
    type=click.Choice(["videos", "wlasl", "table", "webdataset"]),
    help="Format of SRC [default: recognised].",
)
@click.option(
    "--layout", metavar="PATTERN", help="What paths mean: '{label}_{signer}_*'; see docs."
)
@click.option("--follow-symlinks", is_flag=True, help="Follow symbolic links to folders.")
@click.option(
    "--quality",
    type=click.IntRange(1, 100),
    default=95,
    show_default=True,
    help="JPEG quality, 1-100.",
)
@options.groups(ClipSelection, PoseOptions, RunOptions, on_error=SKIP)
@options.shows
def command(src: str, out: str, **kwargs: Any) -> None:
    """Decode videos into one folder of numbered pictures per clip.

    SRC is a tree CLASS/NAME.mp4, with or without split folders, or a WLASL JSON. OUT becomes
    [SPLIT/]CLASS/CLIP/img_00001.jpg, with annotation lists for loaders. Missing and damaged
    videos are counted and named, and tried again when you repeat the command.

    \b
    Example:
      signdata extract-frames WLASL_v0.3.json frames/ --videos videos/ --frames 16
    """
    import signdata

    display.run(signdata.extract_frames, src, out, **kwargs)
