"""signdata info."""

from __future__ import annotations

from tests.cli import counts
from tests.conftest import picture
from tests.videos import make_index


def test_counts_per_class_and_split(cli, make_tree):
    tree = make_tree(
        {
            "train/A/1.png": picture(1),
            "train/A/2.png": picture(2),
            "train/B/1.png": picture(3),
            "test/A/1.png": picture(4),
        }
    )
    done = cli("info", tree)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.stdout.startswith("folders: 4 pictures of 2 classes, 4x4 grey\n")
    assert lines[-1][:3] == ["next:", "signdata", "audit"]
    assert lines[1:-1] == [
        ["class", "train", "test", "all"],
        ["A", "2", "1", "3"],
        ["B", "1", "0", "1"],
        ["all", "3", "1", "4"],
    ]


def test_blank_lines_and_faulty_rows_are_no_pictures(main, tmp_path, make_csv):
    path = make_csv([(3, *range(16)), (4, *range(16))])
    path.write_text(path.read_text().replace("\n3,", "\n\n3,") + "\n\n3,7\n")
    done = main("info", path, "--json")
    assert done.returncode == 3
    found = counts.check(done.json, "info", one_to_one=False)
    assert (found["samples"], found["frames"], found["splits"]) == (2, 2, {"": 2})
    assert (found["read"], found["failed"]) == (6, 4)
    assert main("info", path).stdout.startswith("csv: 2 pictures of 2 classes, 4x4 grey\n")


def test_json(main, make_frames):
    found = counts.check(main("info", make_frames(), "--json").json, "info", one_to_one=False)
    assert (found["format"], found["kind"], found["samples"]) == ("frames", "clip", 3)
    assert found["classes"] == ["book", "drink"]
    assert found["counts"] == {"book": {"": 2}, "drink": {"": 1}}
    assert (found["size"], found["channels"], found["frames"]) == ([4, 4], 3, 16)


def test_one_split_of_several_files(main, make_csv):
    sources = make_csv(name="x_train.csv"), make_csv([(0, *range(16))], name="x_test.csv")
    found = main("info", *sources, "--split", "test", "--json").json
    assert (found["samples"], found["counts"]) == (1, {"A": {"test": 1}})


def test_several_sizes_and_junk_are_told(main, make_tree):
    tree = make_tree({"A/1.png": picture(1), "A/2.png": picture(2, 5, 5), "A/x.txt": b""})
    done = main("info", tree)
    assert done.returncode == 0
    assert "of several sizes" in done.stdout
    assert done.stderr == "note: A/x.txt: not a file of this kind: not read\n"
    assert main("info", tree, "--quiet").stderr == ""


def test_what_is_no_dataset(main, tmp_path):
    (tmp_path / "empty").mkdir()
    done = main("info", tmp_path / "empty")
    assert done.returncode == 4
    assert "expected CLASS/NAME.png" in done.error
    (tmp_path / "note.txt").write_text("hello")
    done = main("info", tmp_path / "note.txt")
    assert done.returncode == 4
    assert "expected a .csv" in done.error


def test_split_folders_beside_class_folders_are_two_readings(main, make_tree):
    tree = make_tree({"train/A/1.png": picture(1), "hello/2.png": picture(2)})
    done = main("info", tree)
    assert done.returncode == 4
    assert "two readings: 'train' as a split next to 'hello'" in done.error


def test_a_table_of_many_classes_shows_both_ends(main, tmp_path):
    (tmp_path / "videos").mkdir()
    index = make_index(tmp_path / "w.json", [{"gloss": f"sign {i:02d}"} for i in range(60)])
    done = main("info", index)
    assert "0 of 60 can be read; 60 are missing or of another kind, 0 damaged" in done.stdout
    assert "the 20 largest and smallest classes; --all shows 20 more" in done.stdout
    assert done.stdout.count("\nsign ") == 40
    assert "sign 19" in done.stdout
    assert "sign 20" not in done.stdout
    assert "sign 40" in done.stdout
    assert main("info", index, "--all").stdout.count("\nsign ") == 60
    assert len(main("info", index, "--json").json["counts"]) == 60
