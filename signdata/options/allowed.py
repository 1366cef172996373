"""Which values a keyword may have, whichever command it is a keyword of.

They are held against every call, also where the value would not matter: what is misspelt says
so at once, not once it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signdata.errors import UsageError
from signdata.samples import SPLITS

CHOICES: dict[str, tuple[str, ...]] = {
    "annotations_style": ("v2", "v1"),
    "augment": ("light", "none", "recipe"),
    "augment_splits": ("train", "all"),
    "class_names": ("safe", "as-is"),
    "class_weights": ("none", "balanced"),
    "decoder": ("pyav", "ffmpeg"),
    "deinterlace": ("auto", "off"),
    "device": ("auto", "cpu", "cuda"),
    "fit": ("stretch", "pad", "crop"),
    "hdf5_layout": ("auto", "raw", "encoded"),
    "image_format": ("png", "jpg"),
    "input_type": ("float32", "uint8"),
    "into": ("folders", "hdf5", "csv"),
    "json_fps": ("25", "auto"),
    "layout_for": ("i3d", "videoframedataset", "sign2text", "mmaction2"),
    "manifest": ("parquet",),
    "metadata": ("hf",),
    "mode": ("link", "copy", "symlink", "manifest"),
    "on_error": ("stop", "skip"),
    "optimizer": ("adamw", "adam", "sgd"),
    "preset": ("ours", "published"),
    "profile": ("im7-2017", "im6-q16", "im7-current"),
    "ranges": ("auto", "apply", "ignore"),
    "refit": ("auto", "always", "never"),
    "schedule": ("one-cycle", "plateau", "constant"),
    "split": SPLITS,
}
"""The names that a keyword takes."""

BOUNDS: dict[str, tuple[float, float | None]] = {
    "batch_size": (1, None),
    "clip_norm": (0, None),
    "epochs": (1, None),
    "fold": (1, None),
    "folds": (2, None),
    "frames": (1, None),
    "frames_per_segment": (1, None),
    "label_smoothing": (0, 1),
    "limit": (1, None),
    "max_per_class": (1, None),
    "n": (1, None),
    "patience": (0, None),
    "pose_base": (0, 1),
    "port": (0, 65535),
    "quality": (1, 100),
    "seed": (0, None),
    "seeds": (1, None),
    "segments": (1, None),
    "shard_size": (1, None),
    "shards": (1, None),
    "short_side": (1, None),
    "signers": (1, None),
    "top": (1, None),
    "val_fold": (1, None),
    "variants": (1, None),
    "workers": (0, None),
}
"""The least and the largest number that a keyword takes, None without a limit."""

ABOVE_0 = frozenset({"bbox_scale", "fps", "lr", "timeout"})
"""Keywords that take a number above 0."""


def check_allowed(keywords: Mapping[str, Any], flags: Mapping[str, str]) -> None:
    """Raise `UsageError` for a value that a keyword cannot have.

    Parameters
    ----------
    keywords
        Those of a call, of the types that its function takes.
    flags
        What a keyword is called in an error; ``--name`` by default.
    """
    for name, value in keywords.items():
        option = flags.get(name, f"--{name.replace('_', '-')}")
        if isinstance(value, str) and value not in CHOICES.get(name, (value,)):
            *others, last = CHOICES[name]
            expected = f"{', '.join(others)} or {last}" if others else last
            raise UsageError(f"{option} {value!r}; expected {expected}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            least, most = BOUNDS.get(name, (value, None))
            if value < least or (most is not None and value > most):
                expected = f"{least:g} or more" if most is None else f"{least:g} to {most:g}"
                raise UsageError(f"{option} {value}; expected {expected}")
            if name in ABOVE_0 and not value > 0:
                raise UsageError(f"{option} {value:g}; expected more than 0")
