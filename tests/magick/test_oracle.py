from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.magick import engines, oracle


@pytest.mark.parametrize(
    ("version", "hdri", "profile"),
    [
        ("ImageMagick 6.9.11-60 Q16 x86_64 2021-01-25", False, "im6-q16"),
        ("ImageMagick 6.9.11-60 Q16 x86_64 2021-01-25", True, ""),
        ("ImageMagick 6.9.13-12 Q16 x86_64", False, ""),
        ("ImageMagick 7.0.8-28 Q16 x86_64 2020-08-20", True, "im7-2017"),
        ("ImageMagick 7.1.1-7 Q16-HDRI x86_64", True, "im7-current"),
        ("ImageMagick 7.1.1-6 Q16 x86_64", False, ""),
        ("ImageMagick 7.0.8-28 Q8 x86_64", False, ""),
        ("Converts FAT volumes to NTFS.", False, ""),
    ],
)
def test_a_version_has_its_profile(version: str, hdri: bool, profile: str) -> None:
    assert engines.profile_for(version, hdri) == profile


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are no programs there")
def test_another_convert_is_no_imagemagick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "convert"
    program.write_text("#!/bin/sh\necho something else\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["oracle"])
    assert engines.find("plain") is None
    oracle.main()
    assert capsys.readouterr().out.startswith("no ImageMagick here (looked for im6, im7")


def test_only_eight_bits_are_read() -> None:
    assert engines.read_pnm(b"P5 2 1 255\n\x01\x02").tolist() == [[[1, 2]]]
    with pytest.raises(ValueError, match="not a PGM or PPM of 8 bits"):
        engines.read_pnm(b"P5 2 1 65535\n\0\1\0\2")
