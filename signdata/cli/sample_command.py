"""``signdata sample``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import LimitOptions


@click.command("sample", cls=Command)
@click.argument(
    "kind",
    type=click.Choice(
        [
            *("sign-mnist", "asl-alphabet", "wlasl", "photos"),
            *("ms-asl", "asl-citizen", "autsl", "lsa64", "how2sign", "phoenix-2014t"),
        ]
    ),
)
@click.argument("out", type=options.PATH)
@click.option("--n", type=click.IntRange(1), help="How many of what is listed above.")
@click.option("--signers", type=click.IntRange(1), help="Number of signers.")
@click.option("--size", type=options.SIZE, metavar="WxH", help="Size of pictures and videos.")
@options.seed
@options.overwrite
@options.groups(LimitOptions)
@options.shows
def command(kind: str, out: str, **kwargs: Any) -> None:
    """Make a small synthetic dataset for experiments.

    \b
    sign-mnist    two CSVs; --n is the total number of rows
    asl-alphabet  folders of 29 classes; --n pictures per class
    wlasl         a JSON with videos; --n clips per gloss
    photos        colour hands in user_N/ with boxes; --n pictures per letter and signer
    ms-asl, asl-citizen, autsl, lsa64, how2sign, phoenix-2014t
                  clips laid out as in these datasets; --n recordings per gloss

    \b
    Example:
      signdata sample sign-mnist toy/ --n 2000
    """
    import signdata

    display.run(signdata.sample, kind, out, **kwargs)
