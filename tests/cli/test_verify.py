"""signdata verify."""

from __future__ import annotations

import pandas as pd
import pytest
from PIL import Image

from tests.cli import counts
from tests.conftest import picture


@pytest.fixture
def made(main, make_csv, tmp_path):
    """A CSV, and a tree made of it."""
    source = make_csv()
    assert main("csv-to-folders", source, tmp_path / "out", "-j1").returncode == 0
    return source, tmp_path / "out"


def test_a_dataset_and_its_manifest(cli, made):
    _, tree = made
    done = cli("verify", tree)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"6 samples match the manifest\nnext: signdata audit {tree}\n"


def test_a_changed_picture_is_found(main, made):
    _, tree = made
    Image.new("L", (4, 4)).save(tree / "B" / "000002.png")
    done = main("verify", tree, "--json", "-j1")
    assert done.returncode == 4
    found = counts.check(done.json, "verify", one_to_one=False)
    assert (found["same"], found["differences"]) == (False, 1)
    assert [(p["path"], p["kind"]) for p in found["problems"]] == [("000002", "differs")]


def test_a_lost_and_a_damaged_picture_are_found(main, made):
    _, tree = made
    (tree / "A" / "000001.png").unlink()
    (tree / "B" / "000002.png").write_bytes(b"gone")
    done = main("verify", tree, "-j1")
    assert done.returncode == 4
    assert "000001" in done.stderr
    assert "000002" in done.stderr
    assert done.stdout.startswith("2 of 6 samples")


def test_two_formats_hold_the_same(main, made, tmp_path):
    source, tree = made
    assert main("convert", tree, tmp_path / "one.h5", "-j1").returncode == 0
    for a, b in ((source, tree), (tree, tmp_path / "one.h5"), (tmp_path / "one.h5", source)):
        done = main("verify", a, b, "-j1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("the same: 6 and 6 samples, paired by id")


def test_other_ids_are_compared_by_content(main, make_tree):
    files = {"A/1.png": picture(1), "B/2.png": picture(2)}
    renamed = {"A/x.png": picture(1), "B/y.png": picture(2)}
    done = main("verify", make_tree(files, "a"), make_tree(renamed, "b"), "-j1")
    assert done.returncode == 0
    assert "paired by split, label and pixels" in done.stdout


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"A/1.png": picture(1), "B/2.png": picture(3)}, "pixels differ"),
        ({"A/1.png": picture(1), "A/2.png": picture(2)}, "only in"),
        ({"A/1.png": picture(1)}, "only in"),
    ],
    ids=["pixels", "label", "one less"],
)
def test_differences_are_listed_and_4(main, make_tree, other, what):
    tree = make_tree({"A/1.png": picture(1), "B/2.png": picture(2)}, "a")
    done = main("verify", tree, make_tree(other, "b"), "-j1")
    assert done.returncode == 4
    assert what in done.stderr
    assert "difference" in done.stdout


def test_one_split_equals_none_and_several_do_not(main, make_tree):
    plain = make_tree({"A/1.png": picture(1), "B/2.png": picture(2)}, "plain")
    one = make_tree({"train/A/1.png": picture(1), "train/B/2.png": picture(2)}, "one")
    two = make_tree({"train/A/1.png": picture(1), "test/B/2.png": picture(2)}, "two")
    assert main("verify", plain, one, "-j1").returncode == 0
    assert main("verify", plain, two, "-j1").returncode == 4


def test_many_differences_are_counted_not_promised_elsewhere(main, make_tree, tmp_path):
    a = make_tree({f"A/{i}.png": picture(i) for i in range(30)}, "a")
    b = make_tree({f"A/{i}.png": picture(100 + i) for i in range(30)}, "b")
    done = main("verify", a, b, "-j1")
    assert done.stderr.count("\ndiffers: ") + done.stderr.startswith("differs: ") == 20
    assert "10 more" in done.stderr
    assert "problems.csv" not in done.stderr  # verify writes nothing
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_dataset_without_a_manifest_is_read(main, make_tree):
    done = main("verify", make_tree(), "-j1")
    assert done.returncode == 0
    assert "no manifest" in done.stdout


def test_a_split_of_links_can_be_verified(main, made, tmp_path):
    words = ["split", made[1], tmp_path / "halves", "--ratios", "50,50", "-j1"]
    assert main(*words).returncode == 0
    assert pd.read_csv(tmp_path / "halves" / "manifest.csv")["sha256"].notna().all()
    assert "match the manifest" in main("verify", tmp_path / "halves", "-j1").stdout


@pytest.mark.parametrize(
    ("words", "n"),
    [
        (["--classes", "A"], 6),
        (["--classes", "B", "--split", "test"], 2),
        (["--max-per-class", "2"], 4),
        (["--classes", "A", "--max-per-class", "3", "--split", "train"], 2),
    ],
)
def test_of_a_part_only_that_part_is_compared(main, make_tree, tmp_path, words, n):
    pictures = {
        f"{split}/{label}/{i}.png": picture(sum(map(ord, split + label)) + i)
        for split, count in (("train", 4), ("test", 2))
        for label in "AB"
        for i in range(count)
    }
    assert main("convert", make_tree(pictures), tmp_path / "out", "-j1").returncode == 0
    assert main("convert", tmp_path / "out", tmp_path / "out.h5", "-j1").returncode == 0
    for made in (tmp_path / "out", tmp_path / "out.h5"):
        done = main("verify", made, *words, "--json", "-j1")
        assert done.returncode == 0, done.stdout
        found = counts.check(done.json, "verify", one_to_one=False)
        assert (found["read"], found["failed"], found["checked"]) == (n, 0, n)


def test_what_is_lost_of_the_part_is_still_found(main, make_tree, tmp_path):
    tree = make_tree(
        {f"{label}/{i}.png": picture(ord(label) + i) for label in "AB" for i in (1, 2)}
    )
    main("convert", tree, tmp_path / "out", "-j1")
    (tmp_path / "out" / "A" / "1.png").unlink()
    assert main("verify", tmp_path / "out", "--classes", "B", "-j1").returncode == 0
    done = main("verify", tmp_path / "out", "--classes", "A", "-j1")
    assert done.returncode == 4
    assert done.stdout.startswith("1 of 2 samples")
