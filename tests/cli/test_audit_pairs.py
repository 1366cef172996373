"""The two samples of each leak, duplicate and conflict: in ``--json``, in a CSV, as objects."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from signdata.auditing.pairs import Pair
from signdata.auditing.run import AuditOptions
from signdata.auditing.run import audit as run_audit
from signdata.formats.open import open_dataset
from tests.cli.test_audit import big, twin_of

COLUMNS = ["kind", "path", "where", "message", "partner", "correlation"]


@pytest.fixture
def tree(make_tree):
    """Train, and in test a copy, a twin, a copy under another label, and a twin under one."""
    return make_tree(
        {
            "train/A/1.png": big(1),
            "train/A/2.png": big(2),
            "train/B/3.png": big(3),
            "train/B/4.png": twin_of(big(3), 4),
            "train/B/5.png": big(3),
            "test/A/6.png": big(2),
            "test/A/7.png": twin_of(big(1), 7),
            "test/A/8.png": big(8),
            "test/B/9.png": big(8),
            "test/B/10.png": twin_of(big(8), 10),
            "test/B/11.png": big(11),
        }
    )


def pairs(found):
    """Kind, sample, partner and correlation of all entries that are about two samples."""
    return [
        tuple(one[name] for name in ("kind", "path", "partner", "correlation"))
        for one in found
        if one["partner"]
    ]


def test_both_samples_of_each_are_listed(main, tree):
    found = main("audit", tree, "-j1", "--json").json
    by_kind = {}
    for kind, path, partner, correlation in pairs(found["findings"]):
        by_kind.setdefault(kind, set()).add((path, partner))
        # The same pixels correlate fully; twins that are not the same do not.
        assert correlation == "1" or 0.98 <= float(correlation) < 1
        assert len(correlation) in (1, 5)
    assert by_kind == {
        "leak": {("test/A/6", "train/A/2"), ("test/A/7", "train/A/1")},
        "exact-duplicate": {
            ("test/A/6", "train/A/2"),
            ("train/B/5", "train/B/3"),
            ("test/B/9", "test/A/8"),
        },
        "label-conflict": {("test/B/9", "test/A/8")},
        "near-label-conflict": {("test/B/10", "test/A/8")},
        # A group is listed under its first sample, and each of the others with its twin.
        "near-duplicates": {
            ("train/B/3", "train/B/5"),
            ("test/A/6", "train/A/2"),
            ("test/A/7", "train/A/1"),
            ("test/B/10", "test/B/9"),
        },
        "near-duplicate": {
            ("train/B/4", "train/B/3"),
            ("train/B/5", "train/B/3"),
            ("train/A/2", "test/A/6"),
            ("train/A/1", "test/A/7"),
            ("test/B/9", "test/B/10"),
        },
    }
    same = {path for _, path, _, correlation in pairs(found["findings"]) if correlation == "1"}
    assert same == {"test/A/6", "train/A/2", "train/B/3", "train/B/5", "test/B/9"}
    others = [one for one in found["findings"] if not one["partner"]]
    assert others
    assert all(one["correlation"] == "" for one in others)
    # What is counted and printed are the groups, not each of their samples.
    assert found["found"]["near-duplicates"] == 4
    assert "near-duplicate" not in found["found"]


def test_a_partner_in_another_dataset_is_named_with_it(main, make_tree, tree):
    new = make_tree({"A/x.png": big(11), "A/y.png": twin_of(big(1), 9)}, "new")
    found = main("audit", tree, new, "-j1", "--json").json["findings"]
    leaks = [(*one[1:3], one[3]) for one in pairs(found) if one[0] == "leak"]
    assert ("A/x", "tree:test/B/11", "1") in leaks
    assert ("A/y", "tree:train/A/1") in [one[:2] for one in leaks]
    assert ("test/A/7", "train/A/1") in [one[:2] for one in leaks]


def test_all_findings_in_a_table(main, tree, tmp_path):
    out = tmp_path / "new" / "found.csv"
    done = main("audit", tree, "-j1", "--findings", out, "--json")
    assert done.returncode == 0
    assert done.json["findings_file"] == str(out)
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert rows == done.json["findings"]
    # The sheet shows the same leaks in the same order.
    assert main("audit", tree, "-j1", "--findings", out).stdout.splitlines()[-2] == (
        f"{out}: {len(rows)} findings"
    )


def test_more_than_a_thousand_are_all_in_the_table(main, make_csv, tmp_path):
    """The JSON lists the first 1,000 of a kind."""
    rows = [(i % 3, *big(i % 3, 4).ravel()) for i in range(1205)]
    data = make_csv(rows, header=",".join(["label", *(f"pixel{i}" for i in range(1, 17))]))
    out = tmp_path / "found.csv"
    found = main("audit", data, "-j1", "--findings", out, "--json").json
    listed = Counter(one["kind"] for one in found["findings"])
    assert listed["exact-duplicate"] == listed["near-duplicate"] == 1000
    with out.open(newline="", encoding="utf-8") as file:
        table = Counter(row["kind"] for row in csv.DictReader(file))
    assert table["exact-duplicate"] == found["found"]["exact-duplicate"] == 1202
    assert table["near-duplicate"] == 1202


def test_the_table_replaces_only_a_table_and_never_a_source(main, tree, make_csv, tmp_path):
    data = make_csv()
    for words, code, said in (
        (["audit", tree, "--findings", tree / "found.csv"], 2, "lies inside its source"),
        (["audit", data, "--findings", data], 2, "is its source"),
        (["audit", tree, "--findings", data], 5, "exists and is not a CSV file"),
        (
            ["audit", tree, "--findings", tmp_path / "found.txt"],
            2,
            "expected a name that ends in .csv",
        ),
        (["audit", tree, "--findings", tmp_path / "o/f.csv", "--fix", tmp_path / "o"], 2, "lies"),
        (["audit", tree, "--findings", "same", "--contact-sheet", "same"], 2, "written too"),
    ):
        before = sorted(tmp_path.rglob("*"))
        done = main(*words, "-j1")
        assert done.returncode == code, words
        assert said in done.error
        assert sorted(tmp_path.rglob("*")) == before
    out = tmp_path / "found.csv"
    out.write_text("kind,path,where,message,partner,correlation\nold,,,,,\n")
    assert main("audit", tree, "-j1", "--findings", out, "--dry-run").returncode == 0
    assert "old" in out.read_text()
    assert main("audit", tree, "-j1", "--findings", out).returncode == 0
    assert "old" not in out.read_text()


def test_pairs_as_objects(tree):
    with open_dataset(tree) as reader:
        found = run_audit([reader], [tree], AuditOptions(workers=1))
    [leak] = [one for one in found.pairs if one.kind == "leak" and one.same_pixels]
    assert leak == Pair(
        *("leak", "test/A/6", "train/A/2", "test", "train", 1.0),
        same_pixels=True,
        sample=found.fingerprints.index(next(f for f in found.fingerprints if f.id == "test/A/6")),
        partner=found.fingerprints.index(
            next(f for f in found.fingerprints if f.id == "train/A/2")
        ),
    )
    counted = Counter(one.kind for one in found.pairs)
    assert counted == {
        "leak": 2,
        "exact-duplicate": 3,
        "label-conflict": 1,
        "near-label-conflict": 1,
        "near-duplicate": 5,
    }
