"""What a node is asked before it gets work."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from signdata.errors import NodeError
from signdata.formats.node_check import NodeCheck, _some
from signdata.media import canary

HOST = socket.gethostname()
FIT = NodeCheck(canary.versions(), canary.checksums(), (), "")


def refused(check: NodeCheck) -> str:
    with pytest.raises(NodeError) as caught:
        check()
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_node_like_this_one_is_fit() -> None:
    facts = FIT()
    assert facts.host == HOST
    assert facts.cores >= 1


def test_another_version_is_named() -> None:
    other = replace(FIT, versions={**canary.versions(), "pillow": "1.2.3"})
    here = canary.versions()["pillow"]
    assert refused(other) == (
        f"{HOST}: pillow {here}; expected 1.2.3, as here. Install the same versions there, or "
        "allow it with --allow-skew: the same bytes are then not promised."
    )
    replace(other, versions=None)()


def test_another_processor_is_named() -> None:
    other = replace(FIT, checksums={**canary.checksums(), "encoding JPEG": "0"})
    assert refused(other).startswith(f"{HOST}: encoding JPEG gives other bytes than here")
    replace(other, checksums=None)()


def test_all_that_is_read_must_be_there(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.csv", tmp_path / "tree"
    folder.mkdir()
    file.write_bytes(b"12345")
    check = replace(FIT, reads=((str(file), 5), (str(folder), -1)))
    check()
    file.write_bytes(b"123456")
    assert f"has another {file} than this machine: 6 bytes; expected 5" in refused(check)
    file.unlink()
    assert f"cannot read {file} (No such file or directory)" in refused(check)


def test_the_output_must_be_the_same_folder(tmp_path: Path) -> None:
    file = tmp_path / "run-1"
    check = replace(FIT, run_file=str(file))
    assert f"cannot write to {tmp_path}" in refused(check)
    file.write_bytes(b"0")
    check()
    assert list(tmp_path.iterdir()) == [file]


def test_checksums_tell_the_ways_apart() -> None:
    assert len(set(canary.checksums().values())) == len(canary.checksums()) == 12
    canary.checksums.cache_clear()
    assert canary.checksums() == FIT.checksums


def test_of_many_files_some_are_asked_for(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(250)]
    assert list(_some(files)) == files[::3]
    assert list(_some(files[:100])) == files[:100]
    assert list(_some([])) == []
