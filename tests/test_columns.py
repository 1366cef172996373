"""Columns of text kept small."""

from __future__ import annotations

import pytest

from signdata.columns import FEW, CodedColumn, TextColumn, column_of

FEW_TEXTS = ["", "a", "é", "a", "\udc80", ""] * 3
MANY = [f"{i} é" if i % 3 else f"{i}" for i in range(FEW + 200)]


@pytest.mark.parametrize(("values", "kind"), [(FEW_TEXTS, CodedColumn), (MANY, TextColumn)])
def test_a_column_is_the_list_it_was_made_of(values, kind):
    made = column_of(iter(values))
    assert type(made) is kind
    assert (len(made), list(made), made[-0]) == (len(values), values, values[0])
    assert (made[2:9], made[5:2], made[1:8:3]) == (values[2:9], [], values[1:8:3])
    assert all(value in made for value in values)
    assert "absent" not in made
    with pytest.raises(IndexError):
        made[len(values)]


def test_a_column_that_turns_out_to_have_many_values_keeps_the_first_ones():
    values = ["a"] * 5000 + MANY
    assert list(column_of(values)) == values
