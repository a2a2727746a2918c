"""What else than its colours can be shown of a scene: as a picture to look at, and as numbers by name.

    depth      metres along z (Z); near is white: 0.35 of the unit over z
    normals    unit vectors in the camera's axes as OpenGL has them, x right, y up, z towards the camera (X, Y, Z); as
               colours 0.5 + 0.5 n. Of a Gaussian, the axis along which it is thinnest, turned towards the camera
    layers     how much of a pixel is of which `Kind` (foreground, photo, behind, outside)
    made-up    the same as what the photo saw and what was made up (seen, behind, outside); what was seen keeps its
               colours
    alpha      how opaque a pixel is (A)

The viewer shows the same (gen3d/viewer/renderer.js).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.splat.gaussians import Gaussians, sh_from_rgb
from gen3d.splat.harmonics import seen_from
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, Rendering, draw
from gen3d.values import Kind

Show = Literal["depth", "normals", "layers", "made-up", "alpha"]
SHOWN: tuple[Show, ...] = get_args(Show)
TINTS = ((1.0, 0.85, 0.3), (0.85, 0.85, 0.85), (1.0, 0.4, 0.2), (0.25, 0.55, 1.0))
"""Of each `Kind`. Chosen by eye, for those who do not see red and green apart too."""
UNKNOWN_TINT = (0.5, 0.5, 0.5)
"""Of what no Kind is known of. Chosen by eye."""
NEAR_IS_WHITE = 0.35
"""What is nearer than this share of the unit, which is the usual depth. Chosen by eye."""
DARKEST = 0.3
"""Of a tint, where the scene is black. Chosen by eye."""
LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Of red, green and blue. From ITU-R BT.709."""


class Sight(NamedTuple):
    """One view of what is shown."""

    picture: Float[np.ndarray, "h w 3"]
    """In [0, 1], on black."""
    channels: dict[str, Float[np.ndarray, "h w"]]
    """The numbers; NaN, or 0 of a share, where there is nothing."""


def check_kinds(gaussians: Gaussians, show: Show) -> None:
    """Raises InputError where it would take kinds to show this, and none are known."""
    if show in ("layers", "made-up") and gaussians.kinds is None:
        raise InputError(
            "This scene does not say what of it a photo saw and what was made up.",
            "Give a scene.ply of a build that says so, or show depth, normals or alpha.",
        )


def sight(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer, show: Show, unit_m: float) -> Sight:
    """What a camera sees; the Gaussians are where the rasterizer draws. unit_m: of depth, as a picture."""
    if show == "depth":
        return _depth(gaussians, camera, rasterizer, unit_m)
    if show == "alpha":
        alpha = draw(rasterizer, _painted(gaussians, torch.ones_like(gaussians.means)), camera).alpha.cpu().numpy()
        return Sight(np.repeat(alpha[..., None], 3, axis=2), {"A": alpha})
    if show == "normals":
        return _normals(gaussians, camera, rasterizer)
    rgb = _tinted(seen_from(gaussians, camera), show == "made-up")
    return Sight(_drawn(gaussians, rgb, camera, rasterizer)[0], _shares(gaussians, camera, rasterizer, show))


def depth_unit_m(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer) -> float:
    """The median depth of what a camera sees, metres; 1 where it sees nothing."""
    depth = _depth(gaussians, camera, rasterizer, 1.0).channels["Z"]
    known = depth[np.isfinite(depth)]
    return float(np.median(known)) if known.size else 1.0


def _depth(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer, unit_m: float) -> Sight:
    drawn = draw(rasterizer, _painted(gaussians, torch.ones_like(gaussians.means)), camera).cpu()
    z, there = drawn.depth.numpy(), drawn.alpha.numpy() >= FILLED_ALPHA
    return Sight(near_is_white(drawn, unit_m), {"Z": np.where(there, z, np.float32(np.nan))})


def near_is_white(drawn: Rendering, unit_m: float) -> Float[np.ndarray, "h w 3"]:
    """The depth of a view as brightness, NEAR_IS_WHITE of the unit over z; black where nothing is."""
    z, there = drawn.depth.cpu().numpy(), drawn.alpha.cpu().numpy() >= FILLED_ALPHA
    near = np.where(there, np.clip(NEAR_IS_WHITE * unit_m / np.maximum(z, 1e-9), 0, 1), 0).astype(np.float32)
    return np.repeat(near[..., None], 3, axis=2)


def own_colour(drawn: Rendering) -> Float[np.ndarray, "h w 3"]:
    """A view, its slightly transparent pixels in their own colour rather than darkened by black."""
    return (drawn.rgb / drawn.alpha.clamp(min=FILLED_ALPHA)[..., None]).cpu().numpy()


def _normals(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer) -> Sight:
    rgb, alpha = _drawn(gaussians, 0.5 + 0.5 * normals(gaussians, camera), camera, rasterizer)
    vectors = 2 * rgb - alpha[..., None]
    length, there = np.linalg.norm(vectors, axis=2), alpha >= FILLED_ALPHA
    unit = np.where(there[..., None], vectors / np.maximum(length, 1e-9)[..., None], np.float32(np.nan))
    return Sight(rgb, {axis: np.ascontiguousarray(unit[..., i]) for i, axis in enumerate("XYZ")})


def normals(gaussians: Gaussians, camera: Camera) -> Float[torch.Tensor, "n 3"]:
    """Of each Gaussian, in the camera's axes as OpenGL has them, towards the camera."""
    w, x, y, z = torch.nn.functional.normalize(gaussians.quats, dim=1).T
    axes = torch.stack([
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], dim=1),
        torch.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], dim=1),
        torch.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], dim=1),
    ], dim=1)  # fmt: skip
    thin = axes[torch.arange(len(axes)), gaussians.scales.argmin(dim=1)]
    w2c = torch.from_numpy(camera.w2c).to(thin)
    seen, place = thin @ w2c[:3, :3].T, gaussians.means @ w2c[:3, :3].T + w2c[:3, 3]
    towards = torch.where((seen * place).sum(dim=1) > 0, -1.0, 1.0)[:, None]
    return seen * towards * seen.new_tensor((1.0, -1.0, -1.0))


def _shares(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer, show: Show) -> dict[str, np.ndarray]:
    kinds = gaussians.kinds.to(torch.int64)
    one_hot = (kinds[:, None] == torch.arange(4, device=kinds.device)).float()
    few, _ = _drawn(gaussians, one_hot[:, :3], camera, rasterizer)
    last, _ = _drawn(gaussians, one_hot[:, 3:].repeat(1, 3), camera, rasterizer)
    foreground, photo, behind, outside = (*np.moveaxis(few, 2, 0), last[..., 0])
    parts = {"behind": behind, "outside": outside}
    parts |= {"foreground": foreground, "photo": photo} if show == "layers" else {"seen": foreground + photo}
    return {name: np.ascontiguousarray(share) for name, share in parts.items()}


def _tinted(seen: Gaussians, keeps_seen: bool) -> Float[torch.Tensor, "n 3"]:
    """The tint of each one's kind, as bright as its colour; keeps_seen: what the photo saw keeps its colour."""
    tints = seen.means.new_tensor((*TINTS, UNKNOWN_TINT))
    kinds, rgb = seen.kinds.to(torch.int64).clamp(max=len(TINTS)), seen.rgb
    bright = DARKEST + (1 - DARKEST) * (rgb @ rgb.new_tensor(LUMINANCE)).clamp(max=1)[:, None]
    tinted = torch.where((kinds == len(TINTS))[:, None], tints[kinds], tints[kinds] * bright)
    kept = (kinds <= Kind.PHOTO) | (kinds == len(TINTS))
    return torch.where(kept[:, None], rgb, tinted) if keeps_seen else tinted


def _drawn(
    gaussians: Gaussians, rgb: Float[torch.Tensor, "n 3"], camera: Camera, rasterizer: Rasterizer
) -> tuple[np.ndarray, np.ndarray]:
    """With other colours: the picture on black, and alpha."""
    drawn = draw(rasterizer, _painted(gaussians, rgb), camera).cpu()
    return drawn.rgb.numpy(), drawn.alpha.numpy()


def _painted(gaussians: Gaussians, rgb: Float[torch.Tensor, "n 3"]) -> Gaussians:
    return replace(gaussians, sh=sh_from_rgb(rgb))
