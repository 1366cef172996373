"""Whether an accuracy and the leak certificate fit together."""

from __future__ import annotations

from typing import Any

import pytest

from signdata.errors import FormatError
from signdata.splitting.certificate_summary import CERTIFICATE, Certified
from signdata.training.accuracy_warnings import doubts


def leak(split: str, **found: Any) -> dict[str, Any]:
    nothing = {"exact": 0, "near": 0, "linked": 0, "share": 0.0, "groups": 0, "signers": 0}
    return {"between": ["train", split], **nothing, **found}


def certificate(**said: Any) -> dict[str, Any]:
    return {
        "group_by": "near-duplicates",
        "looked_for_near_duplicates": True,
        "leaks": [leak("val"), leak("test")],
        "probe": None,
        "warnings": ["nobody knows who signs"],
        **said,
    }


PROBE = {"unseen": "blocks", "random": 0.94, "apart": 0.4, "gap": 0.54, "samples": 99}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"leaks": [leak("test", signers=2, near=3, share=0.5)]}, "2 signers are in both train"),
        ({"leaks": [leak("test", near=3, share=0.047)]}, "4.7% of test have a near-twin"),
        ({"leaks": [leak("test", groups=4)]}, "4 groups are in both train and test"),
        ({"looked_for_near_duplicates": False}, "--no-look"),
        ({"probe": PROBE}, "94.0% on a random tenth, but 40.0% on unseen blocks"),
    ],
)
def test_a_high_accuracy_is_doubted_where_the_split_leaks(said: dict[str, Any], words: str) -> None:
    certified = Certified.of(certificate(**said))
    (doubt,) = doubts(0.97, 0.97, certified)
    assert "97.0%" in doubt
    assert words in doubt
    assert doubts(0.6, 0.62, certified) == []


def test_people_kept_apart_are_not_doubted() -> None:
    assert doubts(0.99, 1.0, Certified.of(certificate())) == []
    apart = Certified.of(certificate(group_by="signer", probe={**PROBE, "unseen": "signers"}))
    assert doubts(0.99, 1.0, apart) == []


def test_val_that_resembles_train_flatters() -> None:
    certified = Certified.of(certificate(leaks=[leak("val", near=9, share=0.9), leak("test")]))
    (doubt,) = doubts(0.85, 0.99, certified)
    assert "val accuracy is 99.0% and test accuracy 85.0%" in doubt
    assert "90.0% of val have a near-twin in train" in doubt
    assert doubts(0.98, 0.99, certified) == []


def test_where_nobody_looked_only_high_accuracies_are_doubted() -> None:
    assert Certified.from_origin({"csv": {}}) is None
    assert doubts(0.8, 0.95, None) == []
    (doubt,) = doubts(0.95, 0.95, None)
    assert "was not checked" in doubt
    assert doubts(0.95, 0.95, None, shared_signers=0) == []
    (doubt,) = doubts(0.95, 0.95, None, shared_signers=3)
    assert "3 signers are in both train and test" in doubt


@pytest.mark.parametrize("found", [None, 1, {}, certificate(leaks=[{"between": ["train"]}])])
def test_what_is_no_certificate_is_refused(found: object) -> None:
    with pytest.raises(FormatError, match="leak_certificate"):
        Certified.from_origin({CERTIFICATE: found})
