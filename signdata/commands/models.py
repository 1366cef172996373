"""Commands that train a network, and that use what was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from signdata.command_results import BaselineResult, EvaluateResult, PredictResult
from signdata.errors import UsageError
from signdata.filesystem import output_path
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.formats.sources import shown
from signdata.options import (
    LimitKeywords,
    LimitOptions,
    NetworkKeywords,
    NetworkOptions,
    PathLike,
    ProgressCallback,
    ReadKeywords,
    ReadOptions,
    VideoKeywords,
    VideoOptions,
    callback,
    command,
    paths,
)
from signdata.output.overlap import refuse_overlap
from signdata.results import Result


@command(ReadOptions)
def baseline(
    src: PathLike | Sequence[PathLike] = (),
    *,
    out: PathLike | None = None,
    model: str | None = None,
    preset: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    optimizer: str | None = None,
    schedule: str | None = None,
    patience: int | None = None,
    label_smoothing: float | None = None,
    class_weights: str | None = None,
    clip_norm: float | None = None,
    augment: str | None = None,
    refit: str | None = None,
    weights: PathLike | None = None,
    finetune: bool = False,
    fit: str | None = None,
    background: str | None = None,
    device: str | None = None,
    compile: bool = False,
    seed: int = 0,
    list_models: bool = False,
    seeds: int = 1,
    compare_splits: bool = False,
    folds: bool = False,
    resume: PathLike | None = None,
    overwrite: bool = False,
    progress: ProgressCallback | bool | None = None,
    **shared: Unpack[ReadKeywords],
) -> BaselineResult:
    """Train a reference network on a dataset and test it once.

    A run that was interrupted goes on where it was when it is called again with the same
    options, or by `resume`.

    Parameters
    ----------
    src : path or sequence of paths
        The dataset, in any format. Without a `val` split, a tenth of `train` is held out;
        without any split, a tenth each for `val` and `test`. Only `list_models` needs none.
    out : path, optional
        The run's folder; ``runs/STEM-MODEL-sSEED`` by default.
    model : str, optional
        Name of the network; by default the one for pictures or for clips.
    preset : {'ours', 'published'}, optional
        Settings that hold where no other option says more: ours (the default), or those of
        the network's source.
    epochs, batch_size, lr
        How it is trained.
    optimizer : {'adamw', 'adam', 'sgd'}, optional
        The optimizer.
    schedule : {'one-cycle', 'plateau', 'constant'}, optional
        Learning rate schedule.
    patience : int, optional
        Epochs without a better one on val after which training ends; 0 turns it off.
    label_smoothing : float, optional
        0..1.
    class_weights : {'none', 'balanced'}, optional
        `balanced` gives all classes the same weight.
    clip_norm : float, optional
        The gradient is clipped to this norm; 0 turns it off.
    augment : {'light', 'none', 'recipe'}, optional
        Random changes, drawn again in every epoch: small ones (the default), none, or one of
        the 60 variants that Sign-MNIST was made with.
    refit : {'auto', 'always', 'never'}, optional
        Whether the network that is kept is trained again from the start on train and val, for
        as many epochs as val chose. `auto` (the default) does so where there is a test, and
        val holds groups or signers that train lacks.
    weights : path, optional
        File of weights to start from.
    finetune : bool
        Whether the layers that a network keeps fixed are trained too.
    fit : {'stretch', 'pad', 'crop'}, optional
        How pictures of other proportions come to the network's size: stretched (the default);
        whole, in the middle of the background; or cropped to the middle. The run keeps it, and
        `predict`, `evaluate` and `export` do the same.
    background : str, optional
        Background of padded pictures: a colour's name or ``#rrggbb``; black by default.
    device : {'auto', 'cpu', 'cuda'}, optional
        `auto` (the default) takes CUDA where there is one.
    compile : bool
        Whether the network is compiled first.
    seed : int
        Random seed of weights, order and augmentation, and of what is held out.
    seeds : int
        Runs, each with the next seed and the same split; more than one gives a mean and a
        standard deviation.
    compare_splits : bool
        Whether all samples are mixed and split again in two ways, by rows at random and by
        whole groups; both accuracies, the gap and controls are reported.
    folds : bool
        Whether a dataset that ``split --folds K`` made is trained on K times, each fold test
        once; mean and standard deviation of the accuracies, and the numbers of all tests
        pooled, are reported. With `val_fold` that fold is val, and the next one where it is
        test itself; without, val is held out of train.
    resume : path, optional
        Folder of a run that goes on, with its own options.
    list_models : bool
        Train nothing; ``details["models"]`` holds each network's `name`, `parameters`,
        `trainable`, `input`, `classes` and `source`.
    overwrite : bool
        Whether something else under the name of the run's folder may be replaced.
    progress : callable or bool, optional
        Called as ``progress(done, total, note)``: in samples with the note ``reading``, then in
        steps. A note that ends with a line break is what an epoch reached.
    """
    from signdata.inference.network_process import check_weights
    from signdata.training import baseline_report, baseline_runs
    from signdata.training.torch_check import need_torch

    if list_models:
        return BaselineResult.of(baseline_report.list_models())
    sources = paths(src)
    if not sources:
        raise UsageError("no dataset is named; expected SRC, found none")
    read = ReadOptions.taken_from(shared)
    settings: dict[str, Any] = {
        "model": model,
        "preset": preset,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "optimizer": optimizer,
        "schedule": schedule,
        "patience": patience,
        "label_smoothing": label_smoothing,
        "class_weights": class_weights,
        "clip_norm": clip_norm,
        "augment": augment,
        "refit": refit,
        "weights": None if weights is None else str(weights),
        "finetune": finetune or None,
        "fit": fit,
        "background": background,
        "device": device,
        "compile": compile or None,
        "seeds": seeds if seeds != 1 else None,
        "compare_splits": compare_splits or None,
        "folds": folds or None,
        "val_fold": read.val_fold if folds else None,
    }
    if folds:
        if read.fold is not None or read.split is not None:
            raise UsageError("--folds trains on every fold; expected no --fold and no --split")
        read = replace(read, val_fold=None)
    if resume is not None:
        asked = {"out": out, "overwrite": overwrite or None, "seed": seed or None, **settings}
        baseline_runs.refuse_options({**asked, "split": read.split})
        options, seed = baseline_runs.options_of(Path(resume))
        settings = {name: options.get(name) for name in settings}
        chosen = {name: value for name, value in options.items() if settings.get(name) is None}
        read = baseline_runs.reading_again(read, chosen)
    need_torch()
    if settings["weights"] is not None:
        check_weights(Path(settings["weights"]))
    with open_source(sources, OpenOptions(read)) as reader:
        settings["model"] = settings["model"] or baseline_runs.default_model(reader)
        name = f"{shown(sources).stem}-{settings['model']}-s{seed}"
        place = output_path(resume or out or Path("runs") / name)
        further = () if settings["weights"] is None else (Path(settings["weights"]),)
        refuse_overlap([*reader.inputs, *further], place)
        reading = baseline_runs.reading_record(read)
        result = baseline_runs.run(
            reader, place, settings, seed, overwrite, callback(progress), reading
        )
    return BaselineResult.of(result)


class PredictKeywords(NetworkKeywords, VideoKeywords, LimitKeywords, total=False):
    pass


@command(NetworkOptions, VideoOptions, LimitOptions)
def predict(
    run: PathLike,
    *paths: PathLike,
    top: int = 5,
    annotate: PathLike | None = None,
    overwrite: bool = False,
    **shared: Unpack[PredictKeywords],
) -> PredictResult:
    """Let a saved network say what it reads in pictures and videos.

    Parameters
    ----------
    run : path
        A run folder of `baseline`, its ``best.pt``, or an exported ``.onnx`` file. It may be a
        stranger's: it is loaded and run in a process of its own, with limits of memory and time.
    paths : paths
        Pictures, videos, folders of them, or links (http or https; up to 64 MiB, within a
        minute). One that cannot be read is counted and named, and the others are read.
    top : int
        How many of the likeliest classes are named.
    annotate : path, optional
        Folder for a copy of each picture, or of a video's middle frame, with the answer on it.
    overwrite : bool
        Whether an `annotate` folder of another run may be replaced.

    Returns
    -------
    PredictResult
        ``predictions``: for each input its ``path`` and ``top``, a list of
        ``label`` and ``probability``. A network for pictures reads 16 frames of a video: `top`
        is of the mean of their probabilities, and ``frames`` has the likeliest class of each.
    """
    from signdata.inference import prediction

    predicted = prediction.predict(
        Path(run),
        [str(path) for path in paths],
        top=top,
        annotate=None if annotate is None else output_path(annotate),
        device=NetworkOptions.taken_from(shared).device,
        videos=VideoOptions.taken_from(shared),
        overwrite=overwrite,
    )
    return PredictResult.of(predicted)


class EvaluateKeywords(NetworkKeywords, ReadKeywords, total=False):
    pass


@command(NetworkOptions, ReadOptions)
def evaluate(
    run: PathLike,
    *src: PathLike,
    out: PathLike | None = None,
    overwrite: bool = False,
    progress: ProgressCallback | bool | None = None,
    **shared: Unpack[EvaluateKeywords],
) -> EvaluateResult:
    """Test a saved network on a labelled dataset.

    Parameters
    ----------
    run : path
        A run folder of `baseline`, its ``best.pt``, or an exported ``.onnx`` file. It may be a
        stranger's: it is loaded and run in a process of its own, with limits of memory and time.
    src : paths
        The dataset, in any format; all of it, or the samples of `split`.
    out : path, optional
        Folder for the numbers (``metrics.json``) and the pictures that `baseline` draws of its
        test; without it, nothing is written.
    overwrite : bool
        Whether another evaluation under the name of `out` may be replaced.
    progress : callable or bool, optional
        Called as ``progress(done, total)`` in samples.

    Returns
    -------
    EvaluateResult
        ``details`` holds all numbers, as ``metrics.json`` of `baseline` has them of its test.
        Classes are matched by name: ``only_in_dataset`` has those that the network does not
        know, with the number of their samples, which are left out; ``only_in_network`` those
        that the dataset does not have.
    """
    from signdata.inference import evaluation

    read = ReadOptions.taken_from(shared)
    with open_source(paths(src), OpenOptions(read)) as reader:
        evaluated = evaluation.evaluate(
            Path(run),
            reader,
            split=read.split,
            options=read.record_of(reader.info.format),
            out=None if out is None else output_path(out),
            device=NetworkOptions.taken_from(shared).device,
            overwrite=overwrite,
            progress=callback(progress),
        )
    return EvaluateResult.of(evaluated)


@command(ReadOptions, split="test")
def export(
    run: PathLike,
    out: PathLike | None = None,
    *,
    quantize: bool = False,
    input_type: str = "float32",
    data: PathLike | Sequence[PathLike] | None = None,
    overwrite: bool = False,
    **shared: Unpack[ReadKeywords],
) -> Result:
    """Write a run's network as ONNX, and compare it with PyTorch.

    Parameters
    ----------
    run : path
        A run folder of `baseline`.
    out : path, optional
        The ``.onnx`` file to make; ``model.onnx`` in the run folder by default.
    quantize : bool
        Whether a copy with 8-bit weights is written next to it (``NAME.uint8.onnx``).
    input_type : {'float32', 'uint8'}
        The type of the input ``image``. It holds pixels 0..255 either way: scaling is part of
        the graph.
    data : path or sequence of paths, optional
        A dataset on whose `split` (``test`` by default) the networks are compared and tested;
        by default they are compared on random inputs. A dataset without any splits is tested
        on as a whole; one that lacks this split alone is split as the run has split it. The
        other reading keywords say how it is read.
    overwrite : bool
        Replace files that are there.
    """
    from signdata.inference import export_run

    read = ReadOptions.taken_from(shared)
    target = output_path(out) if out is not None else Path(run) / "model.onnx"
    whole = OpenOptions(replace(read, split=None))
    reader = open_source(paths(data), whole) if data else None
    return export_run.export(
        Path(run),
        target,
        quantize=quantize,
        input_type=input_type,
        reader=reader,
        split=read.split or "test",
        overwrite=overwrite,
    )
