"""The facts of a dataset, and the sentence that is made of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signdata.auditing.run import AuditOptions, audit
from signdata.formats.open import open_dataset
from signdata.media.image.encode import encode
from signdata.pages.facts import AuditFacts, DatasetFacts, anonymous, dataset_facts
from signdata.pages.verdict import (
    CARE,
    MISLEADING,
    SOUND,
    UNKNOWN,
    Verdict,
    certificate_words,
    verdict,
)
from signdata.similarity.leakage import Leak
from signdata.similarity.neighbour_probe import Probe


def write_dataset(root: Path, rows: list[tuple[str, str, str, int]]) -> Path:
    """Pictures of (split, class, signer, seed of the pixels); the same seed, the same pixels."""
    listed = []
    for number, (split, label, signer, seed) in enumerate(rows):
        name = f"{split}/{label}/{number:03}.png"
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 1), dtype=np.uint8)
        file.write_bytes(encode(pixels, "png", 95))
        listed.append([name.removesuffix(".png"), name, label, split, signer, "", signer])
    with (root / "manifest.csv").open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["id", "path", "label", "split", "group", "source", "signer"])
        table.writerows(listed)
    return root


def looked_at(root: Path) -> DatasetFacts:
    reader = open_dataset(root)
    return dataset_facts(reader, "data", audit([reader], [root], AuditOptions(workers=1)))


def test_facts_are_those_of_the_data(tmp_path: Path) -> None:
    rows = [("train", "A", "ann", 1), ("train", "B", "ann", 2), ("train", "B", "bob", 3)]
    rows += [("test", "A", "ann", 1), ("test", "B", "cy", 4)]
    facts = looked_at(write_dataset(tmp_path, rows))
    assert facts.counts == {"A": {"train": 1, "test": 1}, "B": {"train": 2, "test": 1}}
    assert facts.by_split == {"train": 3, "test": 2}
    assert facts.signers == {"ann": {"train": 2, "test": 1}, "bob": {"train": 1}, "cy": {"test": 1}}
    assert (facts.samples, facts.missing, facts.unreadable, facts.groups) == (5, 0, 0, 3)
    assert facts.audited is not None
    leak = facts.audited.leak("train", "test")
    assert leak is not None
    assert (leak.exact, leak.near, leak.signers, leak.n) == (1, 1, 1, 2)
    told = verdict(facts)
    assert told.level == MISLEADING
    assert told.sentence == (
        "Accuracy on its test split would be too high: 1 signer is in both train and test."
    )
    assert told.reasons[0] == "1 of 2 pictures of test (50.0%) has a near-twin in train"


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [("train", "A", "", 1), ("train", "A", "", 2)])
    (root / "train/A/001.png").write_bytes(b"no picture")
    facts = looked_at(root)
    assert (facts.samples, facts.unreadable) == (2, 1)
    assert "1 of 2 pictures cannot be read" in verdict(facts).reasons


def test_signers_are_numbered_by_their_samples(tmp_path: Path) -> None:
    rows = [("train", "A", "zoe", 1), ("train", "A", "ann", 2), ("train", "A", "zoe", 3)]
    hidden = anonymous(looked_at(write_dataset(tmp_path, rows)))
    assert hidden.signers == {"signer 1": {"train": 2}, "signer 2": {"train": 1}}


def facts_of(**changes: Any) -> DatasetFacts:
    """A dataset of 100 and 40 pictures of two signers, with nothing wrong."""
    leak = Leak(("train", "test"), 0, 0, 0, 0, 0, 40)
    fields: dict[str, Any] = {
        "classes": ("A",),
        "splits": ("train", "test"),
        "samples": 140,
        "counts": {"A": {"train": 100, "test": 40}},
        "signers": {"ann": {"train": 100}, "bob": {"test": 40}},
        "audited": AuditFacts(leaks=(leak,)),
    }
    return DatasetFacts("data", "folders", "still", **{**fields, **changes})


def test_nothing_wrong_is_sound() -> None:
    assert verdict(facts_of()) == Verdict(
        SOUND,
        "Its test split is kept apart: none of its 40 pictures has a near-twin in train, and no "
        "signer is in both.",
    )


@pytest.mark.parametrize(
    ("changes", "level", "part"),
    [
        ({"audited": None}, UNKNOWN, "have not been compared yet"),
        ({"samples": 9, "missing": 9}, UNKNOWN, "None of its 9 pictures is there"),
        ({"signers": {}}, CARE, "signers are unknown"),
        ({"unreadable": 3}, CARE, "3 of 140 pictures cannot be read"),
        ({"counts": {"A": {"train": 100, "test": 7}}}, UNKNOWN, "test has only 7 samples"),
        ({"splits": ("",), "counts": {"A": {"": 140}}}, CARE, "have no test split yet"),
        ({"audited": AuditFacts({"label-conflict": 1})}, CARE, "1 picture stands under 2 labels"),
        (
            {"counts": {"A": {"train": 100, "test": 40}, "B": {"train": 1}}},
            CARE,
            "test has no samples of 1 class (B)",
        ),
        (
            {"audited": AuditFacts(leaks=(Leak(("train", "test"), 2, 10, 12, 0, 0, 40),))},
            MISLEADING,
            "10 of 40 pictures of test (25.0%) have a near-twin in train",
        ),
        (
            {
                "splits": ("",),
                "counts": {"A": {"": 140}},
                "audited": AuditFacts(probe=Probe("signers", 0.98, 0.41, 140)),
            },
            MISLEADING,
            "a random one would mislead: nearest-neighbour accuracy is 98.0% on a random tenth, "
            "but 41.0% on unseen signers",
        ),
    ],
)
def test_every_fault_is_told(changes: dict[str, Any], level: str, part: str) -> None:
    told = verdict(facts_of(**changes))
    assert told.level == level
    assert part in told.sentence


def test_a_probe_that_the_split_answers_to_is_no_fault() -> None:
    leak = Leak(("train", "test"), 0, 0, 0, 0, 0, 40)
    probe = Probe("signers", 0.98, 0.41, 140)
    assert verdict(facts_of(audited=AuditFacts(leaks=(leak,), probe=probe))).level == SOUND


def test_the_certificate_is_told_in_words() -> None:
    leak = Leak(("train", "test"), 2, 10, 12, 1, 0, 40)
    probe = Probe("blocks", 0.9, 0.85, 140, 7)
    lines = certificate_words(facts_of(audited=AuditFacts(leaks=(leak,), probe=probe), groups=5))
    assert lines == [
        "Train and test: 10 of 40 pictures of test (25.0%) have a near-twin in train, 2 of them "
        "with the same pixels; 0 signers in both; 1 group in both.",
        "Nearest-neighbour accuracy is 90.0% on a random tenth and 85.0% on unseen runs of frames.",
    ]
