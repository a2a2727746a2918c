"""The files of a finished scene (`scene_files.py`), in two lots: what somebody waits for, and what can wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from gen3d.camera import Camera
from gen3d.formats.html import write_html
from gen3d.formats.layered import save_layered
from gen3d.formats.model3d import write_model3d
from gen3d.formats.ply import write_ply
from gen3d.formats.splat import write_splat
from gen3d.formats.transforms import write_transforms
from gen3d.geometry.place import place_of
from gen3d.geometry.together import together
from gen3d.products.show import write_scene_view
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer
from gen3d.values import RGBD, DrawnPath, LayeredDepth


def write_scene(
    files: SceneFiles,
    gaussians: Gaussians,
    layered: LayeredDepth,
    cameras: Sequence[Camera],
    rasterizer: Rasterizer,
    path: DrawnPath | None = None,
    things: Mapping[str, Any] | None = None,
) -> None:
    """The files of a scene that were not there before it was fitted; cameras: of the fit, the photo's first.

    path: the video's, for the viewer to play. things: as in things.json, for the viewer to edit.
    """
    write_shown(files, gaussians, layered.layers.rgbd, cameras, rasterizer, path, things)
    write_others(files, gaussians, layered)


def write_shown(
    files: SceneFiles,
    gaussians: Gaussians,
    photo: RGBD,
    cameras: Sequence[Camera],
    rasterizer: Rasterizer,
    path: DrawnPath | None,
    things: Mapping[str, Any] | None,
) -> None:
    """Of those files what is looked at first, and what a video is made of."""
    write_transforms(files.transforms, cameras)
    scale = place_of(photo).scale
    together([
        partial(write_scene_view, files.view, gaussians, photo.camera, scale, rasterizer, path, photo.image, things),
        partial(write_ply, files.ply, gaussians),
    ])  # fmt: skip


def write_others(files: SceneFiles, gaussians: Gaussians, layered: LayeredDepth) -> None:
    """The others; the viewer's file is there."""
    photo = layered.layers.rgbd
    together([
        partial(write_html, files.html, files.view),
        partial(save_layered, files.layers, layered),
        partial(write_splat, files.splat, gaussians),
        partial(write_model3d, files.model3d, gaussians, photo.camera, place_of(photo).scale.median),
    ])  # fmt: skip
