"""Views of a finished scene for whoever trains on them: pictures, depth, masks, and points to start from.

Drawn from the Gaussians rather than kept from the run: so all views agree, have a depth, and can be had of any scene.
Only the first is the photo itself, with the depth the scene was made from, where that is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.events import Progress, Stage, Started
from gen3d.formats.dataset import Frame
from gen3d.formats.picture import as_bytes
from gen3d.geometry.place import SKY_SHARE
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw
from gen3d.values import LayeredDepth

MOST_POINTS = 200_000


def draw_frames(
    gaussians: Gaussians, cameras: Sequence[Camera], rasterizer: Rasterizer, known: LayeredDepth | None = None
) -> Stage[list[Frame]]:
    """A frame for every camera; known: what the scene was made from, whose photo the first camera took."""
    yield Started("dataset")
    sky_m = SKY_SHARE * known.shell_m if known else np.inf
    gaussians, frames = gaussians.to(rasterizer.device), []
    for i, camera in enumerate(cameras):
        frames.append(_frame(gaussians, camera, rasterizer, sky_m))
        yield Progress("dataset", i + 1, len(cameras))
    if known:
        photo = known.layers.rgbd
        frames[0] = Frame(photo.camera, as_bytes(photo.image), photo.depth, np.ones(photo.depth.shape, bool))
    return frames


def coloured_points(gaussians: Gaussians) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n 3, metres) and colours (n 3, bytes) of the Gaussians one can see, evenly thinned to MOST_POINTS."""
    solid = torch.nonzero(gaussians.opacities >= FILLED_ALPHA)[:, 0]
    solid = solid if len(solid) else torch.arange(len(gaussians))
    some = solid[:: -(-len(solid) // MOST_POINTS)]
    return gaussians.means[some].numpy(), as_bytes(gaussians.rgb[some].numpy())


def _frame(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer, sky_m: float) -> Frame:
    drawn = draw(rasterizer, drawable_from(gaussians, camera), camera).cpu()
    alpha, depth = drawn.alpha.numpy(), drawn.depth.numpy()
    rgb = drawn.rgb.numpy() / np.maximum(alpha, FILLED_ALPHA)[..., None]
    seen = alpha >= FILLED_ALPHA
    depth = np.where(seen, np.where(depth > sky_m, np.inf, depth), np.nan).astype(np.float32)
    return Frame(camera, as_bytes(rgb), depth, seen)
