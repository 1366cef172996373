"""Tables of clips, as people make them and as datasets are unpacked: which frames come out."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from signdata.formats.open import open_dataset

from ..videos import indices_in, make_video, paint, read_index


def write_csv(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def manifest(out: Path) -> dict[str, dict[str, str]]:
    with (out / "manifest.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def frames_of(out: Path) -> dict[str, list[int]]:
    """The frames of each clip in an output of extract-frames, by its id."""
    return {name: indices_in(out / row["path"]) for name, row in manifest(out).items()}


def size_of(clip: Path) -> tuple[int, int]:
    with Image.open(clip / "img_00001.png") as image:
        return image.size


@pytest.fixture
def extract(main: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Run extract-frames into ``out/``; all clips have to come out."""

    def run(source: Path, *options: Any) -> Path:
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        ran = main("extract-frames", source, out, "-j1", "--json", *options)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        assert ran.json["read"] == ran.json["written"]
        return out

    return run


# -- Tables that people make


RANGES = {
    "whole": ("", "", list(range(20))),
    "seconds": ("start_time,end_time", "0.2,0.4", list(range(5, 10))),
    "seconds by the clock": ("start_time,end_time", "00:00:00.2,00:00:00.400", list(range(5, 10))),
    "no end": ("start_sec,end_sec", "0.6,", list(range(15, 20))),
    "milliseconds": ("start_ms,end_ms", "200,400", list(range(5, 10))),
    "rounded seconds": ("start_time,end_time", "0.201,0.399", list(range(6, 10))),
    "frames of the file": ("start_frame,end_frame", "6,10", list(range(5, 10))),
    "frames to the end": ("frame_start,frame_end", "18,-1", [17, 18, 19]),
    "frames at another rate": ("start_frame,end_frame,fps", "11,20,50", list(range(5, 10))),
    "frames from 0": ("start_frame,end_frame", "0,4", list(range(5))),
    "bare fractions": ("start,end", "0.2,0.4", list(range(5, 10))),
    "bare ends": ("start,end", "-1,-1", list(range(20))),
}


@pytest.mark.parametrize("kind", RANGES)
def test_ranges_of_every_spelling(kind: str, tmp_path: Path, extract: Callable[..., Any]) -> None:
    columns, cells, wanted = RANGES[kind]
    make_video(tmp_path / "a.mp4", 20)
    header, row = "video,label", "a.mp4,book"
    if columns:
        header, row = f"{header},{columns}", f"{row},{cells}"
    out = extract(write_csv(tmp_path / "clips.csv", header, row))
    assert frames_of(out) == {"a": wanted}
    assert manifest(out)["a"]["label"] == "book"


def test_times_rounded_to_milliseconds_name_the_frames_of_30_a_second(
    tmp_path: Path, extract: Callable[..., Any]
) -> None:
    make_video(tmp_path / "a.mp4", 30, fps=30)
    out = extract(
        write_csv(tmp_path / "clips.csv", "video,label,start_time,end_time", "a.mp4,x,0.067,0.167")
    )
    assert frames_of(out) == {"a": [2, 3, 4]}


HEADERS = {
    "file and gloss": "file,gloss,who",
    "path and class": "path,class,who",
    "an id and a label": "video_id,label,who",
    "capitals and blanks": "Video File,Gloss,who",
    "sentences": "video_name,sentence,who",
}


@pytest.mark.parametrize("kind", HEADERS)
def test_columns_of_every_name(kind: str, tmp_path: Path, main: Callable[..., Any]) -> None:
    make_video(tmp_path / "videos/a.mp4", 2)
    make_video(tmp_path / "videos/b.mp4", 3)
    suffix = "" if "id" in HEADERS[kind].split(",")[0].split("_") else ".mp4"
    table = write_csv(tmp_path / "clips.csv", HEADERS[kind], f"a{suffix},A,1", f"b{suffix},B,2")
    clips = list(open_dataset(table))
    assert [(one.id, one.label, one.kind, one.meta["who"]) for one in clips] == [
        ("a", "A", "clip", "1"),
        ("b", "B", "clip", "2"),
    ]
    ran = main("info", table, "--json")
    assert (ran.returncode, ran.json["format"], ran.json["read"]) == (0, "table", 2)


def test_signer_split_and_box(tmp_path: Path, extract: Callable[..., Any]) -> None:
    for name in ("a", "b"):
        make_video(tmp_path / f"{name}.mp4", 2)
    table = write_csv(
        tmp_path / "clips.csv",
        "file,label,signer_id,split,bbox",
        'a.mp4,A,7,dev,"[0, 0, 64, 32]"',
        "b.mp4,B,8,Train,0 0 0.5 1",
    )
    first, second = open_dataset(table)
    assert (first.split, first.group, first.meta["signer"]) == ("val", "7", "7")
    assert (second.split, second.group) == ("train", "8")
    out = extract(table, "--crop-bbox", "--image-format", "png")
    sizes = {name: size_of(out / row["path"]) for name, row in manifest(out).items()}
    assert sizes == {"a": (64, 32), "b": (64, 64)}
    assert [one["bbox"] for one in manifest(out).values()] == ["0 0 64 32", "0 0 0.5 1"]


def test_compressed_tables(tmp_path: Path, extract: Callable[..., Any]) -> None:
    make_video(tmp_path / "a.mp4", 10)
    plain = write_csv(tmp_path / "clips.csv", "video,gloss,start_frame,end_frame", "a.mp4,A,3,5")
    packed = tmp_path / "clips.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert frames_of(extract(packed)) == {"a": [2, 3, 4]}


def test_compressed_tables_of_a_published_dataset(tmp_path: Path) -> None:
    make_video(tmp_path / "videos/1-A.mp4", 2)
    packed = tmp_path / "splits/train.csv.gz"
    packed.parent.mkdir()
    text = "Participant ID,Video file,Gloss,ASL-LEX Code\nP1,1-A.mp4,A,x\n"
    packed.write_bytes(gzip.compress(text.encode()))
    [sample] = open_dataset(packed)
    assert (sample.label, sample.split, sample.group) == ("A", "train", "P1")


def test_json_lines_and_a_folder_of_videos(tmp_path: Path, extract: Callable[..., Any]) -> None:
    make_video(tmp_path / "films/x/a.mp4", 20)
    table = tmp_path / "lists/clips.jsonl"
    table.parent.mkdir()
    lines = [
        {"video": "x/a.mp4", "gloss": "A", "start_time": 0, "end_time": 0.2},
        {"video": "x/a.mp4", "gloss": "B", "start_time": 0.2, "end_time": None},
    ]
    table.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    out = extract(table, "--videos", tmp_path / "films")
    assert frames_of(out) == {"x/a": list(range(5)), "x/a-2": list(range(5, 20))}


def test_one_video_under_two_glosses_and_two_ranges(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    make_video(tmp_path / "v.mp4", 20)
    table = write_csv(
        tmp_path / "clips.csv",
        "video_id,label,start_frame,end_frame",
        "v,A,1,5",
        "v,B,1,5",
        "v,A,6,8",
        "v,A,1,5",
    )
    out = tmp_path / "out"
    ran = main("extract-frames", table, out, "-j1", "--json")
    assert (ran.returncode, ran.json["read"], ran.json["written"]) == (0, 3, 3)
    assert frames_of(out) == {"v": [0, 1, 2, 3, 4], "v-2": [0, 1, 2, 3, 4], "v-3": [5, 6, 7]}
    rows = manifest(out)
    assert [(row["label"], row["group"]) for row in rows.values()] == [
        ("A", "v.mp4"),
        ("B", "v.mp4"),
        ("A", "v.mp4"),
    ]
    notes = [problem["message"] for problem in ran.json["problems"]]
    assert any("2 further clips" in note for note in notes)
    assert any("1 rows repeat" in note for note in notes)


def test_an_id_like_a_number_of_another_stays_its_own(tmp_path: Path) -> None:
    for name in ("v", "v-2"):
        make_video(tmp_path / f"{name}.mp4", 2)
    table = write_csv(tmp_path / "t.csv", "video_id,label", "v,A", "v,B", "v-2,C")
    assert [(one.id, one.label) for one in open_dataset(table)] == [
        ("v", "A"),
        ("v-3", "B"),
        ("v-2", "C"),
    ]


def test_missing_videos_are_counted_and_listed(tmp_path: Path, main: Callable[..., Any]) -> None:
    make_video(tmp_path / "a.mp4", 2)
    (tmp_path / "c.bin").write_bytes(b"what is this")
    table = write_csv(
        tmp_path / "t.csv", "video_id,label,split", "a,A,train", "b,B,train", "c,C,val"
    )
    ran = main("extract-frames", table, tmp_path / "out", "-j1", "--json")
    assert ran.returncode == 3
    assert (ran.json["written"], ran.json["skipped"], ran.json["failed"]) == (1, 1, 1)
    assert (tmp_path / "out/missing.txt").read_text() == "b"
    assert ran.json["coverage"]["split"]["train"] == {"found": 1, "missing": 1}
    messages = {problem["path"]: problem["message"] for problem in ran.json["problems"]}
    assert messages["b"] == "the video is not there"
    assert "not taken for a video by its suffix, .bin" in messages["c"]
    make_video(tmp_path / "b.mp4", 3)
    (tmp_path / "c.bin").rename(tmp_path / "c.txt")
    make_video(tmp_path / "c.mp4", 4)
    again = main("extract-frames", table, tmp_path / "out", "-j1", "--json")
    assert (again.returncode, again.json["written"]) == (0, 3)
    assert frames_of(tmp_path / "out")["b"] == [0, 1, 2]


def test_a_video_of_another_suffix_is_found(tmp_path: Path, extract: Callable[..., Any]) -> None:
    make_video(tmp_path / "a.mkv", 2)
    out = extract(write_csv(tmp_path / "t.csv", "video,label", "a.mp4,A"))
    assert frames_of(out) == {"a": [0, 1]}
    assert manifest(out)["a"]["source"] == "a.mkv"


def test_no_video_at_all_is_one_error(tmp_path: Path, main: Callable[..., Any]) -> None:
    table = write_csv(tmp_path / "t.csv", "video,label", "a.mp4,A", "b.mp4,B")
    ran = main("extract-frames", table, tmp_path / "out")
    assert ran.returncode == 4
    assert "none of its 2 videos is there" in ran.error
    assert "--videos DIR" in ran.error
    assert not (tmp_path / "out").exists()


FAULTS = {
    "a frame that is none": ("start_frame,end_frame", "x,5", "start frame 'x'"),
    "half a frame": ("start_frame,end_frame", "1.5,5", "expected a whole number"),
    "a time that is none": ("start_time,end_time", "soon,5", "time 'soon'"),
    "a rate of nothing": ("start_frame,end_frame,fps", "1,5,0", "fps 0"),
    "behind its own end": ("start_time,end_time", "0.4,0.2", "lies behind end_time 0.2"),
    "behind the file": ("start_time,end_time", "9,10", "behind the end of the file (0.32 s)"),
    "a box of three": ("bbox", "1 2 3", "expected x0, y0, x1, y1"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_row_that_cannot_be_read_costs_its_clip(
    kind: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    columns, cells, message = FAULTS[kind]
    make_video(tmp_path / "a.mp4", 8)
    make_video(tmp_path / "b.mp4", 8)
    whole = ",".join("" for _ in columns.split(","))
    table = write_csv(
        tmp_path / "t.csv", f"video,label,{columns}", f"a.mp4,A,{cells}", f"b.mp4,B,{whole}"
    )
    ran = main("extract-frames", table, tmp_path / "out", "-j1", "--json")
    assert (ran.returncode, ran.json["written"], ran.json["failed"]) == (3, 1, 1)
    [problem] = [one for one in ran.json["problems"] if one["kind"] != "note"]
    assert message in problem["message"]


QUESTIONS = {
    "frames or seconds": (("video,label,start,end", "a.mp4,A,3,6"), "frames or seconds"),
    "two labels": (("video,label,gloss", "a.mp4,1,A"), "--label-column label"),
    "two videos": (("video,file,label", "a.mp4,b.mp4,A"), "--path-column file"),
    "a strange split": (("video,label,split", "a.mp4,A,train", "a.mp4,B,x"), "split 'x'"),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_what_could_be_meant_in_two_ways_is_asked(
    kind: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    rows, message = QUESTIONS[kind]
    make_video(tmp_path / "a.mp4", 8)
    ran = main("extract-frames", write_csv(tmp_path / "t.csv", *rows), tmp_path / "out")
    assert ran.returncode == 4
    assert message in ran.error


def test_named_columns_decide(tmp_path: Path, extract: Callable[..., Any]) -> None:
    make_video(tmp_path / "a.mp4", 2)
    table = write_csv(tmp_path / "t.csv", "video,label,gloss", "a.mp4,1,A")
    out = extract(table, "--label-column", "gloss")
    assert manifest(out)["a"]["label"] == "A"


def test_a_path_cannot_leave_its_folder(tmp_path: Path, main: Callable[..., Any]) -> None:
    make_video(tmp_path / "a.mp4", 2)
    make_video(tmp_path / "lists/b.mp4", 2)
    table = write_csv(tmp_path / "lists/t.csv", "video,label", "../a.mp4,A", "b.mp4,B")
    ran = main("extract-frames", table, tmp_path / "out", "-j1", "--json")
    assert (ran.returncode, ran.json["written"], ran.json["failed"]) == (3, 1, 1)
    assert any("leads out of its folder" in one["message"] for one in ran.json["problems"])


def test_choosing_glosses_signers_and_a_limit(
    tmp_path: Path, extract: Callable[..., Any], main: Callable[..., Any]
) -> None:
    for name in "abc":
        make_video(tmp_path / f"{name}.mp4", 2)
    table = write_csv(
        tmp_path / "t.csv", "video,label,signer", "a.mp4,A,1", "b.mp4,B,2", "c.mp4,A,2"
    )
    assert list(manifest(extract(table, "--glosses", "1"))) == ["a", "c"]
    assert list(manifest(extract(table, "--signers", "2"))) == ["b", "c"]
    assert list(manifest(extract(table, "--limit", "1"))) == ["a"]
    ran = main("extract-frames", table, tmp_path / "x", "--subset", table)
    assert ran.returncode == 2


# -- Datasets as they are unpacked


def asl_citizen(root: Path) -> Path:
    header = "Participant ID,Video file,Gloss,ASL-LEX Code"
    write_csv(root / "splits/train.csv", header, "P1,11-APPLE.mp4,APPLE,C_02", "P2,12-DOG.mp4,DOG,")
    write_csv(root / "splits/val.csv", header, "P3,13-DOG.mp4,DOG,D_1")
    write_csv(root / "splits/test.csv", header, "P4,14-APPLE.mp4,APPLE,C_02")
    for name in ("11-APPLE", "12-DOG", "13-DOG", "14-APPLE"):
        make_video(root / f"videos/{name}.mp4", int(name[1]))
    return root


def test_asl_citizen(tmp_path: Path, extract: Callable[..., Any], main: Callable[..., Any]) -> None:
    root = asl_citizen(tmp_path / "ASL_Citizen")
    ran = main("info", root, "--json")
    assert (ran.returncode, ran.json["format"], ran.json["read"]) == (0, "table", 4)
    out = extract(root)
    rows = manifest(out)
    assert {name: (row["label"], row["split"], row["group"]) for name, row in rows.items()} == {
        "11-APPLE": ("APPLE", "train", "P1"),
        "12-DOG": ("DOG", "train", "P2"),
        "13-DOG": ("DOG", "val", "P3"),
        "14-APPLE": ("APPLE", "test", "P4"),
    }
    assert rows["11-APPLE"]["asl_lex_code"] == "C_02"
    assert {name: len(frames) for name, frames in frames_of(out).items()} == {
        "11-APPLE": 1,
        "12-DOG": 2,
        "13-DOG": 3,
        "14-APPLE": 4,
    }
    assert (out / "classes.txt").read_text() == "APPLE\nDOG\n"
    one = extract(root / "splits/val.csv")
    assert list(manifest(one)) == ["13-DOG"]


def msasl(root: Path, *, classes: bool = True) -> Path:
    def entry(video: str, label: int, text: str, start: float, end: float, **more: Any) -> Any:
        return {
            "org_text": text,
            "clean_text": text,
            "start_time": start,
            "signer_id": 4,
            "signer": 0,
            "start": 0,
            "end": 83,
            "file": text,
            "label": label,
            "height": 360.0,
            "fps": 30.0,
            "end_time": end,
            "url": f"https://www.youtube.com/watch?v={video}",
            "text": text,
            "box": [0.0, 0.5, 0.5, 1.0],
            "width": 640.0,
            **more,
        }

    root.mkdir(parents=True, exist_ok=True)
    make_video(root / "videos/ABCDEFGHIJK.mp4", 50)
    make_video(root / "videos/zyxwvutsrq-.mkv", 25)
    train = [
        entry("ABCDEFGHIJK", 1, "nice", 0.0, 0.4),
        entry("ABCDEFGHIJK", 0, "hello", 1.2, 1.4),
        entry("_gone_gone_", 0, "hello", 0.0, 1.0),
    ]
    (root / "MSASL_train.json").write_text(json.dumps(train))
    val = [entry("zyxwvutsrq-", 0, "hello", 0.8, 1.0, box=[0.25, 0, 1, 0.5])]
    (root / "MSASL_val.json").write_text(json.dumps(val))
    if classes:
        (root / "MSASL_classes.json").write_text(json.dumps(["hello", "nice", "never"]))
        (root / "MSASL_synonym.json").write_text(json.dumps([["hello", "hi"]]))
    return root


@pytest.mark.parametrize("classes", [True, False])
def test_msasl(tmp_path: Path, main: Callable[..., Any], classes: bool) -> None:
    root, out = msasl(tmp_path / "MS-ASL", classes=classes), tmp_path / "out"
    ran = main("extract-frames", root, out, "-j1", "--json", "--crop-bbox", "--image-format=png")
    assert ran.returncode == 3, ran.stderr
    assert (ran.json["written"], ran.json["skipped"]) == (3, 1)
    rows = manifest(out)
    assert {name: (row["label"], row["split"], row["signer"]) for name, row in rows.items()} == {
        "ABCDEFGHIJK": ("nice", "train", "4"),
        "ABCDEFGHIJK-2": ("hello", "train", "4"),
        "zyxwvutsrq-": ("hello", "val", "4"),
    }
    names = ["hello", "nice", "never"] if classes else ["hello", "nice"]
    assert (out / "classes.txt").read_text().split() == names
    assert (out / "missing.txt").read_text() == "_gone_gone_"
    sizes = {name: size_of(out / row["path"]) for name, row in rows.items()}
    assert sizes == {"ABCDEFGHIJK": (64, 32), "ABCDEFGHIJK-2": (64, 32), "zyxwvutsrq-": (64, 48)}
    whole = tmp_path / "whole"
    main("extract-frames", root / "MSASL_train.json", whole, "-j1")
    assert frames_of(whole) == {
        "ABCDEFGHIJK": list(range(10)),
        "ABCDEFGHIJK-2": list(range(30, 35)),
    }


@pytest.mark.parametrize("signs", [True, False])
def test_autsl(tmp_path: Path, extract: Callable[..., Any], signs: bool) -> None:
    root = tmp_path / "AUTSL"
    write_csv(root / "train_labels.csv", "signer0_sample1,10", "signer3_sample7,2")
    write_csv(root / "validation_labels.csv", "signer6_sample1,2")
    for name in ("train/signer0_sample1", "train/signer3_sample7", "val/signer6_sample1"):
        make_video(root / f"{name}_color.mp4", int(name[-1]))
        make_video(root / f"{name}_depth.mp4", 9)
    if signs:
        write_csv(
            root / "SignList_ClassId_TR_EN.csv", "ClassId,TR,EN", "10,anne,mother", "2,ad,name"
        )
    out = extract(root)
    called = {"10": "mother", "2": "name"} if signs else {"10": "10", "2": "2"}
    found = {
        name: (row["label"], row["split"], row["signer"]) for name, row in manifest(out).items()
    }
    assert found == {
        "signer0_sample1": (called["10"], "train", "0"),
        "signer3_sample7": (called["2"], "train", "3"),
        "signer6_sample1": (called["2"], "val", "6"),
    }
    assert {name: len(one) for name, one in frames_of(out).items()} == {
        "signer0_sample1": 1,
        "signer3_sample7": 7,
        "signer6_sample1": 1,
    }
    assert (out / "classes.txt").read_text().split() == [called["2"], called["10"]]


def test_lsa64(tmp_path: Path, extract: Callable[..., Any]) -> None:
    for name in ("001_002_001", "001_003_001", "064_002_005"):
        make_video(tmp_path / f"all/{name}.mp4", 2)
    out = extract(tmp_path / "all", "--layout", "{label}_{signer}_*")
    assert {name: (row["label"], row["signer"]) for name, row in manifest(out).items()} == {
        "001_002_001": ("001", "002"),
        "001_003_001": ("001", "003"),
        "064_002_005": ("064", "002"),
    }


def how2sign(root: Path) -> Path:
    header = (
        "VIDEO_ID\tVIDEO_NAME\tSENTENCE_ID\tSENTENCE_NAME\tSTART_REALIGNED\tEND_REALIGNED\tSENTENCE"
    )
    write_csv(
        root / "how2sign_realigned_val.csv",
        header,
        'v1\tv1-5-rgb_front\tv1_0\tv1_0-5-rgb_front\t0.20\t0.40\t"Hi," he said.',
        "v1\tv1-5-rgb_front\tv1_1\tv1_1-5-rgb_front\t0.4\t0.8\tIt's fine",
    )
    return root


def test_how2sign(tmp_path: Path, extract: Callable[..., Any]) -> None:
    root = how2sign(tmp_path / "How2Sign")
    make_video(root / "raw_videos/v1-5-rgb_front.mp4", 30)
    out = extract(root)
    rows = manifest(out)
    assert {name: (row["label"], row["split"]) for name, row in rows.items()} == {
        "v1_0-5-rgb_front": ('"Hi," he said.', "val"),
        "v1_1-5-rgb_front": ("It's fine", "val"),
    }
    wanted = {"v1_0-5-rgb_front": list(range(5, 10)), "v1_1-5-rgb_front": list(range(10, 20))}
    assert frames_of(out) == wanted


def test_how2sign_cut_to_sentences(tmp_path: Path, extract: Callable[..., Any]) -> None:
    root = how2sign(tmp_path / "How2Sign")
    make_video(root / "raw_videos/v1_0-5-rgb_front.mp4", 3)
    make_video(root / "raw_videos/v1_1-5-rgb_front.mp4", 4)
    out = extract(root / "how2sign_realigned_val.csv")
    assert [len(one) for one in frames_of(out).values()] == [3, 4]


def phoenix(root: Path) -> Path:
    write_csv(
        root / "annotations/manual/PHOENIX-2014-T.train.corpus.csv",
        "name|video|start|end|speaker|orth|translation",
        "11August_2010-1|11August_2010-1/1/*.png|-1|-1|Signer08|JETZT WETTER MORGEN|und nun, so",
    )
    write_csv(
        root / "annotations/manual/PHOENIX-2014-T.dev.corpus.csv",
        "name|video|start|end|speaker|orth|translation",
        "12August_2010-3|12August_2010-3/1/*.png|-1|-1|Signer01|REGEN|regen",
    )
    for place, n in (("train/11August_2010-1", 12), ("dev/12August_2010-3", 3)):
        folder = root / "features/fullFrame-210x260px" / place
        folder.mkdir(parents=True)
        for i in range(n):
            Image.fromarray(paint(i)).save(folder / f"images{i + 1:04d}.png")
    return root


def test_phoenix(tmp_path: Path, extract: Callable[..., Any], main: Callable[..., Any]) -> None:
    root = phoenix(tmp_path / "PHOENIX-2014-T")
    out = extract(root)
    rows = manifest(out)
    first = rows["11August_2010-1"]
    assert (first["label"], first["split"], first["signer"], first["translation"]) == (
        "JETZT WETTER MORGEN",
        "train",
        "Signer08",
        "und nun, so",
    )
    assert rows["12August_2010-3"]["split"] == "val"
    assert frames_of(out) == {"11August_2010-1": list(range(12)), "12August_2010-3": [0, 1, 2]}
    few = extract(root, "--frames", "4", "--size", "64x32")
    assert frames_of(few)["11August_2010-1"] == [1, 4, 7, 10]
    assert frames_of(few)["12August_2010-3"] == [0, 1, 1, 2]
    with Image.open(few / rows["11August_2010-1"]["path"] / "img_00001.jpg") as image:
        assert image.size == (64, 32)
    ran = main("convert", root, tmp_path / "tree", "-j1", "--json")
    assert (ran.returncode, ran.json["written"]) == (0, 2)
    copied = tmp_path / "tree/train/JETZT WETTER MORGEN/11August_2010-1/img_00003.png"
    original = root / "features/fullFrame-210x260px/train/11August_2010-1/images0003.png"
    assert copied.read_bytes() == original.read_bytes()


@pytest.mark.parametrize("listed", [True, False])
def test_a_subset_of_wlasl_as_its_own_index(
    tmp_path: Path, extract: Callable[..., Any], listed: bool
) -> None:
    make_video(tmp_path / "videos/05237.mp4", 20)
    make_video(tmp_path / "videos/69422.mp4", 20, fps=50)
    entries = {
        "69422": {"subset": "val", "action": [2, 6, 7]},
        "05237": {"subset": "train", "action": [10, 6, 10]},
    }
    index = tmp_path / "nslt_100.json"
    index.write_text(json.dumps(entries))
    if listed:
        (tmp_path / "wlasl_class_list.txt").write_text("0\tbook\n2\tcomputer\n10\tall right\n")
    out = extract(index)
    names = {"69422": "computer", "05237": "all right"} if listed else {"69422": "2", "05237": "10"}
    rows = manifest(out)
    assert {name: row["label"] for name, row in rows.items()} == names
    assert {name: row["split"] for name, row in rows.items()} == {"69422": "val", "05237": "train"}
    assert frames_of(out) == {"69422": [10, 11, 12, 13], "05237": [5, 6, 7, 8, 9]}
    assert (out / "classes.txt").read_text().splitlines() == [names["69422"], names["05237"]]


def test_beside_the_index_a_subset_is_no_source_of_its_own(
    tmp_path: Path, main: Callable[..., Any]
) -> None:
    make_video(tmp_path / "videos/1.mp4", 2)
    (tmp_path / "nslt_100.json").write_text('{"1": {"subset": "train", "action": [0, 1, 2]}}')
    instance = {"video_id": "1", "split": "train", "signer_id": 1}
    index = [{"gloss": "book", "instances": [instance]}]
    (tmp_path / "WLASL_v0.3.json").write_text(json.dumps(index))
    ran = main("info", tmp_path, "--json")
    assert ran.returncode == 4
    assert "2 readings: videos (videos/1.mp4), wlasl (WLASL_v0.3.json)" in ran.error


# -- In every command


def test_every_command_reads_a_table_of_clips(tmp_path: Path, main: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(12):
        name = f"v{number:02d}"
        make_video(tmp_path / f"data/{name}.mp4", 100)
        start = number * 0.32
        rows.append(
            f"{name}.mp4,{'AB'[number % 2]},{rng.integers(4)},{start:.2f},{start + 0.16:.2f}"
        )
    table = write_csv(tmp_path / "data/clips.csv", "video,label,signer,start_time,end_time", *rows)
    h5 = main("convert", table, tmp_path / "all.h5", "-j1", "--json")
    assert (h5.returncode, h5.json["written"]) == (0, 12)
    clips = list(open_dataset(tmp_path / "all.h5"))
    assert [read_index(frame) for frame in clips[3].frames()] == [24, 25, 26, 27]
    audit = main("audit", table, "-j1", "--json")
    assert audit.returncode == 0, audit.stderr
    assert audit.json["read"] == 12
    parts = main("split", table, tmp_path / "parts.h5", "--ratios", "50,50", "-j1", "--json")
    assert (parts.returncode, parts.json["written"]) == (0, 12), parts.stderr
    groups = {}
    for one in open_dataset(tmp_path / "parts.h5"):
        groups.setdefault(one.group, set()).add(one.split)
    assert all(len(splits) == 1 for splits in groups.values())


def test_trim_cuts_a_table_of_clips_into_files(tmp_path: Path, main: Callable[..., Any]) -> None:
    make_video(tmp_path / "raw/a.mkv", 30)
    make_video(tmp_path / "raw/b.mp4", 10)
    table = write_csv(
        tmp_path / "raw/clips.csv",
        "video,label,split,signer,start_time,end_time",
        "a.mkv,A,train,1,0.2,0.4",
        "a.mkv,B,val,1,0.8,",
        "b.mp4,B,train,2,,",
        "c.mp4,B,train,2,,",
    )
    out = tmp_path / "cut"
    ran = main("trim", table, out, "-j1", "--json")
    assert (ran.returncode, ran.json["written"], ran.json["skipped"]) == (3, 3, 1), ran.stderr
    assert sorted(path.name for path in out.glob("*.mp4")) == ["a-2.mp4", "a.mp4", "b.mp4"]
    assert (out / "missing.txt").read_text() == "c.mp4"
    rows = manifest(out)
    assert (rows["a"]["source_start_time"], rows["a"]["source_end_time"]) == ("0.2", "0.4")
    frames = tmp_path / "frames"
    again = main("extract-frames", out, frames, "-j1", "--json")
    assert (again.returncode, again.json["written"]) == (0, 3), again.stderr
    assert frames_of(frames) == {
        "a": list(range(5, 10)),
        "a-2": list(range(20, 30)),
        "b": list(range(10)),
    }
    found = manifest(frames)
    assert {name: (row["label"], row["split"], row["signer"]) for name, row in found.items()} == {
        "a": ("A", "train", "1"),
        "a-2": ("B", "val", "1"),
        "b": ("B", "train", "2"),
    }
    assert main("verify", out, "--json").returncode == 0


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_tables_of_spreadsheets_that_write_a_comma_in_numbers(
    tmp_path: Path, delimiter: str, extract: Callable[..., Any], main: Callable[..., Any]
) -> None:
    make_video(tmp_path / "a.mp4", 50)
    rows = [["file", "gloss", "start_time", "end_time"], ["a.mp4", "we", "0,2", "1,0"]]
    table = write_csv(tmp_path / "clips.csv", *(delimiter.join(row) for row in rows))
    extract(table)
    assert frames_of(tmp_path / "out") == {"a": list(range(5, 25))}
    rows[1][2] = "1,500"  # seconds, or thousands of them
    write_csv(table, *(delimiter.join(row) for row in rows))
    refused = main("extract-frames", table, tmp_path / "not", "-j1")
    assert refused.returncode == 4
    assert "time '1,500'; expected a number" in refused.stderr
