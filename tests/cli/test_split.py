"""signdata split."""

from __future__ import annotations

import csv
import json

import h5py
import numpy as np
import pandas as pd
import pytest

from tests.cli import counts
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
    assert counts.check(found, "split")["splits"] == {
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
    assert "has no samples of 1 class: A" in done.stderr


# -- What belongs together


def rows_of(root):
    with (root / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def smooth(number, shade=0):
    """A picture without fine structure, so that tones of it are near-twins and others are not."""
    random = np.random.default_rng(number)
    coarse = random.integers(40, 200, (4, 4)).astype(np.uint8)
    picture = np.kron(coarse, np.ones((8, 8), np.uint8))
    return np.clip(picture.astype(int) + shade, 0, 255).astype(np.uint8)[:, :, None]


@pytest.fixture
def tones(make_tree):
    """Two classes of ten pictures, each in three tones: rows of one picture are near-twins."""
    return make_tree(
        {
            f"{label}/{k:02d}{tone}.png": smooth(100 * ord(label) + k, 9 * t)
            for label in "AB"
            for k in range(10)
            for t, tone in enumerate("xyz")
        },
        "tones",
    )


def test_near_twins_stay_together_unless_told_otherwise(main, tones, tmp_path):
    done = main("split", tones, tmp_path / "out", "--ratios", "60,20,20", "-j1", "--json")
    certificate = done.json["leak_certificate"]
    assert certificate["group_by"] == "near-duplicates"
    assert [leak["near"] for leak in certificate["leaks"]] == [0, 0, 0]
    assert done.json["leaks"] == certificate["leaks"]
    rows = rows_of(tmp_path / "out")
    of_picture = {}
    for row in rows:
        of_picture.setdefault(row["id"][:-1], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in of_picture.values())
    assert len({row["group"] for row in rows}) == 20
    document = json.loads((tmp_path / "out" / "signdata.json").read_text())
    assert document["leak_certificate"] == certificate
    careless = main("split", tones, tmp_path / "none", "--group-by", "none", "-j1", "--json")
    leaks = {tuple(leak["between"]): leak for leak in careless.json["leaks"]}
    assert leaks["train", "test"]["share"] > 0.5
    text = main("split", tones, tmp_path / "again", "--group-by", "none", "-j1").stdout
    assert "have a near-twin in train" in text
    assert "neither signers nor recordings are known" in text


def test_nobody_looks(main, tones, tmp_path):
    done = main("split", tones, tmp_path / "out", "--no-look", "-j1", "--json")
    certificate = done.json["leak_certificate"]
    assert not certificate["looked_for_near_duplicates"]
    assert certificate["leaks"][0]["near"] is None
    twice = main("split", tones, tmp_path / "x", "--no-look", "--group-by", "near-duplicates")
    assert twice.returncode == 2


def test_a_pattern_groups_by_hand(main, make_tree, tmp_path):
    tree = make_tree(
        {
            f"{label}/hand{h}_{k}.png": picture(1000 * h + 10 * ord(label) + k, 12, 12)
            for label in "AB"
            for h in range(1, 6)
            for k in range(4)
        }
    )
    words = ["--group-by", r"hand(\d+)_", "--ratios", "60,20,20", "-j1"]
    assert main("split", tree, tmp_path / "out", *words).returncode == 0
    hands = {}
    for row in rows_of(tmp_path / "out"):
        hands.setdefault(row["id"].split("hand")[1][0], set()).add(row["split"])
        assert row["group"] == row["id"].split("hand")[1][0]
    assert sorted(map(len, hands.values())) == [1] * 5
    assert {split for found in hands.values() for split in found} == {"train", "val", "test"}


def test_groups_of_the_dataset_are_kept_and_stratified_by_signer(main, tmp_path):
    assert main("sample", "wlasl", tmp_path / "w", "--n", "3", "--size", "64x48").returncode == 0
    frames = tmp_path / "frames"
    words = ["--frames", "2", "--no-official-splits", "-j1", "--quiet"]
    assert (
        main("extract-frames", tmp_path / "w" / "WLASL_v0.3.json", frames, *words).returncode == 3
    )
    done = main("split", frames, tmp_path / "out", "--group-by", "signer", "-j1", "--json")
    assert done.returncode == 0
    assert all(leak["signers"] == 0 for leak in done.json["leaks"])
    signers = {}
    for row in rows_of(tmp_path / "out"):
        signers.setdefault(row["signer"], set()).add(row["split"])
    assert all(len(found) == 1 for found in signers.values())
    even = main(
        "split", frames, tmp_path / "even", "--stratify", "signer", "--group-by", "none", "-j1"
    )
    assert even.returncode == 0


def test_runs_of_frames_with_a_guard_between(main, make_tree, tmp_path):
    def film(label, k):
        """A blob that wanders slowly: each frame is a near-twin of the next."""
        y, x = np.mgrid[:32, :32]
        high = 8 + ord(label) % 2 * 14
        blob = np.exp(-((x - 6 - k / 4) ** 2 + (y - high) ** 2) / 72)
        return (20 + 200 * blob).astype(np.uint8)[:, :, None]

    tree = make_tree({f"{c}/{c}{k}.png": film(c, k) for c in "AB" for k in range(80)})
    done = main("split", tree, tmp_path / "out", "--group-by", "blocks:10", "-j1", "--json")
    assert done.returncode == 0
    left_out = 160 - done.json["written"]
    assert left_out > 0
    assert done.json["read"] == done.json["written"]
    assert any("left out as a gap" in p["message"] for p in done.json["problems"])
    splits = {row["id"]: row["split"] for row in rows_of(tmp_path / "out")}
    for c in "AB":
        for k in range(79):
            one, other = splits.get(f"{c}/{c}{k}"), splits.get(f"{c}/{c}{k + 1}")
            assert one is None or other is None or one == other
    auto = main("split", tree, tmp_path / "auto", "-j1", "--json")
    assert auto.json["leak_certificate"]["group_by"].startswith("blocks:")


def test_folds_are_numbers_in_the_manifest(main, tones, tmp_path):
    done = main("split", tones, tmp_path / "out", "--folds", "5", "-j1", "--json")
    assert done.returncode == 0
    rows = rows_of(tmp_path / "out")
    assert {row["fold"] for row in rows} == {"1", "2", "3", "4", "5"}
    assert {row["split"] for row in rows} == {""}
    folds = {}
    for row in rows:
        folds.setdefault(row["id"][:-1], set()).add(row["fold"])
    assert all(len(found) == 1 for found in folds.values())
    assert all(leak["near"] == 0 for leak in done.json["leaks"])
    assert main("split", tones, tmp_path / "x", "--folds", "5", "--ratios", "80,20").returncode == 2


def test_into_another_format(main, tones, tmp_path):
    assert main("split", tones, tmp_path / "a.h5", "--into", "hdf5", "-j1").returncode == 0
    assert main("info", tmp_path / "a.h5", "--json").json["splits"].keys() == {
        "train",
        "val",
        "test",
    }
    done = main("split", tones, tmp_path / "b", "--into", "hdf5", "-j1")
    assert (done.returncode, "b.h5" in done.error) == (2, True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--group-by", "nonsense"], "no such column"),
        (["--group-by", "signer"], "no such column"),
        (["--group-by", "group"], "that column is empty"),
        (["--group-by", "blocks:1"], "K from 2"),
        (["--group-by", "(a)(b)"], "2 groups"),
        (["--stratify", "signer"], "no such column"),
    ],
)
def test_groups_that_are_none(main, tones, tmp_path, words, expected):
    done = main("split", tones, tmp_path / "out", *words, "-j1")
    assert done.returncode == 2
    assert expected in done.error
    assert not (tmp_path / "out").exists()


# -- Few groups


BURSTS = ["--group-by", "(..)_", "--no-look", "-j1"]


@pytest.fixture
def bursts(make_tree):
    """Twenty letters in two bursts of three pictures each: forty groups."""
    letters = "ABCDEFGHIJKLMNOPQRST"
    return make_tree(
        {
            f"{letter}/{letter}{burst}_{k}.png": picture(6 * number + 3 * burst + k, 6, 6)
            for number, letter in enumerate(letters)
            for burst in range(2)
            for k in range(3)
        },
        "bursts",
    )


def test_two_bursts_a_class_fill_all_splits(main, bursts, tmp_path):
    done = main("split", bursts, tmp_path / "out", *BURSTS, "--json")
    assert done.returncode == 0
    splits = {name: sum(by.values()) for name, by in done.json["splits"].items()}
    assert splits == {"train": 96, "val": 12, "test": 12}
    assert len(done.json["splits"]["train"]) == 20
    assert {name: len(found) for name, found in done.json["missing_classes"].items()} == {
        "val": 16,
        "test": 16,
    }
    assert any("too few groups to be in all 3 splits: A (2" in w for w in done.json["warnings"])
    kept = json.loads((tmp_path / "out" / "signdata.json").read_text())["leak_certificate"]
    assert kept["warnings"] == done.json["warnings"]
    assert kept["missing_classes"] == done.json["missing_classes"]


def test_no_class_goes_without_train_for_the_sake_of_shares(main, bursts, tmp_path):
    words = ["--ratios", "34,33,33", *BURSTS, "--json"]
    splits = main("split", bursts, tmp_path / "out", *words).json["splits"]
    assert {name: sum(by.values()) for name, by in splits.items()} == {
        "train": 60,
        "val": 30,
        "test": 30,
    }
    assert len(splits["train"]) == 20


def test_folds_are_even_and_part_the_bursts_of_a_class(main, bursts, tmp_path):
    found = main("split", bursts, tmp_path / "out", "--folds", "5", *BURSTS, "--json").json
    assert [sum(by.values()) for by in found["folds"].values()] == [24] * 5
    assert all(max(by.values()) == 3 for by in found["folds"].values())
    assert found["splits"] == {"": dict.fromkeys("ABCDEFGHIJKLMNOPQRST", 6)}


def test_folds_have_a_row_each(main, bursts, tmp_path):
    lines = main("split", bursts, tmp_path / "out", "--folds", "5", *BURSTS).stdout.splitlines()
    assert lines[0].split() == ["fold", "samples", "share", "asked", "classes"]
    assert [line.split() for line in lines[1:6]] == [
        [str(k), "24", "20.0%", "20.0%", "8"] for k in range(1, 6)
    ]


@pytest.fixture
def signers(make_tree):
    """Two classes, of which three people each show three pictures."""
    return make_tree(
        {
            f"{c}/s{s}_{k}.png": picture(9 * s + 3 * ord(c) + k)
            for c in "AB"
            for s in range(3)
            for k in range(3)
        },
        "signers",
    )


def test_more_folds_than_groups_need_a_word(main, signers, tmp_path):
    words = ["--folds", "5", *BURSTS]
    done = main("split", signers, tmp_path / "out", *words)
    assert done.returncode == 4
    assert "folds 4, 5 are empty: there are 3 groups for 5 folds" in done.error
    assert "--allow-empty" in done.error
    assert not (tmp_path / "out").exists()
    found = main("split", signers, tmp_path / "out", *words, "--allow-empty", "--json")
    assert found.returncode == 0
    assert [sum(by.values()) for by in found.json["folds"].values()] == [6, 6, 6, 0, 0]
    assert "folds 4, 5 are empty: there are 3 groups for 5 folds" in found.json["warnings"]
    assert found.json["missing_classes"] == {"4": ["A", "B"], "5": ["A", "B"]}


def test_one_signer_in_all_leaves_splits_empty(main, make_tree, tmp_path):
    tree = make_tree({f"{c}/s1_{k}.png": picture(9 * k + ord(c)) for c in "AB" for k in range(4)})
    done = main("split", tree, tmp_path / "out", *BURSTS)
    assert (done.returncode, "there is 1 group for 3 splits" in done.error) == (4, True)
    words = [*BURSTS, "--allow-empty"]
    text = main("split", tree, tmp_path / "out", *words).stdout
    assert "warning: splits val, test are empty: there is 1 group for 3 splits" in text
    assert [line.split()[1] for line in text.splitlines()[1:4]] == ["8", "0", "0"]


def test_one_group_a_class_is_told(main, make_tree, tmp_path):
    tree = make_tree(
        {f"{c}/s{c}_{k}.png": picture(9 * k + ord(c)) for c in "ABC" for k in range(4)}
    )
    found = main("split", tree, tmp_path / "out", *BURSTS, "--json").json
    assert {name: sum(by.values()) for name, by in found["splits"].items()} == {
        "train": 4,
        "val": 4,
        "test": 4,
    }
    untaught = ", ".join(found["missing_classes"]["train"])
    assert found["warnings"][0] == f"2 classes have no training samples: {untaught}"


def test_five_pictures_fill_three_splits(main, make_tree, tmp_path):
    tree = make_tree({f"A/{k}.png": picture(k) for k in range(5)})
    words = ["--group-by", "none", "--json", "-j1"]
    splits = main("split", tree, tmp_path / "out", *words).json["splits"]
    assert splits == {"train": {"A": 3}, "val": {"A": 1}, "test": {"A": 1}}


def test_small_classes_are_in_every_split_and_what_cannot_be_is_named(main, make_tree, tmp_path):
    names = [
        f"{label}/{k}.png" for label, n in zip("ABCD", (8, 8, 8, 3), strict=True) for k in range(n)
    ]
    tree = make_tree({name: picture(i) for i, name in enumerate(names)})
    words = ["--group-by", "none", "--json", "-j1"]
    found = main("split", tree, tmp_path / "out", *words).json
    assert [found["splits"][split]["A"] for split in ("train", "val", "test")] == [6, 1, 1]
    assert found["splits"]["train"] == {"A": 6, "B": 6, "C": 6, "D": 2}
    assert found["splits"]["val"] == {"A": 1, "B": 1, "C": 1, "D": 1}
    assert found["splits"]["test"] == {"A": 1, "B": 1, "C": 1}
    assert "test has no samples of 1 class: D" in found["warnings"]
    said = "the sizes of the classes do not allow the requested shares: train 74.1% (asked 80.0%)"
    assert said in found["warnings"]


def test_kept_splits_are_no_part_of_the_shares(main, published, tmp_path):
    words = ["--keep", "test", "--ratios", "90,10", "--group-by", "none", "--no-look", "-j1"]
    lines = main("split", published, tmp_path / "out", *words).stdout.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["split", "samples", "of", "all", "of", "the", "rest", "asked", "classes"],
        ["train", "18", "75.0%", "90.0%", "90.0%", "1"],
        ["val", "2", "8.3%", "10.0%", "10.0%", "1"],
        ["test", "4", "16.7%", "kept", "1"],
    ]
