"""signdata split."""

from __future__ import annotations

import h5py
import pandas as pd
import pytest

from tests.cli import books
from tests.conftest import picture


@pytest.fixture
def tree(make_tree):
    """Thirty pictures of A and fifteen of B."""
    names = [*(f"A/{i}.png" for i in range(30)), *(f"B/{i}.png" for i in range(15))]
    return make_tree({name: picture(i) for i, name in enumerate(names)})


@pytest.fixture
def published(make_tree):
    """Twenty training pictures of A and four of its own for a test, whose names repeat."""
    train = {f"train/A/{i}.png": picture(i) for i in range(20)}
    return make_tree({**train, **{f"test/A/{i}.png": picture(100 + i) for i in range(4)}})


def sizes(root, manifest="manifest.csv"):
    table = pd.read_csv(root / manifest, dtype=str, keep_default_na=False)
    return table.groupby(["split", "label"]).size().to_dict()


def test_hard_links_in_three_splits(cli, tree, tmp_path):
    done = cli("split", tree, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "45 of 45 samples written" in done.stdout
    found = sizes(tmp_path / "out")
    assert [found[split, "A"] for split in ("train", "val", "test")] == [24, 3, 3]
    assert found["train", "B"] == 12
    assert sorted([found["val", "B"], found["test", "B"]]) == [1, 2]
    for path in (tmp_path / "out").glob("*/*/*.png"):
        assert path.samefile(tree / path.parent.name / path.name)


@pytest.mark.parametrize("mode", ["copy", "symlink"])
def test_copies_and_symbolic_links(main, tree, tmp_path, contents, mode):
    assert main("split", tree, tmp_path / "out", "--mode", mode, "-j1").returncode == 0
    paths = list((tmp_path / "out").glob("*/*/*.png"))
    assert len(paths) == 45
    assert all(path.is_symlink() == (mode == "symlink") for path in paths)
    assert {path.stat().st_nlink for path in paths} == {1}
    assert sorted(path.read_bytes() for path in paths) == sorted(contents(tree).values())


def test_a_list_only(main, tree, tmp_path):
    assert main("split", tree, tmp_path / "out", "--mode", "manifest", "-j1").returncode == 0
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == {"classes.txt", "manifest.csv", "signdata.json"}
    table = pd.read_csv(tmp_path / "out" / "manifest.csv")
    assert len(table) == 45
    assert all((tree / path).is_file() for path in table["path"])


def test_a_list_of_what_was_a_csv(main, make_csv, tmp_path):
    main("csv-to-folders", make_csv(), tmp_path / "tree", "-j1")
    words = ["split", tmp_path / "tree", tmp_path / "out", "--mode", "manifest", "-j1"]
    assert main(*words).returncode == 0
    table = pd.read_csv(tmp_path / "out" / "manifest.csv")
    assert sorted(table["path"])[:2] == ["A/000001.png", "B/000002.png"]


def test_the_seed_decides(main, tree, tmp_path, contents):
    for name, words in (("a", []), ("b", ["--seed", "0"]), ("c", ["--seed", "1"])):
        assert main("split", tree, tmp_path / name, "-j1", *words).returncode == 0
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert a["manifest.csv"] != c["manifest.csv"]


def test_into_one_file(main, tree, tmp_path):
    assert main("split", tree, tmp_path / "out.h5", "--ratios", "80,20", "-j1").returncode == 0
    with h5py.File(tmp_path / "out.h5") as file:
        splits = file["splits"].asstr()[:].tolist()
    assert (splits.count("train"), splits.count("test")) == (36, 9)
    assert main("split", tree, tmp_path / "out.csv", "--ratios", "0.8,0.2", "-j1").returncode == 0
    found = sizes(tmp_path, "out.csv.manifest.csv")
    assert found["test", "A"] == 6


def test_splits_that_are_there_need_a_word(main, published, tmp_path):
    done = main("split", published, tmp_path / "out", "-j1")
    assert done.returncode == 2
    assert "--keep" in done.error
    assert "--pool" in done.error
    assert not (tmp_path / "out").exists()


def test_keep(main, published, tmp_path):
    words = ["--keep", "test", "--ratios", "90,10", "--json", "-j1"]
    found = main("split", published, tmp_path / "out", *words).json
    assert books.check(found, "split")["splits"] == {
        "train": {"A": 18},
        "val": {"A": 2},
        "test": {"A": 4},
    }
    kept = pd.read_csv(tmp_path / "out" / "manifest.csv").query("split == 'test'")
    assert sorted(kept["id"]) == [f"test/A/{i}" for i in range(4)]


def test_pool_renames_names_that_collide(main, published, tmp_path):
    words = ["--pool", "--ratios", "50,50", "-j1"]
    assert main("split", published, tmp_path / "out", *words).returncode == 0
    names = sorted(path.name for path in (tmp_path / "out").glob("*/A/*.png"))
    both = [f"{split}-{i}.png" for split in ("test", "train") for i in range(4)]
    assert names == sorted([*both, *(f"{i}.png" for i in range(4, 20))])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ratios", "80,10"], "sum to 90"),
        (["--ratios", "50,30,10,10"], "4 ratios"),
        (["--ratios", "a,b"], "expected numbers"),
        (["--ratios", "110,-10"], "none negative"),
        (["--keep", "nonsense"], "expected names out of train, val, test"),
        (["--keep", "val", "--ratios", "50,50"], "no such split"),
        (["--keep", "test", "--pool", "--ratios", "50,50"], "contradict"),
    ],
)
def test_contradictions_are_usage(main, tree, tmp_path, words, said):
    done = main("split", tree, tmp_path / "out", "-j1", *words)
    assert done.returncode == 2
    assert said in done.error
    assert not (tmp_path / "out").exists()


def test_clips_stay_clips(main, make_frames, tmp_path):
    clips = make_frames({f"book/{i}": i + 1 for i in range(10)})
    words = ["split", clips, tmp_path / "out", "--ratios", "80,20", "-j1"]
    assert main(*words).returncode == 0
    assert len(list((tmp_path / "out" / "train" / "book").iterdir())) == 8
    assert len(list((tmp_path / "out").glob("*/book/9/img_*.png"))) == 10


def test_a_class_that_is_missing_somewhere_is_noted(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": picture(1), "B/1.png": picture(2), "B/2.png": picture(3)})
    done = main("split", tree, tmp_path / "out", "--ratios", "50,50", "-j1")
    assert done.returncode == 0
    assert "has no sample of 1 classes: A" in done.stderr
