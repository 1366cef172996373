"""Datasets in tars: those that signdata writes, and those of others."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import signdata
from signdata.errors import DatasetError, DecodeError, FormatError, MissingError, SigndataError
from signdata.formats.open import open_dataset
from signdata.formats.picture_options import PictureOptions
from signdata.formats.sharding import ShardOptions
from signdata.formats.webdataset import ustar
from signdata.formats.webdataset.fields import field_of, pixels_among
from signdata.formats.webdataset.writer import WebDatasetWriter
from signdata.formats.writer import Writer
from signdata.media.image import encode
from signdata.results import NOTE
from signdata.samples import ArrayPixels, Sample
from tests.videos import make_video

from .conformance import LONG, Conformance, clips, facts, stills

TWO = PictureOptions(shards=ShardOptions(shards=2))


def shards(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "data").iterdir())


def write_tar(path: Path, members: Mapping[str, bytes], form: int = tarfile.GNU_FORMAT) -> Path:
    """A tar as others write it: with times and owners, in any flavour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.uname = len(data), 1_700_000_000.5, "somebody"
            tar.addfile(info, io.BytesIO(data))
    return path


def png(number: int) -> bytes:
    return encode.encode(np.full((4, 6, 3), number, np.uint8), "png", 95)


class TestConformance(Conformance):
    def writer(self, out: Path) -> Writer:
        return WebDatasetWriter(TWO)

    def samples(self) -> list[Sample]:
        return stills(3)

    def damage(self, out: Path) -> str:
        shard = out / "data/validation-00001-of-00002.tar"
        os.truncate(shard, shard.stat().st_size - 1024)
        return "data/validation-00001-of-00002.tar: cut short"

    def make_long(self, out: Path) -> None:
        picture = encode.encode(np.zeros((1000, 1000, 3), np.uint8), "png", 95)
        write_tar(
            out / "train.tar",
            {
                f"{i}.{field}": data
                for i in range(LONG // 3_000_000 + 1)
                for field, data in (("png", picture), ("cls", b"0"))
            },
        )


class TestClips(TestConformance):
    test_a_long_input_does_not_fill_the_memory = None  # the same input as of stills

    def samples(self) -> list[Sample]:
        return clips()

    def damage(self, out: Path) -> str:
        shard = out / "data/train-00001-of-00002.tar"
        shard.write_bytes(shard.read_bytes().replace(b"IDAT", b"XDAT"))
        return "train-00001-of-00002.tar:000000002.f00001.png"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return TestConformance().write(tmp_path / "out")


# -- What is written


def test_a_sample_is_adjacent_members_that_say_all(out: Path) -> None:
    assert shards(out) == [
        f"{split}-{i:05d}-of-00002.tar" for split in ("test", "train", "validation") for i in (0, 1)
    ]
    with tarfile.open(out / "data/test-00001-of-00002.tar") as tar:
        members = tar.getmembers()
        found = {member.name: tar.extractfile(member).read() for member in members}
    assert list(found) == ["000000004.png", "000000004.cls", "000000004.json"]
    assert {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in members} == {
        (0, 0, 0, "", 0o644)
    }
    assert found["000000004.cls"] == b"2"
    described = json.loads(found["000000004.json"])
    row = signdata.manifest(out).set_index("id").loc["test/C/5"]
    assert described == {
        "id": "test/C/5",
        "label": "C",
        "split": "test",
        "group": "signer 0",
        "signer": "0",
        "source": "picture 4",
        "sha256": row.sha256,
        "note": 'a "quoted", text',
    }


def test_the_index_says_where_each_sample_is(out: Path) -> None:
    with gzip.open(out / "index.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == {sample.id for sample in stills()}
    for row in rows:
        with (out / row["shard"]).open("rb") as shard:
            data = os.pread(shard.fileno(), int(row["length"]), int(row["offset"]))
        read = lambda size, offset, data=data: data[offset : offset + size]  # noqa: E731
        members = list(ustar.members(read, len(data), "memory"))
        text = data[members[-1].offset : members[-1].offset + members[-1].size]
        assert json.loads(text)["id"] == row["id"]


def test_shards_are_listed_with_their_digests(out: Path) -> None:
    import hashlib

    with (out / "shards.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["shard"] for row in rows][:3] == [
        "data/train-00000-of-00002.tar",
        "data/train-00001-of-00002.tar",
        "data/validation-00000-of-00002.tar",
    ]
    for row in rows:
        data = (out / row["shard"]).read_bytes()
        assert row["bytes"] == str(len(data))
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
    assert sum(int(row["samples"]) for row in rows) == len(stills())


def test_classes_keep_their_numbers_when_a_class_cannot_be_read(
    tmp_path: Path, make_tree: Callable[..., Path]
) -> None:
    root = make_tree({"A/1.png": b"damaged", "B/1.png": np.full((4, 4, 1), 9, np.uint8)})
    result = signdata.convert(
        root, tmp_path / "out", to_format="webdataset", on_error="skip", workers=1
    )
    assert (result.read, result.written, result.failed) == (2, 1, 1)
    names = shards(tmp_path / "out")
    assert names == ["train-00000-of-00002.tar", "train-00001-of-00002.tar"]
    with tarfile.open(tmp_path / "out/data" / names[0]) as tar:
        assert tar.getnames() == []
    with tarfile.open(tmp_path / "out/data" / names[1]) as tar:
        assert tar.extractfile("000000001.cls").read() == b"1"
    assert (tmp_path / "out/classes.txt").read_text() == "A\nB\n"
    assert signdata.verify(tmp_path / "out", workers=1).exit_code == 0


def test_original_bytes_of_pictures_are_kept(tmp_path: Path) -> None:
    picture = encode.encode(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), "jpg", 80)
    (tmp_path / "in/A").mkdir(parents=True)
    (tmp_path / "in/A/1.jpg").write_bytes(picture)
    signdata.convert(tmp_path / "in", tmp_path / "out", to_format="webdataset", workers=1)
    with tarfile.open(tmp_path / "out/data/train-00000-of-00001.tar") as tar:
        assert tar.extractfile("000000000.jpg").read() == picture
    assert [sample.split for sample in open_dataset(tmp_path / "out")] == [""]


def test_whole_videos_are_stored_as_they_are(tmp_path: Path) -> None:
    for name, n in (("book/1", 3), ("drink/2", 5)):
        make_video(tmp_path / f"in/{name}.mp4", n)
    out = tmp_path / "out"
    signdata.convert(tmp_path / "in", out, to_format="webdataset", workers=1)
    with tarfile.open(out / "data/train-00001-of-00002.tar") as tar:
        assert tar.getnames()[0] == "000000001.mp4"
        stored = tar.extractfile("000000001.mp4").read()
    assert stored == (tmp_path / "in/drink/2.mp4").read_bytes()
    assert signdata.verify(tmp_path / "in", out, workers=1).exit_code == 0
    assert signdata.verify(out, workers=1).details["checked"] == 2

    signdata.extract_frames(out, tmp_path / "frames", frames=2, workers=1)
    signdata.extract_frames(tmp_path / "in", tmp_path / "others", frames=2, workers=1)
    assert signdata.verify(tmp_path / "frames", tmp_path / "others", workers=1).exit_code == 0


def test_videos_become_frames_where_pictures_are_asked_for(tmp_path: Path) -> None:
    make_video(tmp_path / "in/book/1.mp4", 3)
    out = tmp_path / "out"
    signdata.convert(
        tmp_path / "in", out, to_format="webdataset", image_format="jpg", frames=2, workers=1
    )
    with tarfile.open(out / "data/train-00000-of-00001.tar") as tar:
        assert tar.getnames() == [
            "000000000.f00001.jpg",
            "000000000.f00002.jpg",
            "000000000.cls",
            "000000000.json",
        ]
    with pytest.raises(FormatError, match="holds pictures; expected videos"):
        signdata.extract_frames(out, tmp_path / "frames", workers=1)


def test_a_video_that_ends_early_is_not_stored(tmp_path: Path) -> None:
    good = make_video(tmp_path / "in/book/1.mp4", 8)
    (tmp_path / "in/book/2.mp4").write_bytes(good.read_bytes()[:-200])
    result = signdata.convert(
        tmp_path / "in", tmp_path / "out", to_format="webdataset", on_error="skip", workers=1
    )
    assert (result.written, result.failed) == (1, 1)


def test_keypoints_and_times_travel(tmp_path: Path) -> None:
    frame = np.full((4, 4, 3), 7, np.uint8)
    pose = b'{"people":[{"pose_keypoints_2d":[1,1,1]}]}'
    for place in ("clips/book/1/img_00001", "stills/A/1"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / f"{place}.png").write_bytes(encode.encode(frame, "png", 95))
        (tmp_path / f"{place}.json").write_bytes(pose)
    (tmp_path / "clips/book/1/times.csv").write_text("frame,seconds\n1,0.400000\n")
    (tmp_path / "stills/manifest.csv").write_text("id,path,label\nx,A/1.png,A\n")
    for name in ("clips", "stills"):
        signdata.convert(tmp_path / name, tmp_path / f"{name}-tars", to_format="webdataset")
        (sample,) = open_dataset(tmp_path / f"{name}-tars")
        assert sample.pixels.companion(0) == (".json", pose)
        assert sample.pixels.times() == ((0.4,) if name == "clips" else ())


def test_samples_with_and_without_a_split_are_refused(tmp_path: Path) -> None:
    pixels = ArrayPixels(np.zeros((2, 2, 1), np.uint8))
    mixed = [Sample("1", "A", pixels, split="train"), Sample("2", "A", pixels)]
    with pytest.raises(DatasetError, match="some samples have a split and others none"):
        TestConformance().write(tmp_path / "out", mixed)
    assert not (tmp_path / "out").exists()


# -- Damage


def swap(out: Path) -> None:
    one, two = (out / "data" / f"train-0000{i}-of-00002.tar" for i in (0, 1))
    one.rename(out / "x")
    two.rename(one)
    (out / "x").rename(two)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


SHARD = "data/train-00000-of-00002.tar"
DAMAGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "cut": (lambda out: os.truncate(out / SHARD, 2048), "corrupt", "cut short; expected"),
    "missing": (lambda out: (out / SHARD).unlink(), "missing", "not there"),
    "extra": (lambda out: shutil.copy(out / SHARD, out / "data/x.tar"), "extra", "too many"),
    "swapped": (swap, "differs", "lists as data/train-00001-of-00002.tar: swapped"),
    "changed": (lambda out: flip(out / SHARD, 700), "differs", "checksum differs"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_verify_names_the_shard(name: str, out: Path) -> None:
    spoil, kind, message = DAMAGE[name]
    spoil(out)
    result = signdata.verify(out, workers=1)
    assert result.exit_code == 4
    place = "data/x.tar" if name == "extra" else SHARD
    (found,) = (one for one in result.problems if one.path == place and one.kind != NOTE)
    assert found.kind == kind
    assert message in found.message


def test_rows_that_the_manifest_lacks_are_told(out: Path) -> None:
    lines = (out / "manifest.csv").read_text().splitlines(keepends=True)
    lost = next(line for line in lines if SHARD in line)
    (out / "manifest.csv").write_text("".join(line for line in lines if line != lost))
    n = sum(SHARD in line for line in lines)
    message = f"manifest.csv lists {n - 1} of its samples; expected {n}, as shards.csv says"
    assert [(one.path, one.message) for one in open_dataset(out).info.notes] == [(SHARD, message)]
    found = signdata.verify(out, workers=1)
    told = [(one.path, one.message) for one in found.problems if one.kind == "differs"]
    assert (found.exit_code, told[0]) == (4, (SHARD, message))


def test_an_index_that_is_another_one_is_told(out: Path) -> None:
    place = out / "index.csv.gz"
    text = gzip.decompress(place.read_bytes())
    for data, message in (
        (gzip.compress(text.replace(b",0,", b",512,")), "line 2 says something else"),
        (gzip.compress(text + b"x,y,1,2\n"), "says something else than the manifest"),
        (place.read_bytes()[:-9], "damaged"),
        (b"text", "damaged"),
    ):
        place.write_bytes(data)
        result = signdata.verify(out, workers=1)
        (found,) = (one for one in result.problems if one.kind != NOTE)
        assert (result.exit_code, found.path, message in found.message) == (4, place.name, True)
    place.unlink()  # it is for others
    (out / SHARD).unlink()
    assert signdata.verify(out, workers=1).problems[0].kind == "missing"


def test_a_number_that_is_missing_among_tars_of_others(tmp_path: Path) -> None:
    for number in (0, 2):
        name = f"train-{number:05d}-of-00003.tar"
        write_tar(tmp_path / name, {f"s{number}.cls": b"A", f"s{number}.png": png(number)})
    with pytest.raises(MissingError, match=r"train-00001-of-00003.tar: not there; expected 3"):
        open_dataset(tmp_path)


def test_a_shard_cut_between_two_samples_is_not_read_as_whole(out: Path, tmp_path: Path) -> None:
    rows = signdata.manifest(out)
    with_two = rows[rows.path == "data/train-00000-of-00002.tar"]
    os.truncate(out / SHARD, int(with_two.iloc[-1].shard_offset))
    with pytest.raises(SigndataError, match="cut short; expected"):
        signdata.convert(out, tmp_path / "tree", workers=1)
    result = signdata.convert(out, tmp_path / "tree", workers=1, on_error="skip")
    assert result.failed == len(with_two)
    assert result.written == len(rows) - len(with_two)


def test_another_split_is_read_without_the_missing_shard(out: Path) -> None:
    (out / SHARD).unlink()
    found = [facts(sample) for sample in open_dataset(out, split="test")]
    assert found == [facts(sample) for sample in stills(3) if sample.split == "test"]


def test_swapped_shards_give_no_wrong_sample(out: Path) -> None:
    swap(out)
    for sample in open_dataset(out, split="train"):
        with pytest.raises(SigndataError, match=r"another sample is there|cut short|longer"):
            list(sample.frames())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("data/train-00000", "../train-00000", "place in a shard"),
        (",0,", ",-1,", "place in a shard"),
        ("shard_offset", "elsewhere", "no column shard_offset"),
    ],
)
def test_a_manifest_that_leads_elsewhere_is_refused(
    out: Path, old: str, new: str, message: str
) -> None:
    file = out / "manifest.csv"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(FormatError, match=message):
        open_dataset(out)


# -- Tars of others


def test_without_its_sidecars_it_is_read_from_the_tars(out: Path) -> None:
    for name in ("manifest.csv", "shards.csv", "index.csv.gz", "classes.txt", "signdata.json"):
        (out / name).unlink()
    found = sorted((facts(sample) for sample in open_dataset(out)), key=lambda one: one["id"])
    assert found == sorted((facts(one) for one in stills(3)), key=lambda one: one["id"])


def test_numbers_mean_the_lines_of_classnames(tmp_path: Path) -> None:
    root = tmp_path / "set"
    write_tar(root / "train/0.tar", {"s0.cls": b"1", "s0.png": png(1), "s1.png": png(2)})
    write_tar(root / "test/0.tar", {"s0.png": png(3), "s0.cls": b"0\n"})
    (root / "classnames.txt").write_text("apple\nbread\n")
    found = list(open_dataset(root))
    assert [(one.id, one.label, one.split) for one in found] == [
        ("test/0/s0", "apple", "test"),
        ("train/0/s0", "bread", "train"),
        ("s1", "", "train"),
    ]
    assert next(found[1].frames())[0, 0, 0] == 1
    with pytest.raises(FormatError, match="no label in it"):
        list(found[2].frames())


LONG_NAME = "a/" * 60 + "0"
FLAVOURS = {"gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT, "ustar": tarfile.USTAR_FORMAT}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_of_tar_is_read(tmp_path: Path, flavour: str) -> None:
    name = LONG_NAME if flavour == "ustar" else f"{'b' * 150}ü"
    path = write_tar(
        tmp_path / "x.tar",
        {
            f"{name}.PNG": png(5),
            f"{name}.json": b'{"label": 3, "caption": "a sign", "w": 6, "deep": {}}',
            "._0.png": b"of a Mac",
        },
        FLAVOURS[flavour],
    )
    (sample,) = open_dataset(path)
    assert (sample.id, sample.label, dict(sample.meta)) == (
        name,
        "3",
        {"caption": "a sign", "w": "6"},
    )
    assert next(sample.frames()).shape == (4, 6, 3)


def test_two_tars_put_together_are_read_whole(tmp_path: Path) -> None:
    parts = [write_tar(tmp_path / f"{i}.x", {f"{i}.png": png(i), f"{i}.cls": b"0"}) for i in (1, 2)]
    (tmp_path / "both.tar").write_bytes(b"".join(part.read_bytes() for part in parts))
    assert [sample.id for sample in open_dataset(tmp_path / "both.tar")] == ["1", "2"]


def test_a_tar_that_lacks_its_end_is_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {"1.png": png(1), "1.cls": b"0"})
    os.truncate(path, 512 * 4)
    (note,) = open_dataset(path).info.notes
    assert "may be cut short" in note.message
    os.truncate(path, 512 + 20)
    with pytest.raises(FormatError, match="cut short"):
        open_dataset(path, format="webdataset")


def test_a_flipped_bit_in_a_header_is_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {"1.png": png(1), "1.cls": b"0"})
    flip(path, 1024 + 3)
    with pytest.raises(FormatError, match=r"byte 1,024: a damaged header"):
        open_dataset(path, format="webdataset")


def test_members_that_are_not_together_are_told(tmp_path: Path) -> None:
    members = {"1.png": png(1), "2.png": png(2), "1.cls": b"0", "2.cls": b"0"}
    path = write_tar(tmp_path / "x.tar", members)
    with pytest.raises(FormatError, match="'1' are not next to each other"):
        open_dataset(path, format="webdataset")


def test_which_of_several_pictures_is_asked(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "x.tar", {"1.left.png": png(1), "1.right.png": png(2), "1.cls": b"0"}
    )
    with pytest.raises(FormatError, match=r"left\.png, right\.png.*--path-column"):
        open_dataset(path)
    (sample,) = open_dataset(path, path_column="right.png")
    assert next(sample.frames())[0, 0, 0] == 2


def test_another_field_may_be_the_label(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {"1.png": png(1), "1.json": b'{"word": "tea"}'})
    with pytest.raises(FormatError, match="without labels in it"):
        open_dataset(path)
    assert [one.label for one in open_dataset(path, label_column="word")] == ["tea"]


def test_a_tar_of_class_folders_is_an_archive(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "asl.tar", {"x.csv": b"0", "A/1.png": png(1), "B/2.png": png(2)})
    with pytest.raises(FormatError, match=r"an archive without labels.*tar -xf asl\.tar"):
        open_dataset(path)


@pytest.mark.parametrize("field", ["cls.txt", "label", "label.txt", "class", "class.txt"])
def test_a_text_says_the_label(field: str, tmp_path: Path) -> None:
    write_tar(tmp_path / "0.tar", {"s.png": png(1), f"s.{field}": b"apple\n"})
    assert [sample.label for sample in open_dataset(tmp_path)] == ["apple"]


def test_what_belongs_to_no_sample_is_told(tmp_path: Path) -> None:
    beside = {"LICENSE.md": b"x", "README.txt": b"x"}
    write_tar(tmp_path / "0.tar", {**beside, "s.png": png(1), "s.cls": b"A"})
    reader = open_dataset(tmp_path)
    assert [sample.id for sample in reader] == ["s"]
    what = "2 that belong to no sample: not read"
    assert [(one.path, one.where, one.message) for one in reader.info.notes] == [
        ("0.tar", "LICENSE", what)
    ]


@pytest.mark.parametrize("number", [b"-1", b"2", b"9" * 5000])
def test_a_number_that_no_class_has(number: bytes, tmp_path: Path) -> None:
    members = {"s.png": png(1), "s.cls": number, "t.png": png(2), "t.cls": b"1"}
    write_tar(tmp_path / "0.tar", members)
    (tmp_path / "classes.txt").write_text("apple\nbread\n")
    broken, whole = open_dataset(tmp_path)
    assert whole.label == "bread"
    with pytest.raises(FormatError, match="expected 0 to 1, as classes are named"):
        list(broken.frames())


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    members = {"\xe9.png": png(1), "\xe9.cls": b"A", "t.png": b"x", "t.cls": b"A"}
    with tarfile.open(
        tmp_path / "0.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1"
    ) as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    done = signdata.convert(tmp_path / "0.tar", tmp_path / "a.h5", on_error="skip", workers=1)
    assert (done.written, done.failed) == (1, 1)
    assert [sample.id for sample in open_dataset(tmp_path / "a.h5")] == ["\\xe9"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b"x" * 600, mtime=0), "compressed with gzip; expected a plain tar"),
        (bytes(1024), "no samples in it"),
    ],
    ids=["gzip", "empty"],
)
def test_files_that_only_end_in_tar(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "0.tar").write_bytes(data)
    with pytest.raises(FormatError, match=message):
        open_dataset(tmp_path / "0.tar")


def test_some_tars_say_their_split_and_others_none(tmp_path: Path) -> None:
    for name in ("train", "more"):
        write_tar(tmp_path / f"{name}.tar", {f"{name}.png": png(1), f"{name}.cls": b"A"})
    with pytest.raises(FormatError, match=r"more.tar: no split in its name, and others have one"):
        open_dataset(tmp_path)


def test_tars_that_are_named_are_joined_by_their_splits(tmp_path: Path) -> None:
    paths = [
        write_tar(tmp_path / f"{split}-0.tar", {"1.png": png(i), "1.cls": b"0"})
        for i, split in enumerate(("train", "test"))
    ]
    found = [(one.id, one.split) for one in open_dataset(paths)]
    assert found == [("train/1", "train"), ("test/1", "test")]


def test_one_sample_of_others_that_is_damaged_costs_itself(tmp_path: Path) -> None:
    members = {"1.png": png(1), "1.cls": b"0", "2.png": png(2), "2.json": b"{", "3.cls": b"1"}
    first, second, third = open_dataset(write_tar(tmp_path / "x.tar", members))
    assert next(first.frames()).shape == (4, 6, 3)
    with pytest.raises(FormatError, match=r"x\.tar:2: its JSON is no object"):
        list(second.frames())
    with pytest.raises(FormatError, match=r"x\.tar:3: no picture and no video"):
        list(third.frames())


def test_frames_of_others_are_a_clip_in_the_order_of_their_numbers() -> None:
    assert pixels_among(["10.jpg", "9.jpg", "cls"], None) == ("9.jpg", "10.jpg")
    assert field_of("a.b/c.d.JPG") == ("a.b/c", "d.jpg")


def test_videos_of_others_are_clips(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 4).read_bytes()
    path = write_tar(tmp_path / "x.tar", {"1.mp4": video, "1.cls": b"0"})
    reader = open_dataset(path)
    assert reader.info.kind == "clip"
    (sample,) = reader
    assert len(list(sample.frames())) == 4
    cut = write_tar(tmp_path / "y.tar", {"1.mp4": video[:-100], "1.cls": b"0"})
    (sample,) = open_dataset(cut)
    with pytest.raises(DecodeError, match=r"y\.tar:1\.mp4"):
        list(sample.frames())


# -- Programs of others


leaves_files_open = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
"""As webdataset does."""


def names_of(out: Path, split: str) -> list[str]:
    return [str(path) for path in sorted((out / "data").glob(f"{split}-*.tar"))]


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pictures whose ids have dots, in four shards."""
    pixels = [ArrayPixels(np.full((4, 6, 3), i, np.uint8)) for i in range(30)]
    samples = [
        Sample(f"v1.{i}", "AB"[i % 2], one, "train", source=f"{i}.png")
        for i, one in enumerate(pixels)
    ]
    conformance = TestConformance()
    conformance.writer = lambda out: WebDatasetWriter(  # type: ignore[method-assign]
        PictureOptions(shards=ShardOptions(shards=4))
    )
    return conformance.write(tmp_path_factory.mktemp("tars") / "out", samples)


@leaves_files_open
def test_webdataset_reads_every_sample(thirty: Path) -> None:
    wds = pytest.importorskip("webdataset")
    rows = wds.WebDataset(names_of(thirty, "train"), shardshuffle=False).decode("rgb8")
    found = [(row["json"]["id"], row["cls"], int(row["png"][0, 0, 0])) for row in rows]
    assert found == [(f"v1.{i}", i % 2, i) for i in range(30)]


@leaves_files_open
def test_workers_of_a_data_loader_read_every_sample_once(thirty: Path) -> None:
    wds = pytest.importorskip("webdataset")
    torch = pytest.importorskip("torch")
    rows = wds.WebDataset(names_of(thirty, "train"), shardshuffle=False).to_tuple("json")
    loader = torch.utils.data.DataLoader(rows, batch_size=None, num_workers=2)
    assert sorted(json.loads(row)["id"] for (row,) in loader) == sorted(
        f"v1.{i}" for i in range(30)
    )


def test_hugging_face_streams_every_sample(thirty: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    found = datasets.load_dataset(str(thirty), streaming=True, cache_dir=str(tmp_path))
    assert list(found) == ["train"]
    rows = list(found["train"])
    assert [(row["json"]["id"], row["cls"]) for row in rows] == [
        (f"v1.{i}", i % 2) for i in range(30)
    ]
    assert np.asarray(rows[7]["png"])[0, 0, 0] == 7


@leaves_files_open
def test_what_webdataset_writes_is_read(tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset")
    with wds.TarWriter(str(tmp_path / "train-0.tar")) as sink:
        for i in range(5):
            picture = np.full((4, 6, 3), i, np.uint8)
            sink.write(
                {"__key__": f"{i:03d}", "png": picture, "cls": i % 2, "json": {"signer": "7"}}
            )
    found = list(open_dataset(tmp_path / "train-0.tar"))
    assert [(one.id, one.label, dict(one.meta)) for one in found] == [
        (f"{i:03d}", str(i % 2), {"signer": "7"}) for i in range(5)
    ]
    assert [int(next(one.frames())[0, 0, 0]) for one in found] == list(range(5))


def test_kinds_of_errors(tmp_path: Path, main: Callable[..., Any]) -> None:
    (tmp_path / "empty").mkdir()
    ran = main("info", tmp_path / "empty", "--from", "webdataset")
    assert ran.returncode == 4
    assert "no tars; expected" in ran.error
    ran = main("convert", tmp_path / "empty", tmp_path / "x", "--shards", 3)
    assert ran.returncode == 4
