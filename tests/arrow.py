"""A scene that tells its axes and its scale: a bar of one metre, an arrow that points up, a ball to the right in front.

Everything is as in `gen3d.camera`: x right, y down, z forward, metres, seen from the origin. A file, or a program that
opens it, that exchanges left and right, up and down, near and far, metres and something else, or red and blue puts one
of the marks elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb
from tests.small_scenes import sheet

CAMERA = Camera.from_fov(50.0, 320, 240)
"""Sees all of it; centred, of square pixels, as any program has it."""
BAR_LEFT, BAR_RIGHT = np.array([-0.5, 0.55, 3.0]), np.array([0.5, 0.55, 3.0])
"""The middles of the bar's two ends: one metre apart. Its left half is red, its right half blue."""
ARROW_FOOT, ARROW_TIP = np.array([-0.3, 0.35, 3.0]), np.array([-0.3, -0.6, 3.0])
"""Green; the tip is at the top."""
BALL = np.array([0.35, -0.15, 2.0])
"""Yellow, a metre nearer than the rest."""
STEP = 0.01
RED, GREEN, BLUE, YELLOW = (0.9, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.2, 0.9), (0.9, 0.9, 0.1)


def arrow_scene() -> Gaussians:
    """Some two thousand Gaussians of a centimetre, all round, degree 0."""
    halves = [
        painted(sheet(tuple(0.75 * end + 0.25 * other), (0.25, 0, 0), (0, 0.04, 0), STEP), colour)
        for end, other, colour in ((BAR_LEFT, BAR_RIGHT, RED), (BAR_RIGHT, BAR_LEFT, BLUE))
    ]
    x, _, z = ARROW_FOOT
    shaft = sheet((x, -0.025, z), (0.03, 0, 0), (0, 0.375, 0), STEP)
    head = sheet((x, -0.5, z), (0.15, 0, 0), (0, 0.1, 0), STEP)
    height = (head.means[:, 1] - float(ARROW_TIP[1])) / 0.2  # 0 at the tip, 1 where the shaft begins
    head = head.keep((head.means[:, 0] - float(x)).abs() <= 0.15 * height)
    return joined(*halves, painted(joined(shaft, head), GREEN), painted(_ball(), YELLOW))


def painted(gaussians: Gaussians, colour: tuple[float, float, float]) -> Gaussians:
    """All in one colour."""
    sh = sh_from_rgb(torch.tensor(colour).expand(len(gaussians), 3))
    return Gaussians(gaussians.means, gaussians.quats, gaussians.scales, gaussians.opacities, sh)


def found(picture: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    """[h w], True where the picture shows one of the colours above, and not its faint edge."""
    return (np.abs(picture - np.array(colour)) < 0.2).all(axis=2)


def assert_in_place(picture: np.ndarray, camera: Camera = CAMERA, within_px: float = 2.0) -> None:
    """Every mark is where this camera sees it: left, right, up, down, near, far, metres and colours are right."""
    red, green, blue, yellow = (np.argwhere(found(picture, c))[:, ::-1] + 0.5 for c in (RED, GREEN, BLUE, YELLOW))
    assert all(len(places) > 20 for places in (red, green, blue, yellow)), [len(p) for p in (red, green, blue, yellow)]
    seen = {
        "the bar's left end": (red[:, 0].min(), red[:, 1].mean()),
        "the bar's right end": (blue[:, 0].max(), blue[:, 1].mean()),
        "the arrow's tip": (green[green[:, 1] == green[:, 1].min(), 0].mean(), green[:, 1].min()),
        "the arrow's foot": (green[green[:, 1] == green[:, 1].max(), 0].mean(), green[:, 1].max()),
        "the ball": tuple(yellow.mean(axis=0)),
    }
    expected, _ = camera.project(np.stack([BAR_LEFT, BAR_RIGHT, ARROW_TIP, ARROW_FOOT, BALL]))
    for (name, place), should in zip(seen.items(), expected, strict=True):
        assert np.abs(np.array(place) - should).max() <= within_px, f"{name} is at {place}, not {should}"
    metre_px = seen["the bar's right end"][0] - seen["the bar's left end"][0]
    assert abs(metre_px / (camera.K[0, 0] / BAR_LEFT[2]) - 1) < 0.02


def walled(scene: Gaussians, degree: int = 3, distance_m: float = 4.0, step: float = 0.04) -> Gaussians:
    """The scene before a dark wall whose colours change with the direction they are seen from."""
    wall = sheet((0, 0, distance_m), (2.0, 0, 0), (0, 1.5, 0), step)
    rest = 0.05 * torch.randn((degree + 1) ** 2 - 1, 3, 3, generator=torch.Generator().manual_seed(4))
    tint = torch.einsum("nc,kcd->nkd", torch.sin(2 * wall.means), rest)
    sh = torch.cat([sh_from_rgb(torch.full((len(wall), 3), 0.3)), tint], dim=1)
    plain = torch.cat([scene.sh, torch.zeros(len(scene), sh.shape[1] - 1, 3)], dim=1)
    return joined(replace(scene, sh=plain), replace(wall, sh=sh))


def needled(scene: Gaussians) -> Gaussians:
    """The scene with long thin Gaussians that rise to the right and go away, for whom rotations count: turned the other
    way, or mirrored, they are seen to fall."""
    turn = Rotation.from_euler("zyx", (-35, 25, 50), degrees=True).as_quat(scalar_first=True)
    n, quats = 5, torch.from_numpy(turn).float()
    means = torch.tensor([[-0.9, -0.5 + 0.2 * i, 3.0] for i in range(n)])
    sh = torch.zeros(n, scene.sh.shape[1], 3)
    sh[:, :1] = sh_from_rgb(torch.tensor([[0.7, 0.7, 0.7]]).expand(n, 3))
    scales = torch.tensor([[0.15, 0.012, 0.04]]).expand(n, 3)
    needles = Gaussians(means, quats.expand(n, 4).contiguous(), scales.contiguous(), torch.full((n,), 0.9), sh)
    return joined(scene, needles)


def _ball(radius: float = 0.08, count: int = 300) -> Gaussians:
    """Points spread evenly over a sphere (a Fibonacci lattice)."""
    i = np.arange(count) + 0.5
    y, turn = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    around = np.sqrt(1 - y * y)
    xyz = BALL + radius * np.stack([around * np.cos(turn), y, around * np.sin(turn)], axis=1)
    quats = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).expand(count, 4)
    return Gaussians(
        torch.from_numpy(xyz).float(), quats, torch.full((count, 3), STEP), torch.full((count,), 0.95),
        sh_from_rgb(torch.full((count, 3), 0.5)),
    )  # fmt: skip
