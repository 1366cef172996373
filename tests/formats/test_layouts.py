"""Directories laid out in other ways: said with --layout, or asked about; never read wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.errors import UsageError
from signdata.formats.trees.layout import split_word, splits_of_names
from signdata.samples import Sample

PICTURE = np.zeros((4, 4, 1), np.uint8)


def of(tree: Path, layout: str | None = None, **options: Any) -> list[Sample]:
    return list(signdata.open_dataset(tree, layout=layout, **options))


@pytest.mark.parametrize(
    ("files", "layout", "expected"),
    [
        (["user_1/A/0.png"], "{signer}/{label}/*", ("A", "", "user_1", {"signer": "user_1"})),
        (["A/user_1/0.png"], "{label}/{group}/*", ("A", "", "user_1", {})),
        (["Training/A/7.png", "Testing/A/7.png"], "{split}/{label}/*", ("A", "test", "", {})),
        (["hand1_a_bot.png"], "hand{signer}_{label}_*", ("a", "", "1", {"signer": "1"})),
        (["a_1.png"], "{label}_*.png", ("a", "", "", {})),
        (["x/y/a/1.png"], "*/{room}/{label}/*", ("a", "", "", {"room": "y"})),
        (["s1/a/t3/1.png"], "{signer}/{label}/{group}/*", ("a", "", "t3", {"signer": "s1"})),
    ],
)
def test_a_layout_says_what_paths_mean(
    files: list[str],
    layout: str,
    expected: tuple[Any, ...],
    make_tree: Callable[..., Path],
) -> None:
    root = make_tree(dict.fromkeys(files, PICTURE))
    samples = of(root, layout)
    assert len(samples) == len(files)
    first = samples[0]
    assert (first.label, first.split, first.group, dict(first.meta)) == expected
    assert {sample.id for sample in samples} == {name.removesuffix(".png") for name in files}


def test_frames_and_videos_take_one_too(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    frames = make_tree({f"s{i}/word/c{i}/img_{k}.png": PICTURE for i in (1, 2) for k in (1, 2)})
    clips = of(frames, "{signer}/{label}/*", format="frames")
    assert [(one.kind, one.label, one.group) for one in clips] == [
        ("clip", "word", "s1"),
        ("clip", "word", "s2"),
    ]
    signdata.sample("wlasl", tmp_path / "w", n=1, size=(64, 48))
    videos = tmp_path / "lsa" / "all"
    videos.mkdir(parents=True)
    for number, path in enumerate(sorted((tmp_path / "w" / "videos").iterdir())[:2], 1):
        path.rename(videos / f"00{number}_004_001.mp4")
    ran = main(
        *("extract-frames", tmp_path / "lsa", tmp_path / "out", "-j1", "--from", "videos"),
        *("--layout", "all/{label}_{signer}_*", "--frames", "2"),
    )
    assert ran.returncode == 0, ran.stderr
    made = of(tmp_path / "out")
    assert [(one.label, one.meta["signer"], one.group) for one in made] == [
        ("001", "004", "004"),
        ("002", "004", "004"),
    ]


def test_a_file_that_does_not_fit_is_counted(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    root = make_tree({"A_1.png": PICTURE, "B_1.png": PICTURE, "odd.png": PICTURE})
    words = ("convert", root, tmp_path / "out", "--layout", "{label}_*", "--json", "-j1")
    stopped = main(*words)
    assert stopped.returncode == 4
    assert "does not fit the layout {label}_*" in stopped.stderr
    went_on = json.loads(main(*words, "--on-error", "skip").stdout)
    assert (went_on["read"], went_on["written"], went_on["failed"]) == (3, 2, 1)


def test_the_layout_is_part_of_what_a_run_is(
    make_tree: Callable[..., Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    root = make_tree({"u1/A/0.png": PICTURE, "u2/A/0.png": PICTURE})
    words = ("convert", root, tmp_path / "out", "-j1", "--layout")
    assert main(*words, "{signer}/{label}/*").returncode == 0
    names = {path.name for path in (tmp_path / "out" / "A").iterdir()}
    assert names == {"u1-0.png", "u2-0.png"}  # both are called 0.png
    assert "complete already" in main(*words, "{signer}/{label}/*").stdout
    assert main(*words, "*/{label}/*").returncode == 5


ASKED = {
    "signer above class": (
        [f"user_{s}/{c}/{i}.png" for s in (1, 2) for c in "AB" for i in (0, 1)],
        ["--from frames gives 4 clips", "--layout '{signer}/{label}/*' gives 8 files of 2 classes"],
    ),
    "signer below class": (
        [f"{c}/user_{s}/{i}.png" for s in (1, 2) for c in "AB" for i in (0, 1)],
        ["--layout '{label}/{group}/*' gives 8 files of 2 classes (A, B), 2 groups"],
    ),
    "signer above class, numbered by a camera": (
        [f"user_{s}/{c}/IMG_{2034 + i}.jpg" for s in (1, 2) for c in "AB" for i in (0, 1)],
        ["--layout '{signer}/{label}/*' gives 8 files of 2 classes"],
    ),
    "folders of people": (
        [f"user_{s}/{c}{i}.png" for s in (1, 2) for c in "AB" for i in (0, 1)],
        [
            "--from folders gives 8 pictures of 2 classes (user_1, user_2)",
            "--layout '{signer}/{label}*' gives 8 files of 2 classes (A, B), 2 signers",
        ],
    ),
    "folders of people, whole words": (
        [f"Signer-{s}/{c}_{i}.png" for s in (1, 2) for c in ("book", "eat") for i in (0, 1)],
        ["--layout '{signer}/{label}_*' gives 8 files of 2 classes (book, eat), 2 signers"],
    ),
    "splits in another spelling": (
        [f"{s}/{c}/{i}.png" for s in ("Training", "Testing") for c in "AB" for i in (0, 1)],
        ["--layout '{split}/{label}/*' gives 8 files of 2 classes (A, B), 2 splits"],
    ),
    "split folders of flat files": (
        [f"{s}_signs/{c}_IMG_{i}.png" for s in ("train", "test") for c in "01" for i in (0, 1)],
        ["--from folders gives 8 pictures", "--layout '{split}/{label}_*' gives 8 files"],
    ),
    "siblings": (
        [f"{s}/{c}/{i}.png" for s in ("dataset", "dataset-test") for c in "AE" for i in (0, 1)],
        ["--layout '{split}/{label}/*' gives 8 files of 2 classes (A, E)"],
    ),
    "unnumbered stills": (
        [f"{c}/take/{name}.png" for c in "AB" for name in ("left", "right")],
        ["--layout '{label}/{group}/*' gives 4 files of 2 classes"],
    ),
    "flat": (
        ["a_1.png", "b_1.png"],
        ["not laid out as CLASS/NAME", "--layout '{label}_*' gives 2 files of 2 classes (a, b)"],
    ),
    "one folder of everything": (
        ["images/a_1.png", "images/b_1.png"],
        ["--from folders gives 2 pictures of 1 class (images)", "--layout '*/{label}_*'"],
    ),
    "too deep": (
        [f"a/b/{c}/{i}.png" for c in "XY" for i in (1, 2)] + ["z/b/X/3.png"],
        ["--layout '*/*/{label}/*' gives 5 files of 2 classes (X, Y)"],
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_hardly_meant_is_asked(
    name: str, make_tree: Callable[..., Path], main: Callable[..., Any]
) -> None:
    files, said = ASKED[name]
    ran = main("info", make_tree(dict.fromkeys(files, PICTURE)))
    assert ran.returncode == 4, ran.stdout
    for part in said:
        assert part in ran.stderr


def test_the_answer_is_typed_as_it_is_printed(
    make_tree: Callable[..., Path], main: Callable[..., Any]
) -> None:
    root = make_tree(dict.fromkeys(ASKED["signer above class"][0], PICTURE))
    found = json.loads(main("info", root, "--json", "--layout", "{signer}/{label}/*").stdout)
    assert (found["samples"], found["classes"], found["groups"]) == (8, ["A", "B"], 2)
    plain = json.loads(main("info", root, "--json", "--from", "frames").stdout)
    assert (plain["samples"], plain["classes"]) == (4, ["user_1", "user_2"])


MIXED = {
    "signers, and what lies between them": (
        [f"user_{s}/{c}/{i}.png" for s in (1, 2) for c in "AB" for i in (0, 1)],
        ["user_1/cover.png", "top.png"],
    ),
    "splits, a picture without suffix and one that is not read": (
        [f"{s}/{c}/{i}.png" for s in ("Training", "Testing") for c in "AB" for i in (0, 1)],
        ["Training/A/plain", "Testing/B/phone.heic", "Training/over.png"],
    ),
    "flat files, one of another name": (
        [f"{s}_signs/{c}_{i}.png" for s in ("train", "test") for c in "01" for i in (0, 1)],
        ["train_signs/odd.png", "top.png"],
    ),
    "two depths": (
        [f"all/train/{c}/{i}.jpg" for c in "AB" for i in (0, 1)],
        ["other/test/A.jpg"],
    ),
}


@pytest.mark.parametrize("name", MIXED)
def test_every_reading_gives_what_it_says_and_says_what_it_leaves_out(
    name: str, make_tree: Callable[..., Path], main: Callable[..., Any]
) -> None:
    files, further = MIXED[name]
    root = make_tree(dict.fromkeys(files, PICTURE))
    for path in further:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        heic = b"\0\0\0\x18ftypheic" + bytes(200)
        (root / path).write_bytes(
            heic if path.endswith(".heic") else (root / files[0]).read_bytes()
        )
    (root / files[0]).with_name("notes.txt").write_text("no picture")
    said = main("info", root).error
    offered = re.findall(
        r"--(from|layout) ('[^']+'|\w+)(?: \(\S+\))? gives ([0-9]+) (\w+) of ([0-9]+) class"
        r".*?(?:, ([0-9]+) files? left out)?(?=; --|\. Say which)",
        said,
    )
    assert len(offered) == said.count(" gives ") > 1
    for option, value, n, what, n_classes, left_out in offered:
        found = main("info", root, "--json", f"--{option}", value.strip("'")).json
        unfit = [one for one in found["problems"] if "does not fit" in one["message"]]
        assert int(n) == found["read"] - len(unfit), (said, found)
        assert int(n_classes) == len(found["classes"])
        n_taken = int(n) if what != "clips" else len(_in_clips(root))
        assert n_taken + int(left_out or 0) == len(files) + len(further), said


def _in_clips(root: Path) -> list[Path]:
    return [path for path in root.glob("*/*/*") if path.is_file() and path.suffix != ".txt"]


NOT_ASKED = {
    "frames numbered in every clip": [
        f"{c}/{k}/img_{i:05d}.png" for c in ("book", "drink") for k in (1, 2) for i in (1, 2)
    ],
    "clips of the same names, frames called so": [
        f"{c}/take_{k}/frame_{i}.png" for c in ("book", "drink") for k in (1, 2) for i in (1, 2)
    ],
    "plain classes": ["A/1.png", "B/1.png"],
    "one split alone": ["train/A/a.png", "train/B/b.png"],
    "splits and classes": ["train/A/1.png", "test/A/1.png"],
}


@pytest.mark.parametrize("name", NOT_ASKED)
def test_what_is_plain_is_read(name: str, make_tree: Callable[..., Path]) -> None:
    assert of(make_tree(dict.fromkeys(NOT_ASKED[name], PICTURE)))


def test_what_signdata_wrote_is_never_asked_about(
    make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_tree(dict.fromkeys(ASKED["signer above class"][0], PICTURE))
    signdata.convert(root, tmp_path / "out", from_format="frames", workers=1)
    assert len(of(tmp_path / "out")) == 4


def test_a_lone_wrapper_is_stepped_through(
    make_tree: Callable[..., Path], main: Callable[..., Any], tmp_path: Path
) -> None:
    root = make_tree({f"alphabet/{c}/{c}{i}.png": PICTURE for c in "ABC" for i in (0, 1)})
    ran = main("info", root, "--json")
    found = json.loads(ran.stdout)
    assert (found["format"], found["samples"], found["classes"]) == ("folders", 6, ["A", "B", "C"])
    assert [one["message"] for one in found["problems"]] == [
        "the only folder: read in place of SRC"
    ]
    inside = main("convert", root, root / "out", "-j1")
    assert (inside.returncode, "lies inside its source" in inside.stderr) == (2, True)


@pytest.mark.parametrize(
    "pattern", ["{split}/*", "{label}/{label}/*", "{label/*", "{La bel}/*", "*", "{}/{label}"]
)
def test_patterns_that_cannot_be_meant(pattern: str, make_tree: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="--layout"):
        of(make_tree({"A/1.png": PICTURE}), pattern)


def test_a_layout_goes_with_directories_alone(make_csv: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="--layout goes with directories of files, not with csv"):
        of(make_csv(), "{label}/*")


def test_split_words() -> None:
    words = {
        "Training": "train",
        "asl_alphabet_train": "train",
        "VALID": "val",
        "x-dev": "val",
        "dataset-test": "test",
        "contest": "",
        "trained": "",
    }
    assert {word: split_word(word) for word in words} == words
    assert splits_of_names(["signs", "signs-test"]) == {"signs": "train", "signs-test": "test"}
    assert splits_of_names(["a", "b-test", "c-train"])["a"] == ""
