"""What may stand under an output's name, what is tried again, and who may write."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

import signdata
from signdata import sidecars
from signdata.cli import errors
from signdata.errors import (
    FormatError,
    OutputExistsError,
    OutputLockedError,
    SourceChangedError,
    UsageError,
)
from signdata.formats.hdf5 import seal
from signdata.media.image import encode
from signdata.output.lock import Lock
from tests.reliability.conftest import (
    Child,
    Events,
    fork,
    partials,
    picture,
    snapshot,
    tree_of,
    wait,
    write_csv,
    write_tree,
)
from tests.videos import make_video


@pytest.fixture
def main(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command line in this process: exit code, stdout, stderr."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            errors.main([*map(str, words)])
        return int(ended.value.code or 0), *capfd.readouterr()

    return run


Main = Callable[..., tuple[int, str, str]]
OUTPUTS = ["out", "out.h5", "out.csv"]


# -- What stands there already


@pytest.mark.parametrize("name", OUTPUTS)
def test_another_output_is_refused(tmp_path: Path, main: Main, name: str) -> None:
    src, out = write_tree(tmp_path / "data"), tmp_path / name
    if out.suffix:
        out.write_text("mine")
    else:
        (out / "deep").mkdir(parents=True)
        (out / "deep" / "notes.txt").write_text("mine")
    before = snapshot(tmp_path)
    code, _, error = main("convert", src, out)
    assert code == 5
    assert "exists and was made by something else" in error
    assert "--overwrite" not in error
    assert snapshot(tmp_path) == before
    code, _, error = main("convert", src, out, "--overwrite")
    assert code == 5
    assert "remove it yourself" in error
    assert snapshot(tmp_path) == before


def test_overwriting_replaces_an_empty_file(tmp_path: Path, main: Main) -> None:
    """As made by `mktemp`: nothing in it can be lost."""
    src = write_tree(tmp_path / "data")
    for name in ("out.h5", "out.csv"):
        (tmp_path / name).touch()
        assert main("convert", src, tmp_path / name)[0] == 5
        assert main("convert", src, tmp_path / name, "--overwrite")[0] == 0
        assert signdata.verify(tmp_path / name, src).details["same"]


def test_samples_never_replace_a_folder_of_somebody(tmp_path: Path, main: Main) -> None:
    src = write_tree(tmp_path / "data")
    (src / "signdata.json").write_text('{"name": "of another program"}')
    before = snapshot(src)
    code, _, error = main("sample", "photos", src, "--n", 1, "--overwrite")
    assert code == 5
    assert "remove it yourself" in error
    assert snapshot(src) == before


def change_a_byte(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["out.h5", "out.csv"])
def test_a_file_that_is_not_what_was_written(tmp_path: Path, main: Main, name: str) -> None:
    """Replaced under its name, changed in one byte anywhere, longer or shorter."""
    src, out = write_tree(tmp_path / "data", 40), tmp_path / name
    assert main("convert", src, out)[0] == 0
    whole = out.read_bytes()
    changes: list[Callable[[], object]] = [
        *(
            lambda place=place: change_a_byte(out, place)
            for place in range(100, len(whole), len(whole) // 15)
        ),
        lambda: out.write_bytes(whole + b"\0"),
        lambda: out.write_bytes(whole[:-1]),
    ]
    for change in changes:
        change()
        before = snapshot(tmp_path)
        for words in ((), ("--dry-run",), ("--overwrite",)):
            code, _, error = main("convert", src, out, *words)
            assert code == 5
            assert "made by something else" in error
        assert snapshot(tmp_path) == before
        out.write_bytes(whole)
    assert "nothing to do" in main("convert", src, out)[1]


def test_only_parts_of_a_large_file_are_digested(
    tmp_path: Path, main: Main, monkeypatch: pytest.MonkeyPatch
) -> None:
    src, out = write_tree(tmp_path / "data", 100), tmp_path / "out.h5"
    sizes = {"LARGE": 0, "_HEAD": 512, "_TAIL": 2048, "_BLOCK": 64, "_N_BLOCKS": 5}
    for name, value in sizes.items():
        monkeypatch.setattr(seal, name, value)
    assert main("convert", src, out)[0] == 0
    assert "nothing to do" in main("convert", src, out)[1]
    size = out.stat().st_size
    assert sum(length for _, length in seal._parts(size)) < size / 2
    for place in (100, size - 10, 512 + (size - 512 - 2048 - 64) // 4):
        change_a_byte(out, place)
        assert main("convert", src, out)[0] == 5
        change_a_byte(out, place)
    assert main("convert", src, out)[0] == 0


@pytest.mark.parametrize("name", ["out.h5", "out.csv"])
def test_a_file_without_a_digest_is_complete(tmp_path: Path, main: Main, name: str) -> None:
    """Written by an older version."""
    src, out = write_tree(tmp_path / "data"), tmp_path / name
    assert main("convert", src, out)[0] == 0
    if name == "out.csv":
        document = json.loads((tmp_path / "out.csv.signdata.json").read_text())
        digest = hashlib.sha256(out.read_bytes()).hexdigest()
        assert document.pop("file") == {"bytes": out.stat().st_size, "sha256": digest}
        (tmp_path / "out.csv.signdata.json").write_text(json.dumps(document))
    else:
        with h5py.File(out, "r+") as file:
            document = json.loads(file.attrs["signdata"])
            assert len(document.pop("file")["digest"]) == 64
            file.attrs["signdata"] = json.dumps(document)
    assert "nothing to do" in main("convert", src, out)[1]


@pytest.mark.parametrize("name", OUTPUTS)
def test_other_options_are_refused(tmp_path: Path, main: Main, name: str) -> None:
    src, out = write_tree(tmp_path / "data"), tmp_path / name
    signdata.convert(src, out)
    before = snapshot(tmp_path)
    code, _, error = main("convert", src, out, "--size", "3x3")
    assert code == 5
    assert "made with other options" in error
    assert snapshot(tmp_path) == before
    assert main("convert", src, out, "--size", "3x3", "--overwrite")[0] == 0
    signdata.convert(src, tmp_path / "fresh" / name, size=(3, 3))
    assert snapshot(tmp_path / "fresh")[name] == snapshot(tmp_path)[name]


def test_overwriting_leaves_no_old_entry(tmp_path: Path) -> None:
    src, out = write_csv(tmp_path / "data.csv"), tmp_path / "out"
    signdata.convert(write_tree(tmp_path / "tree", 9), out)
    (out / ".hidden").write_text("x")
    (out / "link").symlink_to(src)
    signdata.csv_to_folders(src, out, overwrite=True)
    signdata.csv_to_folders(src, tmp_path / "fresh")
    assert snapshot(out) == snapshot(tmp_path / "fresh")
    assert src.exists()


@pytest.mark.parametrize(
    "name", ["a.pkl", "b.XLSX", "c.zip", "d.7z", "e.png", "f.xml", "g.json", "h.onnx"]
)
def test_a_folder_is_never_named_like_a_file(tmp_path: Path, main: Main, name: str) -> None:
    src, csv = write_tree(tmp_path / "data"), write_csv(tmp_path / "data.csv")
    before = snapshot(tmp_path)
    out = tmp_path / name
    for words in (
        ("convert", src, out),
        ("convert", src, out, "--dry-run"),
        ("convert", src, out, "--to", "folders"),
        ("csv-to-folders", csv, out),
        ("split", src, out, "--ratios", "50,50"),
        ("augment", src, out),
        ("audit", src, "--fix", out),
        ("sample", "photos", out, "--n", 1),
    ):
        code, _, error = main(*words)
        assert code == 2, words
        assert f"named like a {out.suffix.lower()} file" in error
        assert "the name of a folder" in error
        assert snapshot(tmp_path) == before


def test_only_the_right_files_are_offered(tmp_path: Path, main: Main) -> None:
    src, csv = write_tree(tmp_path / "data"), write_csv(tmp_path / "data.csv")
    error = main("convert", src, tmp_path / "a.pkl")[2]
    assert "expected .csv, .h5, " in error
    for name in ("out.h5", "out.csv", "out.npz"):
        assert main("csv-to-folders", csv, tmp_path / name)[0] == 2
        for named in ("folders", "table"):
            assert main("convert", csv, tmp_path / name, "--to", named)[0] == 2
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["asl-v1.2", "out.d", "2026.11.28", "data.backup"])
def test_a_folder_may_have_a_dot_in_its_name(tmp_path: Path, main: Main, name: str) -> None:
    assert main("convert", write_tree(tmp_path / "data"), tmp_path / name)[0] == 0
    assert (tmp_path / name / "A").is_dir()


def test_a_folder_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(OutputExistsError, match="is a file"):
        signdata.csv_to_folders(write_csv(tmp_path / "data.csv"), out, overwrite=True)
    assert out.read_text() == "mine"


def test_overwriting_spares_home_and_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    src = write_csv(tmp_path / "data.csv")
    for place in ("home/me/deep", "here/deep"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "here" / "deep" / "mine").touch()
    (tmp_path / "home" / "me" / "mine").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "me"))
    monkeypatch.chdir(tmp_path / "here" / "deep")
    before = snapshot(tmp_path)
    for out in (".", "..", str(tmp_path / "home" / "me"), str(tmp_path / "home")):
        with pytest.raises(UsageError, match="would be emptied"):
            signdata.csv_to_folders(src, out, overwrite=True)
    assert snapshot(tmp_path) == before


def test_overwriting_spares_what_is_no_file(tmp_path: Path) -> None:
    fifo = tmp_path / "out.h5"
    os.mkfifo(fifo)
    with pytest.raises(OutputExistsError, match="neither a file nor a folder"):
        signdata.convert(write_csv(tmp_path / "data.csv"), fifo, overwrite=True)
    assert fifo.is_fifo()


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert signdata.csv_to_folders(write_csv(tmp_path / "data.csv"), tmp_path / "out").written


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), lambda path: path.write_text(""), lambda path: None]
)
def test_what_stands_where_the_unfinished_output_would_be(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """Another program's `NAME.partial` is no partial folder of ours, and is not emptied."""
    src, theirs = write_csv(tmp_path / "data.csv"), tmp_path / "out.h5.partial"
    make(theirs)
    if theirs.is_dir():
        (theirs / "precious").write_text("mine")
    elif not theirs.exists():
        theirs.symlink_to(write_tree(tmp_path / "elsewhere"))
    before = snapshot(tmp_path)
    with pytest.raises(OutputExistsError, match="expected the unfinished output"):
        signdata.convert(src, tmp_path / "out.h5", overwrite=True)
    assert snapshot(tmp_path) == before


def test_an_output_cannot_be_called_unfinished(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.partial"):
        signdata.csv_to_folders(write_csv(tmp_path / "data.csv"), tmp_path / "x.partial")


def test_an_output_inside_its_source_is_refused(tmp_path: Path) -> None:
    src = write_tree(tmp_path / "data")
    before = snapshot(tmp_path)
    (tmp_path / "alias").symlink_to(src)
    for out in (src, src / "deep" / "out", src / "A" / "x.h5", tmp_path, tmp_path / "alias" / "o"):
        with pytest.raises(UsageError, match="source"):
            signdata.convert(src, out, overwrite=True)
    (tmp_path / "alias").unlink()
    assert snapshot(tmp_path) == before


# -- The same command again


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_same_command_again_does_nothing(tmp_path: Path, main: Main, name: str) -> None:
    src, out = write_tree(tmp_path / "data"), tmp_path / name
    words = ("convert", src, out, "--size", "4x4", "--json")
    assert main(*words)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    code, text, _ = main(*words)
    assert code == 0
    again = json.loads(text)
    assert again["already_done"] is True
    assert (again["read"], again["written"], again["skipped"], again["failed"]) == (12, 12, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert "nothing to do" in main(*words[:-1])[1]


@pytest.mark.parametrize("options", [{"csv_size": (6, 6)}, {"size": (3, 4)}])
def test_options_are_the_same_after_a_kill_and_at_the_end(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    src = write_csv(tmp_path / "data.csv")
    signdata.csv_to_folders(src, tmp_path / "out", **options)
    again = signdata.csv_to_folders(src, tmp_path / "out", **options)
    assert again.details["already_done"]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_csv_changed_by_one_digit_is_named(tmp_path: Path, main: Main, name: str) -> None:
    src, out = write_csv(tmp_path / "data.csv"), tmp_path / name
    assert main("convert", src, out)[0] == 0
    text = src.read_bytes()
    src.write_bytes(text[:-3] + bytes([text[-3] ^ 1]) + text[-2:])
    before = snapshot(tmp_path)
    code, _, error = main("convert", src, out)
    assert code == 5
    assert "data.csv" in error
    assert snapshot(tmp_path) == before
    assert main("convert", src, out, "--overwrite")[0] == 0
    assert signdata.verify(out, src).details["same"]


def replace_picture(src: Path) -> str:
    """Another picture of the same size in bytes."""
    path = src / "B" / "004.png"
    size = path.stat().st_size
    for number in range(1000, 4000):
        data = encode.encode(picture(number), "png", 95)
        if len(data) == size:
            new = path.with_name("new")
            new.write_bytes(data)
            new.replace(path)
            return "B/004.png"
    raise AssertionError(size)


def add_picture(src: Path) -> str:
    shutil.copy(src / "B" / "004.png", src / "B" / "999.png")
    return "B/999.png"


def remove_picture(src: Path) -> str:
    (src / "B" / "004.png").unlink()
    return "B/004.png"


@pytest.mark.parametrize("change", [replace_picture, add_picture, remove_picture])
@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("command", ["convert", "split"])
def test_a_tree_that_changed_is_named(
    tmp_path: Path, main: Main, name: str, command: str, change: Callable[[Path], str]
) -> None:
    src, out = write_tree(tmp_path / "data"), tmp_path / name
    words = [command, src, out, *(["--ratios", "50,50"] if command == "split" else [])]
    assert main(*words)[0] == 0
    where = change(src)
    before = snapshot(tmp_path)
    code, _, error = main(*words)
    assert code == 5
    assert "another version of" in error
    assert where in error
    assert snapshot(tmp_path) == before
    assert main(*words, "--overwrite")[0] == 0
    fresh = tmp_path / "fresh" / name
    assert main(*words[:2], fresh, *words[3:])[0] == 0
    assert snapshot(fresh.parent)[name] == snapshot(tmp_path)[name]


def test_a_tree_that_changed_while_the_run_was_dead(tmp_path: Path, child: Child) -> None:
    src = write_tree(tmp_path / "data", 150)
    words = ["convert", str(src), str(child.work / "out"), "-j", "1"]
    n = child.count(words)
    shutil.rmtree(child.work / "out")
    assert child.run(words, n // 2).code == -9
    where = replace_picture(src)
    ended = child.run(words)
    assert ended.code == 5
    assert where in ended.error
    assert child.run([*words, "--overwrite"]).code == 0
    assert signdata.verify(child.work / "out", src).details["same"]


def test_a_video_more_is_a_change(tmp_path: Path) -> None:
    src = tmp_path / "clips"
    make_video(src / "book" / "1.mp4", 3)
    signdata.extract_frames(src, tmp_path / "out", workers=1)
    make_video(src / "book" / "2.mp4", 3)
    with pytest.raises(SourceChangedError, match=r"2\.mp4|clips"):
        signdata.extract_frames(src, tmp_path / "out", workers=1)


# -- What is tried again


@pytest.mark.parametrize("workers", [1, 2])
def test_a_video_found_since_is_added(tmp_path: Path, workers: int) -> None:
    videos = tmp_path / "videos"
    instances = [
        {"video_id": f"{i:05d}", "split": "train", "signer_id": i, "instance_id": i}
        for i in range(6)
    ]
    index = tmp_path / "WLASL.json"
    index.write_text(json.dumps([{"gloss": "book", "instances": instances}]))
    for i in range(6):
        make_video(videos / f"{i:05d}.mp4", 2 + i)
    whole, out = tmp_path / "whole", tmp_path / "out"
    signdata.extract_frames(index, whole, frames=4, workers=1)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in ("00000.mp4", "00003.mp4"):
        (videos / name).rename(hidden / name)
    (videos / "00005.mp4").rename(hidden / "00005.mp4")
    (videos / "00005.mp4").write_bytes(b"damaged")
    first = signdata.extract_frames(index, out, frames=4, workers=workers)
    assert (first.read, first.written, first.skipped, first.failed) == (6, 3, 2, 1)
    stamp = (out / "train" / "book" / "00001" / "img_00001.jpg").stat()
    unchanged = snapshot(out)
    second = signdata.extract_frames(index, out, frames=4, workers=workers)
    assert (second.written, second.skipped, second.failed, second.exit_code) == (3, 2, 1, 3)
    assert snapshot(out) == unchanged
    for path in hidden.iterdir():
        path.replace(videos / path.name)
    third = signdata.extract_frames(index, out, frames=4, workers=workers)
    assert (third.read, third.written, third.skipped, third.failed) == (6, 6, 0, 0)
    assert third.exit_code == 0
    assert snapshot(out) == snapshot(whole)
    again = (out / "train" / "book" / "00001" / "img_00001.jpg").stat()
    assert (again.st_ino, again.st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_damaged_picture_mended_since_is_added(tmp_path: Path, name: str) -> None:
    src = write_tree(tmp_path / "data")
    hurt = src / "C" / "005.png"
    good = hurt.read_bytes()
    signdata.convert(src, tmp_path / "whole" / name)
    hurt.write_bytes(good[: len(good) // 2])
    out = tmp_path / "out" / name
    first = signdata.convert(src, out, on_error="skip")
    assert (first.read, first.written, first.failed, first.exit_code) == (12, 11, 1, 3)
    hurt.write_bytes(good)
    second = signdata.convert(src, out, on_error="skip")
    assert (second.read, second.written, second.failed, second.exit_code) == (12, 12, 0, 0)
    assert snapshot(out.parent) == snapshot(tmp_path / "whole")


def test_rows_that_failed_are_tried_again_and_counted_once(tmp_path: Path) -> None:
    src = write_csv(tmp_path / "data.csv")
    lines = src.read_text().splitlines()
    lines[3] = lines[3].replace(",", ",x", 1)
    src.write_text("\n".join(lines) + "\n")
    for out in (tmp_path / "out", tmp_path / "out.h5"):
        for _ in range(2):
            result = signdata.convert(src, out, on_error="skip")
            assert (result.read, result.written, result.failed) == (12, 11, 1)
        assert snapshot(tmp_path)


def test_a_failed_retry_leaves_the_output_readable(tmp_path: Path) -> None:
    src = write_tree(tmp_path / "data")
    (src / "C" / "005.png").write_bytes(b"damaged")
    out = tmp_path / "out"
    signdata.convert(src, out, on_error="skip")
    before = snapshot(out)
    with pytest.raises(signdata.errors.SigndataError):
        signdata.convert(src, out, on_error="stop")
    assert snapshot(out) == before
    (src / "B" / "004.png").write_bytes((src / "B" / "001.png").read_bytes())
    with pytest.raises(SourceChangedError, match=r"B/004\.png"):
        signdata.convert(src, out, on_error="skip")
    assert snapshot(out) == before


# -- Two at once


@pytest.mark.parametrize("name", ["out", "out.h5"])
def test_the_second_of_two_runs_names_the_first(tmp_path: Path, name: str) -> None:
    src, out = write_csv(tmp_path / "data.csv"), tmp_path / name
    folder = out / ".signdata-partial" if name == "out" else tmp_path / "out.h5.partial"
    lock = Lock(folder, out, "convert")
    lock.acquire()
    lock.write_owner()
    with pytest.raises(OutputLockedError) as caught:
        signdata.convert(src, out)
    assert f"process {os.getpid()} on {socket.gethostname()} (convert)" in str(caught.value)
    assert caught.value.exit_code == 5
    lock.release()
    assert signdata.convert(src, out).written == 12
    assert not partials(tmp_path)


@pytest.mark.slow
def test_of_two_runs_at_once_one_proceeds(tmp_path: Path) -> None:
    """Started together again and again: never both, never neither, never a mixture.

    The first rests for a moment at its tenth change, so that the second comes while it runs,
    however fast or slow the two are.
    """
    src = write_tree(tmp_path / "data", 30)
    signdata.convert(src, tmp_path / "whole", workers=1)
    whole = snapshot(tmp_path / "whole")
    logs = [tmp_path / "log0", tmp_path / "log1"]
    for log in logs:
        log.mkdir()
    refused = 0
    for i in range(4):
        out = tmp_path / f"out{i}"
        words = ["convert", str(src), str(out), "-j", "1"]
        reading, writing = os.pipe()

        def body(words: list[str] = words, gate: int = reading, out: Path = out) -> int:
            sys.addaudithook(Events(out, 10, lambda: time.sleep(1)))
            os.read(gate, 1)
            try:
                errors.main(words)
            except SystemExit as end:
                return int(end.code or 0)

        pids = [fork(body, log) for log in logs]
        os.write(writing, b"go")
        ended = [wait(pid, log) for pid, log in zip(pids, logs, strict=True)]
        os.close(reading)
        os.close(writing)
        codes = sorted(one.code for one in ended)
        assert codes in ([0, 5], [0, 0]), ended
        if codes == [0, 5]:
            refused += 1
            loser = next(one for one in ended if one.code == 5)
            winner = pids[1 - ended.index(loser)]
            owner = f"process {winner} on {socket.gethostname()} (convert)"
            assert f"is being written by {owner}" in loser.error
        else:  # the second came when the first had ended
            assert sorted("nothing to do" in one.stdout for one in ended) == [False, True]
        assert snapshot(out) == whole
    assert refused


# -- Links


def test_linked_outputs_never_change_their_source(tmp_path: Path, child: Child) -> None:
    src = write_tree(tmp_path / "data", 30)
    before = snapshot(src)
    out = child.work / "out"
    words = ["split", str(src), str(out), "--ratios", "60,40", "-j", "1"]
    n = child.count(words)
    whole = snapshot(out)
    place = next(out.rglob("004.png"))
    assert os.path.samefile(place, src / "B" / "004.png")
    for at in (n // 4, n // 2, n - 12):
        shutil.rmtree(out)
        assert child.run(words, at).code == -9
        assert child.run(words).code == 0
        assert snapshot(out) == whole
    copied = [*words, "--mode", "copy", "--overwrite"]
    assert child.run(copied).code == 0
    assert not os.path.samefile(next(out.rglob("004.png")), src / "B" / "004.png")
    assert child.run([*words, "--seed", "5", "--overwrite"]).code == 0
    assert snapshot(src) == before


def test_links_planted_in_the_partial_tree_are_not_followed(tmp_path: Path, child: Child) -> None:
    src = write_csv(tmp_path / "data.csv")
    words = ["csv-to-folders", str(src), str(child.work / "out"), "-j", "1"]
    n = child.count(words)
    whole = snapshot(child.work)
    victims = tmp_path / "victims"
    write_tree(victims)
    for name in ("manifest.csv", "000001.png", "journal", "signdata.json", "lock", "owner.json"):
        (victims / name).write_text("theirs")
    before = snapshot(victims)
    partial = child.work / "out" / ".signdata-partial"
    for place in (
        *("tree/A", "tree/A/000001.png", "tree/manifest.csv", "tree/signdata.json"),
        *("journal", "owner.json", "lock", "tree", "commit.new", "record.json.new"),
    ):
        shutil.rmtree(child.work / "out")
        assert child.run(words, n // 2).code == -9
        link = partial / place.replace("tree", tree_of(partial).name)
        target = victims if place in ("tree", "tree/A") else victims / link.name
        if link.is_dir():
            shutil.rmtree(link)
        link.unlink(missing_ok=True)
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(target)
        ended = child.run(words)
        assert (ended.code, ended.stderr) == (0, ""), (place, ended)
        assert snapshot(child.work) == whole, place
        assert snapshot(victims) == before, place


def test_nothing_is_written_elsewhere(tmp_path: Path) -> None:
    src = write_tree(tmp_path / "data")
    before = snapshot(tmp_path)
    for name in ("o", "o.h5", "o.csv"):
        signdata.convert(src, tmp_path / "deep" / name)
    found = {place: data for place, data in snapshot(tmp_path).items() if "deep" not in place}
    assert found == before
    names = {path.name for path in (tmp_path / "deep").iterdir()}
    assert names == {"o", "o.h5", "o.csv", "o.csv.manifest.csv", "o.csv.signdata.json"}


# -- What is written and said


@pytest.mark.parametrize("suffix", ["", ".h5", ".csv"])
def test_no_sidecar_knows_time_place_or_name(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    src = write_tree(tmp_path / "data")
    (src / "A" / "003.png").write_bytes(b"damaged")
    (src / "notes.txt").write_text("junk")
    monkeypatch.chdir(tmp_path)
    trees = []
    for source, name in ((src, "first"), (Path("data"), "an/other")):
        out = tmp_path / "here" / f"{name}{suffix}"
        result = signdata.convert(source, out, on_error="skip")
        assert result.exit_code == 3
        found = snapshot(out.parent)
        trees.append({place.replace(out.name, "OUT"): data for place, data in found.items()})
        shutil.rmtree(tmp_path / "here")
    assert trees[0] == trees[1]
    for data in trees[0].values():
        assert str(tmp_path).encode() not in (data or b"")


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path, main: Main) -> None:
    src = write_tree(tmp_path / "data", 30)
    (src / "A" / "003.png").write_bytes(b"damaged")
    before = snapshot(tmp_path)
    for name in OUTPUTS:
        words = ("convert", src, tmp_path / name, "--on-error", "skip", "--json")
        code, text, _ = main(*words, "--dry-run")
        assert snapshot(tmp_path) == before
        dry = json.loads(text)
        real_code, text, _ = main(*words)
        real = json.loads(text)
        assert code == real_code == 3
        for key in ("read", "written", "skipped", "failed", "problems"):
            assert dry[key] == real[key], key
        assert dry["written"] == 29
        for path in tmp_path.glob("out*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_dry_run_of_what_cannot_be_fails_as_the_run_does(tmp_path: Path, main: Main) -> None:
    src = tmp_path / "data"
    (src / "A").mkdir(parents=True)
    (src / "A" / "1.png").write_bytes(b"damaged")
    for words in ((), ("--dry-run",)):
        code, _, error = main("convert", src, tmp_path / "out", "--on-error", "skip", *words)
        assert code == 4
        assert "nothing could be written" in error
        assert not (tmp_path / "out").exists()


KEYS = {"command", "output", "read", "written", "skipped", "failed", "seconds", "problems"}


@pytest.mark.parametrize("name", OUTPUTS)
def test_json_is_one_object_whose_counts_add_up(tmp_path: Path, name: str) -> None:
    src, out = write_tree(tmp_path / "data", 20), tmp_path / name
    for place in ("A/003.png", "B/007.png"):
        (src / place).write_bytes(b"damaged")
    done = subprocess.run(
        [sys.executable, "-m", "signdata", "convert", src, out, "--on-error", "skip", "--json"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (3, "")
    found = json.loads(done.stdout)
    assert set(found) >= KEYS
    assert found["command"] == "convert"
    assert found["output"] == str(out)
    assert found["read"] == 20 == found["written"] + found["skipped"] + found["failed"]
    assert found["failed"] == 2
    for problem in found["problems"]:
        assert set(problem) == {"path", "where", "kind", "message"}
        assert all(isinstance(value, str) for value in problem.values())
    beside = out / "problems.csv" if name == "out" else tmp_path / f"{name}.problems.csv"
    with beside.open(newline="") as file:
        assert list(csv.DictReader(file)) == found["problems"]
    assert {problem["path"] for problem in found["problems"]} >= {"A/003.png", "B/007.png"}


def test_problems_csv_lists_more_than_the_object(tmp_path: Path) -> None:
    src = tmp_path / "data.csv"
    bad = "\n".join("0,x,1,2,3" for _ in range(1200))
    src.write_text(f"label,pixel1,pixel2,pixel3,pixel4\n0,1,2,3,4\n{bad}\n")
    result = signdata.convert(src, tmp_path / "out", on_error="skip")
    assert (result.read, result.written, result.failed) == (1201, 1, 1200)
    assert len(result.to_dict()["problems"]) == 1000
    with (tmp_path / "out" / "problems.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 1200


def test_parts_of_an_unfinished_output_are_refused(tmp_path: Path, child: Child) -> None:
    src = write_tree(tmp_path / "data")
    out = child.work / "out"
    words = ["split", str(src), str(out), "--ratios", "50,50", "-j", "1"]
    n = child.count(words)
    shutil.rmtree(out)
    assert child.run(words, n - 8).code == -9  # while entries move up
    assert (out / ".signdata-partial" / "commit").exists()
    for path in (out, out / "test", tree_of(out / ".signdata-partial")):
        assert sidecars.is_partial(path)
        with pytest.raises(FormatError, match="unfinished"):
            signdata.open_dataset(path)


@pytest.mark.parametrize("name", ["out", "out.h5", "out.csv"])
def test_a_run_that_fails_leaves_no_folder_above_its_output(
    tmp_path: Path, main: Main, name: str
) -> None:
    (tmp_path / "data" / "A").mkdir(parents=True)
    (tmp_path / "data" / "A" / "1.png").write_bytes(b"damaged")
    (tmp_path / "mine").mkdir()
    before = snapshot(tmp_path)
    assert main("convert", tmp_path / "data", tmp_path / "mine" / "a" / "b" / name)[0] == 4
    assert snapshot(tmp_path) == before
    write_tree(tmp_path / "data")
    (tmp_path / "data" / "A" / "1.png").unlink()
    assert main("convert", tmp_path / "data", tmp_path / "mine" / "a" / "b" / name)[0] == 0
    assert (tmp_path / "mine" / "a" / "b" / name).exists()
