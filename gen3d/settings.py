"""Every setting that a preset or a caller changes, one frozen dataclass per stage; and the presets.

Defaults were chosen by eye where no measurement or source is named. Other numbers are named constants beside their use.
Lengths are pixels (`_px`), shares of the picture, or multiples of the scene's median depth: nothing here depends on the
absolute scale of the scene.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from gen3d.errors import InputError
from gen3d.video_table import SHAPES, STRENGTHS, VIDEOS, WIDTHS_PX


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
    """Omega is the foreground dilated by this share of the shorter side. Measured on held-out photographs: one pixel of
    margin brings 0.3 dB on visible and 1.4 dB on hidden pixels of one scene against three."""
    matting: bool = True
    """Mixed pixels at a thing's outline are split into the thing's colour and that behind it. Measured: 0.4 dB on the
    photo (docs/ablation.md, `python -m bench.ablation`)."""
    behind_edges: float = 0.09
    """The far side of a depth edge is continued under the near side over this share of the diagonal; 0: not at all.
    Measured: 1.3 dB on hidden pixels (docs/ablation.md)."""


@dataclass(frozen=True, slots=True)
class ExpandSettings:
    """Paper 3.2."""

    poses: int = 9
    """N: at most so many views are inpainted along the path, the wide view from the photo's own place among them."""
    largest_hole: float = 0.60
    """Of the remaining poses the one with the largest hole up to this share of the frame comes next."""
    smallest_hole: float = 0.0005
    """Poses with a smaller hole are skipped."""
    margin_px: int = 32
    """The frame is rendered larger by this much, so that its border has context."""
    dilate_px: int = 5
    """Holes are dilated by this before they are filled, since their rim is mixed."""
    align: tuple[Literal["scale", "seam", "hinge"], ...] = ("scale", "seam", "hinge")
    """Parts of W (eq. 4) that fit new depth to old; fewer, or () for none, only to measure what they bring
    (docs/ablation.md)."""
    protect_photo: bool = True
    """New points may not cover the photo; off only to measure what it brings."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """Paper 3.3, eq. 5."""

    iterations: int = 80
    """At most so many optimiser steps. More make the photo sharper but, where its depth is off, views from the side
    worse. Measured on held-out views (`python -m bench.quality` scores them) with a measured and with an exact depth:
    27.2 and 24.3 dB after 40 steps, 26.9 and 24.5 after 80, 26.7 and 24.6 after 120 (and after 300 at a fourth of the
    rates)."""
    descent: Literal["quick", "thorough"] = "thorough"
    """How it goes down: "quick" by larger steps that heed the last views more (MANNERS of `splat/fit/loop.py`)."""
    views_a_step: int = 2
    """Views a step renders on a card, which one does not keep busy; a processor renders one."""
    reprojections: int = 12
    """M: views of the point cloud from jittered poses."""
    max_gaussians: int = 800_000
    """Flat blocks of points are merged until so many are left."""
    keep: int | None = None
    """Of the fitted Gaussians at most so many are kept, those that contribute most to the views; None: all."""
    flat_colour: float = 0.01
    """A block is flat when no colour in it differs from the mean by more (per channel, of 1); if too many Gaussians
    are left, up to eight times as much. 0 merges nothing unless there are too many."""
    flat_plane: float = 0.35
    """And when no point lies farther from the block's plane than this, in pixel footprints."""
    least_gain: float = 0.02
    """The fit ends when the loss fell by a smaller share from one round (every view once or more) to the next;
    0: never before `iterations`."""
    ssim_weight: float = 0.2
    """lambda of (1 - lambda) L1 + lambda (1 - SSIM). From Kerbl et al. 2023 (3D Gaussian splatting)."""
    masked_ssim: bool = True
    """SSIM, as L1, counts only where a view was seen; off only to measure what it brings: 0.3 to 0.5 dB on the photo
    (docs/ablation.md)."""


@dataclass(frozen=True, slots=True)
class TourSettings:
    """The video."""

    frames: int = 96
    fps: int = 24
    width_px: int = 960
    """At most; the height follows the photo, or the shape. Of an eye, where each has half a sphere."""
    kind: str = "video"
    """A row of `video_table.py`."""
    shape: str = "photo"
    """One of its SHAPES: cut out of what the photo's shape would show."""
    strength: float | None = None
    """How far the path moves, 1 as far as it is meant to; None: as far as the scene holds without holes."""


@dataclass(frozen=True, slots=True)
class RefineSettings:
    """What a critic may do to what was made up (`run/refine.py`)."""

    steps: int = 200
    """Looks of the critic, each at one view."""
    size_px: int = 384
    """Longer side of the views that it sees, at most."""
    hold: float = 10.0
    """Weight of the photo's view against a critic that pulls every pixel by a whole unit of colour. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How much time networks take for how much detail; engines without a network ignore it."""

    depth_tokens: int = 2500
    """Tokens into which MoGe-2 cuts a picture, 1200 to 3600: more give finer depth."""
    mask_grid: int = 28
    """SAM is asked at so many points along each side (on a card; a CPU asks at a few points that depth suggests)."""
    diffusion_steps: int = 8
    """Denoising steps a picture; up to 8 are taken with the latent consistency weights, which need no more."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run depends on beside the request."""

    preset: str
    size_px: int
    """The longer side that a larger photo is reduced to."""
    seconds: int
    """Expected seconds for a 640x480 RGBD photo on two processor cores with the builtin engine. Measured with
    `python -m bench.build` (docs/speed.md); quality's follows from balanced and the 0.25 CPU seconds of a step."""
    layers: LayerSettings = field(default_factory=LayerSettings)
    expand: ExpandSettings = field(default_factory=ExpandSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    tour: TourSettings = field(default_factory=TourSettings)
    engines: EngineSettings = field(default_factory=EngineSettings)


BALANCED = Settings("balanced", size_px=768, seconds=32, fit=FitSettings(iterations=32, descent="quick"))
"""The default. Chosen by eye, but for the fit: within 0.05 dB of 80 thorough steps (docs/speed.md)."""
FAST = replace(
    BALANCED,
    preset="fast",
    size_px=512,
    seconds=16,
    fit=FitSettings(iterations=20, descent="quick", reprojections=5, max_gaussians=300_000),
    tour=TourSettings(frames=48, fps=24, width_px=640),
    engines=EngineSettings(depth_tokens=1800, mask_grid=24, diffusion_steps=4),
)
"""For a first result. Chosen by eye."""
QUALITY = replace(
    BALANCED,
    preset="quality",
    size_px=1024,
    seconds=150,
    expand=ExpandSettings(poses=21),
    fit=FitSettings(iterations=600, reprojections=42, max_gaussians=2_000_000),
    tour=TourSettings(frames=180, fps=30, width_px=1280),
    engines=EngineSettings(depth_tokens=3600, mask_grid=32, diffusion_steps=25),
)
"""For a card, or for patience. Chosen by eye."""
PRESETS = {s.preset: s for s in (FAST, BALANCED, QUALITY)}
SIZES_PX = (64, 2048)
"""Longer sides that a scene can be built at. Chosen by eye."""


def settings_of(preset: str | Settings, size_px: int | None = None) -> Settings:
    """A preset by its name, or settings as they are, perhaps at another size; InputError for what there is not."""
    if isinstance(preset, str) and preset not in PRESETS:
        raise InputError(f"There is no preset {preset!r}.", f"Use one of {', '.join(PRESETS)}.")
    settings = PRESETS[preset] if isinstance(preset, str) else preset
    if size_px is None:
        return settings
    if not SIZES_PX[0] <= size_px <= SIZES_PX[1]:
        raise InputError(f"A size of {size_px} pixels is not possible.", f"Use {SIZES_PX[0]} to {SIZES_PX[1]}.")
    return replace(settings, size_px=size_px)


def tour_checked(settings: TourSettings) -> TourSettings:
    """The video's settings; InputError for a kind, a shape or a strength that there is not."""
    row = next((row for row in VIDEOS if row.name == settings.kind), None)
    if row is None:
        known = ", ".join(row.name for row in VIDEOS)
        raise InputError(f"There is no kind of video {settings.kind!r}.", f"Use one of {known}.", "kind")
    if settings.shape not in SHAPES:
        raise InputError(f"There is no shape {settings.shape!r}.", f"Use one of {', '.join(SHAPES)}.", "shape")
    if not row.shaped and settings.shape != "photo":
        raise InputError(f"{row.title} has a shape of its own.", "Leave the shape as it is.", "shape")
    if not WIDTHS_PX[0] <= settings.width_px <= WIDTHS_PX[1]:
        told = f"A width of {settings.width_px} pixels is not possible."
        raise InputError(told, f"Use {WIDTHS_PX[0]} to {WIDTHS_PX[1]}.", "width_px")
    least, most = STRENGTHS
    if settings.strength is not None and not least <= settings.strength <= most:
        told = f"A strength of {settings.strength:g} is not possible."
        raise InputError(told, f"Use {least:g} to {most:g}, or none for as far as the scene holds.", "strength")
    return settings
