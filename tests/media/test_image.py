"""Pictures are read strictly: right, or not at all."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import signdata
from signdata.errors import DecodeError, UsageError
from signdata.media.image import decode, encode, ops, png

GREY = (np.add.outer(np.arange(37), 3 * np.arange(53)) % 256).astype(np.uint8)
RGB = np.stack([GREY, np.roll(GREY, 9, 0), 255 - GREY], -1)


def saved(picture: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def pillow(data: bytes) -> np.ndarray:
    """What Pillow alone reads, as (H, W, C)."""
    array = np.asarray(Image.open(io.BytesIO(data)))
    return array if array.ndim == 3 else array[:, :, None]


def decoded(data: bytes) -> np.ndarray:
    """The pixels, once header and pixels agree."""
    frame, _ = decode.decode(data, "x.png")
    header = decode.probe(data, "x.png")
    assert (*header.size_hw, header.channels) == frame.shape
    assert frame.dtype == np.uint8
    return frame


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "4:1:1"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "colour"])
def test_the_fast_jpeg_path_reads_what_pillow_reads(
    subsampling: str, progressive: bool, pixels: np.ndarray
) -> None:
    data = saved(pixels, "JPEG", quality=90, subsampling=subsampling, progressive=progressive)
    assert decode._decode_plain_jpeg(data) is not None
    assert (decoded(data) == pillow(data)).all()


TRUNCATED = {
    "JPEG": saved(RGB, "JPEG"),
    "grey JPEG": saved(GREY, "JPEG"),
    "progressive JPEG": saved(RGB, "JPEG", progressive=True),
    "CMYK JPEG": saved(Image.fromarray(RGB).convert("CMYK"), "JPEG"),
    "PNG": saved(RGB, "PNG"),
    "palette PNG": saved(Image.fromarray(RGB).convert("P"), "PNG"),
    "alpha PNG": saved(Image.fromarray(RGB).convert("RGBA"), "PNG"),
    "WebP": saved(RGB, "WEBP"),
    "TIFF": saved(RGB, "TIFF"),
    "PPM": saved(RGB, "PPM"),
}


@pytest.mark.parametrize("kind", TRUNCATED)
def test_pictures_cut_short_are_refused_wherever_they_are_cut(kind: str) -> None:
    data = TRUNCATED[kind]
    n = len(data)
    decode.check(data, "x")
    for length in (0, 1, 3, 11, n // 10, n // 3, n // 2, n * 9 // 10, n - 20, n - 3, n - 2, n - 1):
        for read in (decode.decode, decode.check):
            with pytest.raises(DecodeError, match=r"^x: "):
                read(data[:length], "x")


@pytest.mark.parametrize("kind", [*TRUNCATED, "animated GIF", "animated TIFF"])
def test_mutated_pictures_are_read_or_refused(kind: str) -> None:
    frames = [Image.fromarray(np.roll(GREY, i, 0)) for i in range(3)]
    data = TRUNCATED.get(kind) or saved(
        frames[0], kind.split()[1], save_all=True, append_images=frames[1:]
    )
    rng = np.random.default_rng(len(kind))
    refused = 0
    for i in range(60):
        mutated = bytearray(data)
        for place in rng.integers(0, len(data) if i % 2 else min(len(data), 300), 8):
            mutated[place] = rng.integers(0, 256)
        for read in (decode.decode, decode.check, decode.probe):
            try:
                read(bytes(mutated), "x")
            except DecodeError:
                refused += 1
    assert refused


def test_a_png_bomb_is_refused_before_its_pixels_are_read() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(data) < 100_000
    for read in (decode.decode, decode.check, decode.probe):
        with pytest.raises(DecodeError, match="too many pixels"):
            read(data, "x")


def test_the_limit_is_ours_where_it_is_lower_than_pillows() -> None:
    data = saved(Image.new("1", (8000, 8001)), "PNG")
    with pytest.raises(DecodeError, match=r"8000x8001 pixels; expected at most 64,000,000"):
        decode.decode(data, "x")
    jpeg = saved(Image.new("L", (8001, 8000)), "JPEG", quality=1)
    with pytest.raises(DecodeError, match="8001x8000"):
        decode.check(jpeg, "x")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied_and_said(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    upright = pillow(saved(RGB, kind, **options))
    turn = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a),
    }
    data = saved(RGB, kind, exif=exif, **options)
    assert (decoded(data) == turn[orientation](upright)).all()
    notes = decode.decode(data, "x")[1]
    wanted = () if orientation == 1 else (f"EXIF orientation {orientation} applied on reading",)
    assert notes == wanted
    assert decode.check(data, "x")[1] == wanted


UPSIDE_DOWN = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="3"/></x:xmpmeta>'


def test_orientation_in_xmp_counts_as_well() -> None:
    data = saved(RGB, "JPEG", xmp=UPSIDE_DOWN)
    assert (decoded(data) == pillow(saved(RGB, "JPEG"))[::-1, ::-1]).all()


def test_orientation_behind_a_segment_that_looks_like_pixels() -> None:
    data = saved(RGB, "JPEG", xmp=UPSIDE_DOWN)
    profile = b"ICC_PROFILE\0\1\1" + b"\xff\xda\xff\xd9" * 99
    segment = b"\xff\xe2" + (len(profile) + 2).to_bytes(2, "big") + profile
    turned = decoded(data[:2] + segment + data[2:])
    assert (turned == pillow(saved(RGB, "JPEG"))[::-1, ::-1]).all()


def test_what_a_jpeg_has_among_its_pixels_turns_nothing() -> None:
    data = saved(RGB, "JPEG")
    words = data + b"Exif\0\0" + UPSIDE_DOWN + b"\xff\xd9"
    assert (decoded(words) == decoded(data)).all()
    assert decode.decode(words, "x")[1] == ()


def test_transparent_pixels_are_laid_on_white() -> None:
    layer = np.zeros((1, 3, 4), np.uint8)
    layer[0] = [(255, 0, 0, 255), (255, 0, 0, 0), (255, 0, 0, 128)]
    assert decoded(saved(layer, "PNG"))[0].tolist() == [[255, 0, 0], [255] * 3, [255, 127, 127]]


def test_transparent_palette_entries_are_laid_on_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    assert decoded(saved(picture, "PNG"))[0].tolist() == [[10, 20, 30], [40, 50, 60]]
    data = saved(picture, "PNG", transparency=1)
    assert decoded(data)[0].tolist() == [[10, 20, 30], [255, 255, 255]]


def test_grey_with_alpha_stays_grey() -> None:
    layer = Image.merge("LA", [Image.fromarray(GREY), Image.new("L", (53, 37), 255)])
    assert (decoded(saved(layer, "PNG"))[:, :, 0] == GREY).all()
    hidden = Image.merge("LA", [Image.fromarray(GREY), Image.new("L", (53, 37), 0)])
    assert (decoded(saved(hidden, "PNG")) == 255).all()


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    values = np.array([[0, 128, 129, 1000, 32768, 65407, 65535]], np.uint16)
    frame = decoded(saved(values, "PNG"))
    assert frame[0, :, 0].tolist() == [0, 0, 1, 4, 128, 255, 255]
    assert (decoded(saved(values, "TIFF")) == frame).all()
    assert decoded(saved(values, "PNG", transparency=1000))[0, 3, 0] == 255


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(DecodeError, match="floating-point"):
        decode.decode(saved(Image.new("F", (2, 2), 0.5), "TIFF"), "x")


def test_one_bit_becomes_black_and_white() -> None:
    bits = Image.fromarray(GREY).convert("1")
    wanted = np.asarray(bits, np.uint8) * 255
    for kind in ("PNG", "BMP", "TIFF", "PPM"):
        assert (decoded(saved(bits, kind))[:, :, 0] == wanted).all()


def test_cmyk_becomes_rgb() -> None:
    for kind in ("JPEG", "TIFF"):
        data = saved(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), kind, quality=100)
        red, green, blue = decoded(data)[4, 4].astype(int)
        assert red < 5
        assert min(green, blue) > 250


def test_an_animated_gif_gives_its_first_frame_and_a_note() -> None:
    frames = [Image.new("L", (4, 4), value) for value in (10, 200, 90)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    frame, notes = decode.decode(data, "x")
    assert (frame == 10).all()
    assert notes == ("animated or many pages (3): the first is read",)


def test_content_decides_not_the_suffix(make_tree: Callable[..., Path], tmp_path: Path) -> None:
    root = make_tree({"A/1.jpg": saved(GREY, "PNG"), "A/2.png": saved(RGB, "JPEG")})
    signdata.convert(root, tmp_path / "out", workers=1)
    assert (tmp_path / "out/A/1.png").read_bytes() == (root / "A/1.jpg").read_bytes()
    assert (tmp_path / "out/A/2.jpg").read_bytes() == (root / "A/2.png").read_bytes()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>404", "a web page"),
        (b'<?xml version="1.0"?><svg/>', "a web page"),
        (b"\x89PNG\r\n", "the beginning of a damaged picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "bytes that start with"),
        (b"label,pixel1\n", "bytes that start with"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, found: str) -> None:
    with pytest.raises(DecodeError, match=f"no picture; expected AVIF, BMP.* found {found}"):
        decode.decode(data, "x")


@pytest.mark.parametrize("kind", ["ICO", "PCX", "TGA", "SGI", "JPEG2000"])
def test_formats_that_nobody_needs_are_not_opened(kind: str) -> None:
    with pytest.raises(DecodeError, match="no picture"):
        decode.decode(saved(RGB, kind), "x")


@pytest.mark.parametrize("pixels", [GREY[:, :, None], RGB], ids=["grey", "colour"])
def test_png_keeps_every_value_and_jpeg_nearly(pixels: np.ndarray) -> None:
    assert (decoded(encode.encode(pixels, "png", 95)) == pixels).all()
    smooth = np.full((16, 16, pixels.shape[2]), 77, np.uint8)
    found = decoded(encode.encode(smooth, "jpg", 95))
    assert found.shape == smooth.shape
    assert abs(found.astype(int) - 77).max() <= 2


def test_colours_keep_their_order_both_ways() -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    assert pillow(encode.encode(red, "png", 95))[0, 0].tolist() == [255, 0, 0]
    assert pillow(encode.encode(red, "jpg", 100))[4, 4, 0] > 250


def test_resizing_and_grey() -> None:
    assert ops.resize(RGB, (10, 20)).shape == (10, 20, 3)
    assert ops.resize(GREY[:, :, None], (74, 106)).shape == (74, 106, 1)
    assert ops.resize(RGB, RGB.shape[:2]) is RGB
    checkers = np.indices((8, 8)).sum(0) % 2 * np.uint8(200)
    assert (ops.resize(checkers[:, :, None].astype(np.uint8), (4, 4)) == 100).all()
    white = np.full((2, 2, 3), 255, np.uint8)
    assert ops.to_gray(white).tolist() == np.full((2, 2, 1), 255).tolist()
    assert ops.to_gray(GREY[:, :, None]) is not None
    assert ops.to_gray(np.array([[[255, 0, 0]]], np.uint8)).tolist() == [[[76]]]


@pytest.mark.parametrize(("kind", "quality"), [("bmp", 95), ("png", 0), ("jpg", 101)])
def test_unknown_ways_to_write_are_refused(kind: str, quality: int) -> None:
    with pytest.raises(UsageError, match="expected"):
        encode.check_format(kind, quality)


def test_a_png_of_three_chunks_is_taken_apart_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = png.encode_tiny(np.random.default_rng(0).integers(0, 255, (1, 5, 4, 3), np.uint8))[0]
    broken = [bytes([*whole[:i], whole[i] ^ 1, *whole[i + 1 :]]) for i in range(len(whole))]
    cut = [whole[:i] for i in range(len(whole))]
    files = [whole, whole + b"\0", *broken, *cut]
    found = [png.parse(data) for data in files]
    assert found[0] is not None
    assert found[0].shape == png.shape_of(whole) == (5, 4, 3)
    assert not any(found[1:])
    monkeypatch.setattr(png, "shape_of", lambda data: None)
    assert [png.parse(data) for data in files] == found


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
def test_a_damaged_png_is_refused_wherever_the_damage_is(mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 255, (28, 28), np.uint8)
    picture = Image.fromarray(values).convert("I" if mode == "I;16" else mode)
    file = io.BytesIO()
    (picture.convert(mode) if mode == "I;16" else picture).save(file, "png")
    data = bytearray(file.getvalue())
    start = data.find(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    for position in range(start + 2, start + length, max(1, length // 7)):
        broken = bytearray(data)
        broken[position] ^= 0x55
        with pytest.raises(DecodeError):
            decode.decode(bytes(broken), "x.png")
