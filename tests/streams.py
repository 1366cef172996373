"""Makers of streams as cameras and downloads have them, of painted frames."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

from tests.field_pictures import field_pictures, mpeg2_field_pictures
from tests.videos import ffmpeg, make_video

H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", "4", "-g", "25", "-bf", "2"]


def packets_of(path: Path) -> list[bytes]:
    """The coded pictures of a video, as its container has them."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def mux(
    like: Path,
    path: Path,
    packets: Sequence[bytes],
    *,
    rate: int = 25,
    signature: bytes = b"",
) -> None:
    """Put coded pictures into a container, for a stream like that of another file.

    Parameters
    ----------
    rate : int
        Packets a second.
    signature : bytes
        What is to stand behind the stream's own header.
    """
    with av.open(str(like)) as source, av.open(f"file:{path}", "w") as target:
        stream = source.streams.video[0]
        track = target.add_stream_from_template(stream)
        if signature:
            track.codec_context.extradata = (stream.codec_context.extradata or b"") + signature
        for tick, data in enumerate(packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base = track, Fraction(1, rate)
            packet.pts = packet.dts = tick
            target.mux(packet)


def fields(path: Path) -> None:
    raw = path.with_name("raw.h264")
    raw.write_bytes(field_pictures(30))
    ffmpeg("-framerate", "25", "-i", raw, "-c", "copy", "-f", "mpegts", path)
    raw.unlink()


def mpeg2_fields(path: Path) -> None:
    """MPEG-2 in field pictures, as broadcasts write it; a packet each where nobody parses it."""
    raw = path.with_name("raw.m2v")
    fields = mpeg2_field_pictures(30)
    raw.write_bytes(b"".join(fields))
    mux(raw, path, fields, rate=50)
    raw.unlink()


def hidden(path: Path) -> None:
    """Two-pass VP8, which refers to pictures that are made for that and never shown."""
    plain = make_video(path.with_name("plain.mkv"), 30, codec="ffv1", pix_fmt="yuv420p")
    log = path.with_name("log")
    for number in ("1", "2"):
        ffmpeg(
            "-i", plain, "-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v",
            "800k", "-pass", number, "-passlogfile", log, path,
        )  # fmt: skip
    for used in (plain, *path.parent.glob("log*")):
        used.unlink()


def open_gop(path: Path) -> None:
    """HEVC from its second key frame on, three leading pictures of which refer to what is gone
    (RASL).
    """
    plain = make_video(path.with_name("plain.mkv"), 60, codec="ffv1", pix_fmt="yuv420p")
    whole = path.with_name("whole.mkv")
    words = "log-level=none:open-gop=1:keyint=32:min-keyint=32:scenecut=0:bframes=3:b-adapt=0"
    ffmpeg("-i", plain, "-c:v", "libx265", "-x265-params", words, whole)
    n_key_frames = n_leading = 0
    with av.open(str(whole)) as source, av.open(f"file:{path}", "w") as target:
        track = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            n_key_frames += packet.is_keyframe
            if packet.size and n_key_frames > 1:
                n_leading += _kind_of_unit(bytes(packet)) in _RASL
                packet.stream = track
                target.mux(packet)
    assert n_leading == 3
    plain.unlink()
    whole.unlink()


_RASL = {8, 9}


def _kind_of_unit(data: bytes) -> int:
    """The kind of the first unit of a packet of HEVC, behind the four bytes of its length."""
    return data[4] >> 1 & 63


NOT_CODED = bytes.fromhex("000001b6") + bytes([0b01_0_1_0000, 0b0_1_0_01111])
"""A picture of MPEG-4 that says that it is not coded (N-VOP)."""


def dropped(path: Path) -> None:
    """MPEG-4 with pictures that say that they are not coded, as DivX leaves frames out."""
    plain = make_video(path.with_name("plain.avi"), 30, codec="mpeg4", options={"g": "10"})
    coded = packets_of(plain)
    with_gaps: list[bytes] = []
    for number, data in enumerate(coded):
        with_gaps += [data, NOT_CODED] if number % 7 == 5 else [data]
    mux(plain, path, with_gaps)
    plain.unlink()


def packed(path: Path) -> None:
    """MPEG-4 as DivX packs it: a packet with a picture and the one shown before, then one with
    none.
    """
    options = {"g": "20", "bf": "1", "q:v": "2", "b_strategy": "0"}
    plain = make_video(path.with_name("plain.avi"), 31, codec="mpeg4", options=options)
    coded = packets_of(plain)
    together: list[bytes] = []
    for data in coded:
        if _is_b_picture(data):
            together[-1] += data
            together.append(NOT_CODED)
        else:
            together.append(data)
    assert together.count(NOT_CODED) > 10
    mux(plain, path, together, signature=b"\0\0\1\xb2DivX503b1393p")
    plain.unlink()


def _is_b_picture(data: bytes) -> bool:
    return data[data.index(b"\0\0\1\xb6") + 4] >> 6 == 2


def joined(path: Path, offset: float) -> None:
    """Two transport streams behind one another; the stamps of the second begin at `offset`."""
    parts = []
    for start in (0, 50):
        plain = make_video(path.with_name("plain.mkv"), start + 50, codec="ffv1")
        part = path.with_name(f"part{start}.ts")
        shift = ["-output_ts_offset", str(offset)] if start else []
        ffmpeg("-ss", str(start / 25), "-i", plain, *H264, *shift, part)
        parts.append(part)
        plain.unlink()
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()


def parts_of(path: Path, sizes: list[tuple[int, int]], *more: list[str]) -> None:
    """One stream made of parts of 20 frames."""
    names = []
    for number, size in enumerate(sizes):
        plain = make_video(path.with_name("plain.mkv"), 20, size_wh=size, codec="ffv1")
        part = path.with_name(f"part{number}.ts")
        ffmpeg("-i", plain, *H264, *(more[number] if more else []), part)
        names.append(part)
    listed = path.with_name("list.txt")
    listed.write_text("".join(f"file '{name}'\n" for name in names))
    ffmpeg("-f", "concat", "-safe", "0", "-i", listed, "-c", "copy", path)
    for used in (*names, listed, path.with_name("plain.mkv")):
        used.unlink()
