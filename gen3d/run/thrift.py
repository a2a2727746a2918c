"""What a step does when memory does not hold it: on a card once more with less, then a sentence; never a crash.

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

from gen3d.card import card_in_use
from gen3d.errors import OutOfMemory
from gen3d.events import Notice, Stage
from gen3d.models.base import Models
from gen3d.models.engines import knobs
from gen3d.models.placement import is_out_of_memory
from gen3d.run.checked import checked, checked_rasterizer
from gen3d.settings import EngineSettings, Settings
from gen3d.splat.role import Rasterizer

T = TypeVar("T")


class Thrift:
    """Plays `pipeline.Engines`: they shrink once if the card does not hold them, and another plays for who fails."""

    def __init__(
        self, settings: Settings, models: Models | None = None, rasterizer: Rasterizer | None = None
    ) -> None:
        self._told: list[str] = []
        self._shrunk = False
        self._engines = models
        self.settings = settings
        self.models = models and checked(models, self._told.append)
        self.rasterizer = rasterizer and checked_rasterizer(rasterizer, self._told.append)

    def run(self, stage: Callable[[Thrift], Stage[T]]) -> Stage[T]:
        """A stage, made anew with less where the card's memory did not hold it; what it had told is told again."""
        try:
            return (yield from self._and_told(stage))
        except RuntimeError as error:
            if self._shrunk or not is_out_of_memory(error):
                raise
        # here, since as long as the error is being handled it holds on to everything that was in memory
        self._shrink()
        yield Notice(
            "The card's memory did not hold this, so it is tried again with less: networks take turns on the card, "
            f"and a scene has at most {self.settings.fit.max_gaussians:,} Gaussians. A smaller size needs less, too."
        )
        return (yield from self._and_told(stage))

    def _and_told(self, stage: Callable[[Thrift], Stage[T]]) -> Stage[T]:
        product = yield from stage(self)
        yield from self.told()
        return product

    def told(self) -> Stage[None]:
        """Notices of who plays for whom, that nobody was told yet."""
        while self._told:
            yield Notice(self._told.pop(0))

    def _shrink(self) -> None:
        engines, fit = with_less(self.settings.engines), self.settings.fit
        fit = replace(fit, views_a_step=1, max_gaussians=max(1, fit.max_gaussians // 2))
        self.settings = replace(self.settings, engines=engines, fit=fit)
        if self._engines is not None:
            self._engines = self._engines.in_turns().at(engines)
            self.models = checked(self._engines, self._told.append)
        self._shrunk = True
        let_go()


def with_less(engines: EngineSettings) -> EngineSettings:
    """As little care as engines can take, where that saves memory."""
    least = {knob.setting: knob.least for knob in knobs() if knob.least is not None}
    return replace(engines, **{name: min(most, getattr(engines, name)) for name, most in least.items()})


def let_go() -> None:
    """Gives memory of the card that nobody uses any more back to it."""
    gc.collect()
    if card_in_use():
        torch.cuda.empty_cache()


@contextmanager
def memory_told() -> Iterator[None]:
    """Memory that runs out inside, a card's for all thrift, is told as OutOfMemory."""
    try:
        yield
    except MemoryError as error:
        raise _no_room() from error
    except RuntimeError as error:
        if MAIN_MEMORY in str(error):
            raise _no_room() from error
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(
            "The memory of the card does not hold this, not even with less care.",
            "Take the preset fast, a smaller size, or --device cpu; or close what else uses the card.",
        ) from error


MAIN_MEMORY = "DefaultCPUAllocator"
"""torch says so where main memory is used up."""


def _no_room() -> OutOfMemory:
    return OutOfMemory("The machine ran out of memory.", "Use a smaller size, or the preset fast.")
