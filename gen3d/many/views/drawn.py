"""Views of a scene for a data set: colours, depth, normals, what was made up, all drawn from the Gaussians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.events import product
from gen3d.formats.dataset import Frame
from gen3d.products.dataset import draw_frames
from gen3d.products.export import FinishedScene
from gen3d.run.course import tour_cameras
from gen3d.run.folders import read_record
from gen3d.splat.shown import sight
from gen3d.values import Scale


@dataclass(frozen=True, eq=False, slots=True)
class DataView:
    """One view."""

    frame: Frame
    normal: Float[np.ndarray, "h w 3"]
    """Unit vectors in the camera's axes as OpenGL has them (x right, y up, z to the camera); NaN where nothing is."""
    made_up: Bool[np.ndarray, "h w"]
    """Pixels most of which the photo did not see."""


def cameras_of(scene: FinishedScene, path: str, count: int) -> list[Camera]:
    """So many along a path, as wide as the scene's video was flown; the first is the photo's."""
    counts = read_record(scene.folder)["counts"]
    scale = Scale(counts["median_depth_m"], counts["nearest_depth_m"])
    camera = scene.layered.layers.rgbd.camera
    return tour_cameras(path, camera, scale, count)(counts.get("tour_amplitude", 1.0))


def draw_views(scene: FinishedScene, cameras: Sequence[Camera]) -> list[DataView]:
    """What they see."""
    frames = product(draw_frames(scene.gaussians, cameras, scene.rasterizer))
    return [DataView(frame, *_known(scene, frame)) for frame in frames]


def _known(scene: FinishedScene, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    gaussians = scene.gaussians.to(scene.rasterizer.device)
    normal = sight(gaussians, frame.camera, scene.rasterizer, "normals", 1.0).channels
    parts = sight(gaussians, frame.camera, scene.rasterizer, "made-up", 1.0).channels
    made_up = parts["behind"] + parts["outside"] > parts["seen"]
    return np.stack([normal[axis] for axis in "XYZ"], axis=2), made_up & frame.seen
