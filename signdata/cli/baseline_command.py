"""``signdata baseline``."""

from __future__ import annotations

from typing import Any

import click

from signdata.cli import display, options
from signdata.cli.help import Command
from signdata.options import ReadOptions


@click.command("baseline", cls=Command)
@click.argument("src", metavar="SRC...", nargs=-1, type=options.PATH)
@click.option("--model", help="Name of the network [default: the one for pictures, or for clips].")
@click.option("--list-models", is_flag=True, help="Show the networks; needs no SRC.")
@click.option(
    "--preset",
    type=click.Choice(["ours", "published"]),
    help="Default settings: ours, or those of the network's source [default: ours].",
)
@click.option(
    "--out", type=options.PATH, metavar="DIR", help="Run folder [default: runs/STEM-MODEL-sSEED]."
)
@click.option("--epochs", type=click.IntRange(1), help="Number of epochs.")
@click.option("--batch-size", type=click.IntRange(1), help="Batch size.")
@click.option(
    "--lr", type=options.Number(0, min_open=True), help="Learning rate; the peak for one-cycle."
)
@click.option(
    "--optimizer",
    type=click.Choice(["adamw", "adam", "sgd"]),
    help="Optimizer [default: adamw].",
)
@click.option(
    "--schedule",
    type=click.Choice(["one-cycle", "plateau", "constant"]),
    help="Learning-rate schedule [default: one-cycle].",
)
@click.option(
    "--patience",
    type=click.IntRange(0),
    help="Stop after N epochs without improvement on val; 0 turns it off [default: 0].",
)
@click.option(
    "--label-smoothing",
    type=options.Number(0, 1, max_open=True),
    help="Label smoothing [default: 0.1].",
)
@click.option(
    "--class-weights",
    type=click.Choice(["none", "balanced"]),
    help="balanced gives all classes the same weight in the loss [default: none].",
)
@click.option(
    "--clip-norm", type=options.Number(0), help="Clip the gradient norm to this; 0 turns it off."
)
@click.option(
    "--augment",
    type=click.Choice(["light", "none", "recipe"]),
    help="Random augmentation; recipe makes Sign-MNIST's variants [default: light].",
)
@click.option(
    "--refit",
    type=click.Choice(["auto", "always", "never"]),
    help="Train the final network on train and val, for the number of epochs chosen on val; auto "
    "does so if there is a test and val has groups or signers that train lacks [default: auto].",
)
@click.option("--weights", type=options.PATH, metavar="FILE", help="Start from these weights.")
@click.option("--finetune", is_flag=True, help="Also train layers that are frozen by default.")
@click.option(
    "--fit",
    type=click.Choice(["stretch", "pad", "crop"]),
    help="Bring other proportions to the network's size: stretch; pad with the background; crop "
    "the middle [default: stretch].",
)
@click.option(
    "--background",
    metavar="COLOR",
    help="Background of --fit pad: a colour's name or #rrggbb [default: black].",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    help="auto uses CUDA if available [default: auto].",
)
@click.option("--compile", is_flag=True, help="Compile the network before training.")
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of runs, with SEED and the seeds after it; shows mean and standard deviation.",
)
@click.option(
    "--compare-splits",
    is_flag=True,
    help="Pool all samples, split by rows and by groups; show both accuracies and controls.",
)
@click.option(
    "--folds",
    is_flag=True,
    help="Train once per fold of split --folds, with that fold as test; show mean, standard "
    "deviation and all tests pooled.",
)
@click.option("--resume", type=options.PATH, metavar="RUN", help="Resume an interrupted run.")
@options.seed
@options.overwrite
@options.groups(ReadOptions)
@options.shows
def command(src: tuple[str, ...], **kwargs: Any) -> None:
    """Train a reference network on a dataset and test it once.

    Trains on train, chooses the best epoch on val (held out of train if there is none), trains the
    final network on both (--refit), and uses test once, at the end. Ctrl-C saves a checkpoint:
    the same command, or --resume RUN, resumes from there. Needs the extra:
    pip install 'signdata[train]'.

    \b
    Example:
      signdata baseline asl.h5
    """
    import signdata

    if not src and not kwargs["list_models"]:
        raise click.UsageError("Missing argument 'SRC...'.", click.get_current_context())
    display.run(signdata.baseline, src, **kwargs)
