"""Names that tell of a file: a folder is never made under one."""

from __future__ import annotations

from pathlib import Path

_KNOWN = """
7z arrow avi avif bmp bz2 csv db feather gif gz h5 hdf hdf5 heic htm html ipynb jpeg jpg json
jsonl lmdb log mat md mkv mov mp4 mpeg mpg npy npz onnx parquet pdf pickle pkl png ppm pt pth py
rar safetensors sqlite svg swf tar tfrecord tgz tif tiff toml tsv txt wav webm webp wmv xls xlsx
xml xz yaml yml zip zst
"""
"""Suffixes of files. Other names with a dot, like ``asl-v1.2``, may be folders."""

_FILES = frozenset(f".{suffix}" for suffix in _KNOWN.split())


def file_suffix(path: Path) -> str:
    """The suffix of a name that tells of a file, '' for one that may be a folder's."""
    suffix = path.suffix.lower()
    return suffix if suffix in _FILES else ""
