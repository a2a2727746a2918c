"""How good a scene is as far as it can be told from itself and its photo: the figures of the gate, each with its unit.

None needs a truth, so none can say that what was made up is right. `FIGURES` is the table: a row a figure, with what it
measures and which way is better; columns of the summary, limits and docs follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from gen3d.camera import Camera
from gen3d.many.gate import depth, views
from gen3d.models.base import DepthEstimator
from gen3d.products.beside import viewpoint_of
from gen3d.products.export import FinishedScene
from gen3d.splat.role import Rasterizer
from gen3d.values import RGBD, LayeredDepth

MOST_VIEWS = 12
"""Of the path, evenly spread, are looked at."""
LONGEST_PX = 256
"""Views are drawn no larger: what is measured are shares and means."""
FLOOR = 0.01
"""Added to the bumps: detail is at risk in any scene. Measured: docs/batch.md."""
RISK_GAIN, RISK_POWER = 1.07, 0.427
"""RMS error of views from aside = gain (risk / 1000) ^ power. Fitted to 30 scenes of five worlds: docs/batch.md."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A scene before the gate."""

    scene: FinishedScene
    eyes: DepthEstimator

    @property
    def layered(self) -> LayeredDepth:
        """What it was made from."""
        return self.scene.layered

    @property
    def photo(self) -> RGBD:
        """At the size that it was made at."""
        return self.layered.layers.rgbd

    @property
    def rasterizer(self) -> Rasterizer:
        """Who draws it."""
        return self.scene.rasterizer

    @cached_property
    def path(self) -> list[Camera]:
        """The video's, in places that follow each other, no larger than LONGEST_PX."""
        cameras = viewpoint_of(self.scene.files).path or (self.photo.camera,)
        some = np.unique(np.linspace(0, len(cameras) - 1, MOST_VIEWS).round().astype(int))
        return [_at_most(cameras[i]) for i in some]

    @cached_property
    def drawn(self) -> list[views.Seen]:
        """Along the path."""
        return [views.seen_from(self.scene.gaussians, camera, self.rasterizer) for camera in self.path]

    @cached_property
    def kinds(self) -> list[dict[str, np.ndarray]] | None:
        """Along the path, what of each pixel was seen and what made up; None of a scene that does not say."""
        return views.seen_kinds(self.scene.gaussians, self.path, self.rasterizer)

    @cached_property
    def at_photo(self) -> views.Seen:
        """Through the photo's own camera."""
        return views.seen_from(self.scene.gaussians, self.photo.camera, self.rasterizer)


class Figure(NamedTuple):
    """A row of the table."""

    name: str
    """Column of the summary."""
    unit: str
    better: str
    """"more", "less", or "" where neither is."""
    means: str
    """What it measures."""
    measure: Callable[[Judged], float | None]
    """None where there is nothing to measure it by."""
    digits: int = 4


FIGURES: tuple[Figure, ...] = (
    Figure("photo_psnr_db", "dB", "more", "PSNR between the photo and the scene drawn through the photo's own camera",
           lambda j: views.psnr_db(j.at_photo.rgb, j.photo.image), 2),
    Figure("sharpness", "times", "more", "gradient energy of the same drawing over that of the photo; 1: as sharp",
           lambda j: views.sharpness(j.at_photo.rgb, j.photo.image), 3),
    Figure("made_up_share", "of 1", "less", "pixels along the path most of which was made up, mean over its views",
           lambda j: None if j.kinds is None else views.made_up_share(j.kinds)),
    Figure("behind_share", "of 1", "less", "pixels along the path that show what was made up behind things, mean over "
           "its views: how much one looks past outlines",
           lambda j: None if j.kinds is None else views.behind_share(j.kinds)),
    Figure("hole_share", "of 1", "less", "pixels along the path that less than half is there of, mean over its views",
           lambda j: float(np.mean([seen.hole.mean() for seen in j.drawn]))),
    Figure("floaters_ppm", "per million", "less", "Gaussians within the photo's frame that hang more than a tenth "
           "nearer than anything that the photo saw around there",
           lambda j: views.floaters_ppm(j.scene.gaussians, j.photo, j.layered.shell_m), 0),
    Figure("seam_error", "log", "less", "mean |log depth| step across the rims of what was made up around the photo, "
           "where no thing stands before it", lambda j: views.seam_error(j.layered)),
    Figure("flicker", "of 1", "less", "mean colour change of what two neighbouring places of the path both see",
           lambda j: views.flicker(j.drawn)),
    Figure("depth_range", "times", "", "how many times farther the 98th percentile of depth is than the 2nd",
           lambda j: depth.reach(j.photo.depth), 2),
    Figure("depth_confidence", "of 1", "more", "exp(-mean |log ratio|) of the depth to what the depth engine sees in "
           "the middle of the photo, mirrored, once aligned", lambda j: depth.confidence(j.photo, j.eyes), 3),
    Figure("bumps", "of 1", "less", "median bend of inverse depth over 1/32 of the picture, as a share of it; 0 of "
           "planes", lambda j: depth.bumps(j.photo.depth)),
    Figure("risk", "1/1000", "less", "colour change from pixel to pixel (RMS) times (bumps + 0.01): how far colours go "
           "wrong when one moves", lambda j: risk(j.photo), 3),
    Figure("expected_psnr_db", "dB", "more", "PSNR that views from aside had in worlds with truth at such a risk and "
           "such a photo PSNR; scenes are ranked by it", lambda j: expected_psnr_db(j), 2),
)  # fmt: skip


def measured(scene: FinishedScene, eyes: DepthEstimator) -> dict[str, float | None]:
    """Every figure of a finished scene in its folder; None where there is nothing to measure it by."""
    judged = Judged(scene, eyes)
    return {figure.name: _rounded(figure.measure(judged), figure.digits) for figure in FIGURES}


def risk(photo: RGBD) -> float | None:
    """Detail times how bumpy the depth below it is, in thousandths; None where all is sky."""
    found = depth.bumps(photo.depth)
    return None if found is None else 1000 * views.detail(photo.image) * (found + FLOOR)


def expected_psnr_db(judged: Judged) -> float | None:
    """Of views from aside: the error that is there already, and that which the risk makes, as independent ones add."""
    found = risk(judged.photo)
    if found is None:
        return None
    at_photo = 10 ** (-views.psnr_db(judged.at_photo.rgb, judged.photo.image) / 10)
    return -10 * float(np.log10(at_photo + (RISK_GAIN * (found / 1000) ** RISK_POWER) ** 2))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def _at_most(camera: Camera) -> Camera:
    return camera if max(camera.width, camera.height) <= LONGEST_PX else camera.with_side(LONGEST_PX)
