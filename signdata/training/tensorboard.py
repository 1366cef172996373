"""TensorBoard's event file of a run; needs tensorboardX, which is in the extra `train`."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signdata.samples import SPLITS

NAME = "events.out.tfevents.signdata"
"""Name of the file in the run folder; TensorBoard recognises it by ``tfevents``."""

_TOLD = (bool, int, float, str)
"""Types of settings that TensorBoard lists."""


def write_events(
    run_dir: Path,
    history: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, bytes],
    settings: Mapping[str, Any],
    numbers: Mapping[str, float],
) -> tuple[str, ...]:
    """Write the metrics of each epoch and the pictures of the run; replaces an older file.

    Parameters
    ----------
    run_dir : Path
    history : sequence of mapping
        One for each epoch: ``epoch``, and names with finite numbers. ``train_loss`` and
        ``val_loss`` become ``loss/train`` and ``loss/val``; others keep their name.
    pictures : mapping of str to bytes
        PNGs, shown at the last epoch.
    settings : mapping
        What the run was asked for: the tab of hyperparameters lists it.
    numbers : mapping of str to float
        What it reached, at the last epoch; ``test_accuracy`` becomes ``accuracy/test``.

    Returns
    -------
    tuple of str
        A note if tensorboardX is not installed and nothing was written; else empty.
    """
    try:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary
        from tensorboardX.record_writer import RecordWriter
        from tensorboardX.summary import hparams
    except ImportError:
        return ("no TensorBoard events: tensorboardX is not installed (extra `train`)",)
    now = time.time()
    found = [Event(wall_time=now, file_version="brain.Event:2")]
    for row in history:
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars(row)]
        found.append(Event(wall_time=now, step=int(row["epoch"]), summary=Summary(value=values)))
    last = int(history[-1]["epoch"]) if history else 0
    reached = scalars(numbers)
    told = {name: value for name, value in settings.items() if isinstance(value, _TOLD)}
    for summary in hparams(told, dict(reached)) if told else ():
        found.append(Event(wall_time=now, summary=summary))
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in reached]
    found.append(Event(wall_time=now, step=last, summary=Summary(value=values)))
    for name, png in pictures.items():
        width, height = struct.unpack(">II", png[16:24])  # of the header, which comes first
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
        value = Summary.Value(tag=name, image=image)
        found.append(Event(wall_time=now, step=last, summary=Summary(value=[value])))
    writer = RecordWriter(str(run_dir / NAME))  # the SummaryWriter would start a thread
    try:
        for event in found:
            writer.write(event.SerializeToString())
    finally:
        writer.close()
    return ()


def scalars(row: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Tags and values of an epoch; values that are not finite are left out."""
    found = []
    for name, value in row.items():
        if name == "epoch" or not isinstance(value, int | float) or not math.isfinite(value):
            continue
        split, _, what = name.partition("_")
        found.append((f"{what}/{split}" if split in SPLITS and what else name, value))
    return found
