"""``--corrections FILE``: honoured by every command that opens a dataset."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import signdata
from signdata.cli.app import COMMANDS
from signdata.formats.corrections import Correction, write_corrections
from signdata.training.predictions import read_predictions
from tests.cli import counts
from tests.cli.test_audit import big, twin_of
from tests.cli.test_option_groups import flags
from tests.conftest import listing, picture
from tests.inference import models
from tests.videos import make_index, make_video

OPENS_NO_DATASET = {"sample", "demo", "predict"} | {"diff", "replay", "croissant"}
"""Or reads manifests, repeats what was recorded, describes files as they lie."""


@pytest.fixture
def fixes(tmp_path):
    """Writes a file of corrections."""

    def write(*rows: Correction, name: str = "fixes.csv") -> Path:
        write_corrections(tmp_path / name, rows)
        return tmp_path / name

    return write


@pytest.fixture
def tree(make_tree):
    """Two classes of three pictures each, with the same names."""
    return make_tree(
        {f"{label}/{i}.png": big(10 * n + i) for n, label in enumerate("AB") for i in range(3)}
    )


@pytest.fixture
def all_kinds(fixes):
    return fixes(
        Correction("A/0", "A", "exclude", note="blurred"),
        Correction("A/1", "A", "relabel", "B"),
        Correction("B/2", "B", "relabel", "New", "g"),
        Correction("B/0", "B", "group", group="g"),
        Correction("A/2", "A", "keep"),
    )


WANTED = {
    "A/1": ("B", ""),
    "A/2": ("A", ""),
    "B/0": ("B", "g"),
    "B/1": ("B", ""),
    "B/2": ("New", "g"),
}
"""Label and group of each sample that stays."""


def rows(dataset: Path) -> dict[str, tuple[str, str]]:
    with signdata.open_dataset(dataset) as reader:
        return {sample.id: (sample.label, sample.group) for sample in reader}


def pixels(dataset: Path, **reading: object) -> dict[str, bytes]:
    with signdata.open_dataset(dataset, **reading) as reader:
        return {sample.id: b"".join(f.tobytes() for f in sample.frames()) for sample in reader}


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - OPENS_NO_DATASET))
def test_every_command_that_opens_a_dataset_has_it(name):
    assert "--corrections" in flags(name)


@pytest.mark.parametrize("out", ["out", "out.h5", "out.npz"])
def test_convert(main, tree, all_kinds, tmp_path, out):
    done = main("convert", tree, tmp_path / out, "--corrections", all_kinds, "-j1", "--json")
    assert done.returncode == 0
    found = counts.check(done.json, "convert")
    assert (found["read"], found["written"]) == (5, 5)
    assert found["left_out"] == {"excluded": 1}
    excluded = {"path": "A/0", "where": "", "kind": "excluded"}
    assert {**excluded, "message": "left out: marked in fixes.csv: blurred"} in found["problems"]
    [new] = [
        one for one in found["problems"] if one["kind"] == "note" and "is new" in one["message"]
    ]
    assert new["message"] == "class 'New' is new, of 1 sample: added after the others"
    assert rows(tmp_path / out) == WANTED
    before = pixels(tree)
    assert pixels(tmp_path / out) == {sample_id: before[sample_id] for sample_id in WANTED}


def test_the_class_list_keeps_its_order_and_new_classes_follow(main, make_tree, fixes, tmp_path):
    """Also a class that has no sample any more keeps its number."""
    tree = make_tree({"classes.txt": b"z\nempty\na\n", "z/1.png": big(1), "a/2.png": big(2)})
    file = fixes(Correction("z/1", "z", "relabel", "b"), Correction("a/2", "a", "relabel", "B"))
    assert main("convert", tree, tmp_path / "o.h5", "--corrections", file, "-j1").returncode == 0
    with h5py.File(tmp_path / "o.h5") as made:
        names = [name.decode() for name in made["class_names"]]
        assert names == ["z", "empty", "a", "B", "b"]
        assert sorted(made["labels"][:].tolist()) == [3, 4]


def test_what_was_excluded_is_listed_like_what_audit_fix_leaves_out(
    main, tree, all_kinds, tmp_path
):
    out = tmp_path / "out"
    assert main("convert", tree, out, "--corrections", all_kinds, "-j1").returncode == 0
    with (out / "problems.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert {
        "path": "A/0",
        "where": "",
        "kind": "excluded",
        "message": "left out: marked in fixes.csv: blurred",
    } in listed
    document = json.loads((out / "signdata.json").read_text())
    assert document["counts"]["left_out"] == 1
    assert document["counts"]["read"] == document["counts"]["written"] == 5
    assert [source["name"] for source in document["sources"]] == ["tree", "fixes.csv"]
    assert len(document["sources"][1]["sha256"]) == 64
    assert str(tmp_path) not in json.dumps(document)


def test_a_relabelled_sample_whose_name_is_taken_gets_another(main, make_tree, fixes, tmp_path):
    tree = make_tree(
        {
            "A/1.png": big(1),
            "B/1.png": big(2),
            "C/1.png": big(3),
            "C/A-1.png": big(4),
            "B/x.png": big(5),
        }
    )
    file = fixes(Correction("A/1", "A", "relabel", "C"), Correction("B/1", "B", "relabel", "C"))
    assert main("convert", tree, tmp_path / "o", "--corrections", file, "-j1").returncode == 0
    places = {path for path in listing(tmp_path / "o") if path.endswith(".png")}
    assert places == {"C/1.png", "C/A-1.png", "C/A-2-1.png", "C/B-1.png", "B/x.png"}
    assert rows(tmp_path / "o")["A/1"] == ("C", "")


def test_again_does_nothing_and_a_changed_file_is_named(main, tree, all_kinds, fixes, tmp_path):
    out = tmp_path / "out"
    words = ["convert", tree, out, "--corrections", all_kinds, "-j1"]
    assert main(*words).returncode == 0
    before = listing(out)
    again = main(*words, "--json")
    assert (again.returncode, again.json["already_done"]) == (0, True)
    assert again.json["left_out"] == {"excluded": 1}
    assert (again.json["read"], again.json["written"]) == (5, 5)
    # Without the file it is another output; with another content the file is what changed.
    assert main("convert", tree, out, "-j1").returncode == 5
    fixes(Correction("A/2", "A", "keep"))
    changed = main(*words)
    assert changed.returncode == 5
    assert "was made from another version of fixes.csv" in changed.error
    assert listing(out) == before


def test_an_output_without_corrections_stays_complete(main, tree, tmp_path):
    """What was made before there was such an option knows nothing of it."""
    out = tmp_path / "out"
    assert main("convert", tree, out, "-j1").returncode == 0
    assert "corrections" not in (out / "signdata.json").read_text()
    assert "left_out" not in (out / "signdata.json").read_text()
    assert main("convert", tree, out, "-j1", "--json").json["already_done"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            Correction("A/1", "B", "exclude"),
            "line 3: sample 'A/1' is labelled 'A' in tree; expected 'B', which it was",
        ),
        (Correction("A/9", "A", "keep"), "line 3: no sample 'A/9' in tree"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "info", "audit", "split", "verify"])
def test_stale_rows_and_unknown_ids_are_4_naming_both(
    main, tree, fixes, tmp_path, row, said, command
):
    file = fixes(Correction("A/0", "A", "keep"), row)
    out = [tmp_path / "out"] if command in ("convert", "split") else []
    done = main(command, tree, *out, "--corrections", file)
    assert done.returncode == 4
    assert f"{file}:{said}" in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fixes.csv", "tree"]


def test_a_row_of_another_kind_is_4_with_its_line(main, tree, tmp_path):
    file = tmp_path / "fixes.csv"
    file.write_text("id,was,action\nA/0,A,remove\n")
    done = main("info", tree, "--corrections", file)
    assert done.returncode == 4
    assert f"{file}:line 2: action 'remove'; expected one of exclude, relabel" in done.error
    assert main("info", tree, "--corrections", tmp_path / "none.csv").returncode == 4


def test_an_output_never_replaces_the_file(main, tree, all_kinds):
    before = all_kinds.read_bytes()
    for words in (
        ["folders-to-csv", tree, all_kinds, "--corrections", all_kinds, "--overwrite"],
        ["audit", tree, "--findings", all_kinds, "--corrections", all_kinds],
    ):
        assert main(*words, "-j1").returncode == 2
    assert all_kinds.read_bytes() == before


def test_csvs_and_the_way_back(main, make_csv, fixes, tmp_path):
    data = make_csv([(i % 3, *picture(i).ravel()) for i in range(9)], "one_train.csv")
    file = fixes(
        Correction("000001", "A", "exclude"),
        Correction("000002", "B", "relabel", "C"),
        Correction("000009", "C", "keep"),
    )
    out, back = tmp_path / "out", tmp_path / "back.csv"
    words = ["csv-to-folders", data, out, "--corrections", file, "-j1", "--json"]
    assert main(*words).json["left_out"] == {"excluded": 1}
    assert rows(out)["000002"] == ("C", "")
    assert main("folders-to-csv", out, back, "-j1").returncode == 0
    lines = data.read_text().splitlines()
    relabelled = "2" + lines[2][1:]
    assert back.read_text().splitlines() == [lines[0], relabelled, *lines[3:]]
    # The same in one step, and by the way back alone.
    straight = tmp_path / "straight.csv"
    assert main("convert", data, straight, "--corrections", file, "-j1").returncode == 0
    assert straight.read_bytes() == back.read_bytes()
    plain, again = tmp_path / "plain", tmp_path / "again.csv"
    assert main("csv-to-folders", data, plain, "-j1").returncode == 0
    done = main("folders-to-csv", plain, again, "--corrections", file, "-j1", "--json")
    assert done.json["left_out"] == {"excluded": 1}
    assert again.read_bytes() == back.read_bytes()


def test_the_one_picture_of_another_size(main, make_tree, fixes, tmp_path):
    """Once it is left out, the others are of one size."""
    tree = make_tree(
        {**{f"A/{i}.png": picture(i, 4, 4) for i in range(4)}, "A/x.png": picture(9, 5, 6)}
    )
    assert main("convert", tree, tmp_path / "no.h5", "--hdf5-layout", "raw", "-j1").returncode == 4
    file = fixes(Correction("A/x", "A", "exclude"))
    words = ["--corrections", file, "-j1"]
    found = main("info", tree, "--corrections", file, "--json").json
    assert (found["size"], found["frames"], found["samples"]) == ([4, 4], 4, 4)
    assert found["left_out"] == {"excluded": 1}
    assert main("convert", tree, tmp_path / "o.h5", *words).returncode == 0
    with h5py.File(tmp_path / "o.h5") as made:
        assert made["images"].shape == (4, 4, 4)
    # Of an HDF5 file with such pictures as well.
    assert main("convert", tree, tmp_path / "all.h5", "-j1").returncode == 0
    assert main("convert", tmp_path / "all.h5", tmp_path / "o2.h5", *words).returncode == 0
    assert pixels(tmp_path / "o2.h5") == pixels(tmp_path / "o.h5")


def test_corrections_come_before_names_classes_and_splits(main, make_tree, fixes, tmp_path):
    tree = make_tree(
        {
            f"{split}/{label}/{i}.png": big(i)
            for split in ("train", "test")
            for label in "AB"
            for i in (1, 2)
        }
    )
    file = fixes(
        Correction("train/A/1", "A", "relabel", "C"),
        Correction("train/B/1", "B", "exclude"),
        Correction("test/B/1", "B", "exclude"),
    )
    names = tmp_path / "names.csv"
    names.write_text("C,see\n")
    words = ["--corrections", file, "--rename", names, "--classes", "see,B", "--split", "train"]
    found = main("info", tree, *words, "--json").json
    assert found["counts"] == {"see": {"train": 1}, "B": {"train": 1}}
    # What was left out of another split is not what was asked about.
    assert found["left_out"] == {"excluded": 1}
    assert [one["path"] for one in found["problems"] if one["kind"] == "excluded"] == ["train/B/1"]


def test_several_sources_are_corrected_as_one(main, make_tree, fixes):
    one = make_tree({"A/1.png": big(1), "A/2.png": big(2)}, "one")
    two = make_tree({"A/1.png": big(3)}, "two")
    file = fixes(
        Correction("train/A/1", "A", "exclude"), Correction("test/A/1", "A", "relabel", "B")
    )
    found = main("info", f"train={one}", f"test={two}", "--corrections", file, "--json").json
    assert found["counts"] == {"A": {"train": 1, "test": 0}, "B": {"train": 0, "test": 1}}


def test_verify_against_what_was_made(main, tree, all_kinds, tmp_path):
    out = tmp_path / "out"
    assert main("convert", tree, out, "--corrections", all_kinds, "-j1").returncode == 0
    assert main("verify", tree, out, "-j1").returncode == 4
    done = main("verify", tree, out, "--corrections", all_kinds, "-j1", "--json")
    assert (done.returncode, done.json["same"]) == (0, True)
    assert done.json["left_out"] == {"excluded": 1}
    plain = tmp_path / "plain"
    assert main("convert", tree, plain, "-j1").returncode == 0
    alone = main("verify", plain, "--corrections", all_kinds, "-j1", "--json")
    assert (alone.returncode, alone.json["read"], alone.json["checked"]) == (0, 5, 5)
    chosen = ["--corrections", all_kinds, "--classes", "New", "-j1", "--json"]
    assert main("verify", plain, *chosen).json["checked"] == 1


@pytest.fixture
def leaking(make_tree):
    return make_tree(
        {
            "train/A/1.png": big(1),
            "train/A/2.png": big(2),
            "train/B/3.png": big(3),
            "val/A/4.png": twin_of(big(1), 4),
            "test/A/5.png": twin_of(big(2), 5),
            "test/A/6.png": np.full((16, 16, 1), 9, np.uint8),
            "test/B/7.png": big(3),
        }
    )


def test_audit_says_nothing_of_what_was_kept(main, leaking, fixes):
    before = main("audit", leaking, "-j1", "--json").json
    file = fixes(
        Correction("val/A/4", "A", "keep"),
        Correction("test/B/7", "B", "exclude"),
        Correction("test/A/6", "A", "keep"),
    )
    words = ["audit", leaking, "--corrections", file, "-j1"]
    after = main(*words, "--json").json

    def paths(found, kind):
        return [one["path"] for one in found["findings"] if one["kind"] == kind]

    assert sorted(paths(before, "leak")) == ["test/A/5", "test/B/7", "val/A/4"]
    assert paths(after, "leak") == ["test/A/5"]
    assert paths(before, "exact-duplicate") == ["test/B/7"]
    assert paths(after, "exact-duplicate") == []
    assert paths(before, "flat") == ["test/A/6"]
    assert paths(after, "flat") == []
    assert (after["samples"], after["left_out"]) == (6, {"excluded": 1})
    assert after["accepted"]["leak"] == after["accepted"]["flat"] == 1
    assert after["serious"] < before["serious"]
    assert "were accepted (keep in --corrections)" in main(*words).stdout
    assert "1 left out by --corrections" in main(*words).stdout


def test_audit_fix_keeps_what_was_kept_and_lists_what_was_excluded(main, leaking, fixes, tmp_path):
    file = fixes(Correction("val/A/4", "A", "keep"), Correction("train/B/3", "B", "exclude"))
    out = tmp_path / "clean"
    done = main("audit", leaking, "--fix", out, "--corrections", file, "-j1", "--json")
    assert done.returncode == 0
    found = counts.check(done.json, "audit")
    assert found["left_out"] == {"excluded": 1, "leak": 1}
    assert set(rows(out)) == {"train/A/1", "train/A/2", "val/A/4", "test/A/6", "test/B/7"}
    with (out / "problems.csv").open(newline="") as lines:
        listed = {row["path"]: row["kind"] for row in csv.DictReader(lines)}
    assert listed["train/B/3"] == "excluded"
    assert listed["test/A/5"] == "leak"


def test_what_was_kept_may_still_have_twins_that_leak(main, make_tree, fixes, tmp_path):
    tree = make_tree(
        {
            "train/A/1.png": big(1),
            "val/A/2.png": big(1),
            "test/A/3.png": big(1),
            "train/B/x.png": big(7),
        }
    )
    file = fixes(Correction("val/A/2", "A", "keep"))
    out = tmp_path / "clean"
    assert main("audit", tree, "--fix", out, "--corrections", file, "-j1").returncode == 0
    assert set(rows(out)) == {"train/A/1", "val/A/2", "train/B/x"}


def splits_of(dataset: Path) -> dict[str, str]:
    with signdata.open_dataset(dataset) as reader:
        return {sample.id: sample.split for sample in reader}


@pytest.mark.parametrize("how", ["auto", "none", "near-duplicates", "blocks:2", "group"])
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_one_group_stays_in_one_split(main, make_tree, fixes, tmp_path, how, seed):
    """Whatever else the samples are grouped by."""
    tree = make_tree(
        {f"{label}/{i}.png": big(50 * n + i) for n, label in enumerate("AB") for i in range(20)}
    )
    pairs = [(f"A/{i}", f"A/{19 - i}") for i in range(6)] + [("A/8", "B/3")]
    file = fixes(
        *(
            Correction(one, one[0], "group", group=f"g{number}")
            for number, pair in enumerate(pairs)
            for one in pair
        )
    )
    words = ["split", tree, "--group-by", how, "--seed", seed, "--ratios", "50,50", "-j1"]
    out = tmp_path / "out"
    assert main(*words, out, "--corrections", file).returncode == 0
    found = splits_of(out)
    assert len(found) == 40 or how == "blocks:2"  # which leaves gaps between runs
    assert set(found.values()) == {"train", "test"}
    assert all(found[one] == found[other] for one, other in pairs if {one, other} <= found.keys())
    if how == "none":  # without the file some pair is parted
        assert main(*words, tmp_path / "plain").returncode == 0
        plain = splits_of(tmp_path / "plain")
        assert any(plain[one] != plain[other] for one, other in pairs)


def test_a_few_joined_samples_are_no_grouping_of_all(main, make_tree, fixes, tmp_path):
    """Near-duplicates are still kept together, and it is said what holds the others."""
    tree = make_tree(
        {
            f"{label}/{i}.png": twin_of(big(100 * n + i // 2), i)
            for n, label in enumerate("AB")
            for i in range(20)
        }
    )
    file = fixes(
        Correction("A/0", "A", "group", group="g"), Correction("A/7", "A", "group", group="g")
    )
    done = main("split", tree, tmp_path / "out", "--corrections", file, "-j1", "--json")
    certificate = done.json["leak_certificate"]
    assert certificate["group_by"] == "near-duplicates"
    assert "2 samples joined by --corrections" in certificate["why"]
    found = splits_of(tmp_path / "out")
    assert len({found[f"A/{i}"] for i in (0, 1, 6, 7)}) == 1


def test_augment(main, make_tree, fixes, tmp_path):
    tree = make_tree({f"{label}/{i}.png": picture(i, 28, 28) for label in "AB" for i in range(2)})
    file = fixes(Correction("A/0", "A", "exclude"), Correction("A/1", "A", "relabel", "B"))
    words = ["augment", tree, tmp_path / "out", "--variants", "3", "--corrections", file, "-j1"]
    done = main(*words, "--json")
    assert (done.json["read"], done.json["left_out"]) == (3, {"excluded": 1})
    made = rows(tmp_path / "out")
    assert len(made) == 9
    assert {label for label, _ in made.values()} == {"B"}


def test_wlasl(main, fixes, tmp_path):
    """Frames, trimmed clips and its index; a row about a gloss that was not chosen is no fault."""
    clips = [{"video_id": name, "frame_start": 1, "frame_end": 4} for name in ("1", "2", "3")]
    index = make_index(tmp_path / "index.json", clips)
    entries = json.loads(index.read_text())
    entries.append(
        {"gloss": "other", "instances": [{**entries[0]["instances"][0], "video_id": "4"}]}
    )
    index.write_text(json.dumps(entries))
    gloss = entries[0]["gloss"]
    for name in ("1", "2", "3", "4"):
        make_video(tmp_path / "videos" / f"{name}.mp4", 6, size_wh=(32, 32))
    file = fixes(
        Correction("1", gloss, "exclude"),
        Correction("2", gloss, "relabel", "new sign"),
        Correction("3", gloss, "group", group="g"),
        Correction("4", "other", "keep"),
    )
    words = ["--corrections", file, "--glosses", "1", "-j1", "--json"]
    frames = main("extract-frames", index, tmp_path / "frames", *words)
    assert (frames.returncode, frames.json["read"]) == (0, 2)
    assert frames.json["left_out"] == {"excluded": 1}
    assert rows(tmp_path / "frames") == {"2": ("new sign", rows(index)["2"][1]), "3": (gloss, "g")}
    with signdata.open_dataset(tmp_path / "frames") as reader:
        assert {len(list(sample.frames())) for sample in reader} == {4}
    trimmed = main("trim", index, tmp_path / "trimmed", *words)
    assert (trimmed.returncode, trimmed.json["left_out"]) == (0, {"excluded": 1})
    told = json.loads((tmp_path / "trimmed" / "WLASL.json").read_text())
    assert [
        (entry["gloss"], [one["video_id"] for one in entry["instances"]]) for entry in told
    ] == [
        (gloss, ["3"]),
        ("new sign", ["2"]),
    ]
    lost = json.loads((tmp_path / "trimmed" / "signdata.json").read_text())["not_preserved"]
    assert any("groups of 1 corrected samples" in one for one in lost)
    again = main("trim", index, tmp_path / "trimmed", *words)
    assert again.json["already_done"]


def test_evaluate(main, make_tree, fixes, tmp_path):
    dark, light = np.full((4, 4, 1), 10, np.uint8), np.full((4, 4, 1), 240, np.uint8)
    tree = make_tree(
        {"dark/1.png": dark, "dark/2.png": light, "light/3.png": light, "light/4.png": dark}
    )
    model = models.write(tmp_path / "model.onnx", models.by_brightness())
    file = fixes(
        Correction("dark/2", "dark", "relabel", "light"), Correction("light/4", "light", "exclude")
    )
    out = tmp_path / "out"
    done = main("evaluate", model, tree, "-o", out, "--corrections", file, "--json")
    assert (done.json["correct"], done.json["total"]) == (3, 3)
    assert done.json["left_out"] == {"excluded": 1}
    assert [one.id for one in read_predictions(out / "predictions.csv")] == [
        "dark/1",
        "dark/2",
        "light/3",
    ]
    assert [one["name"] for one in done.json["dataset"]["sources"]] == ["tree", "fixes.csv"]
    assert main("evaluate", model, tree, "-o", out, "--corrections", file, "--json").json[
        "already_done"
    ]
    fixes(Correction("light/4", "light", "exclude"))
    changed = main("evaluate", model, tree, "-o", out, "--corrections", file)
    assert changed.returncode == 5
    assert "fixes.csv" in changed.error


def test_in_python(tree, all_kinds):
    with signdata.open_dataset(tree, corrections=all_kinds, split=None) as reader:
        assert {sample.id: (sample.label, sample.group) for sample in reader} == WANTED
        assert reader.info.labels.classes == ("A", "B", "New")
        assert reader.info.n_samples == 5
        assert [one.path for one in reader.info.left_out] == ["A/0"]
        assert reader.info.accepted == {"A/2"}
        assert all_kinds in reader.inputs


def test_baseline_and_its_resumption(main, make_csv, fixes, tmp_path):
    rng = np.random.default_rng(0)
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 785))])
    pixels = [(i % 2, *rng.integers(i % 2 * 99, i % 2 * 99 + 99, 784)) for i in range(40)]
    data = make_csv(pixels, "data.csv", header=header)
    file = fixes(
        Correction("000001", "A", "exclude"),
        Correction("000002", "B", "group", group="g"),
        Correction("000004", "B", "group", group="g"),
    )
    run = tmp_path / "run"
    words = ["--epochs", "1", "--model", "unam", "--device", "cpu", "--json"]
    done = main("baseline", data, "--corrections", file, "--out", run, *words)
    assert done.returncode == 0
    assert (done.json["read"], done.json["left_out"]) == (39, {"excluded": 1})
    kept = json.loads((run / "metrics.json").read_text())["dataset"]
    assert kept["samples"] == 39
    assert [one["name"] for one in kept["sources"]] == ["data.csv", "fixes.csv"]
    said = read_predictions(run / "predictions.csv")
    assert "000001" not in {one.id for one in said}
    # A run that goes on needs the file again, as it needs every file that it read.
    without = main("baseline", data, "--resume", run)
    assert without.returncode == 2
    assert "the run had --corrections FILE; expected it again" in without.error
    again = main("baseline", data, "--corrections", file, "--resume", run, "--json")
    assert again.json["already_done"]
    fixes(Correction("000001", "A", "keep"))
    changed = main("baseline", data, "--corrections", file, "--out", run, *words[:-1])
    assert changed.returncode == 5
    assert "another version of fixes.csv" in changed.error


def test_options_of_videos_are_recorded_only_where_they_are_used(main, make_csv, tmp_path):
    """They are nothing to a CSV, and no fault."""
    data = make_csv([(i % 2, *picture(i % 2).ravel()) for i in range(40)])
    words = ["--epochs", "1", "--model", "unam", "--device", "cpu", "--out", tmp_path / "run"]
    assert main("baseline", data, "--no-tone-map", *words).returncode == 0
    told = json.loads((tmp_path / "run" / "signdata.json").read_text())["options"]
    assert told["tone_map"] is False
    again = main("baseline", data, "--resume", tmp_path / "run", "--json")
    assert again.json["already_done"]


@pytest.mark.parametrize("layout", ["raw", "encoded"])
def test_clips_of_frames_and_of_hdf5(main, make_frames, fixes, tmp_path, layout):
    tree = make_frames({"book/1": 3, "book/2": 5, "drink/1": 2})
    file = fixes(
        Correction("book/2", "book", "exclude"), Correction("drink/1", "drink", "relabel", "book")
    )
    words = ["--corrections", file, "--hdf5-layout", layout, "-j1"]
    straight, whole, later = (tmp_path / f"{name}.h5" for name in ("straight", "whole", "later"))
    assert main("convert", tree, straight, *words).returncode == 0
    assert main("convert", tree, whole, "--hdf5-layout", layout, "-j1").returncode == 0
    assert main("convert", whole, later, *words).returncode == 0
    wanted = pixels(tree)
    for made in (straight, later):
        assert rows(made) == {"book/1": ("book", ""), "drink/1": ("book", "")}
        assert pixels(made) == {name: wanted[name] for name in ("book/1", "drink/1")}
        with h5py.File(made) as stored:
            assert stored["offsets"][:].tolist() == [0, 3, 5]
            assert [name.decode() for name in stored["class_names"]] == ["book", "drink"]
