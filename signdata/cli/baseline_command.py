"""``signdata baseline``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.options import ReadOptions


@click.command("baseline")
@click.argument("src", metavar="SRC...", nargs=-1, type=options.PATH)
@click.option("--model", help="Name of the network [default: the one for pictures, or for clips].")
@click.option("--list-models", is_flag=True, help="Show the networks; needs no SRC.")
@click.option(
    "--preset",
    type=click.Choice(["ours", "published"]),
    help="Where settings come from: ours, or those of the network's source [default: ours].",
)
@click.option(
    "--out", type=options.PATH, metavar="DIR", help="Run folder [default: runs/STEM-MODEL-sSEED]."
)
@click.option("--epochs", type=click.IntRange(1), help="Times that every sample is seen.")
@click.option("--batch-size", type=click.IntRange(1), help="Samples in one step.")
@click.option(
    "--lr", type=click.FloatRange(0, min_open=True), help="Learning rate; of one-cycle the peak."
)
@click.option(
    "--optimizer",
    type=click.Choice(["adamw", "adam", "sgd"]),
    help="What changes the weights [default: adamw].",
)
@click.option(
    "--schedule",
    type=click.Choice(["one-cycle", "plateau", "constant"]),
    help="How the learning rate changes [default: one-cycle].",
)
@click.option(
    "--patience",
    type=click.IntRange(0),
    help="End after so many epochs without a better one on val; 0 never [default: 0].",
)
@click.option(
    "--label-smoothing", type=click.FloatRange(0, 1, max_open=True), help="[default: 0.1]"
)
@click.option(
    "--class-weights",
    type=click.Choice(["none", "balanced"]),
    help="balanced makes all classes weigh alike in the loss [default: none].",
)
@click.option(
    "--clip-norm", type=click.FloatRange(0), help="Shorten the gradient to this length; 0 never."
)
@click.option(
    "--augment",
    type=click.Choice(["light", "none", "recipe"]),
    help="Random changes; recipe makes the variants of Sign-MNIST [default: light].",
)
@click.option(
    "--refit",
    type=click.Choice(["auto", "always", "never"]),
    help="Train the final network on train and val, for the epochs that val chose; auto does "
    "where val holds groups or signers that train lacks [default: auto].",
)
@click.option("--weights", type=options.PATH, metavar="FILE", help="Start from these weights.")
@click.option("--finetune", is_flag=True, help="Let layers learn that a network keeps fixed.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    help="auto takes CUDA where there is one [default: auto].",
)
@click.option("--compile", is_flag=True, help="Compile the network before it learns.")
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Runs with SEED and the seeds after it; tells mean and standard deviation.",
)
@click.option(
    "--compare-splits",
    is_flag=True,
    help="Mix all and split by rows and by groups: both accuracies, the gap, and controls.",
)
@click.option(
    "--resume", type=options.PATH, metavar="RUN", help="Go on with a run that was broken off."
)
@options.seed
@options.overwrite
@options.groups(ReadOptions)
@options.shows
def command(src: tuple[str, ...], **kwargs: Any) -> None:
    """Train a reference network on a dataset and test it once.

    Trains on train, chooses the best epoch on val (held out of train where there is none), trains
    the final network on both (--refit), and reads test once, at the end. Ctrl-C keeps what was
    learned: the same command, or --resume RUN, goes on from there. Needs the extra:
    pip install 'signdata[train]'.

    \b
    Example:
      signdata baseline asl.h5
    """
    import signdata

    if not src and not kwargs["list_models"]:
        raise click.UsageError("Missing argument 'SRC...'.", click.get_current_context())
    display.run(signdata.baseline, src, unit="step", units={"reading": "sample"}, **kwargs)
