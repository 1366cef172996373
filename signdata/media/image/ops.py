"""Operations on pictures in memory."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from signdata.samples import Frame


def resize(frame: Frame, size_hw: tuple[int, int]) -> Frame:
    """Resize to (height, width): area averaging when shrinking, cubic when growing."""
    if frame.shape[:2] == size_hw:
        return frame
    height, width = size_hw
    shrinks = height * width < frame.shape[0] * frame.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized = cv2.resize(frame, (width, height), interpolation=how)
    return np.asarray(resized, np.uint8).reshape(height, width, frame.shape[2])


def to_gray(frame: Frame) -> Frame:
    """Rec. 601 luma of an RGB frame as (H, W, 1); a grey frame comes back as it is."""
    if frame.shape[2] == 1:
        return frame
    gray: Frame = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]
    return gray


def sharpness(gray: Frame) -> float:
    """Variance of the Laplacian of a grey frame (H, W, 1): low where it is blurred or flat."""
    return float(cv2.Laplacian(gray, cv2.CV_64F).var())


def sharpnesses(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The `sharpness` of each of several grey frames (N, H, W, 1)."""
    edges = np.empty(gray.shape[:3], np.float64)
    for frame, own in zip(gray, edges, strict=True):
        cv2.Laplacian(frame, cv2.CV_64F, dst=own)
    found: NDArray[np.float64] = edges.reshape(len(edges), -1).var(axis=1)
    return found


def planes(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames (..., H, W, C) as (..., C, H, W), contiguous, as networks take them."""
    *others, height, width, channels = frames.shape
    if channels == 1:
        return np.ascontiguousarray(frames).reshape(*others, 1, height, width)
    made = np.empty((*others, channels, height, width), np.uint8)
    for index in np.ndindex(*others):
        put_planes(frames[index], made[index])
    return made


def put_planes(frame: Frame, target: NDArray[np.uint8]) -> None:
    """Write a frame (H, W, C) into contiguous planes (C, H, W)."""
    if len(target) == 1:
        target[0] = frame[:, :, 0]
    else:
        cv2.split(frame, list(target))  # several times faster than a transposed copy
