from __future__ import annotations

import numpy as np
import pytest

from signdata.errors import UsageError
from signdata.magick.filters import FILTERS, Filter, filter_of

EVERY = pytest.mark.parametrize("filter", FILTERS.values(), ids=FILTERS)


@EVERY
def test_nothing_is_beyond_the_support(filter: Filter) -> None:
    assert not filter.weight(np.linspace(filter.support + 1e-9, 5, 50)).any()
    assert filter.weight(np.zeros(1)) > 0


@EVERY
def test_the_weights_of_all_pixels_add_up_to_one(filter: Filter) -> None:
    # Resizing divides by the sum; it is near 1 before that already.
    for shift in np.linspace(0.01, 0.49, 7):
        total = filter.weight(np.abs(np.arange(-5, 6) - shift)).sum()
        exact = filter.name not in ("Lanczos", "Gaussian")
        expected = 1.0 if filter.name != "Gaussian" else np.sqrt(np.pi / 2)
        assert total == pytest.approx(expected, abs=1e-12 if exact else 0.02)


@pytest.mark.parametrize("name", ["Catrom", "Hermite", "Lanczos", "Triangle", "Box"])
def test_what_interpolates_is_one_here_and_nothing_next_door(name: str) -> None:
    weights = FILTERS[name].weight(np.arange(4.0))
    assert weights == pytest.approx([1, 0, 0, 0], abs=1e-6)


@pytest.mark.parametrize("name", ["Mitchell", "Robidoux", "Spline", "Gaussian"])
def test_what_blurs_is_not(name: str) -> None:
    assert (FILTERS[name].weight(np.array([1.0])) > 0.03).all()


def test_lanczos_is_the_windowed_sinc() -> None:
    x = np.linspace(0, 2.999, 100)
    assert FILTERS["Lanczos"].weight(x) == pytest.approx(np.sinc(x) * np.sinc(x / 3), abs=1e-6)


def test_robidoux_is_not_mitchell() -> None:
    x = np.linspace(0, 2, 100)
    apart = np.abs(FILTERS["Robidoux"].weight(x) - FILTERS["Mitchell"].weight(x))
    assert 0.01 < apart.max() < 0.03


def test_names_are_found_in_any_case() -> None:
    assert filter_of("mitchell") is FILTERS["Mitchell"]
    with pytest.raises(UsageError, match="'Bicubic'; expected one of Mitchell, Robidoux"):
        filter_of("Bicubic")
