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
    from signdata.api import (
        audit,
        augment,
        baseline,
        convert,
        csv_to_folders,
        demo,
        export,
        extract_frames,
        folders_to_csv,
        info,
        open_dataset,
        predict,
        sample,
        split,
        trim,
        verify,
    )
    from signdata.errors import SigndataError
    from signdata.results import Problem, Result
    from signdata.samples import Sample

_PUBLIC = {
    "audit": "signdata.api",
    "augment": "signdata.api",
    "baseline": "signdata.api",
    "convert": "signdata.api",
    "csv_to_folders": "signdata.api",
    "demo": "signdata.api",
    "export": "signdata.api",
    "extract_frames": "signdata.api",
    "folders_to_csv": "signdata.api",
    "info": "signdata.api",
    "open_dataset": "signdata.api",
    "predict": "signdata.api",
    "sample": "signdata.api",
    "split": "signdata.api",
    "trim": "signdata.api",
    "verify": "signdata.api",
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
    "csv_to_folders",
    "demo",
    "export",
    "extract_frames",
    "folders_to_csv",
    "info",
    "open_dataset",
    "predict",
    "sample",
    "split",
    "trim",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'signdata' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
