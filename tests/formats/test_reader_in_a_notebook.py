"""Readers by number, in one line, and as a notebook shows them."""

from __future__ import annotations

import base64
import io
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import signdata
from signdata.formats.numbered import Numbered
from signdata.formats.reader import Reader
from tests.conftest import picture

SPLITS = ("train", "test")


@pytest.fixture(params=["folders", "csv", "hdf5"])
def path(request: pytest.FixtureRequest, tmp_path: Path, make_tree: Callable[..., Path]) -> Path:
    """Six grey pictures of three classes in two splits; C is in test alone."""
    files = {
        f"{split}/{label}/{k}.png": picture(k, 8, 8)
        for split, labels in zip(SPLITS, ("AB", "AC"), strict=True)
        for k, label in enumerate(labels)
    }
    tree = make_tree(files | {f"train/B/{k}.png": picture(k, 8, 8) for k in (7, 8)})
    if request.param == "folders":
        return tree
    out = tmp_path / {"csv": "a.csv", "hdf5": "a.h5"}[request.param]
    signdata.convert(tree, out)
    return out


def png_in(html: str) -> Image.Image:
    [data] = re.findall(r'src="data:image/png;base64,([^"]*)"', html)
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_samples_have_numbers(path: Path) -> None:
    with signdata.open_dataset(path) as reader:
        every = [sample.id for sample in reader]
        assert len(reader) == len(every) == 6
        assert [reader[i].id for i in (4, 0, 5)] == [every[i] for i in (4, 0, 5)]
        assert reader[-1].id == every[-1]
        assert [sample.id for sample in reader[1:5:3]] == every[1:5:3]
        assert next(reader[2].frames()).shape == (8, 8, 1)
        for beyond in (6, -7):
            with pytest.raises(IndexError):
                reader[beyond]
        assert reader
        assert pickle.loads(pickle.dumps(reader))[3].id == every[3]


def test_class_numbers_are_those_of_the_whole_dataset(path: Path) -> None:
    train = signdata.open_dataset(path, split="train")
    assert len(train) == 4
    assert train.classes == signdata.open_dataset(path).classes == ("A", "B", "C")


def test_only_the_batches_before_a_sample_are_read() -> None:
    read: list[str] = []

    class Lazy:
        def __init__(self, key: str, n: int) -> None:
            self.key, self._n = key, n

        def __iter__(self):  # type: ignore[no-untyped-def]  # of what `Numbered` does not look at
            read.append(self.key)
            return iter(f"{self.key}{k}" for k in range(self._n))

    samples = Numbered([Lazy("a", 2), Lazy("b", 0), Lazy("c", 3), Lazy("d", 1)])  # type: ignore[list-item]
    assert [samples[i] for i in (2, 4, 3)] == ["c0", "c2", "c1"]
    assert read == ["a", "b", "c"]
    assert samples.per_batch() == [2, 0, 3, 1]


def test_one_line_says_what_it_is(path: Path) -> None:
    shown = repr(signdata.open_dataset(path))
    assert path.name in shown
    assert "stills" in shown
    assert "\n" not in shown
    assert "no sample in split 'val'" in repr(signdata.open_dataset(path, split="val"))


def test_a_notebook_shows_counts_and_pictures(path: Path) -> None:
    html = signdata.open_dataset(path)._repr_html_()
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", html)
    assert cells[:3] == ["class", "train", "test"]
    assert cells[3:6] == ["all", "4", "2"]
    assert cells[9:12] == ["B", "3", "0"]
    assert png_in(html).width > 1000


def test_names_from_files_are_no_html(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    tree = make_tree({"<b>x/1.png": picture(1, 8, 8), "y/1.png": picture(2, 8, 8)})
    html = signdata.open_dataset(tree)._repr_html_()
    assert "<b>x" not in html
    assert "&lt;b&gt;x" in html


def test_a_dataset_that_went_is_one_line(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    tree = make_tree({"A/1.png": picture(1, 8, 8)})
    reader: Reader = signdata.open_dataset(tree, split="val")
    assert "no sample in split" in reader._repr_html_()
    made = signdata.convert(tree, tmp_path / "a.h5")
    (tmp_path / "a.h5").unlink()
    assert "no pictures: " in made._repr_html_()


def test_results_show_themselves(path: Path, tmp_path: Path) -> None:
    info = signdata.info(path)
    assert info.counts == {
        "A": {"train": 1, "test": 1},
        "B": {"train": 3, "test": 0},
        "C": {"train": 0, "test": 1},
    }
    assert (info.size, info.channels, info.kind, info.samples) == ([8, 8], 1, "still", 6)
    assert repr(info) == "<InfoResult info: 6 read, exit code 0>"
    assert png_in(info._repr_html_()).width > 1000
    out = tmp_path / "out.h5"
    made = signdata.convert(path, out)
    assert repr(made) == f"<Result convert -> {out}: 6 read, 6 written, exit code 0>"
    assert png_in(made._repr_html_()).height > 100
    assert pickle.loads(pickle.dumps(made)) == made
    same = signdata.verify(path, out)
    assert (same.same, same.differences, same.paired_by, same.checked) == (True, 0, "id", None)
    found = signdata.audit(path)
    assert found.leaks[0]["between"] == ["train", "test"]
    assert found.parts == {"train": 4, "test": 2}
    assert "<pre" in found._repr_html_()
    with pytest.raises(AttributeError, match="has no 'counts'"):
        _ = type(info)("info").counts


def test_the_manifest_of_every_format(path: Path) -> None:
    frame = signdata.manifest(path)
    assert list(frame.columns)[:6] == ["id", "path", "label", "split", "group", "source"]
    assert sorted(frame["label"]) == ["A", "A", "B", "B", "B", "C"]
    assert all(isinstance(cell, str) for cell in frame.to_numpy().ravel())
    with signdata.open_dataset(path) as reader:
        assert list(frame["id"]) == [sample.id for sample in reader]
        assert list(frame["split"]) == [sample.split for sample in reader]


def test_ids_keep_their_zeros(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,pixel1\n1,7\n0,8\n")
    signdata.convert(tmp_path / "a.csv", tmp_path / "a.h5")
    for name in ("a.csv", "a.h5"):
        assert list(signdata.manifest(tmp_path / name)["id"]) == ["000001", "000002"]
    assert len(signdata.manifest(tmp_path / "a.h5")["sha256"][0]) == 64
