"""WLASL: official splits, signers, missing videos, an index of strangers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import pytest
from PIL import Image

import signdata
from signdata import sidecars
from signdata.errors import FormatError, MissingError, UnsafeNameError
from signdata.formats.clip_choice import Choice
from signdata.formats.wlasl.reader import WlaslReader
from signdata.results import Result
from tests.videos import indices_in, make_index, make_video, read_index


def instance(video_id: str, **more: Any) -> dict[str, Any]:
    return {
        "video_id": video_id,
        "split": "train",
        "signer_id": 7,
        "source": "aslpro",
        "url": "https://example.org/x",
        "fps": 25,
        "frame_start": 1,
        "frame_end": -1,
        "bbox": [1, 2, 30, 40],
        "instance_id": 0,
        "variation_id": 0,
        **more,
    }


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Two glosses, three instances; one of the videos is missing."""
    content = [
        {"gloss": "book", "instances": [instance("00001"), instance("00002", split="test")]},
        {"gloss": "thank you", "instances": [instance("00003", signer_id=8)]},
    ]
    path = tmp_path / "WLASL_v0.3.json"
    path.write_text(json.dumps(content))
    make_video(tmp_path / "videos/00001.mp4", 4)
    make_video(tmp_path / "videos/00003.mp4", 5)
    return path


def test_what_an_instance_says_reaches_the_manifest(index: Path, tmp_path: Path) -> None:
    result = signdata.extract_frames(index, tmp_path / "out")
    assert (result.read, result.written, result.skipped, result.failed) == (3, 2, 1, 0)
    assert result.exit_code == 3
    assert len(list((tmp_path / "out/train/book/00001").iterdir())) == 4
    assert len(list((tmp_path / "out/train/thank_you/00003").iterdir())) == 5
    samples = {sample.id: sample for sample in signdata.open_dataset(tmp_path / "out")}
    assert samples["00003"].label == "thank you"
    assert samples["00003"].group == "8"
    assert samples["00001"].meta["signer"] == "7"
    assert samples["00001"].meta["bbox"] == "1 2 30 40"
    assert samples["00001"].split == "train"


def test_a_video_found_since_is_added(index: Path, tmp_path: Path) -> None:
    signdata.extract_frames(index, tmp_path / "out")
    make_video(tmp_path / "videos/00002.mp4", 6)
    result = signdata.extract_frames(index, tmp_path / "out")
    assert (result.read, result.written, result.skipped, result.exit_code) == (3, 3, 0, 0)
    signdata.extract_frames(index, tmp_path / "anew")
    ours = {p.relative_to(tmp_path / "out"): p.read_bytes() for p in tmp_path.glob("out/**/*.*")}
    anew = {p.relative_to(tmp_path / "anew"): p.read_bytes() for p in tmp_path.glob("anew/**/*.*")}
    assert ours == anew


def test_splits_can_be_left_out(index: Path, tmp_path: Path) -> None:
    signdata.extract_frames(index, tmp_path / "out", official_splits=False)
    assert (tmp_path / "out/book/00001/img_00001.jpg").exists()


def test_videos_may_lie_elsewhere(index: Path, tmp_path: Path) -> None:
    (tmp_path / "videos").rename(tmp_path / "elsewhere")
    with pytest.raises(MissingError, match="--videos"):
        signdata.extract_frames(index, tmp_path / "out")
    result = signdata.extract_frames(index, tmp_path / "out", videos=tmp_path / "elsewhere")
    assert result.written == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no instances"),
        ("{}", r"expected \[\{gloss"),
        ('[{"gloss": 3, "instances": []}]', r"\$\[0\]\.gloss"),
        ('[{"gloss": "a", "instances": [{"video_id": 5}]}]', r"instances\[0\]\.video_id"),
        ("[" * 100_000, "not a WLASL index"),
        ("", "not a WLASL index"),
    ],
)
def test_a_json_that_is_no_index_names_the_place(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "videos").mkdir()
    path = tmp_path / "index.json"
    path.write_text(content)
    with pytest.raises(FormatError, match=message):
        WlaslReader(path)


@pytest.mark.parametrize("video_id", ["../x", "/etc/passwd", "a/b", "CON", ""])
def test_a_video_id_cannot_leave_its_folder(tmp_path: Path, video_id: str) -> None:
    (tmp_path / "videos").mkdir()
    path = tmp_path / "index.json"
    path.write_text(json.dumps([{"gloss": "a", "instances": [instance(video_id)]}]))
    with pytest.raises(UnsafeNameError, match="video_id"):
        WlaslReader(path)


def test_one_video_under_two_glosses_and_two_ranges(tmp_path: Path) -> None:
    make_video(tmp_path / "videos/1.mp4", 20)
    index = make_index(
        tmp_path / "w.json",
        [
            {"video_id": "1", "gloss": "a", "frame_start": 1, "frame_end": 5, "signer_id": None},
            {"video_id": "1", "gloss": "a", "frame_start": 6, "frame_end": 9, "signer_id": None},
            {"video_id": "1", "gloss": "b", "frame_start": 1, "frame_end": 5, "split": "val"},
        ],
    )
    wanted = {"1": [0, 1, 2, 3, 4], "1-2": [5, 6, 7, 8], "1-3": [0, 1, 2, 3, 4]}
    result = signdata.extract_frames(index, tmp_path / "out", workers=1)
    assert (result.read, result.written) == (3, 3)
    assert any("2 further clips" in problem.message for problem in result.problems)
    rows = {row["id"]: row for row in sidecars.read_rows(tmp_path / "out/manifest.csv")}
    assert {
        name: indices_in(tmp_path / "out" / row["path"]) for name, row in rows.items()
    } == wanted
    assert {name: row["group"] for name, row in rows.items()} == {"1": "1", "1-2": "1", "1-3": "7"}
    signdata.trim(index, tmp_path / "cut", workers=1)
    again = signdata.extract_frames(tmp_path / "cut", tmp_path / "again", workers=1)
    assert again.written == 3
    rows = {row["id"]: row for row in sidecars.read_rows(tmp_path / "again/manifest.csv")}
    assert {name: indices_in(tmp_path / "again" / row["path"]) for name, row in rows.items()} == (
        wanted
    )
    assert {name: row["label"] for name, row in rows.items()} == {"1": "a", "1-2": "a", "1-3": "b"}
    only = signdata.extract_frames(index, tmp_path / "only", split="val", workers=1)
    assert only.written == 1
    assert [row["id"] for row in sidecars.read_rows(tmp_path / "only/manifest.csv")] == ["1-3"]


def test_an_id_that_stands_twice_is_read_once_and_noted(tmp_path: Path) -> None:
    make_video(tmp_path / "videos/1.mp4", 2)
    path = tmp_path / "index.json"
    path.write_text(json.dumps([{"gloss": "a", "instances": [instance("1"), instance("1")]}]))
    reader = WlaslReader(path)
    assert len(list(reader)) == 1
    assert "appears twice" in reader.info.notes[0].message


def test_classes_are_the_selected_glosses_whether_or_not_a_video_is_there(tmp_path: Path) -> None:
    glosses = [str(number) for number in (10, 2, 1)]
    index = make_index(
        tmp_path / "w.json",
        [{"gloss": gloss, "video_id": f"{i}{gloss}"} for gloss in glosses for i in "ab"],
    )
    make_video(tmp_path / "videos/a10.mp4", 2)
    before = signdata.extract_frames(index, tmp_path / "out", workers=1)
    assert before.skipped == 5
    lists = [(tmp_path / "out/annotations_train.txt").read_text()]
    assert lists == ["train/10/a10 1 2 2\n"]
    assert (tmp_path / "out/classes.txt").read_text() == "1\n2\n10\n"
    make_video(tmp_path / "videos/b2.mp4", 3)
    signdata.extract_frames(index, tmp_path / "out", workers=1)
    assert (tmp_path / "out/annotations_train.txt").read_text().splitlines() == [
        "train/10/a10 1 2 2",
        "train/2/b2 1 3 1",
    ]
    assert (tmp_path / "out/classes.txt").read_text() == "1\n2\n10\n"
    assert signdata.info(index).details["classes"] == ["1", "2", "10"]
    chosen = signdata.extract_frames(index, tmp_path / "two", glosses=2, workers=1)
    assert chosen.written == 2
    assert (tmp_path / "two/classes.txt").read_text() == "2\n10\n"


def test_label_numbers_are_the_same_in_every_output(index: Path, tmp_path: Path) -> None:
    (tmp_path / "videos/00001.mp4").unlink()  # no book at all
    classes = ("book", "thank you")
    signdata.trim(index, tmp_path / "trimmed", workers=1)
    for source in (index, tmp_path / "trimmed"):
        for name in ("out.h5", "out"):
            out = tmp_path / f"from {source.stem}" / name
            out.parent.mkdir(exist_ok=True)
            signdata.convert(source, out, workers=1, on_error="skip")
            reader = signdata.open_dataset(out)
            assert reader.info.labels.classes == classes
            assert [sample.label for sample in reader] == ["thank you"]
    with h5py.File(tmp_path / "from trimmed/out.h5") as file:
        assert file["labels"][:].tolist() == [1]
    assert (tmp_path / "trimmed/classes.txt").read_text() == "book\nthank you\n"


def test_a_subset_selects_the_glosses_it_has_an_instance_of(index: Path, tmp_path: Path) -> None:
    subset = tmp_path / "nslt.json"
    subset.write_text('{"00003": {"subset": "dev", "action": [0, 1, 2]}}')
    signdata.extract_frames(index, tmp_path / "out", subset=subset, workers=1)
    assert (tmp_path / "out/classes.txt").read_text() == "thank you\n"
    assert [sample.split for sample in signdata.open_dataset(tmp_path / "out")] == ["val"]


def written(tmp_path: Path, **more: Any) -> Path:
    """An index of one instance whose video is there."""
    make_video(tmp_path / "videos/1.mp4", 12)
    path = tmp_path / "index.json"
    path.write_text(json.dumps([{"gloss": "a", "instances": [instance("1", **more)]}]))
    return path


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"url": None}, "url null is read as not given (1 instance)"),
        ({"source": None}, "source null is read as not given (1 instance)"),
        ({"split": None}, "split null is read as not given (1 instance)"),
        ({"fps": None}, "fps null is read as not given (1 instance)"),
        ({"bbox": None}, "bbox null is read as not given (1 instance)"),
        ({"split": "dev"}, "split 'dev' is read as val (1 instance)"),
        ({"split": "Train"}, "split 'Train' is read as train (1 instance)"),
        ({"split": "validation"}, "split 'validation' is read as val (1 instance)"),
        ({"frame_end": 4.0}, "frame_end with a decimal point (1.0) is read as a whole number"),
        ({"signer_id": 7.0}, "signer_id with a decimal point (1.0) is read as a whole number"),
        ({"frame_end": "4"}, "frame_end in quotes is read as a number (1 instance)"),
        ({"fps": "25"}, "fps in quotes is read as a number (1 instance)"),
        ({"bbox": ["1", "2", "3", "4"]}, "bbox in quotes is read as a number (1 instance)"),
        ({"fps": 30}, "fps 30 is not used: ranges are counted at 25 frames a second"),
    ],
)
def test_what_can_only_mean_one_thing_is_read_with_a_note(
    tmp_path: Path, more: dict[str, Any], note: str
) -> None:
    reader = WlaslReader(written(tmp_path, **more))
    assert [problem.message[: len(note)] for problem in reader.info.notes] == [note]
    [sample] = reader
    said = more.get("split", "train")
    assert sample.split == {None: "", "dev": "val", "validation": "val"}.get(said, "train")
    assert (sample.group, sample.meta["frame_end"]) == ("7", str(int(more.get("frame_end", -1))))


@pytest.mark.parametrize("value", [None, "x", [], {}, True, 10**30, -1, "1" * 5000])
@pytest.mark.parametrize("name", ["fps", "variation_id", "instance_id"])
def test_fields_that_nobody_reads_may_be_anything(tmp_path: Path, name: str, value: Any) -> None:
    [sample] = WlaslReader(written(tmp_path, **{name: value}))
    assert len(list(sample.frames())) == 12


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"frame_start": 1.5},
            r"\$\[0\]\.instances\[0\]: frame_start 1.5; expected a whole number",
        ),
        ({"frame_start": 1e308}, "expected a smaller number"),
        ({"frame_start": "first"}, "frame_start 'first'; expected a number"),
        ({"frame_end": "9" * 18}, "expected a smaller number"),
        ({"split": "later"}, "split 'later'; expected train, val or test"),
        ({"source": "a\0b"}, "source 'a.x00b' holds NUL"),
        ({"signer_id": "a\0b"}, "signer_id 'a.x00b' holds NUL"),
    ],
)
def test_what_cannot_be_meant_names_its_place(
    tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        WlaslReader(written(tmp_path, **more))


def test_a_gloss_with_nul_is_refused(tmp_path: Path) -> None:
    path = make_index(tmp_path / "w.json", [{"gloss": "a\0b"}])
    (tmp_path / "videos").mkdir()
    with pytest.raises(FormatError, match=r"\$\[0\]: gloss 'a.x00b' holds NUL"):
        WlaslReader(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_an_index_in_another_encoding(tmp_path: Path, encoding: str, main: Any) -> None:
    make_video(tmp_path / "videos/1.mp4", 2)
    text = json.dumps([{"gloss": "se\u00f1or", "instances": [instance("1")]}], ensure_ascii=False)
    (tmp_path / "w.json").write_bytes(text.encode(encoding))
    assert main("extract-frames", tmp_path / "w.json", tmp_path / "out", "-j1").returncode == 0
    assert (tmp_path / "out/classes.txt").read_text(encoding="utf-8") == "se\u00f1or\n"
    found = signdata.open_dataset(tmp_path, format="wlasl")
    assert [sample.label for sample in found] == ["se\u00f1or"]
    trimmed = main("trim", tmp_path / "w.json", tmp_path / "cut", "-j1")
    assert (trimmed.returncode, [s.label for s in signdata.open_dataset(tmp_path / "cut")]) == (
        0,
        ["se\u00f1or"],
    )


@pytest.mark.parametrize(
    "words",
    [
        ["extract-frames", "J", "OUT"],
        ["trim", "J", "OUT"],
        ["convert", "J", "OUT.h5"],
        ["info", "J"],
        ["audit", "J"],
        ["verify", "J"],
        ["split", "J", "OUT"],
    ],
    ids=lambda words: words[0],
)
def test_an_index_that_is_not_unicode_is_an_input_error(
    tmp_path: Path, words: list[str], main: Any
) -> None:
    (tmp_path / "videos").mkdir()
    index = tmp_path / "J.json"
    index.write_bytes(b'[{"gloss": "se\xf1or", "instances": []}]')
    places = {"J": index, "OUT": tmp_path / "out", "OUT.h5": tmp_path / "out.h5"}
    done = main(*(places.get(word, word) for word in words))
    assert done.returncode == 4
    assert "J.json:line 1: not UTF-8: byte 0xf1 at position 14 ('\u00f1' in Latin-1)" in done.error


def test_ranges_counted_at_the_rate_that_the_index_names(tmp_path: Path) -> None:
    make_video(tmp_path / "videos/1.mp4", 60, fps=30)
    index = make_index(
        tmp_path / "w.json",
        [{"video_id": "1", "fps": 30, "frame_start": 11, "frame_end": 20}],
    )
    as_wlasl, as_said = WlaslReader(index), WlaslReader(index, choice=Choice(json_fps="auto"))
    assert [read_index(frame) for frame in next(iter(as_said)).frames()] == list(range(10, 20))
    assert [read_index(frame) for frame in next(iter(as_wlasl)).frames()] == list(range(12, 24))
    assert "counted at the fps that the index says, 30" in as_said.info.notes[0].message


@pytest.mark.parametrize(
    "box",
    [
        [0, 0, 0, 0],
        [1e308, 1e308, 1e308, 1e308],
        [-1e308, -1e308, 1e308, 1e308],
        [5, 5, 1, 1],
        [0, 0, 1e30, 1e30],
        [0, 0, 1e-300, -1e-300],
        [-5, -5, -1, -1],
        [5, 5, 5.3, 9],
        [1, 2, 3],
        [1, 2, 3, 4, 5],
    ],
)
def test_a_box_that_is_none_costs_its_clip_and_no_other(tmp_path: Path, box: list[float]) -> None:
    for name in "12":
        make_video(tmp_path / f"videos/{name}.mp4", 2)
    instances = [{"video_id": "1", "bbox": box}, {"video_id": "2", "bbox": [0, 0, 32, 32]}]
    index = make_index(tmp_path / "w.json", instances)
    result = signdata.extract_frames(index, tmp_path / "out", crop_bbox=True, workers=1)
    assert (result.written, result.failed, result.exit_code) == (1, 1, 3)
    [problem] = result.problems
    assert problem.message.endswith("expected x0, y0, x1, y1 around a part of the picture")
    assert signdata.extract_frames(index, tmp_path / "all", workers=1).exit_code == 0


def test_a_clip_without_a_box_is_kept_whole_and_noted(tmp_path: Path) -> None:
    make_video(tmp_path / "videos/1.mp4", 2)
    index = make_index(tmp_path / "w.json", [{"video_id": "1", "bbox": []}])
    result = signdata.extract_frames(index, tmp_path / "out", crop_bbox=True, workers=1)
    assert [problem.message for problem in result.problems] == [
        "has no bbox: its whole pictures are kept"
    ]
    assert indices_in(tmp_path / "out/train/book/1") == [0, 1]


def test_a_clip_cut_out_twice_still_tells_where_it_came_from(tmp_path: Path) -> None:
    make_video(tmp_path / "videos/1.mp4", 12)
    wanted = {"video_id": "1", "frame_start": 3, "frame_end": 8}
    signdata.trim(make_index(tmp_path / "w.json", [wanted]), tmp_path / "once", workers=1)
    signdata.trim(tmp_path / "once", tmp_path / "twice", workers=1)
    [sample] = signdata.open_dataset(tmp_path / "twice")
    assert sample.meta["source_frame_start"] == "3"
    assert sample.meta["source_frame_end"] == "8"
    assert (sample.meta["frame_start"], sample.meta["frame_end"]) == ("1", "-1")


def clips(tmp_path: Path, instances: list[dict[str, Any]], **how: Any) -> Result:
    """Extract clips of a video of 128x64 pixels, ``videos/ID.mp4`` for each."""
    for instance in instances:
        make_video(tmp_path / "videos" / f"{instance['video_id']}.mp4", 10)
    index = make_index(tmp_path / "index.json", instances)
    given: dict[str, Any] = {"official_splits": False, "workers": 1, "image_format": "png"}
    return signdata.extract_frames(index, tmp_path / "out", **given, **how)


def sizes(tmp_path: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for folder in sorted((tmp_path / "out" / "book").iterdir()):
        with Image.open(folder / "img_00001.png") as image:
            found[folder.name] = image.size
    return found


def test_boxes_in_shares_are_used_so_and_noted(tmp_path: Path) -> None:
    boxes = {"good": [32, 16, 96, 48], "shares": [0.25, 0.25, 0.75, 1], "all": [0, 0, 1, 1]}
    instances = [{"video_id": name, "bbox": box} for name, box in boxes.items()]
    result = clips(tmp_path, instances, crop_bbox=True)
    assert sizes(tmp_path) == {"all": (128, 64), "good": (64, 32), "shares": (64, 48)}
    assert {p.path: p.message for p in result.problems} == dict.fromkeys(
        ("shares.mp4", "all.mp4"), "a bbox within 0..1 is taken as shares of the frame"
    )


def test_boxes_that_are_not_used_are_no_problem(tmp_path: Path) -> None:
    result = clips(tmp_path, [{"video_id": "a", "bbox": [0, 0, 0, 0]}])
    assert (result.written, result.problems) == (1, [])


def test_a_box_of_something_else_costs_its_clip_alone(tmp_path: Path) -> None:
    instances = [
        {"video_id": name, "bbox": box} for name, box in (("a", [0, None, 9, 9]), ("b", "x"))
    ]
    result = clips(
        tmp_path, [*instances, {"video_id": "c", "bbox": [0, 0, 64, 64]}], crop_bbox=True
    )
    assert (result.written, result.failed) == (1, 2)
    assert sizes(tmp_path) == {"c": (64, 64)}


def test_a_video_of_another_suffix_is_not_called_missing(tmp_path: Path) -> None:
    make_index(tmp_path / "index.json", [{"video_id": "a"}, {"video_id": "b"}, {"video_id": "c"}])
    for name in ("a.mp4", "b.mp4"):
        make_video(tmp_path / "videos" / name, 3)
    (tmp_path / "videos" / "a.mp4").rename(tmp_path / "videos" / "a.film")
    (tmp_path / "videos" / "b.mp4").rename(tmp_path / "videos" / "b.txt")
    result = signdata.extract_frames(tmp_path / "index.json", tmp_path / "out", workers=1)
    assert [(p.path, p.kind) for p in result.problems] == [("b", "corrupt"), ("c", "missing")]
    assert "not taken for a video by its suffix, .txt" in result.problems[0].message
    assert (tmp_path / "out" / "missing.txt").read_text().split() == ["c"]


def test_a_range_behind_the_end_says_what_may_be_meant(tmp_path: Path) -> None:
    spans = [{"video_id": "a", "frame_start": 80, "frame_end": 160}, {"video_id": "b"}]
    result = clips(tmp_path, spans)
    (problem,) = result.problems
    assert "frame_start 80 lies behind the end of the file" in problem.message
    assert "say extract-frames --ranges ignore" in problem.message
