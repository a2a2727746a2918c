"""What a step does when the memory of the card does not hold it: once more with less, then a sentence; never a crash.

With less means all of it at once, since a second failure ends the step: networks take turns on the card, see more
coarsely, and the scene has half as many Gaussians, fitted to one view at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import torch

from gen3d.errors import OutOfMemory
from gen3d.events import Notice, Stage
from gen3d.models.base import Models
from gen3d.models.offload import offloaded
from gen3d.models.placement import is_out_of_memory
from gen3d.settings import Settings

T = TypeVar("T")
LEAST_TOKENS, LEAST_GRID = 1200, 16
"""What MoGe-2 and SAM look at a picture with where memory is short."""


class Thrift:
    """A step's engines and settings, which shrink once if the card does not hold them; see `pipeline.Engines`."""

    def __init__(self, settings: Settings, models: Models, rasterizer: Rasterizer | None = None) -> None:
        self.settings, self.models, self.rasterizer = settings, models, rasterizer
        self._shrunk = False

    def run(self, stage: Callable[[Thrift], Stage[T]]) -> Stage[T]:
        """A stage, made anew with less where the card's memory did not hold it; what it had told is told again."""
        try:
            return (yield from stage(self))
        except RuntimeError as error:
            if self._shrunk or not is_out_of_memory(error):
                raise
        # here, since as long as the error is being handled it holds on to everything that was in memory
        self._shrink()
        yield Notice(
            "The card's memory did not hold this, so it is tried again with less: networks take turns on the card, "
            f"and a scene has at most {self.settings.fit.max_gaussians:,} Gaussians. A smaller size needs less, too."
        )
        return (yield from stage(self))

    def _shrink(self) -> None:
        engines, fit = self.settings.engines, self.settings.fit
        engines = replace(
            engines, depth_tokens=min(LEAST_TOKENS, engines.depth_tokens), mask_grid=min(LEAST_GRID, engines.mask_grid)
        )
        fit = replace(fit, views_a_step=1, max_gaussians=max(1, fit.max_gaussians // 2))
        self.settings = replace(self.settings, engines=engines, fit=fit)
        self.models = offloaded(self.models).at(engines)
        self._shrunk = True
        let_go()


def let_go() -> None:
    """Gives memory of the card that nobody uses any more back to it."""
    gc.collect()
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


@contextmanager
def memory_told() -> Iterator[None]:
    """A card whose memory runs out inside, for all thrift, is told as OutOfMemory."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(
            "The memory of the card does not hold this, not even with less care.",
            "Take the preset fast, a smaller size, or --device cpu; or close what else uses the card.",
        ) from error
