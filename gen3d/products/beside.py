"""What the folder of a build knows of its scene beside the Gaussians: their parts, and where it is looked at from.

A Gaussian's kind (`values.Kind`) says what the photo saw, not which part it is of, and older scenes have none. But the
pictures are kept (`formats/layered.py`): so each is held against the photo's depth, and that of the background behind.
Where a scene's Gaussians know their things, each thing is a part of its own: foreground/NAME.

    foreground     nearer than half-way (in logarithms) from the photo's foreground to the background behind it
    sky            about as far away as the sky
    background     what else lies in the photo's frame, seen or hidden
    surroundings   what lies beyond it
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.ndimage import distance_transform_edt

from gen3d.camera import Camera
from gen3d.formats.known import Labels, Viewpoint
from gen3d.formats.layered import load_layered
from gen3d.formats.stored import StoredScene
from gen3d.formats.transforms import read_transforms
from gen3d.formats.view import read_limits
from gen3d.formats.whole import refusing
from gen3d.geometry.trajectory import PATHS, along, tour_path
from gen3d.products.edited import Edited, with_things
from gen3d.scene_files import SceneFiles
from gen3d.values import LayeredDepth, Scale

PARTS = ("foreground", "background", "surroundings", "sky")
SKY_SHARE = 0.9
"""Of the shell's radius: what is farther is sky."""
_AGAIN = "Build the scene again."


def known_beside(scene: StoredScene, files: SceneFiles, how: Edited | None = None) -> StoredScene:
    """The scene with what lies beside it in a build's folder; as it is where it lies in none. how: it was edited.

    Raises InputError where what lies there is damaged.
    """
    if not files.layers.is_file() or not files.transforms.is_file():
        return scene
    labels = scene.labels
    if labels is None:
        xyz = scene.gaussians.means.double().cpu().numpy() + scene.origin
        labels = with_things(labels_of(xyz, load_layered(files.layers)), scene.gaussians, how)
    return replace(scene, labels=labels, viewpoint=viewpoint_of(files))


def labels_of(xyz: Float[np.ndarray, "n 3"], scene: LayeredDepth) -> Labels:
    """Of which part something at each place is."""
    photo = scene.layers.rgbd
    uv, z = photo.camera.project(xyz)
    framed = photo.camera.frames(uv, z)
    u, v = np.where(framed[:, None], uv, 0).astype(np.int64).T
    foreground = framed & (z < _half_way(scene)[v, u])
    sky = np.linalg.norm(xyz, axis=1) > SKY_SHARE * scene.shell_m
    of = np.select([foreground, sky, framed], [0, 3, 1], 2)
    return Labels(PARTS, of)


def _half_way(scene: LayeredDepth) -> Float[np.ndarray, "h w"]:
    """Where foreground ends and background begins, metres along z; 0 where nothing stands in front.

    Around what stands in front, where its outlines' Gaussians reach, it is as deep as at its nearest pixel.
    """
    photo, foreground = scene.layers.rgbd, scene.layers.foreground
    if not foreground.any():
        return np.zeros(foreground.shape)
    _, (v, u) = distance_transform_edt(~foreground, return_indices=True)
    near, far = (np.minimum(depth, scene.shell_m) for depth in (photo.depth[v, u], scene.background.depth))
    return np.where(foreground | scene.layers.hidden, np.sqrt(near.astype(np.float64) * far), 0)


def viewpoint_of(files: SceneFiles) -> Viewpoint:
    """The photo's camera, the video's path, and how far the viewer goes."""
    camera, *others = read_transforms(files.transforms)
    found = Viewpoint(camera)
    if files.run.is_file():
        with refusing(f"{files.run.name} of {files.folder.name} is damaged.", _AGAIN):
            record = json.loads(files.run.read_text(encoding="utf-8"))
            fps = float(record["settings"]["tour"]["fps"])
            found = replace(found, path=_path(record, [camera, *others]), fps=fps)
    if files.view.is_file():
        pivot_m, limits = read_limits(files.view)
        found = replace(found, pivot_m=pivot_m, limits=limits)
    return found


def _path(record: dict[str, Any], cameras: list[Camera]) -> tuple[Camera, ...]:
    """As the video was flown; along a file's path by the poses that were built along it."""
    counts, name, frames = record["counts"], record["request"]["path"], record["settings"]["tour"]["frames"]
    amplitude = counts.get("tour_amplitude", 1.0)
    if name not in PATHS:
        return tuple(along([cameras[0].posed(camera.c2w) for camera in cameras], frames, amplitude))
    scale = Scale(counts["median_depth_m"], counts["nearest_depth_m"])
    return tuple(tour_path(name, cameras[0], scale, frames, amplitude))
