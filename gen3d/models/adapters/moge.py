"""MoGe-2 as a DepthEstimator (paper 3.1): metric depth, the lens and normals from one picture.

On a card the network computes in float16, its outputs and everything derived from them in float32. MoGe believes
lenses to be centred; of a camera that is known it is told the horizontal focal length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt

from gen3d.camera import FOV_LIMIT_DEG, Camera
from gen3d.models.base import DepthEstimate
from gen3d.models.engines import Engine
from gen3d.models.networks.moge import MogeNetwork, load_network
from gen3d.models.networks.moge_focal import recover_focal_shift
from gen3d.models.placement import Placement
from gen3d.settings import EngineSettings

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

FINITE = 0.5
"""Pixels that have a depth with no higher probability are sky."""


def open_moge(engine: Engine, opened: Opened) -> dict[str, MogeDepth]:
    """Who plays depth. Raises ModelUnavailable."""
    (weights,) = engine.weights
    return {"depth": load_moge(opened.located(weights).path, opened.placement, engine.name)}


def load_moge(path: Path, placement: Placement, name: str = "MoGe-2") -> MogeDepth:
    """The engine from a published `model.pt`. Raises ModelUnavailable."""
    return MogeDepth(placement.settle(load_network(path)), placement, name)


@dataclass(frozen=True, eq=False)
class MogeDepth:
    """Plays `DepthEstimator` with MoGe-2; it sees for itself and ignores what the caller expects."""

    network: MogeNetwork
    placement: Placement
    name: str = "MoGe-2"
    tokens: int = EngineSettings().depth_tokens
    """Patches that a picture is cut into."""

    @property
    def unexpected(self) -> tuple[str, ...]:
        """What the file of weights held beyond this network."""
        return self.network.unexpected

    def in_turns(self) -> MogeDepth:
        """The same engine, its network on the device for a call only."""
        return replace(self, placement=self.placement.in_turns(self.network))

    def at(self, settings: EngineSettings) -> MogeDepth:
        """The same engine, looking as finely as a preset wants."""
        return replace(self, tokens=settings.depth_tokens)

    def estimate(
        self,
        image: Float[np.ndarray, "h w 3"],
        camera: Camera | None = None,
        expected: Float[np.ndarray, "h w"] | None = None,
    ) -> DepthEstimate:
        """Depth, normals, and the field of view: the camera's own where it is given. All sky if nothing is near."""
        h, w, _ = image.shape
        seen = self._infer(image)
        inside, z = seen["mask"] > FINITE, seen["points"][..., 2]
        focal = None if camera is None else 2 * camera.K[0, 0] / np.hypot(h, w)
        focal, shift = recover_focal_shift(seen["points"], inside, focal)
        fov_deg = camera.fov_deg[0 if w >= h else 1] if camera else _fov_deg(focal, w, h)
        lens = camera or Camera.from_fov(fov_deg, w, h)
        depth = _settled((z + shift) * seen["metric_scale"], inside)
        normals = _facing(seen["normal"], lens.rays(), np.isfinite(depth)) if "normal" in seen else None
        return DepthEstimate(depth, fov_deg, normals=normals)

    def _infer(self, image: np.ndarray) -> dict[str, np.ndarray]:
        picture = torch.from_numpy(np.ascontiguousarray(image, np.float32)).movedim(-1, 0)[None]
        with self.placement.visiting(self.network):
            seen = self.network(picture.to(self.placement.device), self.tokens)
            return {key: value[0].cpu().numpy() for key, value in seen.items()}


def _fov_deg(focal: float, width: int, height: int) -> float:
    """The angle that the longer side spans; focal in half diagonals; senseless ones give the nearest sensible angle."""
    half_side = max(width, height) / np.hypot(width, height)
    return float(np.clip(np.degrees(2 * np.arctan2(half_side, focal)), *FOV_LIMIT_DEG))


def _settled(depth: Float[np.ndarray, "h w"], inside: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Positive depth inside, inf outside.

    The shift can leave what is nearest behind the camera: such pixels are unknown and take the depth of the
    nearest valid pixel. Where none is valid, all is sky.
    """
    valid = inside & np.isfinite(depth) & (depth > 0)
    if not valid.any():
        return np.full(depth.shape, np.inf, np.float32)
    nearest = distance_transform_edt(~valid, return_distances=False, return_indices=True)
    return np.where(inside, depth[tuple(nearest)], np.inf).astype(np.float32)


def _facing(
    normals: Float[np.ndarray, "h w 3"], rays: Float[np.ndarray, "h w 3"], solid: Bool[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w 3"]:
    """Unit normals of what is seen, so facing the camera; 0 where nothing is solid.

    MoGe's own face it, errors apart (its published pictures of normals say so): those that lean away are mirrored at
    the plane across their ray, which moves grazing ones least.
    """
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    normals = np.where(np.linalg.norm(normals, axis=-1, keepdims=True) > 0.5, normals, -rays)
    away = np.maximum((normals * rays).sum(axis=-1, keepdims=True), 0)
    return np.where(solid[..., None], normals - 2 * away * rays, 0).astype(np.float32)
