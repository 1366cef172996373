"""A text for each of many ids."""

from __future__ import annotations

import pickle

import numpy as np

from signdata.splitting import by_id
from signdata.splitting.by_id import ById
from signdata.splitting.stratified import draw, draws

IDS = ["", "a", "b\0c", "é/1", "train/000001", "\U0001f600", *map(str, range(50))]


def test_each_id_has_its_value():
    values = [f"v{i % 7}" for i in range(len(IDS))]
    made = pickle.loads(pickle.dumps(ById(IDS, values)))
    assert [made.get(one, "none") for one in IDS] == values
    assert (made.get("other", "none"), len(made), set(made.values())) == ("none", 56, {*values})
    assert ById().get("a", "none") == "none"
    asked = [*reversed(IDS), "other"]
    assert made.get_all(asked, asked) == [*reversed(values), "other"]
    assert (made.get_all([], []), ById().get_all(["a"], ["none"])) == ([], ["none"])


def test_one_random_number_is_that_of_many():
    for seed in (0, 5):
        assert [draw(one, seed) for one in IDS] == draws(IDS, seed).tolist()


def test_ids_whose_hashes_meet_keep_their_values(monkeypatch):
    monkeypatch.setattr(by_id, "draws", lambda ids, seed: np.array([len(one) for one in ids], "u8"))
    monkeypatch.setattr(by_id, "draw", lambda one, seed: len(one))
    ids = ["a", "b", "c", "dd", "eee", "fff"]
    made = ById(ids, list("123456"))
    assert [made.get(one, "") for one in ids] == list("123456")
    assert made.get("gggg", "none") == "none"
    assert made.get_all([*ids, "gggg"], ["none"] * 7) == [*"123456", "none"]
