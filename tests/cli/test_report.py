"""signdata report: one page, from the command line."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from signdata.media.image.encode import encode
from signdata.training import metrics
from signdata.training.predictions import Answers, write_predictions
from tests.pages.test_verdict import write_dataset
from tests.videos import make_index, make_video

HOSTILE = "<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.html = file.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.inside: list[str] = []
        self.held: dict[str, list[str]] = {"style": [], "script": []}
        self.rows: list[list[str]] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "link", "br", "input"):
            self.inside.append(tag)
        if tag in self.held:
            self.held[tag].append("")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] in self.held:
            self.held[self.inside[-1]][-1] += data
            return
        self.text += data
        if {"td", "th"} & set(self.inside):
            self.rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def row(self, *begin: str) -> list[str]:
        """The first row of a table that begins with these cells."""
        return next(row for row in self.rows if row[: len(begin)] == list(begin))

    @property
    def pictures(self) -> list[np.ndarray]:
        found = []
        for img in self.all("img"):
            kind, _, data = str(img["src"]).partition(",")
            assert kind in ("data:image/png;base64", "data:image/webp;base64")
            coded = np.frombuffer(base64.b64decode(data), np.uint8)
            found.append(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED))
        return found


def dataset(root: Path, signers: tuple[str, str] = ("ann", "bob")) -> Path:
    """Three classes in train and test, 3 and 2 of each; one picture of test is in train."""
    rows = []
    for number, label in enumerate("ABC"):
        rows += [("train", label, signers[0], 10 * number + k) for k in range(3)]
        rows += [("test", label, signers[1], 10 * number + 5 + k) for k in range(2)]
    rows[3] = ("test", "A", signers[1], 0)
    return write_dataset(root, rows)


def write_run(
    root: Path, ids: list[str], labels: list[int], shares: np.ndarray, classes: list[str]
) -> Path:
    """The folder of a run that said this of some samples."""
    root.mkdir()
    summary = metrics.summary(np.array(labels), shares, classes)
    described = {
        "model": "tinynet",
        "classes": classes,
        "measured_on": "test",
        "val_accuracy": 0.5,
        "epochs": 3,
        "best_epoch": 2,
        "seed": 7,
        "notes": ["a note of the run"],
    }
    (root / "metrics.json").write_text(json.dumps({**described, **summary}))
    said = Answers(ids, ["test"] * len(ids), np.array(labels), shares)
    write_predictions(root / "predictions.csv", [said], classes)
    with (root / "results.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"])
        table.writerows(
            [[1, 2.5, 0.25, 2.75, 0.2], [2, 1.5, 0.5, 1.25, 0.5], [3, 1, 0.75, "", 0.5]]
        )
    return root


def run_on(root: Path, name: str = "run") -> Path:
    """A run on the test of `dataset`: one B is taken for C."""
    rows = list(csv.DictReader((root / "manifest.csv").read_text().splitlines()))
    tested = [row for row in rows if row["split"] == "test"]
    labels = ["ABC".index(row["label"]) for row in tested]
    shares = np.full((len(tested), 3), 0.1)
    shares[np.arange(len(tested)), labels] = 0.8
    wrong = labels.index(1)
    shares[wrong] = [0.1, 0.2, 0.7]
    return write_run(root.parent / name, [row["id"] for row in tested], labels, shares, [*"ABC"])


# -- The page


def test_the_numbers_are_those_of_the_data(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    done = main("report", root, "-o", out, "--json", "-j", "1")
    assert done.returncode == 0, done.stderr
    found = done.json
    assert found["command"] == "report"
    assert found["output"] == str(out)
    assert found["bytes"] == out.stat().st_size
    assert (found["read"], found["written"], found["skipped"], found["failed"]) == (15, 15, 0, 0)
    assert found["dataset"]["counts"]["A"] == {"train": 3, "test": 2}
    assert found["verdict"]["level"] == "misleading"
    page = Page(out)
    assert found["verdict"]["sentence"] in page.text
    assert found["verdict"]["sentence"] == (
        "Accuracy on its test split would be too high: 1 of 6 pictures of test (16.7%) has a "
        "near-twin in train."
    )
    assert page.row("A") == ["A", "5", "3", "2", "3", "2"]  # all, train, test, ann, bob
    assert page.row("ann") == ["ann", "9", "9", "0", ""]
    for line in found["certificate"]:
        assert line in page.text
    assert "leak: twins of samples in an earlier split or dataset (1)" in page.text


def test_leaks_are_shown_as_pairs_of_the_same_pixels(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    assert main("report", root, "-o", out, "-j", "1").returncode == 0
    page = Page(out)
    alts = [img["alt"] for img in page.all("img")]
    earlier, later = alts.index("train/A/000"), alts.index("test/A/003")
    assert later == earlier + 1
    assert np.array_equal(page.pictures[earlier], page.pictures[later])
    original = cv2.imread(str(root / "train/A/000.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(page.pictures[earlier], original)
    contact = next(img for img in page.all("img") if str(img["alt"]).startswith("A: "))
    assert contact["alt"] == ("A: train/A/000, train/A/001, train/A/002, test/A/003, test/A/004")


def test_a_page_loads_nothing_and_allows_itself_only_what_it_holds(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    assert main("report", root, run_on(root), "-o", out, "-j", "1").returncode == 0
    page = Page(out)
    addresses = set(
        re.findall(r"(?:https?:)?//[\w.]+[\w/.]*", re.sub(r"base64,[^\"]*", "", page.html))
    )
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not page.all("link")
    assert {tag for tag, attributes in page.tags if "src" in attributes} == {"img"}
    assert all("style" not in attributes for _, attributes in page.tags)
    assert not [name for _, a in page.tags for name in a if name.startswith("on")]
    policy = next(m for m in page.all("meta") if "http-equiv" in m)["content"] or ""
    [style], [data, script] = page.held["style"], page.held["script"]
    for name, text in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    curves = json.loads(data)
    assert curves[0]["x"] == [1, 2, 3]
    assert curves[0]["lines"] == [
        {"name": "train", "y": [2.5, 1.5, 1.0]},
        {"name": "val", "y": [2.75, 1.25, None]},
    ]


def test_every_picture_table_and_part_has_a_name(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    assert main("report", root, run_on(root), "-o", out, "-j", "1").returncode == 0
    page = Page(out)
    assert page.all("html")[0]["lang"] == "en"
    assert all(img["alt"] for img in page.all("img"))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert len(ids) == sum("id" in attributes for _, attributes in page.tags)
    for section in page.all("section"):
        assert section["aria-labelledby"] in ids
    for link in page.all("a"):
        assert str(link["href"]).removeprefix("#") in ids
    for _, attributes in page.tags:
        if "tabindex" in attributes:
            assert attributes["role"] in ("region", "group")
            assert attributes["aria-label"]
    assert all(th["scope"] in ("row", "col") for th in page.all("th"))


def test_names_of_strangers_stay_text(main, tmp_path):
    root = tmp_path / "data"
    names = ["</script><script>alert(1)", HOSTILE, "привет", "手\u202etxt", "&lt;b&gt;"]
    rows = [
        [f"{number:03}", f"{number:03}.png", name, split, "", "", f"{HOSTILE}{split}"]
        for number, (name, split) in enumerate(
            (name, split) for name in names for split in ("train", "train", "test")
        )
    ]
    root.mkdir()
    for number in range(len(rows)):
        pixels = np.random.default_rng(number).integers(0, 256, (28, 28, 1), dtype=np.uint8)
        (root / f"{number:03}.png").write_bytes(encode(pixels, "png", 95))
    with (root / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "path", "label", "split", "group", "source", "signer"])
        table.writerows(rows)
    out = tmp_path / "page.html"
    shares = np.eye(5)[[1, 2, 3, 4, 0]]
    run = write_run(tmp_path / "run", [f"r{k}" for k in range(5)], [*range(5)], shares, names)
    done = main("report", root / "table.csv", run, "-o", out, "-j", "1")
    assert done.returncode == 0, done.stderr
    page = Page(out)
    assert len(page.all("script")) == 2
    assert not [img for img in page.all("img") if img["src"] == "x"]
    for name in names[:3] + names[4:]:
        assert name in page.text
    assert "手\\u202etxt" in page.text  # shown, not obeyed
    assert "\u202e" not in page.html


def test_the_same_bytes_twice_and_nothing_of_this_machine(main, tmp_path):
    for place in ("one", "two"):
        root = dataset(tmp_path / place / "data")
        done = main("report", root, run_on(root), "-o", tmp_path / f"{place}.html", "-j", "1")
        assert done.returncode == 0, done.stderr
    pages = [(tmp_path / f"{place}.html").read_bytes() for place in ("one", "two")]
    assert pages[0] == pages[1]
    assert str(tmp_path).encode() not in pages[0]
    assert main("report", root, run_on(root, "x"), "-o", tmp_path / "x.html").returncode == 0


# -- Runs


def test_a_run_is_shown_with_the_samples_it_takes_for_others(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    done = main("report", root, run_on(root), "-o", out, "--json", "-j", "1")
    assert done.returncode == 0, done.stderr
    [run] = done.json["runs"]
    assert (run["correct"], run["total"], run["model"]) == (5, 6, "tinynet")
    page = Page(out)
    # 5 of 6 in all, one of them a leak that was right: 4 of 5 without it.
    assert page.row("run on test")[:2] == ["run on test", "83.3 %"]
    assert page.row("run on test")[3] == "naive"
    honest = page.row("run on test, without the 1 with a twin in an earlier split")
    assert honest[1:] == ["80.0 %", "", "honest", "4 of 5"]
    assert page.row("B", "C")[:4] == ["B", "C", "1", "50.0 %"]
    taken = [img["alt"] for img in page.all("img") if "taken for C" in str(img["alt"])]
    assert taken == ["B, taken for C: test/B/008"]
    assert page.row("1", "2.5000", "2.7500")
    assert "a note of the run" in page.text
    assert page.row("seed", "7")
    assert next(row for row in page.rows if row[:1] == ["C"] and row[-1:] == ["70.0 %"])


def test_two_runs_are_compared_sample_by_sample(main, tmp_path):
    root = dataset(tmp_path / "data")
    one, other = run_on(root, "one"), run_on(root, "other")
    text = (other / "predictions.csv").read_text()
    lines = text.splitlines()
    lines[1] = lines[1].replace(",A,A,", ",A,B,")  # the other one is wrong in A
    (other / "predictions.csv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "page.html"
    assert main("report", one, other, "-o", out).returncode == 0
    page = Page(out)
    assert page.row("one right") == ["one right", "4", "1"]
    assert page.row("one wrong") == ["one wrong", "0", "1"]
    curves = json.loads(page.held["script"][0])
    assert [line["name"] for line in curves[1]["lines"]] == [
        "one train",
        "one val",
        "other train",
        "other val",
    ]
    assert page.all("img") == []
    assert "This file holds no pictures." in page.text


def test_a_run_of_other_samples_shows_no_pictures_of_them(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    run = write_run(tmp_path / "run", ["x", "y"], [0, 1], np.eye(3)[[1, 0]], [*"ABC"])
    assert main("report", root, run, "-o", out, "-j", "1").returncode == 0
    assert "None of its samples is in this dataset" in Page(out).text


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("metrics.json", "{", "not the numbers of a run"),
        ("metrics.json", '{"model": 3}', "not the numbers of a run"),
        ("predictions.csv", "id,who\n1,2\n", "header"),
    ],
)
def test_a_damaged_run_is_named(main, tmp_path, name, text, what):
    run = run_on(dataset(tmp_path / "data"))
    (run / name).write_text(text)
    done = main("report", run, "-o", tmp_path / "page.html")
    assert done.returncode == 4
    assert what in done.error
    assert str(run / name) in done.error
    assert not (tmp_path / "page.html").exists()


# -- Options


def test_without_pictures_and_without_names(main, tmp_path):
    root, out = dataset(tmp_path / "data", ("annabel", "bertram")), tmp_path / "page.html"
    for name in ("annabel", "bertram"):  # ids that tell who signs
        text = (root / "manifest.csv").read_text()
        (root / "manifest.csv").write_text(text.replace(f",{name},,{name}", f",g-{name},,{name}"))
    done = main("report", root, "-o", out, "--anonymous", "--pictures", "none", "--json", "-j", "1")
    assert done.returncode == 0, done.stderr
    assert done.json["pictures"] == 0
    page = Page(out)
    assert page.all("img") == []
    for name in ("annabel", "bertram"):
        assert name not in page.html
        assert name not in done.stdout
    assert page.row("signer 1") == ["signer 1", "9", "9", "0", ""]
    assert main("report", root, "-o", out, "--anonymous", "--overwrite", "-j", "1").returncode == 0
    alts = [img["alt"] for img in Page(out).all("img")]
    assert "A: no. 1, no. 2, no. 3, no. 4, no. 5" in alts
    assert not any("train/" in str(alt) for alt in alts)


def test_so_many_pictures_of_each(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    assert main("report", root, "-o", out, "--pictures", "2", "-j", "1").returncode == 0
    alts = [str(img["alt"]) for img in Page(out).all("img")]
    assert [alt.count(",") + 1 for alt in alts if alt.startswith("B: ")] == [2]
    for wrong in ("-1", "some"):
        done = main("report", root, "-o", out, "--pictures", wrong)
        assert done.returncode == 2


def test_another_dataset_that_shares_pictures(main, tmp_path):
    root, other = dataset(tmp_path / "data"), tmp_path / "other"
    (other / "A").mkdir(parents=True)
    (other / "D").mkdir()
    shutil.copy(root / "train/A/001.png", other / "A" / "x.png")
    (other / "D" / "y.png").write_bytes(encode(np.zeros((32, 32, 1), np.uint8), "png", 95))
    out = tmp_path / "page.html"
    done = main("report", root, "--against", other, "-o", out, "-j", "1")
    assert done.returncode == 0, done.stderr
    page = Page(out)
    assert page.row("data/train and other")[1:5] == ["1", "1", "2", "50.0 %"]
    alts = [img["alt"] for img in page.all("img")]
    assert alts[-2:] == ["train/A/001", "A/x"]


def test_corrections_are_read_and_what_they_leave_out_is_counted(main, tmp_path):
    root, out, fixes = dataset(tmp_path / "data"), tmp_path / "page.html", tmp_path / "fixes.csv"
    rows = ["id,was,action,label,group,note", "test/A/003,A,exclude,,,a leak"]
    fixes.write_text("\n".join([*rows, "train/B/005,B,relabel,C,,"]) + "\n")
    done = main("report", root, "--corrections", fixes, "-o", out, "--json", "-j", "1")
    assert done.returncode == 0, done.stderr
    found = done.json
    assert found["dataset"]["left_out"] == 1
    assert found["dataset"]["counts"]["C"] == {"train": 4, "test": 2}
    assert found["verdict"]["level"] == "unknown"  # no leak is left, but test is small
    assert "left out by corrections1" in Page(out).text
    assert main("report", root, "-o", out, "-j", "1").returncode == 5  # another page
    assert main("report", root, "--corrections", fixes, "-o", fixes).returncode == 2


def test_clips_are_strips_and_missing_ones_are_counted(main, tmp_path):
    clips = [
        {"video_id": f"{number:05}", "url": "https://example.com/x.mp4", "split": split}
        for number, split in enumerate(["train", "train", "test"])
    ]
    index = make_index(tmp_path / "index.json", clips)
    for number in (0, 2):
        make_video(tmp_path / "videos" / f"{number:05}.mp4", 20)
    out = tmp_path / "page.html"
    done = main("report", index, "-o", out, "--json", "-j", "1")
    assert done.returncode == 3, done.stderr
    found = done.json
    assert (found["read"], found["written"], found["skipped"]) == (3, 2, 1)
    assert [(one["path"], one["kind"]) for one in found["problems"]] == [("00001", "missing")]
    page = Page(out)
    assert page.row("train", "1", "1")[-1].strip() == "50.0 %"
    contact = next(i for i, img in enumerate(page.all("img")) if ": " in str(img["alt"]))
    assert page.pictures[contact].shape[:2] == (2 * 36 + 2, 16 * 72)  # two strips of 16 frames


# -- Where it is written


def test_whole_or_absent_and_never_over_what_is_not_its_own(main, tmp_path):
    root, out = dataset(tmp_path / "data"), tmp_path / "page.html"
    out.write_text("<!doctype html><p>mine")
    done = main("report", root, "-o", out, "--overwrite", "-j", "1")
    assert done.returncode == 5
    assert "is not a report of signdata" in done.error
    assert out.read_text() == "<!doctype html><p>mine"
    assert main("report", root, "-o", root / "page.html").returncode == 2
    assert main("report", root, "-o", tmp_path / "page.pdf").returncode == 2
    out.unlink()
    dry = main("report", root, "-o", out, "--dry-run", "--json", "-j", "1")
    assert dry.json["dry_run"] is True
    assert not out.exists()
    assert main("report", root, "-o", out, "-j", "1").returncode == 0
    assert out.stat().st_size == dry.json["bytes"]
    again = main("report", root, "-o", out, "-j", "1")
    assert again.returncode == 0
    assert "complete already: nothing to do" in again.stdout
    other = main("report", root, "-o", out, "--pictures", "1", "-j", "1")
    assert other.returncode == 5
    assert main("report", root, "-o", out, "--pictures", "1", "--overwrite").returncode == 0


def test_what_is_named_must_make_sense(main, tmp_path):
    run = run_on(dataset(tmp_path / "data"))
    done = main("report", run, "--against", tmp_path / "data", "-o", tmp_path / "page.html")
    assert done.returncode == 2
    assert "--against goes with a dataset" in done.error


def test_a_page_that_is_too_large_is_refused(main, tmp_path, monkeypatch):
    from signdata.pages import render

    monkeypatch.setattr(render, "MOST_BYTES", 10_000)
    out = tmp_path / "page.html"
    done = main("report", dataset(tmp_path / "data"), "-o", out, "-j", "1")
    assert done.returncode == 2
    assert "--pictures none" in done.error
    assert not out.exists()


@pytest.mark.parametrize(
    ("n_classes", "of_each", "n_pictures", "limit"),
    [(24, 9, 216, 500_000), (2000, 1, 216, 2_000_000)],
)
def test_a_page_stays_small(main, tmp_path, n_classes, of_each, n_pictures, limit):
    pixels = np.random.default_rng(0).integers(0, 256, (n_classes * of_each, 28 * 28))
    file = tmp_path / "many.csv"
    with file.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["label", *(f"pixel{k}" for k in range(1, 785))])
        table.writerows([number % n_classes, *row] for number, row in enumerate(pixels.tolist()))
    page = tmp_path / "page.html"
    done = main("report", file, "--labels", "codes", "-o", page, "--json", "-j", "1")
    assert done.returncode == 0, done.stderr
    assert len(done.json["dataset"]["classes"]) == n_classes
    assert done.json["pictures"] == n_pictures
    assert page.stat().st_size < limit
