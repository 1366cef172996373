"""The command line: parse, call one function of the library, print its result.

Commands are loaded when they are named, so that ``--help`` imports nothing heavy.
This is the only place that turns an error into a line and an exit code.
"""

from __future__ import annotations

from importlib import import_module

import click

from signdata.version import __version__

COMMANDS = {
    "csv-to-folders": "Turn Sign-MNIST CSVs into folders of pictures.",
    "folders-to-csv": "Turn folders of pictures into a Sign-MNIST CSV.",
    "extract-frames": "Decode videos into folders of frames.",
    "trim": "Cut raw WLASL videos into one clip per instance.",
    "augment": "Make variants of every picture, as ImageMagick would.",
    "convert": "Convert a dataset from any format to any other.",
    "split": "Split a dataset into train, val and test.",
    "audit": "Find leaks, duplicates and damage in a dataset.",
    "info": "Count samples per class and split.",
    "verify": "Check a dataset, or compare two.",
    "diff": "Tell what changed between two versions of a dataset.",
    "replay": "Make a dataset again from its sources, and compare.",
    "croissant": "Describe a dataset for loaders and search engines.",
    "baseline": "Train a reference network on a dataset.",
    "evaluate": "Test a trained network on a labelled dataset.",
    "report": "Show a dataset and trained networks on one page.",
    "predict": "Run a trained network on pictures and videos.",
    "export": "Export a trained network to ONNX.",
    "serve": "Look at a dataset and its runs in a browser.",
    "sample": "Make a small synthetic dataset.",
    "demo": "Run the whole workflow on synthetic data.",
}


OTHER_NAMES = {
    "train": "baseline",
    "fit": "baseline",
    "test": "evaluate",
    "check": "audit",
    "validate": "verify",
    "stats": "info",
    "count": "info",
    "describe": "info",
    "frames": "extract-frames",
    "cut": "trim",
    "view": "serve",
    "browse": "serve",
    "show": "report",
    "to-csv": "folders-to-csv",
    "compare": "diff",
}
"""What other programs call it."""

HELP = ["-h", "--help"]


class Commands(click.Group):
    """Finds each command in the module of its name, when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"signdata.cli.{cmd_name.replace('-', '_')}_command")
        command: click.Command = module.command
        command.context_settings.setdefault("help_option_names", HELP)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as err:
            import difflib

            known = OTHER_NAMES.get(args[0])
            close = [known] if known else difflib.get_close_matches(args[0], COMMANDS, 1)
            if not close:
                raise
            raise click.UsageError(f"{err.message} Did you mean {close[0]!r}?", ctx) from err


@click.command(
    cls=Commands,
    context_settings={"help_option_names": HELP, "max_content_width": 100},
)
@click.version_option(__version__, prog_name="signdata")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def group(ctx: click.Context, debug: bool) -> None:
    """Prepare sign-language datasets: convert, split, extract frames, check with a baseline.

    \b
    Example:
      signdata csv-to-folders sign_mnist_train.csv sign_mnist_test.csv asl/
      signdata split asl/ asl-split/ --keep test --ratios 90,10
      signdata convert asl-split/ asl.h5
      signdata baseline asl.h5
    """
    ctx.obj = {"debug": debug}
