"""signdata csv-to-folders."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from tests.cli import counts
from tests.conftest import picture


def test_one_csv(cli, make_csv, tmp_path):
    source, out = make_csv(), tmp_path / "out"
    done = cli("csv-to-folders", source, out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{out}: 6 of 6 samples written in ")
    for i, letter in enumerate("ABCDEF"):
        with Image.open(out / letter / f"{i + 1:06d}.png") as image:
            assert image.mode == "L"
            assert np.array_equal(np.asarray(image), picture(i)[:, :, 0])
    assert (out / "classes.txt").read_text() == "A\nB\nC\nD\nE\nF\n"
    with (out / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [f"{i:06d}" for i in range(1, 7)]
    assert {row["source"] for row in rows} == {"pixels.csv"}
    document = json.loads((out / "signdata.json").read_text())
    assert document["command"] == "csv-to-folders"
    assert document["counts"]["written"] == 6
    assert str(tmp_path) not in (out / "signdata.json").read_text()


def test_several_csvs_are_splits(main, make_csv, tmp_path):
    sources = make_csv(name="my_train.csv"), make_csv(name="my_test.csv")
    done = main("csv-to-folders", *sources, tmp_path / "out", "-j1")
    assert done.returncode == 0
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["classes.txt", "manifest.csv", "signdata.json", "test", "train"]
    assert (tmp_path / "out" / "test" / "C" / "000003.png").is_file()


def test_options_about_pictures(main, make_csv, tmp_path):
    rows = [(7, *range(12)), (1234, *range(12, 24))]
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 13))])
    source = make_csv(rows, header=header)
    words = ["--labels", "codes", "--csv-size", "4x3", "--size", "8x6", "--image-format", "jpg"]
    done = main("csv-to-folders", source, tmp_path / "out", "-j1", *words)
    assert done.returncode == 0
    with Image.open(tmp_path / "out" / "1234" / "000002.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (8, 6))


def test_labels_from_a_file_and_no_header(main, make_csv, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("hello\nthank you\n")
    source = make_csv([(1, *range(16)), (0, *range(16))], header="")
    words = ["--labels", names, "--no-header", "-j1"]
    assert main("csv-to-folders", source, tmp_path / "out", *words).returncode == 0
    assert (tmp_path / "out" / "thank you" / "000001.png").is_file()
    assert (tmp_path / "out" / "hello" / "000002.png").is_file()


def test_json(main, make_csv, tmp_path):
    done = main("csv-to-folders", make_csv(), tmp_path / "out", "--json", "-j1")
    assert done.stderr == ""
    found = counts.check(done.json, "csv-to-folders")
    assert (found["read"], found["output"]) == (6, str(tmp_path / "out"))


def test_dry_run_writes_nothing(main, make_csv, tmp_path):
    source = make_csv()
    done = main("csv-to-folders", source, tmp_path / "out", "--dry-run", "--json", "-j1")
    found = counts.check(done.json, "csv-to-folders")
    assert (found["written"], found["dry_run"]) == (6, True)
    assert list(tmp_path.iterdir()) == [source]


def test_quiet(main, make_csv, tmp_path):
    done = main("csv-to-folders", make_csv(), tmp_path / "out", "--quiet", "-j1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_again_does_nothing_and_says_so(main, make_csv, tmp_path, contents):
    words = ["csv-to-folders", make_csv(), tmp_path / "out", "-j1"]
    main(*words)
    before = contents(tmp_path / "out")
    done = main(*words)
    assert done.returncode == 0
    assert "nothing to do" in done.stdout
    assert contents(tmp_path / "out") == before
    assert main(*words, "--json").json["already_done"] is True


@pytest.mark.parametrize(
    ("row", "place", "what"),
    [
        ((9, *range(16)), "row 2 (line 3), column label", "J and Z need motion"),
        ((30, *range(16)), "row 2 (line 3), column label", "--labels codes"),
        ((1, *range(15), 256), "row 2 (line 3), column pixel16", "expected 0..255"),
        ((1, -1, *range(15)), "row 2 (line 3), column pixel1", "expected 0..255"),
    ],
)
def test_a_faulty_row_is_named_and_nothing_remains(main, make_csv, tmp_path, row, place, what):
    source = make_csv([(0, *range(16)), row])
    done = main("csv-to-folders", source, tmp_path / "out", "-j1")
    assert done.returncode == 4
    assert f"{source}:{place}: " in done.error
    assert what in done.error
    assert list(tmp_path.iterdir()) == [source]


def test_a_faulty_row_can_be_left_out(main, make_csv, tmp_path):
    source = make_csv([(0, *range(16)), (9, *range(16)), (2, *range(16))])
    words = ["csv-to-folders", source, tmp_path / "out", "-j1", "--on-error", "skip", "--json"]
    for _ in range(2):  # the second time it is tried again
        done = main(*words)
        assert done.returncode == 3
        found = counts.check(done.json, "csv-to-folders")
        assert (found["read"], found["written"], found["failed"]) == (3, 2, 1)
        [problem] = found["problems"]
        assert (problem["kind"], problem["where"]) == ("corrupt", "row 2 (line 3), column label")
    assert (tmp_path / "out" / "C" / "000003.png").is_file()
    with (tmp_path / "out" / "problems.csv").open(newline="") as file:
        assert [row["kind"] for row in csv.DictReader(file)] == ["corrupt"]


def test_two_files_without_splits_in_their_names_are_usage(main, make_csv, tmp_path):
    sources = make_csv(name="a.csv"), make_csv(name="b.csv")
    done = main("csv-to-folders", *sources, tmp_path / "out", "-j1")
    assert done.returncode == 2
    assert "carries no split in its name" in done.error


def test_a_foreign_output_is_refused(main, make_csv, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    words = ["csv-to-folders", make_csv(), out, "-j1"]
    for more in ([], ["--overwrite"]):
        done = main(*words, *more)
        assert done.returncode == 5
        assert "remove it yourself" in done.error
        assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_a_changed_source_is_named(main, make_csv, tmp_path):
    source = make_csv()
    words = ["csv-to-folders", source, tmp_path / "out", "-j1"]
    main(*words)
    source.write_bytes(source.read_bytes().replace(b"\n5,", b"\n6,"))
    done = main(*words)
    assert done.returncode == 5
    assert source.name in done.error


def test_some_classes_and_some_of_each(main, make_csv, tmp_path):
    words = ("--classes", "C,A", "--max-per-class", 1)
    done = main("csv-to-folders", make_csv(), tmp_path / "out", *words, "--json")
    assert done.json["written"] == 2
    assert (tmp_path / "out" / "classes.txt").read_text() == "C\nA\n"
    again = main("csv-to-folders", make_csv(), tmp_path / "out", "--json")
    assert again.returncode == 5
