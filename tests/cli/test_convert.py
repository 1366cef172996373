"""signdata convert."""

from __future__ import annotations

from itertools import pairwise

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signdata.media.image import encode
from tests.cli import counts
from tests.conftest import picture


def test_to_hdf5_that_h5py_alone_reads(cli, make_csv, tmp_path):
    sources = make_csv(name="train.csv"), make_csv([(24, *range(16))], name="test.csv")
    done = cli("convert", *sources, tmp_path / "all.h5")
    assert (done.returncode, done.stderr) == (0, "")
    with h5py.File(tmp_path / "all.h5") as file:
        images = file["images"]
        assert (images.shape, images.dtype, images.chunks) == ((7, 4, 4), np.uint8, None)
        offset = images.id.get_offset()
        assert file["class_names"].asstr()[:].tolist() == list("ABCDEFY")
        assert file["labels"][:].tolist() == [0, 1, 2, 3, 4, 5, 6]
        assert file["splits"].asstr()[:].tolist() == ["train"] * 6 + ["test"]
        assert file["ids"].asstr()[-1] == "test/000001"
    mapped = np.memmap(tmp_path / "all.h5", np.uint8, "r", offset, (7, 4, 4))
    assert np.array_equal(mapped[3], picture(3)[:, :, 0])


def test_original_jpeg_bytes_pass_through_hdf5(main, make_tree, tmp_path, contents):
    tree = make_tree({f"A/{i}.jpg": picture(i, 16, 16, 3) for i in range(3)})
    assert main("convert", tree, tmp_path / "one.h5", "-j1").returncode == 0
    with h5py.File(tmp_path / "one.h5") as file:
        start, stop = file["encoded_offsets"][1:3]
        assert file["encoded"][start:stop].tobytes() == (tree / "A" / "1.jpg").read_bytes()
    assert main("convert", tmp_path / "one.h5", tmp_path / "back", "-j1").returncode == 0
    back = contents(tmp_path / "back")
    assert {name: data for name, data in back.items() if name.endswith(".jpg")} == contents(tree)


def test_csv_to_hdf5_to_folders_to_csv_gives_the_same_bytes(main, make_csv, tmp_path):
    source = make_csv(newline="\r\n")
    steps = [source, tmp_path / "a.h5", tmp_path / "b", tmp_path / "c.csv"]
    for before, after in pairwise(steps):
        assert main("convert", before, after, "-j1").returncode == 0
    assert (tmp_path / "c.csv").read_bytes() == source.read_bytes()


def test_size_gray_and_format(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": picture(1, 6, 6, 3), "B/2.png": picture(2, 5, 7, 3)})
    words = ["--size", "8x4", "--gray", "--image-format", "jpg", "--quality", "60", "-j1"]
    assert main("convert", tree, tmp_path / "small", *words).returncode == 0
    with Image.open(tmp_path / "small" / "B" / "2.jpg") as opened:
        assert (opened.format, opened.mode, opened.size) == ("JPEG", "L", (8, 4))


def test_clips_to_hdf5_and_back(main, make_frames, tmp_path):
    clips = make_frames()
    assert main("convert", clips, tmp_path / "clips.h5", "-j1").returncode == 0
    with h5py.File(tmp_path / "clips.h5") as file:
        assert file["offsets"][:].tolist() == [0, 3, 15, 16]
        assert file["frames"][:, 0, 0, 0].tolist() == [*range(3), *range(12), 0]
    assert main("convert", tmp_path / "clips.h5", tmp_path / "back", "-j1").returncode == 0
    with Image.open(tmp_path / "back" / "book" / "2" / "img_00012.png") as opened:
        assert np.asarray(opened)[0, 0].tolist() == [11, 11, 11]
    manifest = pd.read_csv(tmp_path / "back" / "manifest.csv")
    assert manifest["n_frames"].tolist() == [3, 12, 1]


def test_stills_can_become_clips_of_one_frame(main, make_csv, tmp_path):
    words = ["convert", make_csv(), tmp_path / "clips", "--to", "frames", "-j1"]
    assert main(*words).returncode == 0
    assert (tmp_path / "clips" / "F" / "000006" / "img_00001.png").is_file()


def test_split_reads_one_split(main, make_tree, tmp_path):
    tree = make_tree({"train/A/1.png": picture(1), "test/A/2.png": picture(2)})
    found = main("convert", tree, tmp_path / "t.csv", "--split", "test", "--json", "-j1").json
    assert counts.check(found, "convert")["read"] == 1
    assert len(pd.read_csv(tmp_path / "t.csv")) == 1


def test_from_decides_between_two_readings(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": picture(1), "B/clip/1.png": picture(2)})
    done = main("convert", tree, tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert "folders (A/1.png)" in done.error
    assert "frames (B/clip)" in done.error
    assert main("convert", tree, tmp_path / "out", "--from", "folders", "-j1").returncode == 0


def test_a_damaged_picture_stops_or_is_left_out(main, make_tree, tmp_path):
    data = encode.encode(picture(1, 40, 40), "png", 95)
    tree = make_tree({"A/1.png": picture(1), "A/2.png": data[:-20], "A/3.png": b"<html>gone"})
    done = main("convert", tree, tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert "2.png" in done.error
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]
    done = main("convert", tree, tmp_path / "out", "-j1", "--on-error", "skip", "--json")
    assert done.returncode == 3
    found = counts.check(done.json, "convert")
    assert (found["written"], found["failed"]) == (1, 2)
    assert "a web page" in " ".join(problem["message"] for problem in found["problems"])
    assert sorted(path.name for path in (tmp_path / "out" / "A").iterdir()) == ["1.png"]


def test_junk_is_counted_and_never_a_class(main, make_tree, tmp_path):
    junk = {".git/x.png": picture(2), "A/Thumbs.db": b"", "A/notes.txt": b"", "__MACOSX/._1": b""}
    tree = make_tree({"A/1.png": picture(1), **junk})
    done = main("convert", tree, tmp_path / "out", "--json", "-j1")
    assert done.returncode == 0
    found = counts.check(done.json, "convert")
    assert {p["path"]: p["kind"] for p in found["problems"]} == {
        ".git": "note",
        "A/Thumbs.db": "note",
        "A/notes.txt": "note",
        "__MACOSX": "note",
    }
    assert (tmp_path / "out" / "classes.txt").read_text() == "A\n"


@pytest.mark.parametrize("inside", ["tree", "tree/inside", "."])
def test_the_source_is_not_written_into(main, make_tree, tmp_path, inside):
    tree = make_tree()
    done = main("convert", tree, tmp_path / inside, "-j1")
    assert done.returncode == 2
    assert "outside the source" in done.error


def test_raw_refuses_what_differs_before_it_writes(main, make_tree, tmp_path):
    tree = make_tree({"A/1.png": picture(1, 4, 4), "A/2.png": picture(1, 4, 5)})
    done = main("convert", tree, tmp_path / "x.h5", "--hdf5-layout", "raw", "-j1")
    assert done.returncode == 4
    assert f"error: {tree}: pictures differ in size" in done.error
    assert "--hdf5-layout encoded" in done.error
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_an_unfinished_output_is_refused_as_a_source(main, make_tree, tmp_path):
    tree = make_tree()
    (tree / ".signdata-partial").mkdir()
    done = main("convert", tree, tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert "unfinished" in done.error


def mixed_h5(path):
    """Pictures of which some have a split and others none."""
    with h5py.File(path, "w") as file:
        file["images"] = np.stack([picture(i)[:, :, 0] for i in range(4)])
        file["labels"] = np.arange(4)
        file["class_names"] = list("ABCD")
        file["splits"] = ["train", "", "val", ""]
    return path


@pytest.mark.parametrize("to", ["folders", "frames"])
@pytest.mark.parametrize("source", ["mix.h5", "mix.csv"])
def test_split_folders_and_class_folders_are_not_mixed(main, tmp_path, source, to):
    mixed_h5(tmp_path / "mix.h5")
    if source == "mix.csv":
        assert main("convert", tmp_path / "mix.h5", tmp_path / source, "-j1").returncode == 0
    before = sorted(tmp_path.iterdir())
    done = main("convert", tmp_path / source, tmp_path / "out", "--to", to, "-j1")
    assert done.returncode == 4
    assert f"error: {tmp_path / source}: some samples have a split and others none" in done.error
    assert "--split S" in done.error
    assert sorted(tmp_path.iterdir()) == before
    words = ["--split", "val", "--to", to, "-j1"]
    assert main("convert", tmp_path / source, tmp_path / "out", *words).returncode == 0
    assert main("info", tmp_path / "out").returncode == 0


def test_mixed_splits_stay_in_one_file(main, tmp_path):
    mixed_h5(tmp_path / "mix.h5")
    assert main("convert", tmp_path / "mix.h5", tmp_path / "mix.csv", "-j1").returncode == 0
    assert main("convert", tmp_path / "mix.csv", tmp_path / "back.h5", "-j1").returncode == 0
    with h5py.File(tmp_path / "back.h5") as file:
        assert file["splits"].asstr()[:].tolist() == ["train", "", "val", ""]


@pytest.mark.parametrize("words", [["--pool"], ["--keep", "train", "--ratios", "50,50"]])
def test_mixed_splits_can_be_split(main, tmp_path, words):
    mixed_h5(tmp_path / "mix.h5")
    assert main("split", tmp_path / "mix.h5", tmp_path / "out", *words, "-j1").returncode == 0
    assert main("info", tmp_path / "out").returncode == 0


@pytest.fixture
def two_sizes(main, make_csv, tmp_path):
    """A CSV of 4x4 pictures and one of 2x2, spelled otherwise, and the tree that both make."""
    train = make_csv(name="train.csv")
    small = [(i, *picture(i, 2, 2).ravel()) for i in range(3)]
    header = "label,pixel1,pixel2,pixel3,pixel4"
    test = make_csv(small, "test.csv", header=header, newline="\r\n", final_newline=False)
    assert main("csv-to-folders", train, test, tmp_path / "tree", "-j1").returncode == 0
    return {"train": train, "test": test}, tmp_path / "tree"


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("way", ["folders-to-csv", "convert"])
def test_a_split_of_two_sizes_comes_back_byte_for_byte(main, two_sizes, tmp_path, split, way):
    csvs, tree = two_sizes
    out = tmp_path / "out.csv"
    assert main(way, tree, out, "--split", split, "-j1").returncode == 0
    assert out.read_bytes() == csvs[split].read_bytes()
    main("convert", *csvs.values(), tmp_path / "all.h5", "-j1")
    main("convert", tmp_path / "all.h5", tmp_path / "part.h5", "--split", split, "-j1")
    assert main(way, tmp_path / "part.h5", tmp_path / "way.csv", "-j1").returncode == 0
    assert (tmp_path / "way.csv").read_bytes() == csvs[split].read_bytes()


def test_one_split_is_measured_alone(main, two_sizes, tmp_path):
    csvs, tree = two_sizes
    for source in ([tree], list(csvs.values())):
        assert main("info", *source, "--split", "test", "--json").json["size"] == [2, 2]
        assert main("info", *source, "--json").json["size"] is None
    words = ["--split", "test", "--hdf5-layout", "raw", "-j1"]
    assert main("convert", tree, tmp_path / "x.h5", *words).returncode == 0
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["images"].shape == (3, 2, 2)


def test_frames_of_one_split_are_counted(main, make_frames, tmp_path):
    clips = make_frames({"train/book/1": 3, "test/book/2": 5, "test/book/3": 2})
    assert main("convert", clips, tmp_path / "all.h5", "-j1").returncode == 0
    for source in (clips, tmp_path / "all.h5"):
        assert main("info", source, "--split", "test", "--json").json["frames"] == 7
    words = ["--split", "test", "--hdf5-layout", "raw", "-j1"]
    assert main("convert", tmp_path / "all.h5", tmp_path / "x.h5", *words).returncode == 0
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["frames"].shape[0] == 7


@pytest.mark.parametrize(("to", "suffix"), [("hdf5", ".h5"), ("csv", ".csv")])
def test_one_file_is_named_by_its_suffix(main, make_csv, tmp_path, to, suffix):
    source = make_csv()
    done = main("convert", source, tmp_path / "qqq", "--to", to, "-j1")
    assert done.returncode == 2
    assert f"a name that ends in {suffix}" in done.error
    assert f"Call it qqq{suffix}." in done.error
    assert list(tmp_path.iterdir()) == [source]
    assert main("convert", source, tmp_path / f"qqq{suffix}", "--to", to, "-j1").returncode == 0
    assert main("verify", tmp_path / f"qqq{suffix}", "-j1").returncode == 0


def test_a_csv_of_folders_is_named_so_too(main, make_tree, tmp_path):
    done = main("folders-to-csv", make_tree(), tmp_path / "qqq", "-j1")
    assert done.returncode == 2
    assert "Call it qqq.csv." in done.error
