"""The `demo` command: the whole way on synthetic data, each step as it would be typed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signdata.commands import conversion, looking, models, splits, synthetic, videos
from signdata.filesystem import in_folder, output_path, writing
from signdata.options import PathLike, command
from signdata.results import Result
from signdata.training.torch_check import need_torch

Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One command: how it is typed, and the call that it is."""

    typed: str
    function: Callable[..., Result]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)


STEPS = (
    Step(
        "sample sign-mnist toy/ --n 5000",
        synthetic.sample,
        ("sign-mnist", "toy"),
        {"n": 5000},
    ),
    Step(
        "csv-to-folders toy/sign_mnist_train.csv toy/sign_mnist_test.csv asl/",
        conversion.csv_to_folders,
        (["toy/sign_mnist_train.csv", "toy/sign_mnist_test.csv"], "asl"),
    ),
    Step(
        "split asl/ asl-split/ --keep test --ratios 90,10",
        splits.split,
        ("asl", "asl-split"),
        {"keep": ["test"], "ratios": "90,10"},
    ),
    Step("convert asl-split/ asl.h5", conversion.convert, ("asl-split", "asl.h5")),
    Step(
        "baseline asl.h5 --epochs 6 --out run",
        models.baseline,
        ("asl.h5",),
        {"epochs": 6, "out": "run"},
    ),
    Step(
        "report asl.h5 run -o report.html",
        looking.report,
        ("asl.h5", "run"),
        {"out": "report.html"},
    ),
    Step("sample wlasl clips/ --n 3", synthetic.sample, ("wlasl", "clips"), {"n": 3}),
    Step(
        "extract-frames clips/WLASL_v0.3.json frames/ --frames 16",
        videos.extract_frames,
        ("clips/WLASL_v0.3.json", "frames"),
        {"frames": 16},
    ),
)


@command()
def demo(
    out: PathLike = "signdata-demo",
    *,
    overwrite: bool = False,
    say: Say = print,
) -> Result:
    """Show the whole way on synthetic data.

    Parameters
    ----------
    out : path
        The directory to work in.
    overwrite : bool
        Whether what an earlier demo, or something else, left there may be replaced.
    say : callable
        Called with each command and what came of it.

    Raises
    ------
    DependencyError
        If torch, which one of the steps needs, is not installed; before the first step.
    """
    need_torch()
    place = output_path(out)
    with in_folder(place):
        return _show(place, say, overwrite)


def _show(out: Path, say: Say, overwrite: bool) -> Result:
    """Run every step inside `out`, saying what is typed and what came of it."""
    result = Result("demo", str(out), shows_counts=False)
    result.details["steps"] = []
    say(f"$ cd {shlex.quote(str(out))}")
    for step in STEPS:
        say(f"$ signdata {step.typed}")
        with writing(out):
            done = _run(step, out, overwrite)
        say(_outcome(done, out))
        result.read += 1
        result.written += 1
        result.details["steps"].append({**done.to_dict(), "output": _below(done.output, out)})
    trained = next(step for step in result.details["steps"] if step["command"] == "baseline")
    result.details["test_accuracy"] = trained["test_accuracy"]
    result.summary = "\n".join(
        [
            f"Look into {out}/:",
            "  asl/         the rows as pictures, a folder a class",
            "  asl.h5       the same, split, in one file: h5py.File('asl.h5')['images']",
            "  run/         the trained network, metrics.json, results.csv",
            "  frames/      16 frames of each clip that was there; problems.csv names the others",
            "  report.html  the dataset and the network on one page; open it in a browser:",
            str(out / "report.html"),
        ]
    )
    return result


def _run(step: Step, out: Path, overwrite: bool) -> Result:
    keywords = dict(step.keywords)
    if "out" in keywords:
        keywords["out"] = out / keywords["out"]
    *sources, target = [_inside(argument, out) for argument in step.arguments]
    if step.function is synthetic.sample:
        sources = [step.arguments[0]]
    return step.function(*sources, target, overwrite=overwrite, **keywords)


def _inside(argument: Any, out: Path) -> Any:
    if isinstance(argument, list):
        return [out / name for name in argument]
    return out / argument


def _below(path: str, out: Path) -> str:
    return str(Path(path).relative_to(out)) if path else ""


def _outcome(done: Result, out: Path) -> str:
    text = done.summary or f"{done.written:,} of {done.read:,} samples written"
    if done.skipped:
        text += f", {done.skipped:,} missing"
    lines = text.replace(f"{out}/", "").splitlines()
    return "\n".join(f"  {line}" for line in [*lines, f"({done.seconds:.1f} s)"])
