"""Where a scene's ground is, and how long a metre is in it: what `Standing` holds, found in depth and told.

The depth is the photo's where it is kept beside the scene; of any other scene it is drawn, from where it can be seen.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8

from gen3d.axes import AxesName
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Notice, Stage
from gen3d.formats.layered import load_layered
from gen3d.formats.picture import as_bytes
from gen3d.formats.whole import refusing
from gen3d.geometry.ground import Surface, find_ground, joined, level, surface_of
from gen3d.products.around import Up, guessed_up, level_axes, views_of
from gen3d.products.export import FinishedScene
from gen3d.products.opened import said_up
from gen3d.scene_files import SceneFiles
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import FILLED_ALPHA, draw
from gen3d.standing import Standing

LARGEST_SCALE = 1e6
"""Factors beyond it, or beyond one over it, are slips of the keyboard."""
AROUND_PX = 1
"""A pixel's depth is the median of those so far around it."""
_SYNTAX = "Give U,V:U,V=METRES, as 120,340:410,338=2.1."


class Measured(NamedTuple):
    """Two pixels of the photo, as displayed, and how far apart is what they show."""

    first: tuple[float, float]
    second: tuple[float, float]
    metres: float


def parse_measured(text: str) -> Measured:
    """From U,V:U,V=METRES; InputError for what is none."""
    number = r"\s*([0-9.]+)\s*"
    found = re.fullmatch(f"{number},{number}:{number},{number}=\\s*([0-9.]+)\\s*m?", text)
    with refusing(f"{text[:60]!r} does not say how far apart two pixels are.", _SYNTAX):
        a, b, c, d, metres = (float(part) for part in found.groups())
    return Measured((a, b), (c, d), metres)


def standing_of(
    scene: FinishedScene,
    axes: AxesName | None = None,
    upright: bool = False,
    scale: float = 1.0,
    measured: Measured | None = None,
    photo_px: tuple[int, int] | None = None,
    photo_at_px: tuple[int, int] = (0, 0),
) -> Stage[Standing]:
    """How a scene is to stand; what was found, or was not, is told in a Notice.

    photo_px: width and height that the measured pixels refer to; None: those that the scene was made at.
    photo_at_px: where that begins in the photo, if a border was cut away from it. Raises
    InputError for a factor or a measure that cannot be.
    """
    if measured is not None:
        found = measured_scale(scene, measured, photo_px, photo_at_px)
        yield Notice(f"What is {measured.metres:g} m long measures {measured.metres / found:.3g} m in the scene: all "
                     f"lengths are multiplied by {found:.4g}.")  # fmt: skip
        scale *= found
    if not 1 / LARGEST_SCALE <= scale <= LARGEST_SCALE:
        raise InputError(f"Lengths cannot be multiplied by {scale:g}.", "Give a factor above 0, as 1.5.")
    rigid = (yield from levelled(scene, scale)) if upright else None
    return Standing(axes, scale, rigid)


def levelled(scene: FinishedScene, scale: float = 1.0) -> Stage[np.ndarray | None]:
    """What turns the scene upright and puts its ground at zero, `4 4`; None where no ground is found."""
    surface, up, ahead = _seen(scene)
    ground = find_ground(surface, up)
    if ground is None:
        yield Notice("No ground was found in the depth, so the scene is not turned: it stays as its camera was held.")
        return None
    tilt_deg = float(np.degrees(np.arccos(np.clip(ground.normal @ up, -1, 1))))
    height = -scale * ground.offset
    yield Notice(
        f"A ground was found ({ground.share:.0%} of what is seen): the scene is turned by {tilt_deg:.1f} degrees and "
        f"stands on zero, with what was its origin {abs(height):.2f} m {'above' if height >= 0 else 'below'} it."
    )
    return level(ground._replace(offset=ground.offset + float(ground.normal @ scene.origin)), ahead)


def measured_scale(
    scene: FinishedScene, measured: Measured, photo_px: tuple[int, int] | None, photo_at_px: tuple[int, int] = (0, 0)
) -> float:
    """By how much all lengths are to be multiplied so that two pixels are as far apart as somebody measured."""
    if not 0 < measured.metres < np.inf:
        raise InputError(f"Nothing is {measured.metres:g} m long.", _SYNTAX)
    depth, camera = _photo_depth(scene)
    per_pixel = np.divide((camera.width, camera.height), photo_px or (camera.width, camera.height))
    a, b = (_point(depth, camera, (np.array(at) - photo_at_px) * per_pixel, at) for at in measured[:2])
    length = float(np.linalg.norm(a - b))
    if length < 1e-6:
        raise InputError("The two pixels show the same place.", "Give two that are apart.")
    return measured.metres / length


def _point(depth: np.ndarray, camera: Camera, at: np.ndarray, given: tuple[float, float]) -> np.ndarray:
    """What a pixel shows, in the camera's world."""
    u, v = at
    if not (0 <= u < camera.width and 0 <= v < camera.height):
        raise InputError(
            f"The pixel {given[0]:g},{given[1]:g} is not in the photo.",
            "Count from the photo's upper left corner, at its own size.",
        )
    row, column = int(v), int(u)
    around = depth[max(0, row - AROUND_PX) : row + AROUND_PX + 1, max(0, column - AROUND_PX) : column + AROUND_PX + 1]
    known = around[np.isfinite(around)]
    if 2 * known.size < around.size:
        raise InputError(
            f"The pixel {given[0]:g},{given[1]:g} shows the sky, or nothing that has a depth.", "Take another one."
        )
    ray = np.linalg.inv(camera.K) @ (u, v, 1.0)
    return camera.c2w[:3, :3] @ (ray * float(np.median(known))) + camera.center


def _photo_depth(scene: FinishedScene) -> tuple[np.ndarray, Camera]:
    """Depth through the photo's camera: as it was kept, or drawn where the file knows that camera."""
    if (photo := scene.photo) is not None:
        return photo.depth, photo.camera
    if scene.camera is None:
        raise InputError(
            "Nobody knows which photo this scene was made from, so its pixels cannot be measured.",
            "Give the scene in the folder that `gen3d build` made, or a factor with --scale.",
        )
    return _drawn_depth(scene, scene.camera), scene.camera


def _seen(scene: FinishedScene) -> tuple[Surface, np.ndarray, np.ndarray]:
    """The surfaces, about where up is, and what is ahead."""
    if (photo := scene.photo) is not None:
        return surface_of(photo.depth, photo.camera), np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    up: Up = said_up(scene.stored) or guessed_up(scene.gaussians)
    cameras = views_of(scene.gaussians) if scene.camera is None else [scene.camera]
    axes = level_axes(up)
    return joined([surface_of(_drawn_depth(scene, c), c) for c in cameras]), -axes[:, 1], axes[:, 2]


def _drawn_depth(scene: FinishedScene, camera: Camera) -> np.ndarray:
    """Metres along z; inf where there is nothing."""
    with torch.no_grad():
        drawn = draw(scene.rasterizer, drawable_from(scene.gaussians.to(scene.rasterizer.device), camera), camera)
    depth = torch.where(drawn.alpha > FILLED_ALPHA, drawn.depth, torch.inf)
    return depth.cpu().numpy()


def photo_to_measure(scene: Path) -> UInt8[np.ndarray, "h w 3"]:
    """What the scene in a folder was made from, at the size that it was made at; InputError where it is damaged."""
    return as_bytes(load_layered(SceneFiles(scene).layers).layers.rgbd.image)
