"""Downloads that failed are said to be that, under whatever suffix they lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signdata.downloads import found_instead

PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html><html><title>Sign in</title></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (PAGE, "a web page"),
        (b'<?xml version="1.0"?>', "a web page"),
        (POINTER, "a Git LFS pointer"),
        (b"", "an empty file"),
        (b"label,pixel1\n", ""),
        (b"\x89PNG\r\n\x1a\n", ""),
    ],
)
def test_what_is_there_instead(start: bytes, found: str) -> None:
    assert found_instead(start) == found


@pytest.mark.parametrize(("data", "found"), [(PAGE, "a web page"), (POINTER, "a Git LFS pointer")])
@pytest.mark.parametrize(
    "name",
    [
        *("a.csv", "a.tsv", "a.jsonl", "a.h5", "a.hdf5", "a.mat", "a.npz", "a.json", "a.zip"),
        *("a.parquet", "a.xyz"),
    ],
)
def test_a_dataset_is_said_to_be_one(
    name: str, data: bytes, found: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    ran = main("info", path)
    assert ran.returncode == 4
    assert ran.error.startswith(f"error: {path}: {found}; expected the dataset's own bytes")
    assert ("git lfs pull" in ran.error) == (data is POINTER)


@pytest.mark.parametrize("name", ["1.png", "1.jpg", "1.webp", "1.mp4", "1.mkv"])
def test_a_picture_or_video_is_said_to_be_one(
    name: str, tmp_path: Path, main: Callable[..., Any]
) -> None:
    (tmp_path / "src/A").mkdir(parents=True)
    (tmp_path / f"src/A/{name}").write_bytes(POINTER)
    ran = main("convert", tmp_path / "src", tmp_path / "out.h5", "-j", 1)
    assert ran.returncode == 4
    assert "found a Git LFS pointer. Fetch it with: git lfs pull" in ran.error


def test_an_archive_is_to_be_unpacked(tmp_path: Path, main: Callable[..., Any]) -> None:
    (tmp_path / "asl.tar.gz").write_bytes(b"\x1f\x8b")
    ran = main("info", tmp_path / "asl.tar.gz")
    assert (ran.returncode, "an archive" in ran.error) == (4, True)
    assert "Unpack it: tar -xf asl.tar.gz" in ran.error
