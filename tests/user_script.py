"""What a user's script may look like; mypy checks it as strictly as the package.

`tests/test_user_script.py` runs it too.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import signdata
from signdata.command_results import AuditResult, InfoResult, LeakEntry
from signdata.formats.reader import Reader


def prepare(root: Path) -> dict[str, int]:
    """Make a dataset, split it and count; returns what was counted."""
    toy = signdata.sample("sign-mnist", root / "toy", n=240, size=(28, 28), progress=False)
    assert_type(toy, signdata.Result)
    csvs = [root / "toy" / f"sign_mnist_{split}.csv" for split in ("train", "test")]
    signdata.convert(csvs, root / "asl.h5", workers=1, progress=lambda done, total: None)
    again = signdata.split(
        root / "asl.h5", root / "split.h5", keep="test", ratios=(90, 10), look=False
    )
    assert_type(again.splits, dict[str, dict[str, int]])

    info = signdata.info(root / "split.h5")
    assert_type(info, InfoResult)
    assert_type(info.counts, dict[str, dict[str, int]])
    assert_type(info.size, list[int] | None)
    found = signdata.audit(root / "split.h5", workers=1)
    assert_type(found, AuditResult)
    assert_type(found.leaks, list[LeakEntry])
    assert_type(found.leaks[0]["exact"] if found.leaks else None, int | None)
    assert_type(signdata.verify(root / "split.h5").same, bool)

    with signdata.open_dataset(root / "split.h5", split="train", labels=["A", "B"]) as reader:
        assert_type(reader, Reader)
        assert_type(reader.classes, tuple[str, ...])
        assert_type(reader[0], signdata.Sample)
        assert_type(reader[:2], list[signdata.Sample])
        frame = next(reader[0].frames())
        assert_type(frame, NDArray[np.uint8])
        n_train = len(reader)
    X, y, classes = signdata.numpy.load(root / "split.h5", "test")
    assert_type(X, NDArray[np.uint8])
    assert_type(y, NDArray[np.int64])
    assert_type(classes, tuple[str, ...])
    ids = list(signdata.manifest(root / "split.h5")["id"])
    try:
        signdata.convert(root / "nothing.csv", root / "out", size=(32, 32), labels=["A", "B"])
    except signdata.SigndataError as err:
        assert_type(err.path, str)
    return {"train": n_train, "test": len(X), "all": len(ids)}
