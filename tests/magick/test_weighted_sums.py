from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signdata.magick.weighted_sums import WeightedSums


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_taps_are_the_matrix(n: int, m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.1, 1, (m, n))
    edges = np.sort(rng.integers(0, n, (m, 2)), axis=1)
    k = np.arange(n)
    matrix[(k < edges[:, :1]) | (k > edges[:, 1:])] = 0
    sums = WeightedSums.of_matrix(matrix)
    assert (sums.index < n).all()
    assert len(sums.index) == (edges[:, 1] - edges[:, 0]).max() + 1
    quanta = rng.integers(0, 65536, (2, 3, n)).astype(np.float32)
    assert np.allclose(sums.columns(quanta), quanta @ matrix.T)
    down = sums.rows(quanta.swapaxes(-1, -2))
    assert np.array_equal(down, sums.columns(quanta).swapaxes(-1, -2))
