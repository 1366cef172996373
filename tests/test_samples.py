from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np

from signdata.samples import ArrayPixels, Sample


def test_a_sample_travels_with_all_that_is_known_of_it() -> None:
    pixels = ArrayPixels(np.zeros((2, 3, 1), np.uint8))
    sample = Sample("a/1", "A", pixels, "val", "g", "1.png", "clip", {"signer": "s"}, "x")
    made = pickle.loads(pickle.dumps(sample))
    assert replace(made, pixels=pixels) == sample
    assert np.array_equal(made.pixels.array, pixels.array)
