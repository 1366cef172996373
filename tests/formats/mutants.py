"""Mutants of small datasets, each read to its end: run as a process of its own.

``python -m tests.formats.mutants KIND N FOLDER`` makes one dataset in FOLDER, spoils it N times and
reads every mutant. A mutant may be read, or be refused by a `SigndataError` of one line; anything
else is printed with the number of the mutant, which makes the same one again. One that takes too
long or too much memory ends the process, and its number is the last that was printed.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pyarrow
import pyarrow.ipc
import pyarrow.parquet

import signdata
from signdata.errors import SigndataError
from signdata.formats.open import open_dataset
from signdata.media.image import encode
from tests.conftest import picture
from tests.videos import make_index, make_video

SECONDS = 20
"""What no mutant may take."""

MEMORY = 6 << 30
"""Bytes of address space that no mutant may need."""

TOKENS = [
    *(b"0", b"-1", b"1e400", b"1e308", b"NaN", b"9" * 30, b"1.5", b"null", b"true", b'""', b"[]"),
    *(b"{}", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\r\n", b"\n\n", b'"', b","),
    *(b"../x", b"con", b"\xe2\x80\xae", b"train", b"id", b"label"),
    *(b"[" * 2000, b"x" * 5000),
]
WORDS = [0, 1, 0x7F, 0x80, *((1 << bits) - 1 for bits in (8, 15, 16, 31, 32, 63, 64))]


def mutate(data: bytes, draw: random.Random) -> bytes:
    """The bytes of a file with one to four faults."""
    mutant = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        place = draw.randrange(len(mutant) + 1)
        end = min(len(mutant), place + draw.choice((1, 2, 4, 16, 200)))
        match draw.randrange(8):
            case 0:
                del mutant[place:]
            case 1:
                del mutant[place:end]
            case 2:
                mutant[place:place] = draw.choice(TOKENS)
            case 3:
                mutant[place:end] = draw.choice(TOKENS)
            case 4:
                mutant[place:place] = mutant[place:end]
            case 5:
                size = draw.choice((1, 2, 4, 8))
                word = draw.choice(WORDS) & ((1 << 8 * size) - 1)
                mutant[place : place + size] = word.to_bytes(size, draw.choice(("little", "big")))
            case 6:
                mutant[place:end] = draw.randbytes(end - place)
            case _:
                for _ in range(draw.choice((1, 3, 20))):
                    if mutant:
                        mutant[draw.randrange(len(mutant))] ^= 1 << draw.randrange(8)
    return bytes(mutant)


# -- What is spoiled


def write_csv(root: Path) -> Path:
    rows = "".join(f"{i},{','.join(map(str, picture(i).ravel()))}\n" for i in range(6))
    header = ",".join(["label", *(f"pixel{i}" for i in range(1, 17))])
    (root / "a.csv").write_text(f"{header}\n{rows}")
    return root / "a.csv"


def write_csv_with_sidecars(root: Path) -> Path:
    plain = root / "plain"
    plain.mkdir()
    signdata.convert(write_csv(plain), root / "b.csv", workers=1)
    return root / "b.csv"


def write_folders(root: Path) -> Path:
    for number, kind in enumerate(("png", "jpg", "png")):
        for channels in (1, 3):
            path = root / f"tree/{'AB'[channels // 2]}/{number}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode.encode(picture(number, 8, 8, channels), kind, 90))  # type: ignore[arg-type]
    return root / "tree"


def write_sidecars(root: Path) -> Path:
    signdata.convert(write_folders(root), root / "out", workers=1)
    return root / "out"


def write_frames(root: Path) -> Path:
    for place in ("train/book/1", "test/drink/2"):
        for number in (1, 2, 3):
            path = root / f"clips/{place}/img_{number:05d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode.encode(picture(number, 8, 8, 3), "jpg", 90))
            path.with_suffix(".json").write_text('{"people": []}')
    signdata.convert(root / "clips", root / "frames", workers=1)
    return root / "frames"


def write_hdf5(root: Path) -> Path:
    signdata.convert(write_csv(root), root / "a.h5", workers=1)
    return root / "a.h5"


def write_encoded_hdf5(root: Path) -> Path:
    signdata.convert(write_frames(root), root / "a.h5", hdf5_layout="encoded", workers=1)
    return root / "a.h5"


def write_foreign_hdf5(root: Path) -> Path:
    with h5py.File(root / "a.h5", "w") as file:
        images = np.stack([picture(i, 8, 8, 3) for i in range(8)])
        file.create_dataset("X", data=images / 255, chunks=(2, 8, 8, 3), compression="gzip")
        file["y"] = np.eye(8, 4).astype(int) + np.eye(8, 4, -4).astype(int)
        file["class_names"] = ["a", "b", "c", "d"]
    return root / "a.h5"


def write_matlab(root: Path) -> Path:
    with h5py.File(root / "a.mat", "w", userblock_size=512) as file:
        images = np.stack([picture(i, 8, 8, 1)[..., 0] for i in range(6)])
        for name, values in (("X", images), ("y", np.arange(6.0)[None])):
            file[name] = values
            file[name].attrs["MATLAB_class"] = np.bytes_("uint8" if name == "X" else "double")
    with (root / "a.mat").open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))
    return root / "a.mat"


def write_npy(root: Path) -> Path:
    (root / "arrays").mkdir()
    np.save(root / "arrays/X.npy", np.stack([picture(i, 8, 8, 3) for i in range(6)]))
    np.save(root / "arrays/Y.npy", np.eye(6))
    return root / "arrays"


def write_npz(root: Path) -> Path:
    images = np.stack([picture(i, 8, 8) for i in range(6)])
    np.savez_compressed(root / "a.npz", x_train=images, y_train=np.array(list("abcabc")))
    return root / "a.npz"


def write_table(root: Path) -> Path:
    signdata.convert(write_folders(root), root / "table", to_format="table", workers=1)
    return root / "table"


def write_json_lines(root: Path) -> Path:
    write_folders(root)
    rows = [
        {"file_name": file.relative_to(root).as_posix(), "label": file.parent.name, "signer": i}
        for i, file in enumerate(sorted((root / "tree").rglob("*.*")))
    ]
    (root / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root / "a.jsonl"


def write_tars(root: Path) -> Path:
    made = write_folders(root)
    signdata.convert(made, root / "tars", to_format="webdataset", shards=2, workers=1)
    return root / "tars"


def picture_table() -> pyarrow.Table:
    """Six pictures and labels as columns, as others write them."""
    coded = [encode.encode(picture(i, 8, 8, 3), ("png", "jpg")[i % 2], 90) for i in range(6)]  # type: ignore[arg-type]
    return pyarrow.table(
        {
            "image": [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(coded)],
            "label": [i % 3 for i in range(6)],
            "signer": [f"s{i}" for i in range(6)],
        }
    )


def write_parquet(root: Path) -> Path:
    pyarrow.parquet.write_table(picture_table(), root / "a.parquet", row_group_size=4)
    return root / "a.parquet"


def write_arrow(root: Path) -> Path:
    table = picture_table()
    with pyarrow.ipc.new_stream(root / "a.arrow", table.schema) as stream:
        stream.write_table(table, max_chunksize=4)
    return root / "a.arrow"


def write_parquet_shards(root: Path) -> Path:
    signdata.convert(write_folders(root), root / "shards", to_format="parquet", workers=1)
    return root / "shards"


def write_wlasl(root: Path) -> Path:
    instances = [
        {"video_id": "1", "gloss": "book", "frame_start": 2, "frame_end": 3},
        {"video_id": "2", "gloss": "drink", "split": "dev", "bbox": [0.1, 0.1, 0.9, 0.9]},
    ]
    make_video(root / "videos/1.mp4", 4, size_wh=(32, 32))
    return make_index(root / "w.json", instances)


def write_videos(root: Path) -> Path:
    make_video(root / "videos/a/1.mp4", 6, size_wh=(64, 48), n_audio=1)
    make_video(root / "videos/a/2.webm", 6, size_wh=(64, 48), codec="libvpx")
    make_video(root / "videos/b/3.avi", 6, size_wh=(64, 48), codec="mpeg4")
    make_video(root / "videos/b/4.ts", 6, size_wh=(64, 48), codec="mpeg2video")
    return root / "videos"


MADE: dict[str, tuple[Callable[[Path], Path], tuple[str, ...]]] = {
    "csv": (write_csv, ("*.csv",)),
    "csv sidecars": (write_csv_with_sidecars, ("*.manifest.csv", "*.signdata.json")),
    "folders": (write_folders, ("*.png", "*.jpg")),
    "sidecars": (write_sidecars, ("*.csv", "*.json", "*.txt")),
    "frames": (write_frames, ("*.jpg", "*.csv", "*.json")),
    "hdf5": (write_hdf5, ("*.h5",)),
    "hdf5 encoded": (write_encoded_hdf5, ("*.h5",)),
    "hdf5 foreign": (write_foreign_hdf5, ("*.h5",)),
    "hdf5 matlab": (write_matlab, ("*.mat",)),
    "arrays": (write_npy, ("*.npy",)),
    "arrays npz": (write_npz, ("*.npz",)),
    "table": (write_table, ("*.csv", "*.json", "*.png")),
    "table json lines": (write_json_lines, ("*.jsonl",)),
    "parquet": (write_parquet, ("*.parquet",)),
    "parquet arrow": (write_arrow, ("*.arrow",)),
    "parquet shards": (write_parquet_shards, ("*.parquet", "*.csv")),
    "webdataset": (write_tars, ("*.tar", "*.gz", "*.csv")),
    "wlasl": (write_wlasl, ("*.json",)),
    "videos": (write_videos, ("*.mp4", "*.webm", "*.avi", "*.ts")),
}
"""How each dataset is made, and which of its files are spoiled."""


def read(source: Path) -> None:
    """Read all that there is: pixels, original bytes and what lies next to them."""
    with open_dataset(source) as reader:
        reader.info.labels.order(reader.info.present)
        reader.picture_summary()
        for sample in reader:
            try:
                n_frames = sum(1 for _ in sample.frames())
                for _ in sample.pixels.encoded() or ():
                    pass
                for number in range(n_frames):
                    sample.pixels.companion(number)
            except SigndataError as err:
                check(err)


def check(err: SigndataError) -> None:
    """A refusal is one line, of an error in the input."""
    assert "\n" not in str(err), str(err)
    assert err.exit_code == 4, repr(err)


def spoiled(kind: str, n: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield the source of each mutant, the dataset whole again but for it."""
    make, patterns = MADE[kind]
    source = make(folder)
    within = source if source.is_dir() else source.parent
    files = sorted({file for pattern in patterns for file in within.rglob(pattern)})
    for number in range(n):
        draw = random.Random(f"{kind} {number}")
        file = draw.choice(files)
        whole = file.read_bytes()
        file.write_bytes(mutate(whole, draw))
        yield number, source
        file.write_bytes(whole)


def main(kind: str, n: int, folder: Path) -> int:
    """Read every mutant; return how many ended otherwise than they may."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    n_bad = n_refused = 0
    progress = os.open(folder / "progress", os.O_CREAT | os.O_WRONLY)
    for number, source in spoiled(kind, n, folder):
        os.pwrite(progress, f"{number:9d}\n".encode(), 0)
        signal.alarm(SECONDS)
        try:
            read(source)
        except SigndataError as err:
            n_refused += 1
            check(err)
        except Exception:
            n_bad += 1
            print(f"mutant {number} of {kind}:\n{traceback.format_exc()}", flush=True)
        signal.alarm(0)
    print(f"{n} mutants of {kind}: {n_refused} refused whole, {n_bad} bad")
    return n_bad


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
