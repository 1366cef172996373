"""A film for a browser that has no camera, written by hand: no encoder changes its greys."""

from __future__ import annotations

from pathlib import Path


def write_y4m(path: Path, level: int, width: int = 64, height: int = 48, frames: int = 8) -> Path:
    """Write frames of one luma; browsers take it for limited range: 16 is black, 235 white."""
    frame = b"FRAME\n" + bytes([level]) * (width * height) + b"\x80" * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + frame * frames)
    return path


def seen_grey(level: int) -> int:
    """The grey that a browser makes of a luma."""
    return round((level - 16) * 255 / 219)
