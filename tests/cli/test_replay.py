"""signdata replay, and what is recorded for it."""

from __future__ import annotations

import json
import shutil

import pytest

import signdata
from signdata import sidecars
from tests.cli import counts
from tests.conftest import picture
from tests.reliability.conftest import write_videos


@pytest.fixture
def made(main, make_csv, tmp_path):
    """A CSV, and a tree made of it with options."""
    source = make_csv()
    done = main("csv-to-folders", source, tmp_path / "old", "--size", "8x8", "--gray", "-j1")
    assert done.returncode == 0
    return source, tmp_path / "old"


def keywords(root):
    document = sidecars.read_document(root)
    assert document is not None
    return document["keywords"]


def test_the_keywords_are_recorded_as_given_without_places(made):
    _, old = made
    assert keywords(old) == {"csvs": {"source": "pixels.csv"}, "size": [8, 8], "gray": True}


def test_how_a_run_went_is_not_recorded(made, contents, tmp_path):
    source, old = made
    signdata.csv_to_folders(
        str(source), tmp_path / "o", size=(8, 8), gray=True, workers=2, on_error="skip"
    )
    assert contents(tmp_path / "o") == contents(old)


def test_the_same_again(main, made, contents, tmp_path):
    source, old = made
    moved = shutil.move(source, tmp_path / "moved.csv")
    new = tmp_path / "new"
    place = f"pixels.csv={moved}"
    assert main("replay", old, "--source", place, new, "--dry-run", "-j1").returncode == 0
    assert not new.exists()
    done = main("replay", old, "--source", place, new, "-j1")
    assert (done.returncode, done.stderr.count("other columns")) == (0, 1)  # its source's name
    assert done.stdout.splitlines()[0] == "csv-to-folders again: the same: 6 samples"
    back = shutil.move(moved, source)
    done = main(
        "replay", old, "--source", f"pixels.csv={back}", tmp_path / "again", "--json", "-j1"
    )
    found = counts.check(done.json, "replay")
    assert (found["same"], found["identical"], found["written"]) == (True, True, 6)
    assert found["replayed"] == "csv-to-folders"
    assert contents(tmp_path / "again") == contents(old)


def test_another_result_is_4(main, made, tmp_path):
    source, old = made
    path = old / sidecars.MANIFEST
    path.write_text(path.read_text().replace(",A,", ",B,"))
    done = main(
        "replay", old, "--source", f"pixels.csv={source}", tmp_path / "new", "-j1", "--json"
    )
    assert done.returncode == 4
    assert (done.json["same"], done.json["changes"]["relabelled"]) == (False, 1)


def test_another_source_is_refused_before_anything_is_written(main, made, make_csv, tmp_path):
    _, old = made
    other = make_csv([(0, *picture(9).ravel())], "other.csv")
    done = main("replay", old, "--source", f"pixels.csv={other}", tmp_path / "new", "-j1")
    assert done.returncode == 4
    assert "other.csv: not the pixels.csv that it was made from; expected checksum" in done.error
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "where is 'pixels.csv'? It was made from 'pixels.csv'"),
        (["--source", "x.csv=y"], "no source is called 'x.csv'"),
        (["--source", "pixels.csv"], "expected NAME=PATH"),
        (["--source", "pixels.csv=a", "--source", "pixels.csv=b"], "given twice"),
    ],
)
def test_sources_that_are_not_named_well(main, made, tmp_path, words, what):
    _, old = made
    done = main("replay", old, *words, tmp_path / "new")
    assert (done.returncode, what in done.error) == (2, True)


def test_a_file_stays_a_file_and_a_folder_a_folder(main, made, tmp_path):
    source, old = made
    place = ["--source", f"pixels.csv={source}"]
    assert "expected the name of a folder" in main("replay", old, *place, tmp_path / "n.h5").error
    assert main("convert", old, tmp_path / "old.h5", "-j1").returncode == 0
    place = ["--source", f"old={old}"]
    assert "ends in .h5" in main("replay", tmp_path / "old.h5", *place, tmp_path / "new").error
    done = main("replay", tmp_path / "old.h5", *place, tmp_path / "new.h5", "--json", "-j1")
    assert (done.returncode, done.json["identical"]) == (0, True)
    assert (tmp_path / "new.h5").read_bytes() == (tmp_path / "old.h5").read_bytes()


def test_files_of_options_are_named_by_them_and_checked(main, make_tree, tmp_path):
    tree = make_tree()
    rename = tmp_path / "names.csv"
    rename.write_text("old,new\nA,hello\n")
    old = tmp_path / "old"
    done = main("split", tree, old, "--ratios", "50,50", "--rename", rename, "--seed", "3", "-j1")
    assert done.returncode == 0
    recorded = keywords(old)
    assert (recorded["src"], recorded["ratios"]) == ({"source": "tree"}, "50,50")
    assert (recorded["rename"]["source"], recorded["seed"]) == ("rename", 3)
    assert str(tmp_path) not in json.dumps(recorded)
    moved = shutil.move(rename, tmp_path / "moved.csv")
    words = ["--source", f"tree={tree}", "--source", f"rename={moved}", "-j1"]
    assert main("replay", old, *words, tmp_path / "new").returncode == 0
    (tmp_path / "moved.csv").write_text("old,new\nB,hello\n")
    done = main("replay", old, *words, tmp_path / "other")
    assert (done.returncode, "not the rename that it was made from" in done.error) == (4, True)


def test_sources_that_say_their_split(main, make_tree, tmp_path):
    for folder in "xy":
        (tmp_path / folder).mkdir()
    one = make_tree(name="x/asl")
    two = make_tree({"A/9.png": picture(9)}, "y/asl")
    old = tmp_path / "old"
    assert main("convert", f"train={one}", f"test={two}", old, "-j1").returncode == 0
    assert keywords(old)["src"] == [
        {"source": "asl", "split": "train"},
        {"source": "asl#2", "split": "test"},
    ]
    words = ["--source", f"asl={one}", "--source", f"asl#2={two}", "-j1"]
    done = main("replay", old, *words, tmp_path / "new", "--json")
    assert (done.returncode, done.json["identical"]) == (0, True)


def test_videos_and_what_was_lost(main, tmp_path):
    videos = write_videos(tmp_path / "clips")
    next(videos.rglob("*.mp4")).write_bytes(b"no video")
    old = tmp_path / "old"
    assert main("extract-frames", videos, old, "--frames", "2", "-j1").returncode == 3
    assert keywords(old) == {"src": {"source": "clips"}, "frames": 2}
    done = main("replay", old, "--source", f"clips={videos}", tmp_path / "new", "-j1", "--json")
    assert (done.returncode, done.json["same"]) == (3, True)


def test_audit_fix_and_augment(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": picture(1, 8, 8), "A/2.png": picture(1, 8, 8)})
    fixed, varied = tmp_path / "fixed", tmp_path / "varied"
    assert main("audit", tree, "--fix", fixed, "-j1").returncode in (0, 3)
    assert main("augment", tree, varied, "--variants", "2", "-j1").returncode == 0
    for old in (fixed, varied):
        words = ["--source", f"tree={tree}", tmp_path / f"{old.name}-2", "-j1", "--json"]
        assert main("replay", old, *words).json["identical"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda document: document.pop("keywords"), "of an earlier edition"),
        (lambda document: document.update(command="sample"), "made by sample"),
        (lambda document: document.update(sources=["pixels.csv"]), "of an earlier edition"),
        (lambda document: document["keywords"].pop("csvs"), "does not record its csvs"),
        (lambda document: document["keywords"].update(other=1), "records a keyword 'other'"),
        (lambda document: document["keywords"].update(out="/x"), "records a keyword 'out'"),
        (lambda document: document["keywords"].update(csvs="/etc/x"), "records csvs '/etc/x'"),
        (lambda document: document["keywords"].update(labels="/etc/passwd"), "records labels"),
        (lambda document: document["keywords"].update(labels="s3://a/b"), "records labels"),
    ],
)
def test_what_cannot_be_made_again(main, made, tmp_path, change, what):
    source, old = made
    document = sidecars.read_document(old)
    assert document is not None
    change(document)
    (old / sidecars.DOCUMENT).write_bytes(sidecars.dump_document(document))
    done = main("replay", old, "--source", f"pixels.csv={source}", tmp_path / "new", "-j1")
    assert (done.returncode, what in done.error) == (4, True)
    assert not (tmp_path / "new").exists()


def test_the_copy_lies_elsewhere(main, made):
    source, old = made
    done = main("replay", old, "--source", f"pixels.csv={source}", old / "new", "-j1")
    assert done.returncode == 2


def test_a_source_with_an_equals_sign_in_its_name(main, make_csv, tmp_path):
    source = make_csv(name="a=1.csv")
    assert main("csv-to-folders", source, tmp_path / "old", "-j1").returncode == 0
    words = ["--source", f"a=1.csv={source}", tmp_path / "new", "-j1", "--json"]
    done = main("replay", tmp_path / "old", *words)
    assert (done.returncode, done.json["identical"]) == (0, True)


def test_words_are_words_whatever_is_called_like_them(main, make_csv, tmp_path, monkeypatch):
    source = make_csv()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0").mkdir()
    (tmp_path / "codes").write_text("x\n")
    assert main("csv-to-folders", source, "old", "--labels", "codes", "-j1").returncode == 0
    assert main("convert", "old", "one", "--classes", "0", "-j1").returncode == 0
    assert keywords(tmp_path / "old")["labels"] == "codes"
    assert keywords(tmp_path / "one")["classes"] in ("0", ["0"])
