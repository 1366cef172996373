"""signdata audit."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

import signdata
from signdata.auditing.findings import COLUMNS, KINDS
from signdata.media.image import decode, ops
from tests.cli import counts
from tests.conftest import listing, picture


def big(number, side=16, channels=1):
    return picture(number, side, side, channels)


def twin_of(pixels, seed=0):
    """The same picture, darker and noisy."""
    noise = np.random.default_rng(seed).normal(0, 3, pixels.shape)
    return (pixels * 0.8 + 10 + noise).clip(0, 255).astype(np.uint8)


def audit(main, *words):
    """The object of ``--json``, checked."""
    done = main("audit", *words, "-j", "1", "--json")
    found = counts.check(done.json, "audit", one_to_one="--fix" in words)
    for name in ("samples", "classes", "exact_duplicates", "near_duplicate_groups"):
        assert isinstance(found[name], int)
    for finding in found["findings"]:
        assert sorted(finding) == sorted(COLUMNS)
        assert all(isinstance(value, str) for value in finding.values())
        assert finding["kind"] in KINDS
    return found


def paths(found, kind):
    return [one["path"] for one in found["findings"] if one["kind"] == kind]


@pytest.fixture
def clean(make_tree):
    """Two classes in two splits, every picture another."""
    return make_tree(
        {
            f"{split}/{label}/{i}.png": big(100 * n + i)
            for n, (split, label) in enumerate(
                (split, label) for split in ("train", "test") for label in "AB"
            )
            for i in range(6)
        },
        "clean",
    )


def test_nothing_that_counts_is_found_in_clean_data(main, clean):
    found = audit(main, clean, "--strict")
    assert (found["samples"], found["classes"], found["read"]) == (24, 2, 24)
    assert (found["exact_duplicates"], found["near_duplicate_groups"]) == (0, 24)
    assert found["serious"] == 0
    assert found["leaks"] == [
        {
            "between": ["train", "test"],
            "exact": 0,
            "near": 0,
            "linked": 0,
            "share": 0.0,
            "groups": 0,
            "signers": 0,
        }
    ]
    done = main("audit", clean, "--strict", "-j1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no problems found" in done.stdout
    assert "NOTHING PROTECTS" in done.stdout


def test_leaks_between_splits(main, make_tree):
    tree = make_tree(
        {
            "train/A/1.png": big(1),
            "train/A/2.png": big(2),
            "val/A/3.png": twin_of(big(1)),
            "test/A/4.png": big(2),
            "test/A/5.png": twin_of(big(1), 5),
            "test/A/6.png": big(6),
        }
    )
    found = audit(main, tree)
    by = {tuple(leak["between"]): leak for leak in found["leaks"]}
    assert list(by) == [("train", "val"), ("train", "test"), ("val", "test")]
    assert (by["train", "val"]["exact"], by["train", "val"]["near"]) == (0, 1)
    assert (by["train", "test"]["exact"], by["train", "test"]["near"]) == (1, 2)
    assert by["train", "test"]["share"] == round(2 / 3, 6)
    assert by["val", "test"]["near"] == 1
    assert (found["exact_duplicates"], found["near_duplicate_groups"]) == (1, 3)
    assert sorted(paths(found, "leak")) == ["test/A/4", "test/A/5", "val/A/3"]
    assert main("audit", tree, "--strict", "-j1", "--quiet").returncode == 4
    assert main("audit", tree, "-j1", "--quiet").returncode == 0


def test_leaks_between_datasets_by_their_names(main, make_csv):
    rows = [(i % 3, *picture(i, 8, 8).ravel()) for i in range(9)]
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 65))])
    one = make_csv(rows, "a_train.csv", header=header)
    other = make_csv([rows[0], rows[4], (0, *picture(50, 8, 8).ravel())], "b.csv", header=header)
    found = audit(main, one, other)
    [leak] = found["leaks"]
    assert leak["between"] == ["a_train.csv", "b.csv"]
    assert (leak["exact"], leak["near"], leak["linked"]) == (2, 2, 2)
    assert found["parts"] == {"a_train.csv": 9, "b.csv": 3}
    assert (found["samples"], found["exact_duplicates"]) == (12, 2)
    # the same file twice is found to be that
    [leak] = audit(main, one, one)["leaks"]
    assert (leak["near"], leak["share"]) == (9, 1.0)
    assert leak["between"] == [str(one), f"{one} (2)"]


def test_a_dataset_with_splits_beside_another_one(main, clean, make_tree):
    other = make_tree({"A/x.png": big(200), "B/y.png": big(900)}, "new")
    by = {tuple(leak["between"]): leak["near"] for leak in audit(main, clean, other)["leaks"]}
    assert by == {
        ("clean/train", "clean/test"): 0,
        ("clean/train", "new"): 0,
        ("clean/test", "new"): 1,
    }


def test_the_same_pixels_under_two_labels(main, make_tree):
    tree = make_tree(
        {
            "A/1.png": big(1),
            "B/1.png": big(1),
            "A/2.png": big(2),
            "B/2.png": twin_of(big(2)),
            "B/3.png": big(3),
        }
    )
    found = audit(main, tree)
    assert paths(found, "label-conflict") == ["B/1"]
    assert paths(found, "near-label-conflict") == ["B/2"]
    assert found["exact_duplicates"] == 1
    assert found["near_duplicate_groups"] == 5  # clusters are linked inside labels


def test_flat_pictures_are_blank_and_nobodys_twins(main, make_tree):
    tree = make_tree(
        {
            "train/A/black.png": np.zeros((9, 9, 1), np.uint8),
            "test/A/grey.png": np.full((9, 9, 1), 99, np.uint8),
            "train/A/1.png": big(1),
        }
    )
    found = audit(main, tree)
    assert sorted(paths(found, "flat")) == ["test/A/grey", "train/A/black"]
    assert found["leaks"][0]["near"] == 0
    assert found["near_duplicate_groups"] == 3


def test_dark_bright_blurred_and_odd_pictures(main, make_tree):
    files = {f"A/{i:02d}.png": big(i, 24) for i in range(30)}
    files["A/dark.png"] = (big(40, 24) // 12).astype(np.uint8)
    files["A/bright.png"] = (255 - big(41, 24) // 20).astype(np.uint8)
    files["A/blurred.png"] = ops.resize(ops.resize(big(42, 24), (3, 3)), (24, 24))
    files["A/large.png"] = big(43, 25)
    files["A/colour.png"] = big(44, 24, 3)
    found = audit(main, make_tree(files))
    for kind, names in {
        "dark": ["A/dark"],
        "bright": ["A/bright"],
        "blurred": ["A/blurred"],
        "odd-size": ["A/large"],
        "odd-mode": ["A/colour"],
    }.items():
        assert set(names) <= set(paths(found, kind)), kind
    assert paths(found, "odd-size") == ["A/large"]
    assert found["serious"] == 0


def test_a_dark_dataset_is_told_in_one_line(main, make_tree):
    files = {f"A/{i}.png": (big(i) // 12).astype(np.uint8) for i in range(20)}
    found = audit(main, make_tree(files))
    assert found["found"]["dark"] == 1


def test_unreadable_pictures_are_named_and_3(main, make_tree):
    tree = make_tree({"A/1.png": big(1), "A/2.png": b"no picture", "A/3.png": big(3)})
    done = main("audit", tree, "-j1", "--json")
    assert done.returncode == 3
    assert (done.json["read"], done.json["failed"]) == (3, 1)
    assert paths(done.json, "corrupt") == ["A/2"]
    assert main("audit", tree, "-j1", "--quiet", "--strict").returncode == 4


def test_nothing_readable_and_mixed_kinds_are_4(main, make_tree, make_frames):
    done = main("audit", make_tree({"A/2.png": b"no picture"}), "-j1")
    assert done.returncode == 4
    assert "nothing could be read" in done.error
    done = main("audit", make_tree({"A/2.png": big(1)}, "good"), make_frames(), "-j1")
    assert done.returncode == 4
    assert "stills and clips mixed" in done.error
    assert main("audit", "x", "--threshold", "2").returncode in (2, 4)


def test_classes(main, make_tree):
    tree = make_tree(
        {
            **{f"train/{name}/{i}.png": big(i + 9 * ord(name[0])) for name in "ab" for i in (0, 1)},
            "test/a/7.png": big(7),
            "test/c/8.png": big(8),
            "classes.txt": b"b\na\nc\nd\n",
        }
    )
    found = audit(main, tree)
    assert "without samples: d" in messages(found, "empty-class")
    assert "starts with b, a" in messages(found, "class-order")
    assert "no samples of c" in messages(found, "class-sets")
    assert found["serious"] == 2  # the class without a sample, and the one not to be learned


def messages(found, kind):
    return " | ".join(one["message"] for one in found["findings"] if one["kind"] == kind)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("ABCDEFGHIKLMNOPQRSTUVWXY", "24 letters, A to Y without J"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "26 letters, all of them; J and Z are movements"),
        ([*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "del", "nothing", "space"], "29 classes"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXY", "25 letters, without Z"),
        (["0", "1", "3"], "codes 0 to 3 without 2: 3 classes, not 4"),
    ],
)
def test_label_spaces_that_are_known(main, make_tree, labels, said):
    tree = make_tree({f"{name}/1.png": big(i) for i, name in enumerate(labels)})
    assert said in messages(audit(main, tree), "label-space")


def test_class_folders_that_are_splits(main, make_tree):
    tree = make_tree({"Training/1.png": big(1), "Testing/2.png": big(2)})
    assert "Testing, Training" in messages(audit(main, tree), "split-as-class")
    honest = make_tree({f"{name}/1.png": big(i) for i, name in enumerate(["train", "bus"])}, "x")
    assert main("audit", honest, "-j1").returncode == 4  # two readings, said by the reader
    tree = make_tree({"asl_alphabet_train/A/1.png": big(1)}, "kaggle")
    meant = audit(main, tree, "--from", "frames")
    assert "asl_alphabet_train" in messages(meant, "split-as-class")


def test_imbalance_and_strays(main, make_tree):
    files = {f"A/{i}.png": big(i) for i in range(9)}
    tree = make_tree({**files, "B/x.png": big(90), "B/Thumbs.db": b"", "notes.txt": b""})
    found = audit(main, tree)
    assert messages(found, "imbalance") == "A has 9 samples, B has 1"
    assert sorted(paths(found, "stray")) == ["B/Thumbs.db", "notes.txt"]


def with_manifest(make_tree, rows, name="known"):
    """A tree whose manifest says who signs."""
    lines = ["id,path,label,split,group,source,signer"]
    files = {}
    for n, (split, label, signer) in enumerate(rows):
        path = f"{split}/{label}/{n}.png"
        files[path] = big(n)
        lines.append(f"{split}/{label}/{n},{path},{label},{split},{signer},,{signer}")
    return make_tree({**files, "manifest.csv": "\n".join(lines).encode() + b"\n"}, name)


def test_a_signer_on_both_sides(main, make_tree):
    rows = [
        ("train", "A", "ann"),
        ("train", "B", "bob"),
        ("test", "A", "bob"),
        ("test", "B", "eve"),
    ]
    found = audit(main, with_manifest(make_tree, rows))
    assert paths(found, "shared-signer") == paths(found, "shared-group") == ["bob"]
    assert (found["leaks"][0]["signers"], found["leaks"][0]["near"]) == (1, 0)
    assert found["signers"] == {"train": 2, "test": 2}
    assert "unprotected" not in found["found"]


def test_the_probe_names_blocks(main, make_tree):
    scenes = {}
    for label in "AB":
        for i in range(60):
            scene = big(1000 * ord(label) + i // 3)
            noise = np.random.default_rng(i).normal(0, 30, scene.shape)
            scenes[f"{label}/{label}{i + 1}.png"] = (scene + noise).clip(0, 255).astype(np.uint8)
    found = audit(main, make_tree(scenes))
    assert found["probe"]["unseen"] == "blocks"
    assert found["probe"]["gap"] > 0.1
    assert "--group-by blocks:6" in messages(found, "burst")
    assert found["serious"] >= 1


def test_clips(main, make_tree):
    def clip(name, pictures, poses=0):
        frames = {f"{name}/img_{i:05d}.png": one for i, one in enumerate(pictures, 1)}
        return frames | {f"{name}/img_{i:05d}.json": b"{}" for i in range(1, poses + 1)}

    tree = make_tree(
        {
            **clip("a/long1", map(big, range(40))),
            **clip("a/long2", map(big, range(50, 90))),
            **clip("a/again", map(big, range(40))),
            **clip("b/short", map(big, range(90, 93))),
            **clip("b/still", [big(200)] * 40),
            **clip("b/poses", map(big, range(300, 340)), poses=20),
            "b/poses/img_09999.json": b"{}",
        }
    )
    found = audit(main, tree)
    assert paths(found, "short") == ["b/short"]
    assert paths(found, "frozen") == ["b/still"]
    assert paths(found, "pose-mismatch") == ["b/poses", "b/poses/img_09999.json"]
    assert "20 poses for 40 frames" in messages(found, "pose-mismatch")
    assert found["exact_duplicates"] == 1


def test_a_contact_sheet(main, make_tree, clean, tmp_path):
    tree = make_tree(
        {
            "train/A/1.png": big(1, 40, 3),
            "test/A/1.png": twin_of(big(1, 40, 3)),
            "test/A/2.png": big(2),
        }
    )
    done = main("audit", tree, "-j1", "--contact-sheet", tmp_path / "look.png")
    assert "leaks, label conflicts and near-duplicates" in done.stdout
    frame, _ = decode.decode((tmp_path / "look.png").read_bytes(), "look.png")
    assert frame.shape[0] > 150
    assert audit(main, tree, "--contact-sheet", tmp_path / "look.png")["contact_sheet"]
    done = main("audit", clean, "-j1", "--contact-sheet", tmp_path / "none.png")
    assert "nothing to draw" in done.stdout
    assert not (tmp_path / "none.png").exists()


def test_what_a_contact_sheet_says(make_tree, tmp_path, monkeypatch):
    twins = {f"test/A/{k}.png": twin_of(big(1, 40, 3)) for k in range(40)}
    tree = make_tree({"train/A/1.png": big(1, 40, 3), **twins})
    said = {}

    def sheet(groups, title, foot=""):
        said.update(title=title, foot=foot, groups=groups)
        return b""

    monkeypatch.setattr("signdata.auditing.contact_sheet.sheet", sheet)
    signdata.audit(tree, contact_sheet=tmp_path / "look.png", workers=1)
    leaks, near = said["groups"]
    assert said["title"] == "audit of tree"
    assert leaks.heading.startswith("40 leaks: ")
    assert leaks.heading.endswith("; 4 more are not shown")
    first, second = leaks.pictures[:2]
    assert first.words == ["train, A", "train/A/1", "and its twin:"]
    assert second.words[:2] == ["test, A", "test/A/0"]
    assert re.fullmatch(r"correlation (1|0\.9\d\d)", second.words[2])
    assert near.heading == "41 near-duplicates of class A; 31 more are not shown"
    assert re.fullmatch(r"(1|0\.9\d\d) with the first", near.pictures[1].words[2])


@pytest.fixture
def dirty(make_tree):
    return make_tree(
        {
            "train/A/1.png": big(1),
            "train/A/1again.png": big(1),
            "train/A/2.png": big(2),
            "train/A/2near.png": twin_of(big(2)),
            "train/B/3.png": big(3),
            "train/A/3.png": big(3),
            "train/B/bad.png": b"no picture",
            "train/B/4.png": big(4),
            "test/A/1.png": big(1),
            "test/A/2.png": twin_of(big(2), 7),
            "test/B/5.png": big(5),
        },
        "dirty",
    )


@pytest.mark.parametrize("name", ["clean", "clean.h5", "clean.csv"])
def test_fix_leaves_the_offenders_out_and_lists_them(main, dirty, tmp_path, name):
    out = tmp_path / name
    found = audit(main, dirty, "--fix", out)
    assert (found["read"], found["written"], found["skipped"], found["failed"]) == (11, 5, 5, 1)
    assert found["left_out"] == {"corrupt": 1, "label-conflict": 2, "leak": 2, "exact-duplicate": 1}
    listed = {(one["path"], one["kind"]) for one in found["problems"] if one["kind"] != "note"}
    assert listed == {
        ("train/B/bad", "corrupt"),
        ("train/A/3", "label-conflict"),
        ("train/B/3", "label-conflict"),
        ("test/A/1", "leak"),
        ("test/A/2", "leak"),
        ("train/A/1again", "exact-duplicate"),
    }
    file = out / "problems.csv" if out.is_dir() else tmp_path / f"{name}.problems.csv"
    with file.open(encoding="utf-8") as rows:
        assert listed <= {(row["path"], row["kind"]) for row in csv.DictReader(rows)}
    again = audit(main, out, "--strict")
    assert again["serious"] == 0
    if out.suffix != ".csv":
        assert again["leaks"][0]["near"] == 0
    # near-duplicates inside one split stay
    assert again["near_duplicate_groups"] == 4


def test_fix_again_does_nothing_and_dry_writes_nothing(main, dirty, tmp_path):
    out = tmp_path / "out"
    found = audit(main, dirty, "--fix", out, "--dry-run")
    assert (found["written"], out.exists()) == (5, False)
    main("audit", dirty, "--fix", out, "-j1")
    before = listing(out)
    found = audit(main, dirty, "--fix", out)
    assert found["already_done"]
    assert found["written"] == 5
    assert listing(out) == before
    done = main("audit", dirty, "--fix", out, "--threshold", "0.9", "-j1")
    assert done.returncode == 5


def test_fix_beside_others_takes_out_what_they_have(main, clean, make_tree, tmp_path):
    other = make_tree({"A/x.png": twin_of(big(3)), "B/y.png": big(999)}, "published")
    found = audit(main, clean, other, "--fix", tmp_path / "out")
    assert (found["read"], found["written"]) == (24, 23)
    assert [one["path"] for one in found["problems"]] == ["train/A/3"]
    assert audit(main, tmp_path / "out", other)["leaks"][-1]["near"] == 0


def test_an_output_that_is_a_source_is_refused(main, clean):
    assert main("audit", clean, "--fix", clean, "-j1").returncode in (2, 5)


def test_workers_change_nothing(main, dirty):
    one = main("audit", dirty, "-j", "1", "--json").json
    two = main("audit", dirty, "-j", "2", "--json").json
    assert {**one, "seconds": 0} == {**two, "seconds": 0}


def test_many_findings_are_capped_for_people_only(main, make_tree):
    files = {f"A/{i}.png": big(i // 2) for i in range(40)}
    tree = make_tree(files)
    shown = main("audit", tree, "-j1").stdout
    assert "... and 17 more" in shown
    assert len(paths(audit(main, tree), "exact-duplicate")) == 20


def test_from_python(clean):
    result = signdata.audit(clean, workers=1)
    assert result.details["near_duplicate_groups"] == 24
    assert result.exit_code == 0
    with pytest.raises(signdata.SigndataError, match="threshold"):
        signdata.audit(clean, threshold=0.1)
