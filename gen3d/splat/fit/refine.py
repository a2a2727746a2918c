"""Gaussians moved by a critic's gradient (score distillation): those that were made up, while what was seen is held.

A step draws the scene from one camera, asks the critic where each pixel should go less, and hands that on to the free
Gaussians: d loss / d parameters = (critic's gradient) d picture / d parameters. All others keep every number; and since
free ones may come before them, what the photo's camera sees of them counts as well, as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gen3d.camera import Camera
from gen3d.settings import RefineSettings
from gen3d.splat.fit.descent import descent
from gen3d.splat.fit.loop import DECAY, LEARNING_RATES, activated, parameters_of
from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb
from gen3d.splat.role import Rasterizer, draw

Judge = Callable[[Float[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"], int], Float[np.ndarray, "h w 3"]]
"""(picture, where it may change, seed) -> the gradient of a loss by the picture."""
SHOWN = 0.5
"""A pixel may change where the free Gaussians are so much of it. Chosen by eye."""


def refine_gaussians(
    gaussians: Gaussians,
    free: Bool[Tensor, "n"],
    cameras: Sequence[Camera],
    photo: Camera,
    judge: Judge,
    rasterizer: Rasterizer,
    settings: RefineSettings,
    median_m: float,
    seed: int,
) -> Generator[int, None, Gaussians]:
    """The Gaussians, the free ones as the critic would have them; yields after each step how many are done.

    cameras: what the critic looks from, in an order by chance. photo: the camera whose view of the others is held.
    median_m: the scene's unit of length. The same seed gives the same bytes on the CPU.
    """
    device = rasterizer.device
    whole, free = gaussians.detached().to(device), free.to(device)
    held, parameters = whole.keep(~free), parameters_of(whole.keep(free))
    rates = LEARNING_RATES | {"means": LEARNING_RATES["means"] * median_m}
    down = descent(parameters, rates, DECAY ** (1 / max(1, settings.steps)), device)
    shares: dict[int, np.ndarray] = {}
    seen, before = _share(whole, free, photo, rasterizer) <= SHOWN, draw(rasterizer, whole, photo).rgb
    rng = np.random.default_rng(seed)
    for step in range(settings.steps):
        view = int(rng.integers(len(cameras)))
        backdrop = torch.from_numpy(rng.random(3, dtype=np.float32)).to(device)
        down.forget()
        now = joined(held, activated(parameters))
        drawn = rasterizer.render(now, cameras[view])
        picture = drawn.rgb + (1 - drawn.alpha[..., None]) * backdrop
        if view not in shares:
            shares[view] = (_share(whole, free, cameras[view], rasterizer) > SHOWN).cpu().numpy()
        said = judge(picture.detach().cpu().numpy(), shares[view], seed + step)
        kept = (rasterizer.render(now, photo).rgb - before).abs().mean(dim=-1)[seen].sum() / seen.numel()
        (_pull(picture, said) + settings.hold * kept).backward()
        down.step()
        yield step + 1
    return _back(gaussians, free.cpu(), activated(parameters).detached().to("cpu"))


def _pull(picture: Tensor, said: np.ndarray) -> Tensor:
    """What has the critic's gradient by the picture, a pixel's being one at most, for the mean over pixels."""
    slope = torch.from_numpy(said).to(picture)
    slope = slope / slope.norm(dim=-1, keepdim=True).clamp(min=1)
    return (picture * slope).sum() / picture.numel()


def _share(gaussians: Gaussians, free: Tensor, camera: Camera, rasterizer: Rasterizer) -> Float[Tensor, "h w"]:
    """How much of each pixel is of free Gaussians."""
    marked = replace(gaussians, sh=sh_from_rgb(free.to(gaussians.means)[:, None].expand(-1, 3)))
    return draw(rasterizer, marked, camera).rgb[..., 0]


def _back(gaussians: Gaussians, free: Tensor, refined: Gaussians) -> Gaussians:
    """All of them in their places."""
    names = ("means", "quats", "scales", "opacities", "sh")
    changed = {name: getattr(gaussians, name).detach().clone() for name in names}
    for name, values in changed.items():
        values[free] = getattr(refined, name)
    return replace(gaussians, **changed)
