"""Every knob somebody turns, one frozen dataclass per stage; the presets; what a preset is expected to cost.

Numbers nobody turns are named constants beside their use. Lengths are pixels (`_px`), shares of the picture, or
multiples of the scene's median depth: nothing here depends on the absolute scale of the scene.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """Paper 3.1, eq. 1 and 2."""

    rule: Literal["occlusion", "paper"] = "occlusion"
    """"paper": a mask is foreground when its median depth is below theta_d. "occlusion": when its rim occludes."""
    min_score: float = 0.85
    """Eq. 1: s_i a mask must exceed."""
    min_area: float = 0.005
    """Eq. 1: smallest share of the picture."""
    max_area: float = 0.60
    """Eq. 1: largest share of the picture."""
    depth_percentile: float = 35.0
    """theta_d: this percentile of the valid depth, sky excluded."""
    rim_step: float = 0.08
    """Relative depth step that counts as occluding at a mask's rim."""
    margin: float = 0.002
    """Omega is the foreground grown by this share of the shorter side."""
    behind_edges: float = 0.09
    """The far side of a depth edge goes on under the near side over this share of the diagonal; 0: not at all."""


@dataclass(frozen=True, slots=True)
class ExpandSettings:
    """Paper 3.2."""

    poses: int = 9
    """N: at most so many views are made up along the path, the wide view from the photo's own place among them."""
    largest_hole: float = 0.60
    """Of the remaining poses the one with the largest hole up to this share of the frame comes next."""
    smallest_hole: float = 0.0005
    """Poses with a smaller hole are skipped."""
    margin_px: int = 32
    """The frame is rendered larger by this much, so that its border has context."""
    grow_px: int = 5
    """Holes grow by this much before they are filled, since their rim is mixed."""
    align: bool = True
    """Fit new depth to old (eq. 4); off only to measure what it brings."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """Paper 3.3, eq. 5."""

    iterations: int = 300
    """Optimiser steps, one view each."""
    reprojections: int = 27
    """M: views of the point cloud from jittered poses."""
    max_gaussians: int = 600_000
    """Flat blocks of points are merged until so many are left."""
    ssim_weight: float = 0.2
    """lambda of (1 - lambda) L1 + lambda (1 - SSIM)."""


@dataclass(frozen=True, slots=True)
class TourSettings:
    """The video."""

    frames: int = 96
    fps: int = 24
    width_px: int = 960
    """At most; the height follows the photo."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run depends on beside the request."""

    preset: str
    size_px: int
    """The longer side that a larger photo is reduced to."""
    seconds: int
    """Expected seconds for a 640x480 RGBD photo on two processor cores with the builtin engine (see bench/)."""
    layers: LayerSettings = field(default_factory=LayerSettings)
    expand: ExpandSettings = field(default_factory=ExpandSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    tour: TourSettings = field(default_factory=TourSettings)


BALANCED = Settings("balanced", size_px=768, seconds=120)
FAST = replace(
    BALANCED,
    preset="fast",
    size_px=512,
    seconds=45,
    fit=FitSettings(iterations=70, reprojections=8, max_gaussians=300_000),
    tour=TourSettings(frames=48, fps=24, width_px=640),
)
QUALITY = replace(
    BALANCED,
    preset="quality",
    size_px=1024,
    seconds=900,
    expand=ExpandSettings(poses=21),
    fit=FitSettings(iterations=1500, reprojections=105, max_gaussians=1_500_000),
    tour=TourSettings(frames=180, fps=30, width_px=1280),
)
PRESETS = {s.preset: s for s in (FAST, BALANCED, QUALITY)}
