"""What a command wrote is what the next one reads: names, columns, order, whatever lies between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.formats.open import open_dataset
from signdata.samples import Sample
from signdata.sidecars import STORED_AS
from tests.conftest import picture
from tests.videos import make_index, make_video

PATTERNS = {"label_pattern": r"/([A-Y])\d+", "group_pattern": r"(user_\d+)/"}

Start = Callable[[Path, Callable[..., Path]], Path]


def augmented(folder: Path, make_tree: Callable[..., Path]) -> Path:
    """Variants of two signers' pictures, which have the same names: A/user_1-A0-v01.png, ..."""
    files = {
        f"user_{u}/{c}{k}.png": picture(u * 9 + k, 40, 40)
        for u in "12"
        for c in "AB"
        for k in "01"
        for u, k in [(int(u), int(k))]
    }
    signdata.augment(
        make_tree(files, "photos"),
        folder / "start",
        recipe="observed-20",
        variants=2,
        workers=1,
        **PATTERNS,
    )
    return folder / "start"


def pooled(folder: Path, make_tree: Callable[..., Path]) -> Path:
    """Splits dealt anew, in which names of the old ones met: A/train-0.png, A/test-0.png, ..."""
    files = {
        f"{split}/{c}/{k}.png": picture(100 * ord(c) + 10 * len(split) + k)
        for split in ("train", "test")
        for c in "AB"
        for k in range(4)
    }
    signdata.split(
        make_tree(files, "published"),
        folder / "start",
        pool=True,
        ratios="50,50",
        group_by="none",
        look=False,
        workers=1,
    )
    return folder / "start"


def extracted(folder: Path, make_tree: Callable[..., Path]) -> Path:
    """Clips whose folders have ``_`` for the blanks in their names."""
    for number, place in enumerate(("thank you/a b", "thank you/c", "book/a b")):
        make_video(folder / "videos" / f"{place}.mp4", 3 + number)
    signdata.extract_frames(folder / "videos", folder / "start", workers=1)
    return folder / "start"


def trimmed(folder: Path, make_tree: Callable[..., Path]) -> Path:
    """Clips cut out of longer videos."""
    instances = [
        {"video_id": f"{i:05d}", "gloss": gloss, "frame_start": 2 + i, "frame_end": 6}
        for i, gloss in enumerate(("thank you", "book"))
    ]
    for instance in instances:
        make_video(folder / "raw" / f"{instance['video_id']}.mp4", 12)
    index = make_index(folder / "WLASL.json", instances)
    signdata.trim(index, folder / "start", videos=folder / "raw", workers=1)
    return folder / "start"


STARTS: dict[str, Start] = {
    "augment": augmented,
    "split --pool": pooled,
    "extract-frames": extracted,
    "trim": trimmed,
}
STILLS = ("folders", "csv", "hdf5 raw", "hdf5 encoded")
CLIPS = ("frames", "hdf5 raw", "hdf5 encoded")
WAYS = [
    (start, one, other)
    for start in STARTS
    for kinds in [STILLS if start in ("augment", "split --pool") else CLIPS]
    for one in kinds
    for other in kinds
    if not (start == "trim" and "hdf5 raw" in (one, other))  # out of JPEG it holds no arrays
]


def convert(source: Path, folder: Path, target: str) -> Path:
    """The dataset in another format."""
    name, _, layout = target.partition(" ")
    out = folder / {"csv": "out.csv", "hdf5": "out.h5"}.get(name, "out")
    folder.mkdir()
    signdata.convert(source, out, to_format=name, hdf5_layout=layout or "auto", workers=1)
    return out


def known(sample: Sample) -> dict[str, Any]:
    """All that is known of a sample, but for what describes one stored copy or the reading."""
    own = ("sha256", "source_sha256", "n_frames", "fps", "range", "verdict")
    return {
        "id": sample.id,
        "label": sample.label,
        "split": sample.split,
        "group": sample.group,
        "source": sample.source,
        "name": sample.name,
        **{key: value for key, value in sample.meta.items() if key not in own},
    }


def places(root: Path) -> list[str]:
    """Every picture of a tree."""
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.suffix in (".png", ".jpg")
    )


@pytest.mark.parametrize(("start", "one", "other"), WAYS)
def test_nothing_is_lost_between_two_formats(
    start: str, one: str, other: str, tmp_path: Path, make_tree: Callable[..., Path]
) -> None:
    made = STARTS[start](tmp_path, make_tree)
    first = convert(made, tmp_path / "first", one)
    second = convert(first, tmp_path / "second", other)
    before, after = list(open_dataset(made)), list(open_dataset(second))
    assert [known(sample) for sample in after] == [known(sample) for sample in before]
    for sample, wanted in zip(after, before, strict=True):
        assert np.array_equal(list(sample.frames()), list(wanted.frames()))
    third = convert(
        second, tmp_path / "third", "frames" if start in ("extract-frames", "trim") else "folders"
    )
    if start in ("augment", "split --pool"):
        assert places(third) == places(made)


def test_names_that_another_command_chose_are_no_columns(
    tmp_path: Path, make_tree: Callable[..., Path]
) -> None:
    made = augmented(tmp_path, make_tree)
    for target in STILLS:
        reader = open_dataset(convert(made, tmp_path / target, target))
        assert STORED_AS not in reader.info.columns
        assert {sample.stored_as for sample in reader} == {
            f"user_{u}-{c}{k}-v{v:02d}"
            for u in (1, 2)
            for c in "AB"
            for k in (0, 1)
            for v in (1, 2)
        }


def test_an_augmented_set_is_split_audited_and_augmented_again(
    tmp_path: Path, make_tree: Callable[..., Path]
) -> None:
    made = augmented(tmp_path, make_tree)
    split = signdata.split(made, tmp_path / "split", ratios="50,50", workers=1)
    assert split.written == 16
    assert {Path(place).name for place in places(tmp_path / "split")} == {
        Path(place).name for place in places(made)
    }
    fixed = signdata.audit(made, fix=tmp_path / "fixed", workers=1)
    assert fixed.written == 16
    again = signdata.augment(made, tmp_path / "again", recipe="observed-20", variants=2, workers=1)
    assert again.written == 32
    assert "A/user_1-A0-v01-v02.png" in places(tmp_path / "again")
