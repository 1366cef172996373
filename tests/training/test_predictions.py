"""``predictions.csv``: every number as it is written and read, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from signdata.errors import FormatError
from signdata.training.predictions import (
    Answers,
    Prediction,
    dataset_record,
    read_predictions,
    write_predictions,
)

HEADER = (
    "id,split,label,predicted,p_true,class_1,p_1,class_2,p_2,class_3,p_3,class_4,p_4,class_5,p_5"
)


def test_the_five_likeliest_of_seven(tmp_path: Path) -> None:
    shares = np.array([[0.05, 0.3, 0.1, 0.3, 0.2, 0.03, 0.02]], np.float32)
    said = Answers(["test/1"], ["test"], np.array([5]), shares)
    write_predictions(tmp_path / "p.csv", [said], list("ABCDEFG"))
    assert (tmp_path / "p.csv").read_text().splitlines() == [
        HEADER,
        "test/1,test,F,B,0.030000,B,0.300000,D,0.300000,E,0.200000,C,0.100000,A,0.050000",
    ]


def test_two_classes_leave_cells_empty_and_are_read_again(tmp_path: Path) -> None:
    first = Answers(["b"], ["val"], np.array([0]), np.array([[0.25, 0.75]]))
    second = Answers(["a,1"], [""], np.array([1]), np.array([[0.1234567, 0.8765433]]))
    path = tmp_path / "p.csv"
    write_predictions(path, [first, second], ["yes", 'n"o'])
    assert path.read_text().splitlines()[1] == (
        'b,val,yes,"n""o",0.250000,"n""o",0.750000,yes,0.250000,,,,,,'
    )
    assert read_predictions(path) == [
        Prediction("b", "val", "yes", 'n"o', 0.25, (('n"o', 0.75), ("yes", 0.25))),
        Prediction("a,1", "", 'n"o', 'n"o', 0.876543, (('n"o', 0.876543), ("yes", 0.123457))),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("id,label\n", "header 'id,label'; expected id,split,"),
        (f"{HEADER}\na,val,A\n", "not the predictions of a run"),
        (f"{HEADER}\na,val,A,A,high,A,1,,,,,,,,\n", "not the predictions of a run"),
        (f"{HEADER}\n\udcff\n", "not the predictions of a run"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError) as caught:
        read_predictions(path)
    assert caught.value.what.startswith(what)
    with pytest.raises(FormatError, match="not the predictions of a run"):
        read_predictions(tmp_path / "none.csv")


def test_the_dataset_is_told_by_its_sources_and_sorted_ids() -> None:
    assert dataset_record([{"name": "asl", "sha256": "00"}], ["b", "a"]) == {
        "sources": [{"name": "asl", "sha256": "00"}],
        "samples": 2,
        "ids_sha256": hashlib.sha256(b"a\nb\n").hexdigest(),
    }
