"""HDR videos look as on a standard screen, the same with both decoders and every command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import signdata
from signdata.inference import inputs
from signdata.sidecars import read_rows
from tests.videos import ffmpeg, make_index, make_video

TRANSFERS = {"hlg": "arib-std-b67", "pq": "smpte2084"}
SHOWN = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=709,tonemap=clip:desat=0,"
    "zscale=t=709:m=709:r=full,format=rgb24"
)
"""What brings HDR to a standard screen in the ffmpeg program."""

PATCHES = (
    (200, 60, 60),
    (60, 180, 60),
    (60, 60, 200),
    (224, 172, 105),
    (141, 85, 36),
    (255, 255, 255),
    (128, 128, 128),
    (20, 20, 20),
)
SIDE = 32
NEAR = 3


def make_hdr(path: Path, transfer: str, *, codec: str = "libx265") -> Path:
    """Three frames of patches in the colours of standard screens, stored as HDR."""
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.repeat(np.array(PATCHES, np.uint8)[None], SIDE, axis=1)
    plain = path.with_name("plain.png")
    Image.fromarray(np.repeat(row, 2 * SIDE, axis=0)).save(plain)
    name = TRANSFERS[transfer]
    filters = (
        f"zscale=pin=709:tin=bt709:min=gbr:rin=full:p=2020:t={name}:m=2020_ncl:r=limited:npl=203,"
        "format=yuv420p10le"
    )
    tags = ["-colorspace", "bt2020nc", "-color_trc", name, "-color_primaries", "bt2020"]
    params = f"log-level=none:qp=4:colorprim=bt2020:transfer={name}:colormatrix=bt2020nc"
    words = ["-x265-params", params] if codec == "libx265" else ["-qp", "4"]
    source = ["-loop", "1", "-framerate", "25", "-i", plain, "-frames:v", "3"]
    ffmpeg(*source, "-vf", filters, "-c:v", codec, *words, *tags, path)
    plain.unlink()
    return path


def patches(picture: NDArray[Any] | Path) -> NDArray[np.int64]:
    """The colour in the middle of each patch."""
    if isinstance(picture, Path):
        with Image.open(picture) as image:
            picture = np.asarray(image.convert("RGB"))
    middle = picture.shape[0] // 2
    step = picture.shape[1] // len(PATCHES)
    return np.array([picture[middle, i * step + step // 2] for i in range(len(PATCHES))], np.int64)


def shown(path: Path, *words: str) -> NDArray[np.int64]:
    """What the ffmpeg program makes of a video's first frame."""
    ffmpeg("-i", path, *words, "-frames:v", "1", path.with_suffix(".png"))
    return patches(path.with_suffix(".png"))


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_frames_are_what_the_program_shows(
    tmp_path: Path, transfer: str, decoder: str, image_format: str
) -> None:
    path = make_hdr(tmp_path / "src/we/a.mov", transfer)
    how: dict[str, Any] = {"decoder": decoder, "image_format": image_format, "workers": 1}
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", **how)
    ours = patches(tmp_path / f"out/we/a/img_00002.{image_format}")
    near = NEAR + 2 * (image_format == "jpg")
    assert np.abs(ours - shown(path, "-vf", SHOWN)).max() <= near
    assert np.abs(ours - PATCHES).max() <= near
    assert [p.message for p in result.problems] == [f"HDR ({transfer}) was tone-mapped to BT.709"]
    (row,) = read_rows(tmp_path / "out/manifest.csv")
    assert (row["transfer"], row["n_frames"]) == (f"{transfer} to bt709", "3")


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("transfer", TRANSFERS)
def test_the_values_can_be_kept(tmp_path: Path, transfer: str, decoder: str) -> None:
    path = make_hdr(tmp_path / "src/we/a.mov", transfer)
    how: dict[str, Any] = {"tone_map": False, "image_format": "png", "workers": 1}
    result = signdata.extract_frames(tmp_path / "src", tmp_path / "out", decoder=decoder, **how)
    ours = patches(tmp_path / "out/we/a/img_00002.png")
    assert np.abs(ours - shown(path)).max() <= NEAR  # by the matrix of BT.2020
    assert ours[5].max() < 200  # white is dull
    assert result.problems == []
    (row,) = read_rows(tmp_path / "out/manifest.csv")
    assert row["transfer"] == transfer


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_light_above_white_keeps_its_hue(tmp_path: Path, transfer: str) -> None:
    path = tmp_path / "src/we/a.mov"
    path.parent.mkdir(parents=True)
    name = TRANSFERS[transfer]
    colours = ["0xe05050", "0x50e050", "0xf0f0f0", "0xe0a070"]
    sources = [w for c in colours for w in ("-f", "lavfi", "-i", f"color={c}:s=64x64:r=25:d=0.04")]
    tagged = f"setparams=colorspace=bt2020nc:color_trc={name}:color_primaries=bt2020:range=tv"
    words = ["-filter_complex", f"hstack={len(colours)},format=yuv420p10le,{tagged}"]
    ffmpeg(*sources, *words, "-c:v", "ffv1", path.with_suffix(".mkv"))
    signdata.extract_frames(tmp_path / "src", tmp_path / "out", image_format="png", workers=1)
    program = path.with_suffix(".png")
    ffmpeg("-i", path.with_suffix(".mkv"), "-vf", SHOWN, program)
    both = []
    for one in (tmp_path / "out/we/a/img_00001.png", program):
        with Image.open(one) as image:
            both.append(np.asarray(image, np.int64)[32, 32::64])
    assert np.abs(both[0] - both[1]).max() <= NEAR
    assert (both[0].max(axis=1) == 255).all()


def test_every_command_reads_them_alike(tmp_path: Path) -> None:
    path = make_hdr(tmp_path / "src/we/a.mov", "hlg")
    make_video(tmp_path / "src/go/b.mp4", 3)
    signdata.convert(tmp_path / "src", tmp_path / "frames", to_format="frames", workers=1)
    assert np.abs(patches(tmp_path / "frames/we/a/img_00001.png") - PATCHES).max() <= NEAR
    signdata.convert(
        tmp_path / "src", tmp_path / "kept", to_format="frames", tone_map=False, workers=1
    )
    assert patches(tmp_path / "kept/we/a/img_00001.png")[5].max() < 200
    (found,) = inputs.find([str(path)])
    with found.opened() as source:
        assert np.abs(patches(next(iter(source.frames()))) - PATCHES).max() <= NEAR
    rows = {row["id"]: row for row in read_rows(tmp_path / "frames/manifest.csv")}
    assert (rows["we/a"]["transfer"], rows["go/b"]["transfer"]) == ("hlg to bt709", "")


def test_a_standard_video_has_no_such_column(tmp_path: Path) -> None:
    make_video(tmp_path / "src/go/b.mp4", 3)
    signdata.extract_frames(tmp_path / "src", tmp_path / "out", workers=1)
    (row,) = read_rows(tmp_path / "out/manifest.csv")
    assert "transfer" not in row
    assert "deinterlaced" not in row
    assert '"tone_map"' not in (tmp_path / "out/signdata.json").read_text()


@pytest.mark.parametrize("tone_map", [True, False])
@pytest.mark.parametrize("copy", [True, False])
def test_trimmed_clips_say_what_they_are(tmp_path: Path, tone_map: bool, copy: bool) -> None:
    path = make_hdr(tmp_path / "raw/a.mkv", "hlg")
    index = make_index(tmp_path / "i.json", [{"video_id": "a"}])
    how: dict[str, Any] = {"videos": path.parent, "workers": 1, "tone_map": tone_map, "copy": copy}
    result = signdata.trim(index, tmp_path / "cut", **how)
    cut = tmp_path / "cut/a.mp4"
    with av.open(str(cut)) as container:
        codec = container.streams.video[0].codec_context
        tags = (int(codec.colorspace), int(codec.color_trc), int(codec.color_primaries))
    (row,) = read_rows(tmp_path / "cut/manifest.csv")
    messages = [p.message for p in result.problems]
    if tone_map:
        assert (tags, row["transfer"]) == ((1, 1, 1), "hlg to bt709")
        assert messages == ["HDR (hlg) was tone-mapped to BT.709"]
    else:
        assert (tags, row["transfer"], messages) == ((9, 18, 9), "hlg", [])
    signdata.extract_frames(tmp_path / "cut", tmp_path / "out", image_format="png", workers=1)
    ours = patches(tmp_path / "out/train/book/a/img_00001.png")
    assert np.abs(ours - PATCHES).max() <= 2 * NEAR
