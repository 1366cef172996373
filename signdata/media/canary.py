"""Whether another machine makes the same bytes: versions, and checksums of small made-up pictures.

Libraries choose their arithmetic by the processor, so equal versions are not enough.
"""

from __future__ import annotations

import hashlib
import io
import platform
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
import PIL
import simplejpeg

import signdata.version
from signdata.media.image import decode, encode, ops
from signdata.samples import Frame

_SIZE_HW = (97, 131)
_N_FRAMES = 5


@cache
def versions() -> dict[str, str]:
    """Versions of all that has a part in the bytes of an output, by name."""
    return {
        "signdata": f"{signdata.version.__version__} (code {_code()})",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "opencv": cv2.__version__,
        "av": av.__version__,
        "simplejpeg": simplejpeg.__version__,
        "ffmpeg": imageio_ffmpeg.get_ffmpeg_version(),
    }


def _code() -> str:
    """Short checksum of the package's source: two checkouts may have the same version."""
    digest = hashlib.sha256()
    root = Path(signdata.version.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


@cache
def checksums() -> dict[str, str]:
    """Checksums of what comes out of each way through the libraries, by the name of the way."""
    picture = _picture(0)
    gray = ops.to_gray(picture)
    jpeg = encode.encode(picture, "jpg", 95)
    floats = picture.astype(np.float32)
    made: dict[str, bytes] = {
        "shrinking a picture": ops.resize(picture, (48, 64)).tobytes(),
        "enlarging a picture": ops.resize(picture, (150, 200)).tobytes(),
        "making a picture grey": gray.tobytes(),
        "encoding JPEG": jpeg,
        "decoding JPEG": decode.decode(jpeg, "canary.jpg")[0].tobytes(),
        "encoding PNG": encode.encode(picture, "png", 95),
        "encoding a tiny PNG": encode.encode(gray[:28, :28], "png", 95),
        "measuring a picture": np.float64(ops.sharpness(gray)).tobytes(),
        "exponentials": np.exp(floats / 100).tobytes(),
        "products of matrices": (floats[..., 0] @ floats[..., 1].T).tobytes(),
        "sums": (floats / 3).sum(axis=0).tobytes(),
        "videos": b"".join(_through_a_video()),
    }
    return {name: hashlib.sha256(data).hexdigest()[:16] for name, data in made.items()}


def _picture(shift: int) -> Frame:
    """A picture with edges, slopes and grain, from integers alone."""
    y, x = np.mgrid[0 : _SIZE_HW[0], 0 : _SIZE_HW[1]]
    grain = (x * 7919 + y * 104729 + shift * 31) % 251
    planes = ((2 * x + y + shift) % 256, (x * y // 7) % 256, (3 * y + shift) % 256)
    return np.stack([(plane // 2 + grain // 2) for plane in planes], axis=2).astype(np.uint8)


def _through_a_video() -> Iterator[bytes]:
    """Some frames encoded as a video, decoded, and scaled."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(_N_FRAMES):
            pixels = np.ascontiguousarray(_picture(number)[:96, :128])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24").tobytes()
            yield frame.reformat(96, 72, "rgb24").to_ndarray().tobytes()
