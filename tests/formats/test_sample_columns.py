"""Samples as columns: readers that know columns say the same as their samples do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

import signdata
from signdata.formats.open import open_source
from signdata.formats.reader import OpenOptions
from signdata.formats.sample_columns import SampleColumns
from signdata.options import ReadOptions

HEADER = "label,pixel1,pixel2,pixel3,pixel4\n"
ROWS = "".join(f"{(i * 7) % 9},{i % 256},2,3,4\n" for i in range(90))


def joined(parts: Iterable[SampleColumns]) -> dict[str, list]:
    names = ("ids", "labels", "splits", "groups", "sources", "names")
    found = {name: [] for name in (*names, "stored_as", "files", "meta", "broken", "kinds")}
    for part in parts:
        n = len(part)
        for name in names:
            found[name] += getattr(part, name)
        found["stored_as"] += part.stored_as or [""] * n
        found["files"] += part.files or [""] * n
        found["broken"] += [(part.ids[i], str(error)) for i, error in part.broken.items()]
        found["kinds"] += [part.are_stills] * n
        for i in range(n):
            meta = {name: values[i] for name, values in part.meta.items() if values[i]}
            found["meta"].append(meta)
    return found


def assert_same(paths: list[Path], **read) -> dict[str, list]:
    reader = open_source(paths, OpenOptions(ReadOptions(**read)))
    found = joined(reader.columns())
    assert found == joined(SampleColumns.of(tuple(batch)) for batch in reader.batches())
    return found


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "a_train.csv"
    path.write_text(HEADER + ROWS)
    return path


@pytest.mark.parametrize("labels", ["letters", "codes"])
def test_a_csv(csv: Path, labels: str):
    assert len(assert_same([csv], labels=labels)["ids"]) == 90


def test_several_csvs_with_splits_in_their_names(csv: Path):
    other = csv.with_name("a_test.csv")
    other.write_text(HEADER + ROWS)
    found = assert_same([csv, other])
    assert (found["ids"][0], found["names"][0], found["splits"][-1]) == (
        "train/000001",
        "000001",
        "test",
    )


@pytest.mark.parametrize("row", ["9,1,2,3,4\n", "1,2,3\n", "3,300,1,1,1\n"])
def test_a_csv_with_a_row_that_cannot_be_read(csv: Path, row: str):
    csv.write_text(HEADER + ROWS + row)
    assert len(assert_same([csv])["broken"]) == 1


def test_a_csv_and_an_hdf5_file_with_all_that_is_known_of_samples(csv: Path, tmp_path: Path):
    signdata.split(csv, tmp_path / "parts.csv", look=False)
    found = assert_same([tmp_path / "parts.csv"])
    assert set(found["splits"]) == {"train", "val", "test"}
    manifest = tmp_path / "parts.csv.manifest.csv"
    manifest.write_text(manifest.read_text().replace(",train,,", ",train,g-1,"))
    signdata.convert(tmp_path / "parts.csv", tmp_path / "parts.h5")
    again = assert_same([tmp_path / "parts.h5"])
    assert again["groups"].count("g-1") == found["splits"].count("train")
    label = found["labels"][0]
    manifest.write_text(manifest.read_text().replace(f",{label},", ",Z,", 1))
    assert len(assert_same([tmp_path / "parts.csv"])["broken"]) == 1


def test_pictures_of_a_file_read_together_are_those_read_alone(csv: Path, tmp_path: Path):
    signdata.convert(csv, tmp_path / "a.h5")
    reader = open_source([tmp_path / "a.h5"], OpenOptions())
    [batch] = reader.batches()
    pixels = [sample.pixels for sample in batch]
    stills = type(pixels[0]).together(pixels)
    assert stills is not None
    assert np.array_equal(stills.frames, np.stack([next(one.frames()) for one in pixels]))
    assert type(pixels[0]).together(pixels[::-1]) is None
    with (tmp_path / "a.h5").open("r+b") as file:
        file.truncate(pixels[-1].offset + 90 * 4 - 1)
    assert type(pixels[0]).together(pixels) is None
