"""signdata folders-to-csv."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.cli import counts
from tests.conftest import picture


@pytest.mark.parametrize(
    "spelling",
    [{}, {"newline": "\r\n"}, {"bom": True}, {"final_newline": False}, {"header": ""}],
    ids=["plain", "CRLF", "BOM", "no final newline", "no header"],
)
def test_the_way_back_gives_the_same_bytes(main, make_csv, tmp_path, spelling):
    source = make_csv(name="there.csv", **spelling)
    words = ["--no-header"] if spelling.get("header") == "" else []
    assert main("csv-to-folders", source, tmp_path / "tree", "-j1", *words).returncode == 0
    done = main("folders-to-csv", tmp_path / "tree", tmp_path / "back.csv", "-j1")
    assert done.returncode == 0
    assert (tmp_path / "back.csv").read_bytes() == source.read_bytes()


def test_in_processes_too(cli, make_csv, tmp_path):
    rows = [(i % 9, *picture(i).ravel()) for i in range(500)]
    source = make_csv(rows)
    cli("csv-to-folders", source, tmp_path / "tree", "-j2")
    done = cli("folders-to-csv", tmp_path / "tree", tmp_path / "back.csv", "-j2")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "back.csv").read_bytes() == source.read_bytes()


def test_a_tree_without_a_manifest_is_ordered_by_number(main, make_tree, tmp_path):
    tree = make_tree({"A/2.png": picture(2), "A/10.png": picture(10), "B/1.png": picture(1)})
    done = main("folders-to-csv", tree, tmp_path / "out.csv", "-j1")
    assert done.returncode == 0
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["label"].tolist() == [1, 0, 0]
    pixels = table.drop(columns="label").to_numpy()
    assert np.array_equal(pixels, [picture(i).ravel() for i in (1, 2, 10)])


def test_several_splits_need_one_named(main, make_tree, tmp_path):
    tree = make_tree({"train/A/1.png": picture(1), "test/A/1.png": picture(2)})
    done = main("folders-to-csv", tree, tmp_path / "out.csv", "-j1")
    assert done.returncode == 2
    assert "--split" in done.error
    done = main("folders-to-csv", tree, tmp_path / "out.csv", "--split", "test", "-j1")
    assert done.returncode == 0
    assert pd.read_csv(tmp_path / "out.csv").iloc[0, 1:].tolist() == picture(2).ravel().tolist()


def test_colour_and_sizes_need_a_word(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": picture(1, 6, 6, 3), "A/2.png": picture(2, 5, 7, 3)})
    words = ["folders-to-csv", tree, tmp_path / "out.csv", "-j1"]
    done = main(*words)
    assert done.returncode == 4
    assert "--gray" in done.error
    done = main(*words, "--gray")
    assert done.returncode == 4
    assert "--size WxH" in done.error
    assert main(*words, "--gray", "--size", "4x4").returncode == 0
    assert pd.read_csv(tmp_path / "out.csv").shape == (2, 17)


def test_json_and_what_lies_beside(main, make_tree, tmp_path):
    tree = make_tree()
    found = main("folders-to-csv", tree, tmp_path / "out.csv", "--json", "-j1").json
    assert counts.check(found, "folders-to-csv")["written"] == 6
    beside = {path.name for path in tmp_path.iterdir()} - {"tree"}
    assert beside == {"out.csv", "out.csv.manifest.csv", "out.csv.signdata.json"}


def test_clips_are_refused(main, make_frames, tmp_path):
    done = main("folders-to-csv", make_frames(), tmp_path / "out.csv", "-j1")
    assert done.returncode == 4
    assert "csv holds only stills" in done.error
    assert not (tmp_path / "out.csv").exists()


def test_a_foreign_file_is_refused(main, make_tree, tmp_path):
    (tmp_path / "out.csv").write_text("mine")
    done = main("folders-to-csv", make_tree(), tmp_path / "out.csv", "-j1")
    assert done.returncode == 5
    assert (tmp_path / "out.csv").read_text() == "mine"
