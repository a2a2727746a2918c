"""What a photo with depth gives without a scene: three warps, the yardsticks of `bench.peers`.

`warp`: every pixel goes where its depth says, the nearest wins, holes are closed by Telea's inpainting. `far fill`: the
same, but holes are closed from their far side alone. `mesh warp`: the photo on a height field without tears that each
ray of the new view is marched through, as parallax effects do (DepthFlow and its like; nothing of theirs is in it).
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.geometry.edges import dilate, inverse_depth
from gen3d.values import RGBD

FINE = 2
"""The photo is enlarged so many times before it is scattered, so that it does not fall into cracks."""
TELEA_PX = 5
SKY_M = 1e6
FAR_STEP = 0.06
"""Known pixels nearer than the farthest around a hole by this share of inverse depth hide; `edges.JUMP`."""
FAR_REACH_PX = 12
MARCH_STEPS = 256
"""Of a ray, evenly in inverse depth."""

Picture = Float[np.ndarray, "h w 3"]


def warp(photo: RGBD, camera: Camera) -> Picture:
    """A plain forward warp."""
    image, inverse = scattered(photo, camera)
    return telea(image, inverse < 0)


def warp_far_fill(photo: RGBD, camera: Camera) -> Picture:
    """The same, filled from behind."""
    image, inverse = scattered(photo, camera)
    hole = inverse < 0
    return np.where(hole[..., None], telea(image, hole | _hiding(inverse, hole)), image)


def mesh_warp(photo: RGBD, camera: Camera) -> Picture:
    """The first point at which each ray of the view meets the photo's surface, taken for one sheet."""
    field = np.maximum(inverse_depth(photo.depth), 1 / SKY_M)
    rows, columns = np.full(field.shape, -1.0, np.float32), np.full(field.shape, -1.0, np.float32)
    steps = np.linspace(1.05 * float(field.max()), 1 / SKY_M, MARCH_STEPS)
    for inverse in steps:
        uv, z = photo.camera.project(camera.unproject(np.full(field.shape, 1 / inverse)))
        u, v = (uv[..., 0] - 0.5).astype(np.float32), (uv[..., 1] - 0.5).astype(np.float32)
        here = cv2.remap(field, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        met = (rows < 0) & (z > 0) & (here >= 1 / np.maximum(z, 1e-6))
        rows, columns = np.where(met, np.maximum(v, 0), rows), np.where(met, np.maximum(u, 0), columns)
    border = cv2.BORDER_REPLICATE
    return cv2.remap(photo.image, np.maximum(columns, 0), np.maximum(rows, 0), cv2.INTER_LINEAR, borderMode=border)


def scattered(photo: RGBD, camera: Camera) -> tuple[Picture, Float[np.ndarray, "h w"]]:
    """The photo's pixels at the new camera, the nearest in front; their inverse depth there, -1 where there is none."""
    w, h = FINE * photo.camera.width, FINE * photo.camera.height
    depth = cv2.resize(np.minimum(photo.depth, SKY_M), (w, h), interpolation=cv2.INTER_NEAREST)
    image = cv2.resize(photo.image, (w, h), interpolation=cv2.INTER_LINEAR)
    known = np.isfinite(depth)
    uv, z = camera.project(photo.camera.resized(w, h).unproject(np.where(known, depth, 1.0)).reshape(-1, 3))
    column, row = np.floor(uv).astype(np.intp).T
    inside = known.ravel() & (z > 0) & (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
    order = np.flatnonzero(inside)[np.argsort(-z[inside], kind="stable")]
    out, inverse = np.zeros((camera.height, camera.width, 3), np.float32), np.full((camera.height, camera.width), -1.0)
    out[row[order], column[order]] = image.reshape(-1, 3)[order]  # the last to be written, the nearest, stays
    inverse[row[order], column[order]] = 1 / z[order]
    return out, inverse


def telea(image: Picture, hole: Bool[np.ndarray, "h w"]) -> Picture:
    """Inpainted (Telea 2004)."""
    bytes_ = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
    filled = cv2.inpaint(bytes_, hole.astype(np.uint8), TELEA_PX, cv2.INPAINT_TELEA).astype(np.float32) / 255
    return np.where(hole[..., None], filled, image).astype(np.float32)


def _hiding(inverse: Float[np.ndarray, "h w"], hole: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Known pixels beside holes that stand in front of the farthest known one there."""
    window = np.ones((2 * FAR_REACH_PX + 1,) * 2, np.uint8)
    farthest = cv2.erode(np.where(hole, 1e9, inverse).astype(np.float32), window)
    return ~hole & dilate(hole, FAR_REACH_PX) & (inverse > (1 + FAR_STEP) * farthest)
