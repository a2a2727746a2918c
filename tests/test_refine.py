"""Refining by a critic: what was made up reaches what a denoiser holds to be likely, and what was seen stays."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Notice, product
from gen3d.models.base import Critic
from gen3d.models.networks.distillation import score_gradient
from gen3d.run.refine import critic_of, made_up, refined, settings_for
from gen3d.settings import RefineSettings
from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import draw
from gen3d.values import Kind
from tests.fakes import fake_models
from tests.small_scenes import sheet

PHOTO = Camera.from_fov(60.0, 40, 30)
ASIDE = tuple(PHOTO.look_at(np.array([x, 0.0, 0.0]), np.array([x, 0.0, 1.0])) for x in (1.6, 2.0, 2.4))
LIKELY = (0.2, 0.7, 0.3)
ALPHAS = torch.linspace(0.9999, 0.002, 1000)


@dataclass
class Sure:
    """A denoiser for which one colour alone is likely: it knows the noise exactly, so its optimum is known."""

    name: str = "sure"
    calls: int = 0

    def judge(self, image: np.ndarray, free: np.ndarray, prompt: str | None = None, seed: int = 0) -> np.ndarray:
        self.calls += 1
        likely = torch.tensor(LIKELY)

        def denoise(noisy: torch.Tensor, t: int) -> torch.Tensor:
            return (noisy - ALPHAS[t].sqrt() * likely) / (1 - ALPHAS[t]).sqrt()

        slope = score_gradient(torch.from_numpy(image), denoise, ALPHAS, seed).numpy()
        return np.where(free[..., None], slope, 0).astype(np.float32)


def scene() -> Gaussians:
    """A wall that the photo saw, and to its right one that was made up, in thing 1 and thing 2."""
    seen, new = (sheet((x, 0.0, 3.0), (1.6, 0, 0), (0, 1.5, 0), 0.16) for x in (0.0, 3.2))
    parts = [
        replace(part, sh=sh_from_rgb(torch.full((len(part), 3), grey)),
                kinds=torch.full((len(part),), int(kind), dtype=torch.uint8),
                things=torch.full((len(part),), thing, dtype=torch.int32))
        for part, grey, kind, thing in ((seen, 0.6, Kind.PHOTO, 1), (new, 0.5, Kind.OUTSIDE, 2))
    ]  # fmt: skip
    return joined(*parts)


def refine(g: Gaussians, critic: Critic, steps: int, seed: int = 0) -> Gaussians:
    settings = RefineSettings(steps, size_px=40)
    return product(refined(g, (PHOTO, *ASIDE), critic, pick_rasterizer("cpu"), settings, 3.0, seed=seed))


@pytest.fixture(scope="module")
def before() -> Gaussians:
    return scene()


@pytest.fixture(scope="module")
def after(before) -> Gaussians:
    return refine(before, Sure(), steps=80)


def test_the_score_of_a_sure_denoiser_is_the_way_to_its_optimum():
    picture = torch.rand(4, 5, 3)
    slope = Sure().judge(picture.numpy(), np.ones((4, 5), bool), seed=3)
    away = picture.numpy() - np.array(LIKELY, np.float32)
    factor = slope / away
    assert factor.min() > 0 and np.ptp(factor) < 1e-3 * factor.max()


def test_what_was_made_up_reaches_the_known_optimum(before, after):
    away = [
        float((draw(pick_rasterizer("cpu"), g, ASIDE[1]).rgb[10:20, 22:36] - torch.tensor(LIKELY)).abs().mean())
        for g in (before, after)
    ]
    assert away[0] > 0.2 and away[1] < 0.02


def test_what_was_seen_keeps_every_number_and_the_photos_view(before, after):
    held = ~made_up(before)
    for name in ("means", "quats", "scales", "opacities", "sh"):
        assert torch.equal(getattr(before, name)[held], getattr(after, name)[held])
    assert torch.equal(before.kinds, after.kinds) and torch.equal(before.things, after.things)
    one, other = (draw(pick_rasterizer("cpu"), g, PHOTO).rgb for g in (before, after))
    assert (one - other).abs()[:, :30].max() < 0.02


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(before):
    one, again, other = (refine(before, Sure(), steps=3, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.sh, again.sh) and torch.equal(one.means, again.means)
    assert not torch.equal(one.sh, other.sh)


def test_one_thing_alone_can_be_refined_and_what_was_all_seen_is_told(before):
    heard, critic = [], Sure()
    same = product(
        refined(before, (PHOTO, *ASIDE), critic, pick_rasterizer("cpu"), RefineSettings(1), 3.0, thing=1), heard.append
    )
    assert same is before and critic.calls == 0 and any(isinstance(event, Notice) for event in heard)
    assert bool(made_up(before, 2).any())


@pytest.mark.parametrize("steps", [0, -3, 10**9])
def test_a_number_of_looks_that_is_not_possible_is_refused(steps):
    with pytest.raises(InputError, match="cannot look"):
        settings_for(steps)


def test_without_a_critic_two_sentences_say_how_to_get_one():
    with pytest.raises(InputError, match=r"critic.*--use critic=sd-score"):
        critic_of(fake_models(critic=None))
