"""signdata diff."""

from __future__ import annotations

import shutil

import pytest

from signdata import sidecars
from signdata.inspection import changes, partitions
from tests.cli import counts
from tests.conftest import picture

NOTHING = dict.fromkeys(changes.KINDS, 0)


@pytest.fixture
def versions(main, make_tree, tmp_path):
    """Two folders that hold the same six pictures, as signdata wrote them."""
    files = {f"{split}/{'AB'[i % 2]}/{i}.png": picture(i) for i, split in enumerate(SPLITS)}
    tree = make_tree(files)
    assert main("convert", tree, tmp_path / "a", "-j1").returncode == 0
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    return tmp_path / "a", tmp_path / "b"


SPLITS = ("train", "train", "train", "train", "val", "test")


def edit(root, change):
    """Change the rows of a manifest; `change` returns a row's new columns, or None."""
    path = root / sidecars.MANIFEST
    rows = list(sidecars.read_rows(path))
    made = [new for row in rows if (new := change(row)) is not None]
    sidecars.write_rows(path, sidecars.columns_of(made), made)


def test_nothing_changed(main, versions):
    done = main("diff", *versions)
    told, following = done.stdout.splitlines()
    assert (done.returncode, told, done.stderr) == (0, "the same: 6 samples", "")
    assert following.startswith("next: signdata verify ")
    found = counts.check(main("diff", *versions, "--json").json, "diff", one_to_one=False)
    assert (found["same"], found["unchanged"], found["changes"]) == (True, 6, NOTHING)


@pytest.mark.parametrize(
    ("column", "value", "kind", "message"),
    [
        ("label", "B", "relabelled", "'A' -> 'B'"),
        ("split", "test", "moved", "train -> test"),
        ("split", "", "moved", "train -> no split"),
        ("group", "anna", "regrouped", "'' -> 'anna'"),
        ("sha256", "0" * 64, "rewritten", None),
        ("id", "train/A/new", "renamed", "'train/A/0' -> 'train/A/new'"),
    ],
)
def test_a_changed_column_is_named(main, versions, column, value, kind, message):
    a, b = versions
    edit(b, lambda row: {**row, column: value} if row["id"] == "train/A/0" else row)
    done = main("diff", a, b, "--json")
    assert done.returncode == 4
    assert done.json["changes"] == {**NOTHING, kind: 1}
    assert (done.json["unchanged"], done.json["samples"]) == (5, {"a": 6, "b": 6})
    (problem,) = done.json["problems"]
    assert (problem["kind"], problem["where"]) == (kind, column)
    assert message in (problem["message"], None)


def test_samples_that_came_and_went_are_counted_by_class_and_split(main, versions):
    a, b = versions
    edit(a, lambda row: row if row["id"] != "val/A/4" else None)
    edit(b, lambda row: row if row["id"] != "test/B/5" else None)
    done = main("diff", a, b, "--json")
    assert done.json["changes"] == {**NOTHING, "added": 1, "removed": 1}
    assert done.json["classes"]["A"]["val"] == {"a": 0, "b": 1}
    assert done.json["classes"]["B"]["test"] == {"a": 1, "b": 0}
    assert [(p["kind"], p["path"], p["message"]) for p in done.json["problems"]] == [
        ("added", "val/A/4", "label 'A', val"),
        ("removed", "test/B/5", "label 'B', test"),
    ]
    shown = main("diff", a, b).stdout.splitlines()
    assert shown[0] == "5 -> 5 samples: 1 added, 1 removed; 4 unchanged"
    assert [line.split() for line in shown[2:-1]] == [
        ["class", "split", "before", "after", "change"],
        ["A", "val", "0", "1", "+1"],
        ["B", "test", "1", "0", "-1"],
    ]


def test_a_renamed_sample_may_have_moved_too(main, versions):
    a, b = versions
    there = {"id": "val/B/0", "label": "B", "split": "val"}
    edit(b, lambda row: {**row, **there} if row["id"] == "train/A/0" else row)
    found = main("diff", a, b, "--json").json
    assert found["changes"] == {**NOTHING, "renamed": 1, "relabelled": 1, "moved": 1}
    assert found["moves"] == {"train": {"val": 1}}


def test_copies_pair_with_those_that_differ_in_nothing_else(main, versions):
    a, b = versions
    same = {"sha256": "0" * 64}
    edit(a, lambda row: {**row, **same})
    edit(b, lambda row: {**row, **same, "id": f"z{row['id']}"})
    found = main("diff", a, b, "--json").json
    assert found["changes"] == {**NOTHING, "renamed": 6}


def test_without_checksums_new_names_are_new_samples(main, versions):
    a, b = versions
    edit(a, lambda row: {**row, "sha256": ""})
    edit(b, lambda row: {**row, "id": row["id"].replace("train", "other")})
    done = main("diff", a, b, "--json")
    assert done.json["changes"] == {**NOTHING, "added": 4, "removed": 4}
    assert done.json["without_digest"] == 2
    assert "the bytes of 2 cannot be compared: no checksums" in main("diff", a, b).stdout


def test_a_class_with_another_number(main, versions, tmp_path):
    a, _ = versions
    done = main("convert", a, tmp_path / "c", "--classes", "B,A", "-j1")
    assert done.returncode == 0
    found = main("diff", a, tmp_path / "c", "--json").json
    assert found["changes"] == {**NOTHING, "renumbered": 2}
    assert found["problems"][0]["message"] == "class 'A' was number 0, is 1"


def test_hdf5_and_a_kept_manifest(main, versions, tmp_path):
    a, b = versions
    for tree, name in ((a, "a.h5"), (b, "b.h5")):
        assert main("convert", tree, tmp_path / name, "-j1").returncode == 0
    assert main("diff", tmp_path / "a.h5", tmp_path / "b.h5").returncode == 0
    kept = shutil.copy(a / sidecars.MANIFEST, tmp_path / "old-manifest.csv")
    edit(b, lambda row: {**row, "label": "C"} if row["id"] == "val/A/4" else row)
    assert main("diff", kept, a).returncode == 0
    found = main("diff", tmp_path / "a.h5", b, "--json").json
    assert found["changes"]["relabelled"] == 1


def test_two_forms_of_the_same_pictures_lead_to_verify(main, make_csv, tmp_path):
    main("csv-to-folders", make_csv(), tmp_path / "a", "-j1")
    main("convert", tmp_path / "a", tmp_path / "a.h5", "--hdf5-layout", "raw", "-j1")
    done = main("diff", tmp_path / "a", tmp_path / "a.h5")
    assert done.returncode == 4
    assert "signdata verify A B compares the pixels" in done.stdout


def test_many_rows_wait_on_disk(main, versions, monkeypatch):
    a, b = versions
    monkeypatch.setattr(partitions, "BUFFERED", 1)
    monkeypatch.setattr(partitions, "PARTS", 2)
    edit(b, lambda row: {**row, "id": row["id"].replace("A", "C"), "label": "C"})
    found = main("diff", a, b, "--json").json
    assert found["changes"] == {**NOTHING, "renamed": 3, "relabelled": 6}


def test_a_rare_difference_is_listed_next_to_many(main, versions):
    a, b = versions
    path = b / sidecars.MANIFEST
    rows = list(sidecars.read_rows(path))[1:]
    rows += [{**rows[0], "id": f"new{i}", "sha256": ""} for i in range(3000)]
    sidecars.write_rows(path, sidecars.columns_of(rows), rows)
    found = main("diff", a, b, "--json").json
    assert found["changes"] == {**NOTHING, "added": 3000, "removed": 1}
    kinds = [problem["kind"] for problem in found["problems"]]
    assert kinds == ["removed", *["added"] * 999]


def test_what_has_no_manifest_is_refused(main, versions, make_tree, tmp_path):
    a, b = versions
    other = make_tree(name="other")
    done = main("diff", a, other)
    assert done.returncode == 4
    assert f"{other}: has no manifest; expected a dataset that signdata wrote" in done.error
    assert main("diff", a, tmp_path / "none").returncode == 4
    path = b / sidecars.MANIFEST
    path.write_text("".join([text := path.read_text(), text.splitlines()[1], "\n"]))
    done = main("diff", a, b)
    assert (done.returncode, "appears twice" in done.error) == (4, True)
