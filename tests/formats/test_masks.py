"""Values that are no grey levels of 8 bits: masks of 0 and 1, and 16 bits, in every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.formats.open import open_dataset
from signdata.inference import inputs

NOTE = "values 0 and 1 alone: read as 0 and 255"
MASK = np.eye(6, 8, dtype=np.uint8)


def picture(path: Path, values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def masks(root: Path) -> Path:
    picture(root / "A/1.png", np.zeros_like(MASK))
    picture(root / "A/2.png", MASK)
    picture(root / "B/1.png", 1 - MASK)
    picture(root / "B/2.png", np.ones_like(MASK))
    return root


SEEN = [0 * MASK, 255 * MASK, 255 * (1 - MASK), 255 * np.ones_like(MASK)]


def pixels(path: Path, **options: Any) -> list[Any]:
    return [next(iter(sample.frames()))[:, :, 0] for sample in open_dataset(path, **options)]


def same(found: list[Any], wanted: list[Any]) -> bool:
    return len(found) == len(wanted) and all(map(np.array_equal, found, wanted))


def test_a_set_of_masks_is_seen_and_stays_so_through_every_format(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    root = masks(tmp_path / "masks")
    assert same(pixels(root), SEEN)
    ran = main("info", root, "--json")
    assert [one["message"] for one in ran.json["problems"]] == [NOTE]
    for i, (name, options) in enumerate(
        {
            "again": {},
            "raw.h5": {"hdf5_layout": "raw"},
            "encoded.h5": {"hdf5_layout": "encoded"},
            "arrays.npz": {},
            "table": {"to_format": "table"},
            "pixels.csv": {},
        }.items()
    ):
        out = tmp_path / name
        result = signdata.convert(root, out, workers=1, **options)
        assert NOTE in [problem.message for problem in result.problems], name
        assert same(pixels(out), SEEN), name
        signdata.convert(out, tmp_path / f"back{i}", workers=1)
        assert same(pixels(tmp_path / f"back{i}"), SEEN), name
        assert signdata.verify(out, root, workers=1).exit_code == 0
    assert (tmp_path / "again/A/2.png").read_bytes() == (root / "A/2.png").read_bytes()


def test_one_dark_picture_among_others_is_no_mask(tmp_path: Path) -> None:
    picture(tmp_path / "A/1.png", MASK)
    picture(tmp_path / "A/2.png", 7 * MASK)
    assert same(pixels(tmp_path), [MASK, 7 * MASK])


def test_masks_of_one_bit_are_seen_as_ever(tmp_path: Path) -> None:
    picture(tmp_path / "A/1.png", MASK.astype(bool))
    picture(tmp_path / "A/2.png", MASK.astype(bool))
    assert same(pixels(tmp_path), [255 * MASK] * 2)


def test_a_csv_of_zeros_and_ones_comes_back_as_it_was(
    tmp_path: Path, make_csv: Callable[..., Path]
) -> None:
    path = make_csv([[3, *MASK[:4, :4].ravel()], [3, *([1] * 16)]])
    for middle in ("tree", "pixels.h5", "arrays.npz"):
        signdata.convert(path, tmp_path / middle, workers=1)
        back = tmp_path / f"{middle}.csv"
        signdata.convert(tmp_path / middle, back, workers=1)
        assert back.read_bytes() == path.read_bytes(), middle


def test_a_table_of_masks_and_frames_of_masks(tmp_path: Path) -> None:
    picture(tmp_path / "table/a.png", MASK)
    (tmp_path / "table/metadata.csv").write_text("file_name,label\na.png,A\n")
    assert same(pixels(tmp_path / "table"), [255 * MASK])
    for i in range(3):
        picture(tmp_path / f"frames/A/clip/img_0000{i}.png", np.roll(MASK, i, 1))
    [sample] = open_dataset(tmp_path / "frames")
    found = [frame[:, :, 0] for frame in sample.frames()]
    assert same(found, [255 * np.roll(MASK, i, 1) for i in range(3)])


@pytest.mark.parametrize("kind", ["h5", "npz"])
def test_arrays_are_masks_if_all_of_their_pictures_are(kind: str, tmp_path: Path) -> None:
    def saved(name: str, values: Any) -> Path:
        path = tmp_path / f"{name}.{kind}"
        labels = np.arange(len(values)) % 2
        if kind == "npz":
            np.savez(path, X=values, y=labels)
        else:
            with h5py.File(path, "w") as file:
                file["X"], file["y"] = values, labels
        return path

    some = np.stack([MASK] * 70)
    assert same(pixels(saved("masks", some)), [255 * MASK] * 70)
    late = some.copy()
    late[69] *= 3
    assert same(pixels(saved("late", late)), [*([MASK] * 69), 3 * MASK])


def test_values_of_16_bits_are_brought_to_8(tmp_path: Path, main: Callable[..., Any]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 6, 8), np.uint8)
    grey[0, 0, :2] = 0, 255
    np.savez(tmp_path / "a.npz", X=grey.astype(np.uint16) * 257, y=np.arange(3))
    assert same(pixels(tmp_path / "a.npz"), list(grey))
    ran = main("info", tmp_path / "a.npz", "--json")
    assert [one["message"] for one in ran.json["problems"]] == ["16-bit values: brought to 8 bits"]
    np.savez(tmp_path / "a.npz", X=grey.astype(np.uint16), y=np.arange(3))
    assert same(pixels(tmp_path / "a.npz"), list(grey))


def test_a_network_sees_masks_as_they_are_seen_in_a_dataset(tmp_path: Path) -> None:
    root = masks(tmp_path / "masks")
    found = inputs.find([str(root), str(root / "A/2.png")])
    frames = []
    for one in found:
        with one.opened() as source:
            frames.append(next(iter(source.frames()))[:, :, 0])
    assert same(frames, [*SEEN, SEEN[1]])
    picture(tmp_path / "mixed/1.png", MASK)
    picture(tmp_path / "mixed/2.png", 9 * MASK)
    with inputs.find([str(tmp_path / "mixed")])[0].opened() as source:
        assert next(iter(source.frames())).max() == 1


def test_masks_in_a_csv_are_kept_with_a_note(tmp_path: Path, main: Callable[..., Any]) -> None:
    """A plain CSV comes back byte for byte, so its values stay; that they look black is said."""
    header = "label," + ",".join(f"pixel{i}" for i in range(1, 5))
    masks = tmp_path / "masks.csv"
    masks.write_text(f"{header}\n0,0,1,1,0\n1,1,1,0,0\n")
    told = [one["message"] for one in main("info", masks, "--json").json["problems"]]
    assert len(told) == 1
    assert told[0].startswith("values 0 and 1 alone: kept")
    main("csv-to-folders", masks, tmp_path / "folders")
    main("folders-to-csv", tmp_path / "folders", tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_bytes() == masks.read_bytes()
    grey = tmp_path / "grey.csv"
    grey.write_text(f"{header}\n0,0,1,1,0\n1,1,2,0,0\n")
    assert main("info", grey, "--json").json["problems"] == []
