"""A small renderer: capsules in, a lit picture out, with background and camera.

Everything is made of capsules, rods with round ends that may taper. They are drawn into a depth
map; lighting, creases and contact shadows are computed from it, so that fingers blend where they
join and stand out where they overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from signdata.synthetic.signers import Colour, Floats, Signer

Image = npt.NDArray[np.uint8]

#: A capsule: x, y, z and radius of both ends, and the material. Pixels; x right, y down, z near.
Capsule = tuple[float, float, float, float, float, float, float, float, int]

SKIN, SLEEVE, NAIL, HAIR, FACE = range(5)
_EMPTY = np.float32(-1e9)


@dataclass
class Scene:
    """A depth map with the material visible in each pixel.

    ``depth`` (H, W) float32, larger is nearer, ``owner`` (H, W) uint8.
    """

    height: int
    width: int
    depth: Floats = field(init=False)
    owner: Image = field(init=False)

    def __post_init__(self) -> None:
        self.depth = np.full((self.height, self.width), _EMPTY, np.float32)
        self.owner = np.zeros((self.height, self.width), np.uint8)

    def copy(self) -> Scene:
        """A copy to draw on without changing this scene."""
        twin = Scene.__new__(Scene)
        twin.height, twin.width = self.height, self.width
        twin.depth, twin.owner = self.depth.copy(), self.owner.copy()
        return twin

    def add(self, capsules: Sequence[Capsule]) -> None:
        """Draw capsules, each where it is nearer than what is already drawn."""
        for capsule in capsules:
            self._add(*capsule)

    def _add(
        self,
        ax: float,
        ay: float,
        az: float,
        ar: float,
        bx: float,
        by: float,
        bz: float,
        br: float,
        material: int,
    ) -> None:
        left = max(int(min(ax - ar, bx - br)), 0)
        top = max(int(min(ay - ar, by - br)), 0)
        right = min(math.ceil(max(ax + ar, bx + br)) + 1, self.width)
        bottom = min(math.ceil(max(ay + ar, by + br)) + 1, self.height)
        if left >= right or top >= bottom:
            return
        length = max(math.hypot(bx - ax, by - ay), 1e-3)
        ux, uy = (bx - ax) / length, (by - ay) / length
        dx = np.arange(left - ax, right - ax - 0.5, dtype=np.float32)[None, :]
        dy = np.arange(top - ay, bottom - ay - 0.5, dtype=np.float32)[:, None]
        along, across = dx * ux + dy * uy, dx * uy - dy * ux
        across *= across
        # The sphere of the rod that is nearest to the viewer at a pixel is not directly under
        # it but shifted towards the raised end, by the sine of the rod's slope.
        middle = (ar + br) / 2
        slope = (bz - az) / math.hypot(length, bz - az)
        lift = np.sqrt(np.maximum(middle * middle - across, 0))
        at = np.clip(along + slope * lift, 0, length)
        radius = ar + (br - ar) / length * at
        along -= at
        square = radius * radius - across - along * along
        z = az + (bz - az) / length * at + np.sqrt(np.maximum(square, 0))
        depth = self.depth[top:bottom, left:right]
        seen = (square > 0) & (z > depth)
        np.copyto(depth, z, where=seen)
        np.copyto(self.owner[top:bottom, left:right], np.uint8(material), where=seen)


def box_of(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The bounding box x0, y0, x1, y1 (half-open) of a mask; all 0 if it is empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def palette(signer: Signer) -> tuple[Colour, ...]:
    """The colours of the materials, in their order."""
    pale = 0.72 * np.array(signer.skin) + 0.28 * np.array((255, 226, 220))
    nail = (float(pale[0]), float(pale[1]), float(pale[2]))
    return signer.skin, signer.sleeve, nail, signer.hair, signer.skin


@lru_cache(maxsize=64)
def _ramps(signer: Signer) -> Image:
    """(materials, 256, 3): each material's colour under every amount of light."""
    light = np.linspace(0, 1.28, 256)[:, None]
    # Skin is translucent: its shadows are redder than its highlights.
    bend = np.array([0.80, 1.06, 1.16])
    ramps = []
    for index, colour in enumerate(palette(signer)):
        tint = light ** (bend if index in (SKIN, NAIL, FACE) else 1.0)
        ramps.append(np.asarray(colour) * tint)
    shine = 70 * np.clip((light - 1.02) / 0.26, 0, 1) ** 2
    table: Image = np.clip(np.stack(ramps) + shine, 0, 255).astype(np.uint8)
    return table


def _luminance(scene: Scene, signer: Signer, unit: float) -> Image:
    """Brightness of each pixel, 0..255, an index of the ramps; ``unit`` is a palm in pixels."""
    solid = scene.depth > _EMPTY / 2
    floor = float(scene.depth[solid].min()) if solid.any() else 0.0
    depth = np.where(solid, scene.depth, np.float32(floor))
    smooth = cv2.GaussianBlur(depth, (0, 0), max(0.022 * unit, 0.5))
    gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    steep = gx * gx + gy * gy
    steep += 1
    lx, ly, lz = signer.light
    lit = (lz - gx * lx + gy * ly) / np.sqrt(steep)
    np.maximum(lit, 0, out=lit)
    light = signer.ambient + (1.12 - signer.ambient) * lit
    # Whatever is deeper than its surroundings is shaded by them: creases and overlaps.
    for reach, strength in ((0.07, 0.42), (0.26, 0.34)):
        size = 2 * round(reach * unit) + 1
        sunk = (cv2.blur(depth, (size, size)) - depth) * (1 / (2.2 * reach * unit))
        light -= strength * np.clip(sunk, 0, 1)
    levels: Image = np.clip(light * (255 / 1.28), 12, 255).astype(np.uint8)
    return levels


def light_up(scene: Scene, signer: Signer, unit: float, behind: Image) -> Image:
    """Light a scene and draw it over a background.

    Parameters
    ----------
    scene : Scene
    signer : Signer
    unit : float
        Height of a palm in pixels, which scales shadows and creases.
    behind : (H, W, 3) uint8 RGB

    Returns
    -------
    (H, W, 3) uint8 RGB
    """
    solid = scene.depth > _EMPTY / 2
    picture = _shadowed(behind, solid, signer, unit)
    # Most of a picture is background: look up only the other pixels' colours.
    seen = np.flatnonzero(solid)
    shades = scene.owner.reshape(-1)[seen].astype(np.intp) * 256
    shades += _luminance(scene, signer, unit).reshape(-1)[seen]
    picture.reshape(-1, 3)[seen] = _ramps(signer).reshape(-1, 3)[shades]
    return picture


def _shadowed(behind: Image, solid: npt.NDArray[np.bool_], signer: Signer, unit: float) -> Image:
    # Soft shadows can be computed at low resolution.
    step = max(int(unit / 12), 1)
    height, width = solid.shape
    small = solid[::step, ::step].astype(np.float32)
    reach = 0.3 * unit / step
    shift = np.array([[1, 0, -signer.light[0] * reach], [0, 1, signer.light[1] * reach]])
    small = cv2.warpAffine(small, shift, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    small = 1 - 0.34 * cv2.GaussianBlur(small, (0, 0), max(0.14 * unit / step, 0.6))
    shade = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    dimmed: Image = cv2.multiply(behind, cv2.merge([shade] * 3), dtype=cv2.CV_8U)
    return dimmed


@lru_cache(maxsize=8)
def background(signer: Signer, height: int, width: int) -> Image:
    """The signer's room: (H, W, 3) uint8 RGB, read-only."""
    rng = np.random.default_rng(signer.room_seed)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    columns = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    first, second = (np.array(colour, np.float32) for colour in signer.room)
    angle = rng.uniform(0, 2 * math.pi)
    ramp = 0.5 + (columns - 0.5) * math.cos(angle) + (rows - 0.5) * math.sin(angle)
    picture = first + (second - first) * np.clip(ramp, 0, 1)
    for _ in range(int(rng.integers(1, 5))):
        _furnish(picture, rng)
    side = max(height, width)
    picture = cv2.GaussianBlur(picture, (0, 0), max(0.012 * side, 0.4))
    for cells, strength in ((5, 9.0), (17, 4.0)):
        grain = rng.standard_normal((cells, cells)).astype(np.float32) * strength
        picture += cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    room: Image = np.clip(picture, 0, 255).astype(np.uint8)
    room.flags.writeable = False
    return room


def _furnish(picture: Floats, rng: np.random.Generator) -> None:
    """Draw a door frame, shelf, picture or lamp on the wall."""
    height, width = picture.shape[:2]
    colour = picture[0, 0] * rng.uniform(0.62, 1.25) + rng.normal(0, 14, 3).astype(np.float32)
    tint = tuple(float(x) for x in np.clip(colour, 0, 255))
    x, y = rng.uniform(-0.1, 1.1, 2)
    kind = rng.integers(4)
    if kind == 0:
        x0, x1 = x * width, (x + rng.uniform(0.05, 0.3)) * width
        cv2.rectangle(picture, (int(x0), 0), (int(x1), height), tint, -1)
    elif kind == 1:
        y0, y1 = y * height, (y + rng.uniform(0.03, 0.2)) * height
        cv2.rectangle(picture, (0, int(y0)), (width, int(y1)), tint, -1)
    elif kind == 2:
        w, h = rng.uniform(0.1, 0.35, 2)
        corner = (int((x + w) * width), int((y + h) * height))
        cv2.rectangle(picture, (int(x * width), int(y * height)), corner, tint, -1)
    else:
        radius = rng.uniform(0.05, 0.2) * min(height, width)
        cv2.circle(picture, (int(x * width), int(y * height)), int(radius), tint, -1, cv2.LINE_AA)


@lru_cache(maxsize=64)
def _tone(signer: Signer) -> Image:
    values = np.linspace(0, 1, 256) ** signer.gamma * signer.exposure
    return np.clip(values * 255, 0, 255).astype(np.uint8)


def photograph(picture: Image, signer: Signer, size_hw: tuple[int, int], noise: Floats) -> Image:
    """Downscale a supersampled picture and apply the signer's camera: blur, tone, noise.

    Parameters
    ----------
    picture : (H * k, W * k, 3) uint8 RGB
    signer : Signer
    size_hw : tuple of int
    noise : (H, W, 1) float32
        Standard normal noise.

    Returns
    -------
    (H, W, 3) uint8 RGB
    """
    height, width = size_hw
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    blur = signer.blur * max(size_hw)
    if blur > 0.3:
        small = cv2.GaussianBlur(small, (0, 0), blur)
    toned = cv2.LUT(small, _tone(signer)).astype(np.float32)
    toned += noise * signer.noise
    taken: Image = np.clip(toned + 0.5, 0, 255).astype(np.uint8)
    return taken
