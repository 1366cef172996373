"""Looking at every sample: figures, digests, thumbnails; the same with any workers."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from signdata.formats.batches import ListBatch
from signdata.formats.csv.rows_as_samples import CsvPixels
from signdata.formats.open import open_dataset
from signdata.formats.trees.picture_files import PictureFiles
from signdata.samples import ArrayPixels, Pixels, Sample
from signdata.similarity.fingerprints import CLIP_FRAMES, CLIP_SIDE, SIDE, fingerprint, side_for
from tests.conftest import picture


@pytest.fixture
def n_together(monkeypatch):
    """How many stills were read together, each time."""
    told = []
    for kind in (PictureFiles, CsvPixels):

        def counted(cls, pixels, together=kind.together):
            stills = together(pixels)
            if stills is not None:
                told.append(len(pixels))
            return stills

        monkeypatch.setattr(kind, "together", classmethod(counted))
    return told


def test_figures_of_a_still(make_tree):
    tree = make_tree(
        {
            "train/A/1.png": np.full((6, 4, 1), 40, np.uint8),
            "test/B/2.png": picture(2, 8, 8, 3),
        }
    )
    found = fingerprint(open_dataset(tree), workers=1)
    blank, noise = sorted(found.samples, key=lambda one: one.label)
    assert (blank.id, blank.label, blank.split) == ("train/A/1", "A", "train")
    assert (blank.size_hw, blank.channels, blank.n_frames) == ((6, 4), 1, 1)
    assert (blank.mean, blank.deviation, blank.sharpness) == (40, 0, 0)
    assert (noise.channels, noise.path) == (3, str(tree / "test/B/2.png"))
    assert noise.deviation > 30
    assert noise.sharpness > 1000
    assert found.thumbnails.shape == (2, SIDE**2)
    assert not blank.frozen
    assert not noise.frozen


def test_pictures_of_28x28_are_their_own_thumbnails(make_csv):
    rows = [(i, *picture(i, 28, 28).ravel()) for i in range(3)]
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 785))])
    reader = open_dataset(make_csv(rows, header=header))
    assert side_for(reader) == 28
    found = fingerprint(reader, workers=1)
    assert np.array_equal(found.thumbnails[2], picture(2, 28, 28).ravel())
    assert found.per_batch == [3]


def test_equal_pixels_have_equal_digests_whatever_holds_them(make_tree, make_csv):
    tree = make_tree({"A/1.png": picture(0), "A/2.png": picture(0), "A/3.png": picture(1)})
    one, again, other = fingerprint(open_dataset(tree), workers=1).samples
    [row] = fingerprint(open_dataset(make_csv([(0, *picture(0).ravel())])), workers=1).samples
    assert one.sha256 == again.sha256 == row.sha256 != other.sha256


def test_what_cannot_be_read_is_kept_and_named(make_tree):
    found = fingerprint(open_dataset(make_tree({"A/1.png": b"no picture", "A/2.png": picture(1)})))
    bad, good = found.samples
    assert bad.error is not None
    assert good.error is None
    assert not found.thumbnails[0].any()
    assert [one.id for one in found.readable.samples] == ["A/2"]
    assert len(found.readable.thumbnails) == 1


def test_figures_of_a_clip(make_frames, make_tree):
    still = {f"b/frozen/img_{i:05d}.png": picture(3) for i in range(1, 6)}
    moves = {f"b/moves/img_{i:05d}.png": picture(i) for i in range(1, 6)}
    poses = {f"b/moves/img_{i:05d}.json": b"{}" for i in range(1, 4)}
    found = fingerprint(open_dataset(make_tree({**still, **moves, **poses})), workers=1)
    frozen, moving = found.samples
    assert (frozen.frozen, frozen.n_frames, frozen.n_poses) == (True, 5, 0)
    assert (moving.frozen, moving.n_frames, moving.n_poses) == (False, 5, 3)
    assert found.thumbnails.shape == (2, CLIP_FRAMES * CLIP_SIDE**2)
    # one frame is no clip that stands still
    [one] = fingerprint(open_dataset(make_frames({"b/one": 1})), workers=1).samples
    assert not one.frozen


def test_workers_change_nothing(make_tree):
    tree = make_tree({f"{'AB'[i % 2]}/{i}.png": picture(i) for i in range(150)})
    one, two = (fingerprint(open_dataset(tree), workers=n) for n in (1, 2))
    assert one.samples == two.samples
    assert np.array_equal(one.thumbnails, two.thumbnails)
    assert sum(two.per_batch) == 150


@dataclass(frozen=True)
class Deadly(Pixels):
    """Ends the process that reads it."""

    def frames(self):
        os._exit(9)


def test_a_sample_that_kills_its_worker_is_named(monkeypatch, make_tree):
    reader = open_dataset(make_tree())
    good = Sample("A/good", "A", ArrayPixels(picture(1)))
    batch = ListBatch("0", (good, Sample("A/bad", "A", Deadly()), good))
    monkeypatch.setattr(reader, "batches", lambda: iter([batch]))
    found = fingerprint(reader, workers=2)
    assert [one.error is None for one in found.samples] == [True, False, True]
    assert found.samples[1].id == "A/bad"
    assert found.samples[1].error.kind == "crash"
    assert found.per_batch == [3]


def test_progress_is_told(make_tree):
    told = []
    fingerprint(open_dataset(make_tree()), workers=1, progress=lambda *seen: told.append(seen))
    assert told[-1] == (6, 6)


@pytest.mark.parametrize("n", [1, 2, 4, 9])
def test_a_clip_of_any_length_has_a_thumbnail(make_frames, n):
    found = fingerprint(open_dataset(make_frames({"a/x": n})), workers=1)
    rows = found.thumbnails.reshape(CLIP_FRAMES, -1)
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)


def same(monkeypatch, reader):
    """Assert that stills read together have the fingerprints of those read alone; return them."""
    together = fingerprint(reader, workers=1)
    with monkeypatch.context() as patch:
        for kind in (PictureFiles, CsvPixels):
            patch.setattr(kind, "reads_together", False)
        alone = fingerprint(reader, workers=1)
    assert [*map(repr, together.samples)] == [
        *map(repr, alone.samples)
    ]  # two errors are never equal
    assert np.array_equal(together.thumbnails, alone.thumbnails)
    assert together.per_batch == alone.per_batch
    return together


@pytest.mark.parametrize("size", [(28, 28), (1, 1), (3, 50), (33, 32), (97, 130)])
@pytest.mark.parametrize("channels", [1, 3])
def test_stills_read_together_have_the_same_figures(
    monkeypatch, make_tree, size, channels, n_together
):
    pictures = {f"A/{i:03d}.png": picture(i, *size, channels) for i in range(70)}
    pictures["B/blank.png"] = np.full((*size, channels), 7, np.uint8)
    found = same(monkeypatch, open_dataset(make_tree(pictures)))
    assert n_together == [64, 7]
    assert len({one.deviation for one in found.samples}) == (71 if size != (1, 1) else 1)


def test_rows_read_together_have_the_same_figures(monkeypatch, make_csv, n_together):
    rows = [(i % 5, *picture(i, 28, 28).ravel()) for i in range(90)]
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 785))])
    same(monkeypatch, open_dataset(make_csv(rows, header=header)))
    assert n_together == [90]


@pytest.mark.parametrize("odd", [b"no picture", picture(1, 5, 9), picture(1, 8, 8, 3)])
def test_one_picture_unlike_the_others(monkeypatch, make_tree, odd, n_together):
    pictures = {f"A/{i:03d}.png": picture(i, 8, 8) for i in range(70)}
    same(monkeypatch, open_dataset(make_tree({**pictures, "A/020.png": odd})))
    assert n_together == [6]


def test_fingerprints_are_sent_whole(make_tree):
    found = fingerprint(open_dataset(make_tree({"A/1.png": b"no picture", "A/2.png": picture(1)})))
    bad, good = pickle.loads(pickle.dumps(found.samples))
    assert good == found.samples[1]
    assert (str(bad.error), bad.id) == (str(found.samples[0].error), "A/1")
