"""What two parts have in common, counted by hand and by brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from signdata.similarity.leakage import Known, leaks
from signdata.similarity.near_duplicates import Pairs, clusters


def known(parts, *, digests=None, groups=None, signers=None, twins=(), cluster_of=None):
    n = len(parts)
    index = np.array(sorted(map(sorted, twins)), np.int64).reshape(-1, 2)
    found = Pairs(index, np.ones(len(index), np.float32))
    empty = [""] * n
    of = clusters(n, found) if cluster_of is None else np.array(cluster_of)
    return Known(parts, digests or empty, groups or empty, signers or empty, found, of)


def test_exact_near_and_linked():
    parts = ["train", "train", "test", "test", "test", ""]
    found = known(
        parts,
        digests=["a", "b", "a", "c", "d", "a"],
        twins=[(1, 3), (3, 4)],
        cluster_of=[0, 1, 0, 1, 1, 0],
    )
    [leak] = leaks(["train", "val", "test"], found)
    assert leak.between == ("train", "test")
    assert (leak.exact, leak.near, leak.linked, leak.n) == (1, 2, 3, 3)
    assert leak
    assert leak.to_dict()["share"] == round(2 / 3, 6)


def test_each_pair_of_parts_once_and_in_order():
    parts = ["test", "val", "train", "b.csv"]
    found = leaks(["train", "val", "test"], known(parts))
    assert [leak.between for leak in found] == [
        ("train", "val"),
        ("train", "test"),
        ("val", "test"),
    ]
    assert not any(found)
    assert leaks(["b.csv", "train"], known(parts))[0].between == ("b.csv", "train")


def test_groups_and_signers_on_both_sides():
    found = known(
        ["train", "train", "test", "test"],
        groups=["g", "h", "g", ""],
        signers=["ann", "bob", "bob", "ann"],
    )
    [leak] = leaks(["train", "test"], found)
    assert (leak.groups, leak.signers, leak.near) == (1, 2, 0)
    assert leak


def test_unknown_digests_are_not_equal():
    [leak] = leaks(["train", "test"], known(["train", "test"]))
    assert (leak.exact, leak.near) == (0, 0)


def test_one_of_several_copies_speaks_for_all():
    parts = ["train", "train", "test", "test"]
    twins = [(0, 2)]  # 1 has the pixels of 0, 3 those of 2
    [leak] = leaks(["train", "test"], known(parts, digests=["a", "a", "b", "b"], twins=twins))
    assert (leak.exact, leak.near) == (0, 2)


@settings(max_examples=60)
@given(st.data())
def test_against_brute_force(data):
    n = data.draw(st.integers(0, 14))
    some = st.lists(st.sampled_from("abcd"), min_size=n, max_size=n)
    parts = data.draw(st.lists(st.sampled_from(["train", "test", ""]), min_size=n, max_size=n))
    digests = data.draw(some)
    pair = st.tuples(st.integers(0, max(n - 1, 0)), st.integers(0, max(n - 1, 0)))
    twins = set(data.draw(st.lists(pair, max_size=8))) if n else set()
    alike = {(digests[i], digests[j]) for i, j in twins} | {(d, d) for d in digests}
    alike |= {(j, i) for i, j in alike}
    found = leaks(["train", "test"], known(parts, digests=digests, twins=twins))
    train = [i for i in range(n) if parts[i] == "train"]
    test = [i for i in range(n) if parts[i] == "test"]
    if not train or not test:
        assert found == []
        return
    [leak] = found
    assert leak.exact == sum(any(digests[i] == digests[j] for i in train) for j in test)
    assert leak.near == sum(any((digests[i], digests[j]) in alike for i in train) for j in test)
