"""The label space."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signdata.labels import (
    LETTERS,
    SIGN_MNIST_CODES,
    LabelSpace,
    class_to_idx,
    code_of,
)


def test_sign_mnist_has_24_letters_and_neither_j_nor_z() -> None:
    assert len(SIGN_MNIST_CODES) == 24
    assert set(range(26)) - set(SIGN_MNIST_CODES) == {9, 25}
    assert set(LETTERS) - set(SIGN_MNIST_CODES.values()) == {"J", "Z"}
    assert (SIGN_MNIST_CODES[0], SIGN_MNIST_CODES[10], SIGN_MNIST_CODES[24]) == ("A", "K", "Y")


def test_declared_classes_keep_their_order_and_stay() -> None:
    space = LabelSpace(("nothing", "B", "A"))
    assert space.order(["A"]) == ("nothing", "B", "A")
    assert space.order(["C", "A", "0"]) == ("nothing", "B", "A", "0", "C")


@given(st.permutations(["A", "B", "K", "Y", "del"]))
def test_undeclared_classes_are_sorted_however_they_come(names: list[str]) -> None:
    assert LabelSpace().order(names) == ("A", "B", "K", "Y", "del")


@given(st.permutations([*map(str, range(12)), "-1", "007"]))
def test_integers_come_by_number(names: list[str]) -> None:
    wanted = ("-1", *map(str, range(7)), "007", *map(str, range(7, 12)))
    assert LabelSpace().order(names) == wanted
    assert LabelSpace().order([*names, "x"]) == tuple(sorted([*names, "x"]))
    assert LabelSpace(("x",)).order(names) == ("x", *wanted)


def test_indices_follow_the_order() -> None:
    assert class_to_idx(("B", "A")) == {"B": 0, "A": 1}


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("A", 0),
        ("a", 0),
        ("J", 9),
        ("Z", 25),
        ("7", 7),
        ("130", 130),
        ("-4", -4),
        ("del", None),
        ("", None),
        ("-", None),
        ("1.5", None),
        ("²", None),
        ("٣", None),
        ("É", None),
    ],
)
def test_codes_of_labels(label: str, code: int | None) -> None:
    assert code_of(label, {}) == code


def test_recorded_codes_come_first_and_alone() -> None:
    codes = {"A": 5, "del": 6}
    assert code_of("A", codes) == 5
    assert code_of("del", codes) == 6
    assert code_of("B", codes) is None


@given(st.sampled_from(sorted(SIGN_MNIST_CODES)))
def test_codes_and_letters_are_each_others_way_back(code: int) -> None:
    assert code_of(SIGN_MNIST_CODES[code], {}) == code


@given(st.integers(-(10**17), 10**17))
def test_any_integer_names_its_own_class(code: int) -> None:
    assert code_of(str(code), {}) == code
