"""Pictures of every size out of decoded frames: nothing but the frame is in them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import av
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

import signdata
from signdata.media.video import frame_conversion
from signdata.media.video.frame_conversion import Converter, FrameShape
from tests.conftest import listing
from tests.videos import make_video

ODD_AND_EVEN = [(1, 1), (3, 1), (1, 3), (9, 5), (16, 17), (17, 16), (48, 65), (49, 64), (49, 65)]


def frame(height: int, width: int) -> av.VideoFrame:
    """Dark on the left, bright on the right: what wraps around a row shows at its end."""
    ramp = np.linspace(20, 235, width) + np.zeros((height, 1))
    tall = np.linspace(60, 200, height)[:, None] + np.zeros(width)
    array = np.repeat(((ramp + tall) / 2)[:, :, None], 3, axis=2).astype(np.uint8)
    return av.VideoFrame.from_ndarray(array, format="rgb24").reformat(format="yuv420p")


def decoded(data: bytes) -> NDArray[np.float64]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), float)


@pytest.mark.parametrize("size_hw", ODD_AND_EVEN[3:])
def test_a_jpeg_is_the_frame_up_to_its_last_row_and_column(size_hw: tuple[int, int]) -> None:
    converter = Converter(FrameShape(size_hw=size_hw), None)
    wanted = converter.rgb(frame(96, 128)).astype(float)
    found = decoded(converter.jpeg(frame(96, 128), 95))
    assert found.shape == wanted.shape == (*size_hw, 3)
    off = np.abs(found - wanted)
    assert off.mean() < 2.5
    assert max(off[:, -1].mean(), off[-1].mean()) < off.mean() + 1


@pytest.mark.parametrize("size_hw", ODD_AND_EVEN)
def test_the_same_bytes_whatever_lies_in_memory(
    size_hw: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the encoder is handed is followed by the picture's own edge, not by other memory."""
    seen: list[NDArray[np.uint8]] = []
    encode = simplejpeg.encode_jpeg_yuv_planes

    def watched(*planes: NDArray[np.uint8], quality: int) -> bytes:
        seen.append(planes[0])
        return bytes(encode(*planes, quality=quality))

    monkeypatch.setattr(frame_conversion.simplejpeg, "encode_jpeg_yuv_planes", watched)
    converter = Converter(FrameShape(size_hw=size_hw), None)
    digests = set()
    for i in range(40):
        noise = [np.full(7 * i + 64, 255 * (i % 2), np.uint8) for _ in range(50)]
        del noise
        digests.add(hashlib.sha256(converter.jpeg(frame(96, 128), 95)).hexdigest())
    assert len(digests) == 1
    for luma in seen:
        height, width = luma.shape
        behind = luma if luma.base is None else luma.base
        even = behind.shape[0] >= height + height % 2, behind.shape[1] >= width + width % 2
        assert (luma.shape, even) == (size_hw, (True, True))
        assert np.array_equal(behind[:height, -1], luma[:, -1])
        assert np.array_equal(behind[-1, :width], luma[-1])


def test_odd_frames_of_a_video_come_out_the_same_every_time(tmp_path: Path) -> None:
    make_video(tmp_path / "src/we/a.mp4", 6)
    trees = []
    for run in range(4):
        out = tmp_path / f"out{run}"
        signdata.extract_frames(tmp_path / "src", out, size=(65, 49), workers=1)
        trees.append(listing(out))
    assert all(tree == trees[0] for tree in trees)
