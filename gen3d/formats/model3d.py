"""The scene as the page's ready-made viewer (gr.Model3D, which draws splats with gsplat.js) shows it best.

That viewer cannot be told where to start: its camera stands 5 units from the origin, yawed and pitched by 0.5 rad,
looks at the origin and turns about it, y down, with a focal length of 1132 px whatever its size. So the scene is moved
instead: the photo's camera takes the viewer's starting pose, and the median depth its distance. A copy to look at
only: the scene itself keeps its metres and axes.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.formats.ply import write_ply
from gen3d.splat.gaussians import Gaussians, turning

ORBIT = 5.0
"""The viewer's distance from what it turns about."""
YAW_RAD = PITCH_RAD = 0.5
FOCAL_PX = 1132.0
FULLER = 1.4
"""Factor on the scales: the viewer magnifies two or three times, and without it cracks show between neighbours."""
UNEVEN = (1.0, 1.01, 1.02)
"""Further factors on the three scales: the viewer's projection loses a Gaussian that is exactly round."""


def write_model3d(path: Path, gaussians: Gaussians, camera: Camera, median_depth_m: float) -> None:
    """Writes a .ply of the scene, moved so that the viewer starts at `camera`, turning about its median depth.

    A .ply, though a .splat is half as large: given one twice at once, as a streaming page does, the viewer stays blank.
    Raises EmptyWorld when there are no Gaussians.
    """
    plain = replace(gaussians, kinds=None, things=None)  # its reader was tried with the usual properties alone
    write_ply(path, moved(plain, start_pose() @ _scaled(ORBIT / median_depth_m) @ camera.w2c))


def start_pose() -> Float[np.ndarray, "4 4"]:
    """Camera-to-world of the viewer's first view, OpenCV axes."""
    forward = np.array(
        [-math.sin(YAW_RAD) * math.cos(PITCH_RAD), math.sin(PITCH_RAD), math.cos(YAW_RAD) * math.cos(PITCH_RAD)]
    )
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    c2w = np.eye(4)
    c2w[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    c2w[:3, 3] = -ORBIT * forward
    return c2w


def moved(gaussians: Gaussians, similarity: Float[np.ndarray, "4 4"]) -> Gaussians:
    """The Gaussians after x -> s R x + t; their colours beyond the constant one are not turned."""
    scale = float(np.cbrt(np.linalg.det(similarity[:3, :3])))
    g = gaussians.detached()
    means = g.means.double().numpy() @ similarity[:3, :3].T + similarity[:3, 3]
    return replace(
        g,
        means=torch.from_numpy(means.astype(np.float32)),
        quats=_turned(g.quats, similarity[:3, :3] / scale),
        scales=g.scales * scale * FULLER * torch.tensor(UNEVEN),
    )


def _turned(quats: Float[torch.Tensor, "n 4"], turn: Float[np.ndarray, "3 3"]) -> Float[torch.Tensor, "n 4"]:
    """The rotations before a turn, wxyz, as unit quaternions; scipy's product takes ten times as long."""
    turned = quats.double().numpy() @ turning(turn).T
    return torch.from_numpy((turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32))


def _scaled(factor: float) -> Float[np.ndarray, "4 4"]:
    return np.diag([factor, factor, factor, 1.0])
