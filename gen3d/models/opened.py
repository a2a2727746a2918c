"""Engines opened once, however many roles they play: from a row of `ENGINES`, through the cache, to who plays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from gen3d.errors import ModelUnavailable
from gen3d.format_table import listed
from gen3d.models.engines import Engine
from gen3d.models.placement import Placement
from gen3d.models.weights import hub
from gen3d.models.weights.hub import Located
from gen3d.models.weights.wanted import Weights

May = Callable[[], bool]


class NotHere(ModelUnavailable):
    """Weights are not in the cache, and nobody can be asked for them.

    Args:
        what: what happened.
        remedy: what the person can do about it.
        names: of the weights.
    """

    def __init__(self, what: str, remedy: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(what, remedy)
        self.names = names


def not_here(*names: str) -> NotHere:
    """The error for weights of these names."""
    which = listed(dict.fromkeys(names), "and")
    told = f"The weights of {which} are not here, and the model hub does not answer."
    return NotHere(told, "Go online and run `gen3d download`.", names)


class Opened:
    """Opens what is asked for, and remembers it; also what could not be had, so that nothing is tried twice.

    safety: whether pictures that are made up pass a safety checker. may_fetch: asked before anything that is not in
    the cache is fetched.
    """

    def __init__(self, placement: Placement, safety: bool, may_fetch: May) -> None:
        self.placement, self.safety, self.may_fetch = placement, safety, may_fetch
        self._opened: dict[Engine, Mapping[str, Any] | ModelUnavailable] = {}

    def player(self, engine: Engine, role: str) -> Any:
        """Who plays the role.

        Raises ModelUnavailable where the engine's weights are not to be had, or not what they should be.
        """
        if engine not in self._opened:
            try:
                self._opened[engine] = opener(engine)(engine, self)
            except ModelUnavailable as fault:
                self._opened[engine] = fault
        if isinstance(found := self._opened[engine], ModelUnavailable):
            raise found
        return found[role]

    def located(self, weights: Weights) -> Located:
        """Where weights lie, fetched if need be. Raises ModelUnavailable."""
        if found := hub.cached(weights):
            return found
        if not self.may_fetch():
            raise not_here(weights.name)
        return hub.fetch(weights)


def is_here(engine: Engine) -> bool:
    """Whether all its weights are in the cache already."""
    return all(hub.cached(weights) for weights in engine.weights)


def opener(engine: Engine) -> Callable[[Engine, Opened], Mapping[str, Any]]:
    """The function that a row names, or holds; its module is imported now."""
    if not isinstance(engine.open, str):
        return engine.open
    module, _, function = engine.open.partition(":")
    return getattr(import_module(f"gen3d.models.{module}"), function)
