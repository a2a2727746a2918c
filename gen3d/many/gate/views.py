"""What drawings of a scene tell of it: along its path, and through the photo's own camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.geometry.edges import depth_edges, dilate
from gen3d.geometry.place import SKY_SHARE
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw
from gen3d.splat.shown import sight
from gen3d.values import RGBD, LayeredDepth

PERFECT_DB = 99.0
NEARER = 0.9
"""A floater is nearer than this share of the nearest that the photo saw around there."""
AROUND_PX = 2
"""Around there."""
SAME_SURFACE = 0.03
"""Two views see the same where their depths, brought together, differ by less."""


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """One view."""

    camera: Camera
    rgb: Float[np.ndarray, "h w 3"]
    """In its own colour where it is slightly transparent, on black where nothing is; in [0, 1]."""
    depth: Float[np.ndarray, "h w"]
    hole: Bool[np.ndarray, "h w"]


def seen_from(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer) -> Seen:
    """The scene through a camera."""
    drawn = draw(rasterizer, drawable_from(gaussians.to(rasterizer.device), camera), camera).cpu()
    alpha = drawn.alpha.numpy()
    rgb = drawn.rgb.numpy() / np.maximum(alpha, FILLED_ALPHA)[..., None]
    return Seen(camera, np.clip(rgb, 0, 1), drawn.depth.numpy(), alpha < FILLED_ALPHA)


def psnr_db(a: Float[np.ndarray, "h w 3"], b: Float[np.ndarray, "h w 3"]) -> float:
    """Decibels between two pictures in [0, 1]."""
    error = float(((a.astype(np.float64) - b) ** 2).mean())
    return PERFECT_DB if error < 1e-9 else -10 * np.log10(error)


def detail(image: Float[np.ndarray, "h w 3"]) -> float:
    """RMS change of grey from pixel to pixel, of 1."""
    return float(np.sqrt(sum((g**2).mean() for g in np.gradient(image.mean(axis=2).astype(np.float64)))))


def sharpness(a: Float[np.ndarray, "h w 3"], b: Float[np.ndarray, "h w 3"]) -> float | None:
    """Gradient energy of a over that of b; None where b has none."""
    theirs = detail(b) ** 2
    return detail(a) ** 2 / theirs if theirs > 1e-9 else None


def seen_kinds(
    gaussians: Gaussians, path: Sequence[Camera], rasterizer: Rasterizer
) -> list[dict[str, Float[np.ndarray, "h w"]]] | None:
    """Of each view how much of each pixel is "seen", "behind", "outside"; None of a scene that does not say."""
    if gaussians.kinds is None:
        return None
    gaussians = gaussians.to(rasterizer.device)
    return [sight(gaussians, camera, rasterizer, "made-up", 1.0).channels for camera in path]


def made_up_share(kinds: Sequence[Mapping[str, np.ndarray]]) -> float:
    """Mean share of pixels that are mostly made up."""
    return float(np.mean([(parts["behind"] + parts["outside"] > parts["seen"]).mean() for parts in kinds]))


def behind_share(kinds: Sequence[Mapping[str, np.ndarray]]) -> float:
    """Mean share of pixels that show mostly what was made up behind things."""
    return float(np.mean([(parts["behind"] > parts["outside"] + parts["seen"]).mean() for parts in kinds]))


def floaters_ppm(gaussians: Gaussians, photo: RGBD, shell_m: float) -> float:
    """Gaussians one can see in front of all that the photo saw around their place, per million of all.

    shell_m: radius of the sky around the photo's camera.
    """
    camera = photo.camera
    solid = gaussians.means[gaussians.opacities >= FILLED_ALPHA].double().cpu().numpy()
    uv, z = camera.project(solid)
    inside = camera.frames(uv, z)
    column, row = uv[inside].astype(np.int64).T
    side = 2 * AROUND_PX + 1
    solid_m = np.where(np.isfinite(photo.depth), photo.depth, np.float32(SKY_SHARE * shell_m))
    nearest = cv2.erode(solid_m, np.ones((side, side), np.uint8))
    return 1e6 * float((z[inside] < NEARER * nearest[row, column]).sum()) / max(1, len(gaussians))


def seam_error(layered: LayeredDepth) -> float | None:
    """Mean |log depth| step across the rims of what was made up; edges of depth are no seams. None where none was."""
    steps = [_rim_steps(sheet.rgbd.depth, sheet.new) for sheet in layered.sheets]
    found = np.concatenate([np.zeros(0), *steps])
    return float(found.mean()) if found.size else None


def _rim_steps(depth: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Between neighbours of which one is new, where neither is sky nor at the edge of a thing."""
    known = np.isfinite(depth) & (depth > 0)
    usable = known & ~dilate(depth_edges(np.where(known, depth, np.inf).astype(np.float32)) & ~new, 1)
    log, steps = np.log(np.where(known, depth, 1.0)), []
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        across = (new[one] != new[other]) & usable[one] & usable[other]
        steps.append(np.abs(log[one] - log[other])[across])
    return np.concatenate(steps)


def flicker(path: Sequence[Seen]) -> float | None:
    """Mean |colour change| of what neighbouring views both see, of 1; None where no two see the same."""
    changes = [change for pair in pairwise(path) if (change := _change(*pair)) is not None]
    return float(np.mean(changes)) if changes else None


def _change(one: Seen, other: Seen) -> float | None:
    """Of what `one` sees, looked up where it is in `other`."""
    uv, z = other.camera.project(one.camera.unproject(np.maximum(one.depth, 1e-6).astype(np.float64)))
    u, v = (np.ascontiguousarray(uv[..., i] - 0.5, np.float32) for i in (0, 1))
    drawn = np.dstack([other.rgb, other.depth]).astype(np.float32)
    there = cv2.remap(drawn, u, v, cv2.INTER_LINEAR, borderValue=(0,) * 4)
    same = ~one.hole & (z > 0) & (np.abs(there[..., 3] - z) < SAME_SURFACE * z)
    same &= (u >= 0) & (v >= 0) & (u <= other.camera.width - 1) & (v <= other.camera.height - 1)
    return float(np.abs(there[..., :3] - one.rgb)[same].mean()) if same.sum() >= 100 else None
