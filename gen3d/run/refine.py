"""What was made up refined by a critic's score, on request: `gen3d edit --refine`. What the photo saw is held.

Free are the Gaussians that the photo did not see (`Kind.BEHIND`, `Kind.OUTSIDE`), all of them or those of one thing. No
new ones come into being: what nobody made yet is first filled by an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from jaxtyping import Bool
from torch import Tensor

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Notice, Progress, Stage, Started
from gen3d.geometry.place import place_of
from gen3d.models.base import Critic, Models
from gen3d.products.prune import views_around
from gen3d.run.edit import Built
from gen3d.run.folders import read_record
from gen3d.settings import RefineSettings
from gen3d.splat.fit.refine import refine_gaussians
from gen3d.splat.gaussians import Gaussians, kinds_or_unknown, things_or_none
from gen3d.splat.role import Rasterizer
from gen3d.values import Kind

MOST_STEPS = 100_000
NOBODY = "Nobody here plays critic, so the scene cannot be refined."
REMEDY = "Choose one with --use critic=sd-score or critic=clip; its weights are fetched where the model hub answers."


def refining(
    scene: Built,
    critic: Critic,
    rasterizer: Rasterizer,
    settings: RefineSettings,
    prompt: str | None = None,
    seed: int = 0,
    thing: int | None = None,
) -> Callable[[Gaussians], Stage[Gaussians]]:
    """For `run/edit.py`: what refines a scene's Gaussians as they are by then. prompt: None is the scene's own."""
    words = prompt or read_record(scene.files.folder)["counts"].get("prompt")
    median_m = place_of(scene.layered.layers.rgbd).scale.median
    cameras = views_around(scene.cameras, median_m)
    return partial(
        refined, cameras=cameras, critic=critic, rasterizer=rasterizer, settings=settings, median_m=median_m,
        prompt=words, seed=seed, thing=thing,
    )  # fmt: skip


def refined(
    gaussians: Gaussians,
    cameras: Sequence[Camera],
    critic: Critic,
    rasterizer: Rasterizer,
    settings: RefineSettings,
    median_m: float,
    prompt: str | None = None,
    seed: int = 0,
    thing: int | None = None,
) -> Stage[Gaussians]:
    """The Gaussians, refined. cameras: what the critic looks from, the photo's first. thing: None is all made up."""
    yield Started("refine")
    free = made_up(gaussians, thing)
    if not bool(free.any()):
        yield Notice("Nothing there was made up, so nothing is refined.")
        return gaussians

    def judge(picture: np.ndarray, may: np.ndarray, noise: int) -> np.ndarray:
        return critic.judge(picture, may, prompt, noise)

    views = [camera.with_side(min(settings.size_px, max(camera.width, camera.height))) for camera in cameras]
    steps = refine_gaussians(
        gaussians, free, views[1:] or views, views[0], judge, rasterizer, settings, median_m, seed
    )
    while True:
        try:
            yield Progress("refine", next(steps), settings.steps)
        except StopIteration as done:
            return done.value


def critic_of(models: Models) -> Critic:
    """Who plays it; InputError where nobody does."""
    if models.critic is None:
        raise InputError(NOBODY, REMEDY)
    return models.critic


def settings_for(steps: int) -> RefineSettings:
    """So many looks; InputError for a number that is not possible."""
    if not 1 <= steps <= MOST_STEPS:
        raise InputError(f"A critic cannot look {steps} times.", f"Give 1 to {MOST_STEPS}; 200 is a good start.")
    return RefineSettings(steps)


def made_up(gaussians: Gaussians, thing: int | None = None) -> Bool[Tensor, "n"]:
    """Which Gaussians show what the photo did not see."""
    kinds = kinds_or_unknown(gaussians)
    free = (kinds == int(Kind.BEHIND)) | (kinds == int(Kind.OUTSIDE))
    return free if thing is None else free & (things_or_none(gaussians) == thing)
