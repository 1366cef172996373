"""Several directories and files as one dataset: their splits, ids and names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.errors import UsageError
from signdata.formats.open import open_dataset
from signdata.formats.sources import several


def pictures(start: int, labels: str = "AB", n: int = 2) -> dict[str, Any]:
    return {
        f"{label}/{i}.png": np.full((4, 4, 1), start + 10 * k + i, np.uint8)
        for k, label in enumerate(labels)
        for i in range(n)
    }


@pytest.fixture
def two(make_tree: Callable[..., Path]) -> tuple[Path, Path]:
    return make_tree(pictures(10), "dataset"), make_tree(pictures(100), "dataset-test")


def facts(*sources: Any, **options: Any) -> list[tuple[str, str, str, int]]:
    return [
        (sample.id, sample.split, sample.label, int(next(iter(sample.frames())).max()))
        for sample in open_dataset(list(map(str, sources)), **options)
    ]


WHOLE = [
    ("train/A/0", "train", "A", 10),
    ("train/A/1", "train", "A", 11),
    ("train/B/0", "train", "B", 20),
    ("train/B/1", "train", "B", 21),
    ("test/A/0", "test", "A", 100),
    ("test/A/1", "test", "A", 101),
    ("test/B/0", "test", "B", 110),
    ("test/B/1", "test", "B", 111),
]


def test_splits_are_said_or_are_in_the_names(
    two: tuple[Path, Path], make_tree: Callable[..., Path]
) -> None:
    train, test = two
    assert facts(train, test) == WHOLE
    assert facts(f"train={train}", f"test={test}") == WHOLE
    swapped = facts(f"test={train}", f"validation={test}")
    assert Counter(split for _, split, _, _ in swapped) == {"test": 4, "val": 4}
    assert swapped[0] == ("test/A/0", "test", "A", 10)
    one, other = make_tree(pictures(1), "Training"), make_tree(pictures(50), "Testing")
    assert [split for _, split, _, _ in facts(one, other)] == ["train"] * 4 + ["test"] * 4


def test_without_a_word_for_it_they_are_one_dataset(
    make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = make_tree(pictures(10), "monday"), make_tree(pictures(100, "BC"), "tuesday")
    found = facts(one, other)
    assert found[0] == ("monday/A/0", "", "A", 10)
    assert found[-1] == ("tuesday/C/1", "", "C", 111)
    out = tmp_path / "out"
    result = signdata.convert([one, other], out, workers=1)
    assert (result.read, result.written) == (8, 8)
    assert sorted(path.relative_to(out).as_posix() for path in out.glob("*/*.png")) == [
        "A/monday-0.png",
        "A/monday-1.png",
        "B/monday-0.png",
        "B/monday-1.png",
        "B/tuesday-0.png",
        "B/tuesday-1.png",
        "C/tuesday-0.png",
        "C/tuesday-1.png",
    ]
    assert sorted(facts(out)) == sorted(found)


def test_two_directories_of_one_split(
    two: tuple[Path, Path], make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    train, test = two
    more = make_tree(pictures(200), "more")
    found = facts(f"train={train}", f"train={more}", f"test={test}")
    assert Counter(split for _, split, _, _ in found) == {"train": 8, "test": 4}
    assert [found[0][0], found[4][0], found[8][0]] == [
        "train/dataset/A/0",
        "train/more/A/0",
        "test/A/0",
    ]
    result = signdata.convert(
        [f"train={train}", f"train={more}", f"test={test}"], tmp_path / "out", workers=1
    )
    assert result.written == 12
    assert (tmp_path / "out/train/A/more-0.png").is_file()


def test_directories_of_the_same_name(make_tree: Callable[..., Path], tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
    one, other = make_tree(pictures(10), "x/asl"), make_tree(pictures(100), "y/asl")
    assert [facts(one, other)[i][0] for i in (0, 4)] == ["x-asl/A/0", "y-asl/A/0"]


def test_every_command_takes_them(
    two: tuple[Path, Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    words = [f"train={two[0]}", f"test={two[1]}"]
    whole = tmp_path / "whole.h5"
    assert main("convert", *words, whole, "-j", 1).returncode == 0
    assert main("info", *words, "--json").json["splits"] == {"train": 4, "test": 4}
    assert main("info", *words, "--json", "--split", "test").json["samples"] == 4
    assert main("verify", *words, whole, "-j", 1).returncode == 0
    assert main("verify", whole, *words, "-j", 1).returncode == 0
    ran = main("verify", *words, two[0], "-j", 1)
    assert ran.returncode == 4
    ran = main("verify", *words)
    assert (ran.returncode, "several sources have no one manifest" in ran.error) == (2, True)
    assert main("verify", two[0], two[1], whole).returncode == 2
    ran = main("audit", *words, "-j", 1, "--json")
    assert ran.returncode == 0, ran.stderr
    assert ran.json["read"] == 8
    ran = main("audit", *words, whole, "-j", 1, "--json")
    assert ran.json["read"] == 16
    ran = main("split", *words, tmp_path / "split", "--pool", "--ratios", "50,50", "-j", 1)
    assert ran.returncode == 0, ran.stderr
    assert main("info", tmp_path / "split", "--json").json["splits"] == {"train": 4, "test": 4}
    ran = main("split", *words, tmp_path / "list", "--pool", "--mode", "manifest")
    assert (ran.returncode, "--mode manifest with 2 sources" in ran.error) == (2, True)
    ran = main("augment", *words, tmp_path / "more", "--variants", 2, "-j", 1)
    assert ran.returncode == 0, ran.stderr
    assert main("info", tmp_path / "more", "--json").json["splits"] == {"train": 8, "test": 4}
    ran = main("augment", *words, "--preview", tmp_path / "sheet.png", "--variants", 2)
    assert ran.returncode == 0, ran.stderr
    ran = main("folders-to-csv", *words, tmp_path / "test.csv", "--split", "test", "-j", 1)
    assert ran.returncode == 0, ran.stderr
    assert len((tmp_path / "test.csv").read_text().splitlines()) == 5
    assert main("folders-to-csv", *words, tmp_path / "all.csv").returncode == 2
    ran = main("augment", *words, tmp_path / "boxed", "--boxes", "auto")
    assert (ran.returncode, "--boxes goes with one source" in ran.error) == (2, True)


def test_the_network_learns_from_several(
    two: tuple[Path, Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    pytest.importorskip("torch")
    ran = main(
        *("baseline", f"train={two[0]}", f"test={two[1]}", "--epochs", 1, "--device", "cpu"),
        *("--out", tmp_path / "run", "--json"),
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.json["read"] == 8


def test_the_same_command_does_nothing_and_other_splits_are_another(
    two: tuple[Path, Path], tmp_path: Path, main: Callable[..., Any]
) -> None:
    words, out = [f"train={two[0]}", f"val={two[1]}"], tmp_path / "out"
    assert main("convert", *words, out, "-j", 1).returncode == 0
    assert "complete already" in main("convert", *words, out, "-j", 1).stdout
    ran = main("convert", f"train={two[0]}", f"test={two[1]}", out, "-j", 1)
    assert ran.returncode == 5
    sources = json.loads((out / "signdata.json").read_text())["sources"]
    assert [(one["name"], one["split"]) for one in sources] == [
        ("dataset", "train"),
        ("dataset-test", "val"),
    ]


def test_no_output_inside_any_of_them(two: tuple[Path, Path], main: Callable[..., Any]) -> None:
    ran = main("convert", f"train={two[0]}", f"test={two[1]}", two[1] / "out")
    assert (ran.returncode, "lies inside its source" in ran.error) == (2, True)


def test_tables_of_files_are_joined(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    root = make_tree({f"{i}.png": np.full((4, 4, 1), i, np.uint8) for i in range(4)}, "pictures")
    for name, numbers in (("train", (0, 1, 2)), ("test", (3,))):
        rows = [f"pictures/{i}.png,{'AB'[i % 2]}" for i in numbers]
        (tmp_path / f"{name}.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    found = facts(tmp_path / "train.csv", tmp_path / "test.csv")
    assert found == [
        ("train/pictures/0", "train", "A", 0),
        ("train/pictures/1", "train", "B", 1),
        ("train/pictures/2", "train", "A", 2),
        ("test/pictures/3", "test", "B", 3),
    ]
    assert facts(tmp_path / "train.csv", tmp_path / "test.csv", root=tmp_path) == found
    assert root.is_dir()


def test_archives_of_arrays_and_csvs_without_a_word(
    tmp_path: Path, make_csv: Callable[..., Path], main: Callable[..., Any]
) -> None:
    for name in ("train", "test"):
        np.savez(tmp_path / f"{name}.npz", X=np.full((2, 4, 4), 7, np.uint8), y=np.arange(2))
    ran = main("info", tmp_path / "train.npz", tmp_path / "test.npz", "--json")
    assert ran.json["splits"] == {"train": 2, "test": 2}
    one, other = make_csv(name="a.csv"), make_csv(name="b.csv")
    ran = main("info", one, other)
    assert (ran.returncode, f"Say train={one}" in ran.error) == (2, True)
    assert main("info", f"train={one}", f"test={other}").returncode == 0


def test_csvs_of_pixels_that_say_their_splits_come_back(
    make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = make_csv(name="a.csv", newline="\r\n"), make_csv(name="b.csv", bom=True)
    out = tmp_path / "out"
    signdata.convert([f"train={one}", f"test={other}"], out, workers=1)
    assert facts(f"train={one}", f"test={other}")[0][0] == "train/000001"
    for split, path in (("train", one), ("test", other)):
        signdata.folders_to_csv(out, tmp_path / "back.csv", split=split, workers=1, overwrite=True)
        assert (tmp_path / "back.csv").read_bytes() == path.read_bytes()


def test_declared_classes_keep_their_numbers(make_tree: Callable[..., Path]) -> None:
    one = make_tree({**pictures(1, "BA"), "classes.txt": b"B\nA\n"}, "one")
    other = make_tree({**pictures(50, "AC"), "classes.txt": b"A\nC\n"}, "two")
    info = open_dataset([one, other]).info
    assert info.labels.classes == ("B", "A", "C")
    assert (info.n_samples, info.present) == (8, ("A", "B", "C"))


def test_what_is_selected_is_selected_from_the_whole(two: tuple[Path, Path]) -> None:
    assert [one[0] for one in facts(*two, classes=["B"], split="test")] == ["test/B/0", "test/B/1"]
    other = facts(*two, max_per_class=1)
    assert Counter(label for _, _, label, _ in other) == {"A": 1, "B": 1}


def test_what_cannot_be_joined_is_refused(
    two: tuple[Path, Path], make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    train, test = map(str, two)
    with pytest.raises(UsageError, match="a source without its split next to others"):
        open_dataset([f"train={train}", test])
    third = make_tree(pictures(1), "third")
    with pytest.raises(UsageError, match="no split in its name, and others have one"):
        open_dataset([train, test, third])
    splits = make_tree({"train/A/1.png": np.zeros((2, 2, 1), np.uint8)}, "splits")
    with pytest.raises(UsageError, match=r"has splits of its own \(train\), and is to be test"):
        open_dataset([f"train={train}", f"test={splits}"])
    clips = make_tree({"A/c/img_0001.png": np.zeros((2, 2, 1), np.uint8)}, "clips")
    with pytest.raises(UsageError, match="pictures and clips"):
        open_dataset([third, clips])
    with pytest.raises(UsageError, match="named twice"):
        open_dataset([third, third])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        open_dataset([f"train={tmp_path / 'nowhere'}"])


def test_a_directory_that_is_called_so_is_itself(
    make_tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_tree(pictures(1), "train=x")
    monkeypatch.chdir(tmp_path)
    assert several([Path("train=x")], None) == []
    assert [sample.split for sample in open_dataset("train=x")] == [""] * 4
