"""How far the viewer may go before the scene ends: found by trying, on small renders.

The viewer turns about a pivot ahead of the photo's camera. In each of six directions (left, right, up, down, in, out)
it may go until more than a hundredth of the frame shows nothing, or something so near that the camera is about to pass
through it. Between directions the viewer keeps to an ellipse, whose diagonals are tried too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.formats.known import Limits
from gen3d.geometry.trajectory import moved, orbited
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw
from gen3d.values import Scale

LARGEST_DEG = 60.0
"""Beyond, one looks at things from a side that the photo knows nothing of."""
CLOSEST, FARTHEST = 0.4, 1.6
"""Distances from the pivot that are never passed, as shares of the photo's."""
SIDE_PX = 96
"""The longer side of the renders."""
DENSITY = 20_000
"""Of more Gaussians, so many are drawn, larger in turn: enough to tell a surface from nothing at this size. Measured:
within a degree of what twice as many, and four times as many pixels, say."""
EMPTY_SHARE = 0.01
"""More of the frame than this, beyond what is empty in the photo's view already, is too much."""
TOO_NEAR = 0.3
"""What is nearer than this share of the photo's nearest depth counts as empty: the camera is about to run into it."""
STRIDES = 6
"""Steps outward to the first pose that does not hold; where it lies between two is then halved HALVINGS times."""
HALVINGS = 4
SHRINK = 0.85


class Pose(NamedTuple):
    """Where the viewer is."""

    yaw_deg: float = 0.0
    """Positive to the right."""
    pitch_deg: float = 0.0
    """Positive up."""
    distance: float = 1.0
    """From the pivot, as a share of the photo's."""


def find_limits(gaussians: Gaussians, camera: Camera, scale: Scale, rasterizer: Rasterizer) -> Limits:
    """How far one may look around from `camera`, turning about the point `scale.median` ahead of it.

    Up to some 80 small renders; a second on two cores.
    """
    holds = _judge(every_so_many(gaussians, DENSITY).to(rasterizer.device), camera, scale, rasterizer)
    closest = max(CLOSEST, 1 - (1 - TOO_NEAR) * scale.nearest / scale.median)

    def reach(yaw_deg: float = 0.0, pitch_deg: float = 0.0, distance: float = 1.0) -> float:
        return _reach(lambda share: holds(Pose(share * yaw_deg, share * pitch_deg, 1 + share * (distance - 1))))

    limits = Limits(
        yaw_left_deg=LARGEST_DEG * reach(yaw_deg=-LARGEST_DEG),
        yaw_right_deg=LARGEST_DEG * reach(yaw_deg=LARGEST_DEG),
        pitch_up_deg=LARGEST_DEG * reach(pitch_deg=LARGEST_DEG),
        pitch_down_deg=LARGEST_DEG * reach(pitch_deg=-LARGEST_DEG),
        nearest=1 + (closest - 1) * reach(distance=closest),
        farthest=1 + (FARTHEST - 1) * reach(distance=FARTHEST),
    )
    return _with_diagonals(limits, holds)


def orbit(camera: Camera, pose: Pose, pivot_m: float) -> Camera:
    """The viewer's camera at a pose."""
    turned = camera.c2w @ orbited(pose.yaw_deg, pose.pitch_deg, pivot_m)
    return camera.posed(turned @ moved(0.0, 0.0, (1 - pose.distance) * pivot_m))


def _judge(gaussians: Gaussians, camera: Camera, scale: Scale, rasterizer: Rasterizer) -> Callable[[Pose], bool]:
    """Whether a pose shows the scene, and not more of nothing than the photo's own view does."""
    small = camera.with_side(SIDE_PX)

    def empty(pose: Pose) -> float:
        drawn = draw(rasterizer, gaussians, orbit(small, pose, scale.median))
        return float(((drawn.alpha < FILLED_ALPHA) | (drawn.depth < TOO_NEAR * scale.nearest)).float().mean())

    allowed = empty(Pose()) + EMPTY_SHARE
    return lambda pose: empty(pose) <= allowed


def _reach(holds: Callable[[float], bool]) -> float:
    """The share of the way up to which every step holds; strides first, since behind a wall it may hold again."""
    good, bad = 0.0, None
    for step in range(1, STRIDES + 1):
        if not holds(step / STRIDES):
            bad = step / STRIDES
            break
        good = step / STRIDES
    for _ in range(HALVINGS if bad else 0):
        middle = (good + bad) / 2
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good


def _with_diagonals(limits: Limits, holds: Callable[[Pose], bool]) -> Limits:
    """Smaller, until the ellipsoid of yaw, pitch and going back holds on its diagonals as it does on its axes."""
    order = list(range(len(_diagonals(limits))))
    for _ in range(12):
        poses = _diagonals(limits)
        bad = next((i for i in order if not holds(poses[i])), None)
        if bad is None:
            break
        order = [bad, *(i for i in order if i != bad)]  # it may well be the one that does not hold the next time
        limits = replace(
            limits,
            yaw_left_deg=SHRINK * limits.yaw_left_deg, yaw_right_deg=SHRINK * limits.yaw_right_deg,
            pitch_up_deg=SHRINK * limits.pitch_up_deg, pitch_down_deg=SHRINK * limits.pitch_down_deg,
            farthest=1 + SHRINK * (limits.farthest - 1),
        )  # fmt: skip
    return limits


def _diagonals(limits: Limits) -> list[Pose]:
    """Where two of the three are equally used up."""
    yaws, pitches = (-limits.yaw_left_deg, limits.yaw_right_deg), (-limits.pitch_down_deg, limits.pitch_up_deg)
    half = float(np.sqrt(0.5))
    turned = [Pose(half * yaw, half * pitch) for yaw in yaws for pitch in pitches]
    back = 1 + half * (limits.farthest - 1)
    return turned + [Pose(half * yaw, 0.0, back) for yaw in yaws] + [Pose(0.0, half * pitch, back) for pitch in pitches]


def every_so_many(gaussians: Gaussians, about: int) -> Gaussians:
    """Every so many-th, as much larger in area: at most twice as many as `about`."""
    every = max(1, len(gaussians) // about)
    some = gaussians.detached().picked(torch.arange(0, len(gaussians), every, device=gaussians.means.device))
    return replace(some, scales=some.scales * every**0.5)
