"""A hand built from a handshape, and a picture of it."""

from __future__ import annotations

import math

import numpy as np

from signdata.synthetic.poses import NOTHING, POSES, Finger, Pose
from signdata.synthetic.render import (
    NAIL,
    SKIN,
    SLEEVE,
    Capsule,
    Image,
    Scene,
    background,
    box_of,
    light_up,
    photograph,
)
from signdata.synthetic.signers import Floats, Moment, Signer, film

Box = tuple[int, int, int, int]

# An average hand: where the four fingers join the palm, their three bones, and their girth.
_KNUCKLES = ((0.36, 0.97, 0.0), (0.12, 1.02, 0.02), (-0.12, 0.98, 0.01), (-0.34, 0.88, -0.02))
_BONES = ((0.46, 0.30, 0.25), (0.51, 0.34, 0.26), (0.47, 0.32, 0.25), (0.37, 0.24, 0.22))
_GIRTH = (0.128, 0.132, 0.124, 0.108)
_TAPER = (1.0, 0.93, 0.86, 0.72)
_TOWARDS_KNUCKLE = np.array((0.95, 0.93, 1), np.float32)
_THUMB_ROOT = (0.25, 0.16, 0.12)
_THUMB_GIRTH = (0.20, 0.165, 0.140, 0.112)


def _rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """(3, 3) rotation by yaw, then pitch, then roll; degrees."""
    (a, b, c), (d, e, f) = (
        [trig(math.radians(angle)) for angle in (yaw, pitch, roll)] for trig in (math.cos, math.sin)
    )
    about_y = np.array([[a, 0, d], [0, 1, 0], [-d, 0, a]])
    about_x = np.array([[1, 0, 0], [0, b, -e], [0, e, b]])
    about_z = np.array([[c, -f, 0], [f, c, 0], [0, 0, 1]])
    turn: Floats = (about_z @ about_x @ about_y).astype(np.float32)
    return turn


def _finger(root: Floats, finger: Finger, bones: Floats, more: float) -> tuple[Floats, Floats]:
    """The four joints (4, 3) of a finger, and the direction (3,) its nail faces."""
    side = math.radians(finger.spread)
    # A bent finger varies more than a straight one: joints do not bend backwards.
    soft = more * (1.0 if finger.middle > 20 else 0.5)
    bends = np.cumsum([finger.knuckle + soft, finger.middle + soft, finger.tip + 0.5 * soft])
    turn = np.radians(np.maximum(bends, -12))
    out = np.stack(
        [math.sin(side) * np.cos(turn), math.cos(side) * np.cos(turn), np.sin(turn)], axis=1
    )
    joints = np.vstack([root, root + np.cumsum(out * bones[:, None], axis=0)])
    last = turn[-1]
    nail = (math.sin(side) * math.sin(last), math.cos(side) * math.sin(last), -math.cos(last))
    return joints.astype(np.float32), np.array(nail, np.float32)


def _thumb(pose: Pose, signer: Signer, tips: list[Floats]) -> Floats:
    """The four joints (4, 3) of the thumb."""
    root = np.array(_THUMB_ROOT, np.float32)
    joints = np.array(pose.thumb, np.float32)
    joints[:, 0] *= signer.palm
    if pose.meets:
        met = np.mean([tips[index] for index in pose.meets], axis=0)
        tip = met + np.array((0.06, -0.12, 0.0), np.float32)
        bow = np.array((0.16, -0.12, 0.10), np.float32)
        joints = np.stack([root + 0.38 * (tip - root) + bow, root + 0.72 * (tip - root) + bow, tip])
    return np.vstack([root, root + (joints - root) * signer.lengths[0]]).astype(np.float32)


def hand_rods(pose: Pose, signer: Signer, moment: Moment) -> tuple[Floats, Floats]:
    """Build a hand in its own units (palm 1 high, wrist at the origin), as seen by the camera.

    Returns
    -------
    rods : (N, 9) float32
        x, y, z, radius of both ends and the material; y up.
    forearm : (3,) float32
        The direction from the wrist to the elbow.
    """
    rods: list[tuple[Floats, float, Floats, float, int]] = []
    tips = []
    palm = np.array(_KNUCKLES, np.float32) * (signer.palm, 1, 1)
    for index, root in enumerate(palm):
        bones = np.array(_BONES[index], np.float32) * signer.lengths[index + 1]
        more = signer.habits[index] + moment.bends[index]
        joints, nail = _finger(root, pose.fingers[index], bones, more)
        girth = _GIRTH[index] * signer.widths[index + 1]
        for bone in range(3):
            ends = girth * _TAPER[bone], girth * _TAPER[bone + 1]
            rods.append((joints[bone], ends[0], joints[bone + 1], ends[1], SKIN))
        rods.append(_nail(joints, nail, girth))
        tips.append(joints[-1])
    joints = _thumb(pose, signer, tips)
    girths = [girth * signer.widths[0] for girth in _THUMB_GIRTH]
    for bone in range(3):
        ends = girths[bone], girths[bone + 1]
        rods.append((joints[bone], ends[0], joints[bone + 1], ends[1], SKIN))
    # Rods between the bones as well, or the palm would have furrows.
    for root in np.vstack([palm, (palm[1:] + palm[:-1]) / 2]):
        heel = np.array((0.55 * root[0], 0.12, 0.0), np.float32)
        rods.append((heel, 0.21, root * _TOWARDS_KNUCKLE, 0.17, SKIN))
    flesh = np.array((-0.22 * signer.palm, 0.3, 0.1), np.float32)
    rods.append((flesh, 0.19, flesh + np.array((0, 0.32, 0), np.float32), 0.15, SKIN))
    turn = _rotation(
        pose.yaw + signer.yaw + moment.yaw,
        pose.pitch + signer.pitch + moment.pitch,
        pose.roll + signer.roll + moment.roll,
    )
    # The elbow is below and outside the hand, whatever the wrist's rotation.
    forearm = turn @ np.array((0, -1, 0), np.float32) + np.array((-0.35, -0.6, -0.1), np.float32)
    array = np.array([(*a, ra, *b, rb, m) for a, ra, b, rb, m in rods], np.float32)
    array[:, 0:3] = array[:, 0:3] @ turn.T
    array[:, 4:7] = array[:, 4:7] @ turn.T
    return array, forearm / np.linalg.norm(forearm)


def _nail(joints: Floats, nail: Floats, girth: float) -> tuple[Floats, float, Floats, float, int]:
    along = joints[3] - joints[2]
    radius = 0.46 * girth
    lift = nail * (girth * _TAPER[3] - radius + 0.012)
    return joints[2] + 0.72 * along + lift, radius, joints[3] + lift, radius, NAIL


def capsules(rods: Floats, scale: float, at: tuple[float, float], depth: float) -> list[Capsule]:
    """Place rods (y up, palms) in a picture (y down, pixels); the wrist lies at ``at``."""
    placed = rods.astype(np.float64)
    placed[:, :8] *= scale
    placed[:, [1, 5]] *= -1
    placed[:, [0, 4]] += at[0]
    placed[:, [1, 5]] += at[1]
    placed[:, [2, 6]] += depth
    return [(*row[:8], int(row[8])) for row in placed.tolist()]


def _fit(rods: Floats, signer: Signer, moment: Moment, size: tuple[int, int]) -> tuple[float, ...]:
    """Scale and wrist position (x, y) with which the hand fills its share of the picture."""
    height, width = size
    low = np.minimum(rods[:, 0:2] - rods[:, 3:4], rods[:, 4:6] - rods[:, 7:8]).min(axis=0)
    high = np.maximum(rods[:, 0:2] + rods[:, 3:4], rods[:, 4:6] + rods[:, 7:8]).max(axis=0)
    wide, tall = high - low
    fill = signer.zoom * moment.zoom
    # A fist is not enlarged to the height of an open hand.
    scale = fill * min(height / tall, width / wide, min(height, width) / 1.62)
    middle = (low + high) / 2
    x = (0.5 + signer.offset[0] + moment.x) * width - scale * middle[0]
    y = (0.5 + signer.offset[1] + moment.y) * height + scale * middle[1]
    return float(scale), float(x), float(y)


def draw_hand(
    pose: str,
    signer: Signer,
    size_hw: tuple[int, int],
    rng: np.random.Generator,
    moment: Moment | None = None,
) -> tuple[Image, Box]:
    """Render a picture of a hand.

    Parameters
    ----------
    pose : str
        A key of `POSES`, or ``nothing`` for a background without a hand.
    signer : Signer
    size_hw : tuple of int
        Height and width of the picture.
    rng : numpy.random.Generator
        For the camera noise, and for the moment if none is given.
    moment : Moment, optional
        How the hand is held in this frame.

    Returns
    -------
    picture : (H, W, 3) uint8 RGB
    box : tuple of int
        x0, y0, x1, y1 of the hand with its wrist, half-open, within the picture; all 0 for
        ``nothing``.
    """
    height, width = size_hw
    moment = moment if moment is not None else film(rng, 1)[0]
    noise = rng.standard_normal((height, width, 1), dtype=np.float32)
    # Small pictures need more supersampling against jagged edges.
    over = 3 if min(size_hw) < 64 else 2
    tall, wide = height * over, width * over
    behind = background(signer, tall, wide)
    if pose == NOTHING:
        return photograph(behind, signer, size_hw, noise), (0, 0, 0, 0)
    rods, forearm = hand_rods(POSES[pose], signer, moment)
    scale, x, y = _fit(rods, signer, moment, (tall, wide))
    scene = Scene(tall, wide)
    scene.add(capsules(rods, scale, (x, y), 0.0))
    x0, y0, x1, y1 = box_of(scene.depth > -1e8)
    scene.add(_arm(forearm, scale, (x, y)))
    picture = light_up(scene, signer, scale, behind)
    box = (x0 // over, y0 // over, -(-x1 // over), -(-y1 // over))
    return photograph(picture, signer, size_hw, noise), box


def _arm(forearm: Floats, scale: float, wrist: tuple[float, float]) -> list[Capsule]:
    """A bare wrist and a sleeve that runs out of the picture."""

    def along(distance: float) -> tuple[float, float, float]:
        x, y, z = (float(v) * distance * scale for v in forearm)
        return wrist[0] + x, wrist[1] - y, z - 0.02 * scale

    thin, thick = 0.235 * scale, 0.36 * scale
    bare: Capsule = (*along(-0.05), thin, *along(1.0), 0.27 * scale, SKIN)
    sleeve: Capsule = (*along(0.72), 0.33 * scale, *along(5.0), thick, SLEEVE)
    return [bare, sleeve]
