"""--classes, --rename, --max-per-class and --fold: on every command that reads."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.formats.csv import parser
from signdata.formats.csv.scan import Block, Layout


def info(main: Callable[..., Any], *words: Any) -> dict[str, Any]:
    ran = main("info", *words, "--json")
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture
def tree(make_tree: Callable[..., Path]) -> Path:
    """4 classes in 2 splits, 8 pictures each in train, 4 in test."""
    rng = np.random.default_rng(0)
    return make_tree(
        {
            f"{split}/{label}/{i}.png": rng.integers(0, 256, (4, 4, 1), np.uint8)
            for split, n in (("train", 8), ("test", 4))
            for label in ("ten", "two", "five", "one")
            for i in range(n)
        }
    )


def test_classes_are_those_in_that_order(
    tree: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    found = info(main, tree, "--classes", "two,five")
    assert found["classes"] == ["two", "five"]
    assert (found["samples"], found["splits"]) == (24, {"train": 16, "test": 8})
    assert found["problems"][-1]["message"].startswith("24 samples left out")
    (tmp_path / "names.txt").write_text("two\nfive\n")
    assert main("convert", tree, tmp_path / "a.h5", "--classes", "two,five").returncode == 0
    ran = main("convert", tree, tmp_path / "b", "--classes", tmp_path / "names.txt", "-j1")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "b" / "classes.txt").read_text() == "two\nfive\n"
    assert main("verify", tmp_path / "a.h5", tmp_path / "b").returncode == 0
    said = main("info", tree, "--classes", "two,six")
    assert (said.returncode, "no class 'six'" in said.stderr) == (4, True)


def test_names_change_and_merge(tree: Path, tmp_path: Path, main: Callable[..., Any]) -> None:
    names = tmp_path / "names.csv"
    names.write_text("old,new\nten,10\ntwo,few\nfive,few\n")
    found = info(main, tree, "--rename", names)
    assert found["classes"] == ["few", "one", "10"]  # where five, one and ten were
    assert {name: sum(n.values()) for name, n in found["counts"].items()} == {
        "10": 12,
        "few": 24,
        "one": 12,
    }
    chosen = info(main, tree, "--rename", names, "--classes", "few")
    assert chosen["samples"] == 24
    names.write_text("eleven,11\n")
    said = main("convert", tree, tmp_path / "out", "--rename", names)
    assert (said.returncode, "no class 'eleven' to rename" in said.stderr) == (4, True)
    names.write_text("ten\n")
    said = main("convert", tree, tmp_path / "out", "--rename", names)
    assert (said.returncode, "line 1: not a pair" in said.stderr) == (4, True)


def test_at_most_so_many_of_each_class_from_all_splits(
    tree: Path, tmp_path: Path, main: Callable[..., Any]
) -> None:
    found = info(main, tree, "--max-per-class", 6)
    assert set(map(json.dumps, found["counts"].values())) == {'{"train": 4, "test": 2}'}
    ran = main("convert", tree, tmp_path / "out", "--max-per-class", 6, "--json", "-j1")
    made = json.loads(ran.stdout)
    assert (made["read"], made["written"]) == (24, 24)
    again = main("convert", tree, tmp_path / "out", "--max-per-class", 6, "-j1")
    assert "complete already" in again.stdout
    assert main("convert", tree, tmp_path / "out", "--max-per-class", 5).returncode == 5


def test_folds_are_splits(tree: Path, tmp_path: Path, main: Callable[..., Any]) -> None:
    folds = tmp_path / "folds"
    ran = main("split", tree, folds, "--folds", "4", "--pool", "--no-look", "-j1")
    assert ran.returncode == 0, ran.stderr
    seen: Counter[str] = Counter()
    for number in range(1, 5):
        read = signdata.open_dataset(folds, fold=number)
        splits = Counter(sample.split for sample in read)
        assert splits == {"train": 36, "test": 12}
        seen.update(sample.id for sample in read if sample.split == "test")
    assert set(seen.values()) == {1}
    assert len(seen) == 48
    found = info(main, folds, "--fold", 2, "--val-fold", 3)
    assert found["splits"] == {"train": 24, "val": 12, "test": 12}
    assert info(main, folds, "--fold", 2, "--split", "test")["samples"] == 12
    for words, code in (
        (["--fold", "9"], 4),
        (["--fold", "2", "--val-fold", "2"], 2),
        (["--val-fold", "2"], 2),
    ):
        assert main("info", folds, *words).returncode == code
    said = main("info", tree, "--fold", 1)
    assert (said.returncode, "no column 'fold'" in said.stderr) == (4, True)


def test_a_csv_is_read_once_to_choose_and_once_for_its_pictures(
    make_csv: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[label, *([label] * 16)] for label in range(6) for _ in range(5)]
    names = tmp_path / "names.csv"
    names.write_text("A,first\n")
    read, n = parser.read_rows, Counter[int]()

    def counted(layout: Layout, block: Block) -> parser.Rows:
        n[block.first_row] += 1
        return read(layout, block)

    monkeypatch.setattr(parser, "read_rows", counted)
    with signdata.open_dataset(
        make_csv(rows), classes="first,B", rename=names, max_per_class=2
    ) as reader:
        assert reader.info.n_samples == 4
        assert [sample.label for sample in reader] == ["first", "first", "B", "B"]
    assert set(n.values()) == {2}


def test_a_worker_is_sent_no_more_than_its_batch(make_csv: Callable[..., Path]) -> None:
    with signdata.open_dataset(make_csv(), classes="A,B", max_per_class=1) as reader:
        assert reader.info.n_samples == 2
        for batch in reader.batches():
            sent = pickle.loads(pickle.dumps(batch))
            assert [sample.label for sample in sent] == ["A", "B"]
            assert not {"_reader", "outline"} & set(vars(sent.takes.__self__))
