"""signdata: prepare sign-language datasets.

Every command of the command line is a function here with the same name and
keywords: ``signdata.csv_to_folders(["train.csv"], "asl")``. Nothing heavy is
imported before a function is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from signdata.version import __version__

if TYPE_CHECKING:
    from signdata import numpy, torch
    from signdata.commands.augmentation import augment
    from signdata.commands.browsing import serve
    from signdata.commands.conversion import convert, csv_to_folders, folders_to_csv
    from signdata.commands.describing import croissant
    from signdata.commands.inspection import info, verify
    from signdata.commands.looking import report
    from signdata.commands.models import baseline, evaluate, export, predict
    from signdata.commands.quality import audit
    from signdata.commands.splits import split
    from signdata.commands.synthetic import sample
    from signdata.commands.versions import diff, replay
    from signdata.commands.videos import extract_frames, trim
    from signdata.commands.walkthrough import demo
    from signdata.errors import SigndataError
    from signdata.formats.manifests import manifest
    from signdata.formats.open import open_dataset
    from signdata.results import Problem, Result
    from signdata.samples import Sample

_PUBLIC = {
    "audit": "signdata.commands.quality",
    "augment": "signdata.commands.augmentation",
    "baseline": "signdata.commands.models",
    "convert": "signdata.commands.conversion",
    "croissant": "signdata.commands.describing",
    "csv_to_folders": "signdata.commands.conversion",
    "demo": "signdata.commands.walkthrough",
    "diff": "signdata.commands.versions",
    "evaluate": "signdata.commands.models",
    "export": "signdata.commands.models",
    "extract_frames": "signdata.commands.videos",
    "folders_to_csv": "signdata.commands.conversion",
    "info": "signdata.commands.inspection",
    "manifest": "signdata.formats.manifests",
    "open_dataset": "signdata.formats.open",
    "predict": "signdata.commands.models",
    "replay": "signdata.commands.versions",
    "report": "signdata.commands.looking",
    "sample": "signdata.commands.synthetic",
    "serve": "signdata.commands.browsing",
    "split": "signdata.commands.splits",
    "trim": "signdata.commands.videos",
    "verify": "signdata.commands.inspection",
    "SigndataError": "signdata.errors",
    "Problem": "signdata.results",
    "Result": "signdata.results",
    "Sample": "signdata.samples",
}

__all__ = [
    "Problem",
    "Result",
    "Sample",
    "SigndataError",
    "__version__",
    "audit",
    "augment",
    "baseline",
    "convert",
    "croissant",
    "csv_to_folders",
    "demo",
    "diff",
    "evaluate",
    "export",
    "extract_frames",
    "folders_to_csv",
    "info",
    "manifest",
    "numpy",
    "open_dataset",
    "predict",
    "replay",
    "report",
    "sample",
    "serve",
    "split",
    "torch",
    "trim",
    "verify",
]


_LOADERS = ("numpy", "torch")


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    if name in _LOADERS:
        return import_module(f"signdata.{name}")
    raise AttributeError(f"module 'signdata' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
