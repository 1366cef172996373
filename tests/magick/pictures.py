"""The pictures that operations are tried on: drawn hands, smooth waves and noise."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from signdata.synthetic.hands import draw_hand
from signdata.synthetic.signers import generator, make_signer
from tests.magick.operations import Picture

DATA = Path(__file__).parent / "data"


def small() -> dict[str, Picture]:
    """Draw the pictures of the goldens; these are committed, as drawing is not forever."""
    return {
        "hand": _hand(26, 32),
        "grey-hand": _grey(_hand(47, 28)),
        "noise": _noise(20, 31, 1),
        "waves": _waves(140, 20),
    }


def large() -> dict[str, Picture]:
    """Draw what the oracle looks at besides: 20 to 300 pixels, grey and colour."""
    return {
        "square-noise": _noise(21, 20, 3),
        "hundred-noise": _noise(100, 100, 3),
        "tall-noise": _noise(64, 150, 1),
        "wide-noise": _noise(300, 200, 3),
        "large-hand": _hand(240, 180),
        "large-grey-hand": _grey(_hand(100, 100)),
        "large-waves": _waves(200, 300),
    }


def _hand(width: int, height: int) -> Picture:
    signer = make_signer(4, width % 5)
    drawn, _ = draw_hand("B", signer, (height, width), generator(4, f"hand/{width}"))
    return np.ascontiguousarray(drawn.transpose(2, 0, 1))


def _grey(picture: Picture) -> Picture:
    return np.round(picture.mean(axis=0, keepdims=True)).astype(np.uint8)


def _noise(width: int, height: int, channels: int) -> Picture:
    rng = np.random.default_rng(width * height)
    return rng.integers(0, 256, (channels, height, width), np.uint8)


def _waves(width: int, height: int) -> Picture:
    """Slow waves with a grain of a few levels."""
    y, x = np.mgrid[:height, :width]
    grain = np.random.default_rng(height).normal(0, 3, (1, height, width))
    smooth = (np.sin(x / 9) + np.cos(y / 7) + 2) * 60
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def read(names: list[str]) -> dict[str, Picture]:
    """Read committed pictures."""
    found = {}
    for name in names:
        with Image.open(DATA / f"{name}.png") as opened:
            array = np.asarray(opened)
        found[name] = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return found


def png(picture: Picture) -> bytes:
    """Encode a picture as a PNG without colour profile or gamma."""
    array = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(stream, "PNG", optimize=True)
    return stream.getvalue()
