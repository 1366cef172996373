"""The audit in the background, and what it finds as filters, pairs and groups."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from signdata.options import ReadOptions
from signdata.serving.background_audit import BackgroundAudit
from tests.conftest import picture
from tests.serving.apps import App, opened


def smooth(number: int) -> np.ndarray:
    """A picture of waves that no other number has."""
    y, x = np.mgrid[0:28, 0:28] / 28
    value = np.sin(x * (1 + number) * 3) + np.cos(y * (2 + number * 2))
    return (np.clip((value + 2) / 4, 0, 1) * 255).astype(np.uint8)[:, :, None]


@pytest.fixture
def tree(make_tree: Callable[..., Path]) -> Path:
    """A leak, an exact duplicate, a near-duplicate and a picture under two labels."""
    near = smooth(1).copy()
    near[5, 5:8] ^= 48
    return make_tree(
        {
            "train/A/a.png": smooth(0),
            "train/A/near1.png": smooth(1),
            "train/A/near2.png": near,
            "train/B/b.png": smooth(5),
            "train/B/two.png": smooth(8),
            "train/A/two.png": smooth(8),
            "test/A/leak.png": smooth(0),
            "test/B/own.png": smooth(12),
        }
    )


@pytest.fixture
def app(tree: Path, tmp_path: Path) -> Iterator[App]:
    with opened(tree, audited=True, corrections=tmp_path / "fixes.csv") as one:
        yield one


def names(pair: dict[str, dict[str, str]]) -> set[str]:
    return {pair["left"]["id"], pair["right"]["id"]}


def test_a_leak_shows_the_later_split_on_the_left(app: App) -> None:
    found = app.get("/api/pairs?kind=leak")
    assert (found["total"], found["found"]) == (1, 1)
    [pair] = found["pairs"]
    assert pair["left"]["id"] == "test/A/leak"
    assert pair["right"]["id"] == "train/A/a"
    assert pair["correlation"] == 1
    assert pair["reason"] == "the same pixels, in test and in train"


def test_only_the_same_pixels_are_told_as_the_same(make_tree: Callable[..., Path]) -> None:
    brighter = np.clip(smooth(0).astype(int) + 1, 0, 255).astype(np.uint8)
    with opened(
        make_tree({"train/A/a.png": smooth(0), "test/A/b.png": brighter}), audited=True
    ) as app:
        [pair] = app.get("/api/pairs?kind=leak")["pairs"]
        assert pair["correlation"] == 0.9999
        assert pair["reason"] == "correlation 0.999, in test and in train"


def test_near_duplicates_are_told_with_their_correlation(app: App) -> None:
    [pair] = app.get("/api/pairs?kind=near")["pairs"]
    assert names(pair) == {"train/A/near1", "train/A/near2"}
    assert 0.98 <= pair["correlation"] < 1
    assert pair["reason"] == f"correlation {min(pair['correlation'], 0.999):.3f}"


def test_a_picture_under_two_labels_is_a_conflict(app: App) -> None:
    [pair] = app.get("/api/pairs?kind=conflict")["pairs"]
    assert names(pair) == {"train/A/two", "train/B/two"}
    assert set(app.ids("finding=label-conflict")) <= names(pair)


def test_pairs_that_were_looked_at_can_be_left_out(app: App) -> None:
    body = {"id": "test/A/leak", "was": "A", "action": "exclude"}
    assert app.client.post("/api/marks", json=body).status_code == 200
    assert app.get("/api/pairs?kind=leak&marked=hide")["total"] == 0
    [pair] = app.get("/api/pairs?kind=leak")["pairs"]
    assert pair["left"]["mark"]["action"] == "exclude"


def test_clusters_come_the_largest_first(app: App) -> None:
    found = app.get("/api/groups")
    sizes = [one["size"] for one in found["groups"]]
    assert sizes == sorted(sizes, reverse=True)
    some = [{one["id"] for one in group["samples"]} for group in found["groups"]]
    assert {"train/A/near1", "train/A/near2"} in some
    assert len(app.get("/api/groups?members=1")["groups"][0]["samples"]) == 1
    assert set(app.ids("finding=near-duplicates")) == set().union(*some)


def test_a_sample_tells_its_twins_and_findings(app: App) -> None:
    [leak] = app.get("/api/samples?finding=leak")["samples"]
    page = app.get(f"/api/samples/{leak['n']}")
    assert "train/A/a" in {twin["sample"]["id"] for twin in page["twins"]}
    assert any("train/A/a" in one["message"] for one in page["findings"])
    assert page["measures"]["sharpness"] > 0
    assert page["cluster"] is not None


def test_all_pairs_are_a_table(app: App) -> None:
    rows = list(csv.DictReader(StringIO(app.client.get("/api/pairs.csv?kind=leak").text)))
    assert [(row["left"], row["right"], row["correlation"]) for row in rows] == [
        ("test/A/leak", "train/A/a", "1.0000")
    ]


def test_the_verdict_knows_the_leak(app: App) -> None:
    found = app.get("/api/dataset")
    assert found["verdict"]["level"] == "misleading"
    assert any("near-twin" in one or "Train" in one for one in found["certificate"])
    kinds = {one["kind"]: one for one in found["findings"]}
    assert kinds["leak"]["n"] == 1
    assert kinds["leak"]["counts"]
    assert found["pairs"]["leak"] == 1


def test_an_audit_in_a_process_of_its_own_finds_the_same(tree: Path) -> None:
    audit = BackgroundAudit()
    try:
        audit.start([tree], ReadOptions(), 1)
        assert audit.state == "running"
        wait(audit)
        assert (audit.state, audit.failure) == ("done", "")
        assert audit.found is not None
        assert len(audit.found.pairs["leak"].first) == 1
        assert audit.found.numbers["leak"] == [0]
    finally:
        audit.close()


def test_an_audit_that_fails_says_why(make_tree: Callable[..., Path]) -> None:
    audit = BackgroundAudit()
    try:
        audit.start([make_tree({"A/a.png": b"\x89PNG\r\n\x1a\n"})], ReadOptions(), 1)
        wait(audit)
        assert audit.state == "failed"
        assert "nothing could be read" in audit.failure
    finally:
        audit.close()


def test_an_audit_whose_process_dies_is_told(make_tree: Callable[..., Path]) -> None:
    audit = BackgroundAudit()
    try:
        audit.start([make_tree({f"A/{i}.png": picture(i) for i in range(50)})], ReadOptions(), 1)
        assert audit._process is not None
        audit._process.kill()
        wait(audit)
        assert audit.state == "failed"
        assert "ended without an answer" in audit.failure
    finally:
        audit.close()


def wait(audit: BackgroundAudit) -> None:
    end = time.monotonic() + 60
    while audit.state == "running":
        assert time.monotonic() < end
        time.sleep(0.05)
