"""The kinds of worlds: one function a kind, `kind(rng) -> World`, one file a family, all listed in WORLDS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.world import World
from training.worlds import close, country, inside, pictured, steep, town


@dataclass(frozen=True)
class Kind:
    """A row of the table."""

    make: Callable[[np.random.Generator], World]
    share: float = 1.0
    """How often it is drawn, beside the others."""
    since: int = 1
    """The generation of worlds that brought it."""


WORLDS: dict[str, Kind] = {
    "hills": Kind(country.hills, 1.0),
    "mountains": Kind(country.mountains, 1.3),
    "coast": Kind(country.coast, 0.8),
    "forest": Kind(country.forest, 1.0),
    "meadow": Kind(country.meadow, 0.9),
    "street": Kind(town.street, 1.5),
    "village": Kind(town.village, 1.2),
    "temple": Kind(town.temple, 1.0),
    "crowd": Kind(town.crowd, 0.8),
    "room": Kind(inside.room, 1.8),
    "hall": Kind(inside.hall, 0.8),
    "table top": Kind(close.table_top, 1.2),
    "close-up": Kind(close.close_up, 0.8),
    "portrait": Kind(close.portrait, 1.2),
    "valley": Kind(steep.valley, 1.8, since=2),
    "cliffs": Kind(steep.cliffs, 1.2, since=2),
    "big sky": Kind(steep.big_sky, 1.6, since=2),
    "print": Kind(pictured.print_, 2.0, since=2),
    "waves": Kind(pictured.waves, 0.5, since=2),
    "night": Kind(pictured.night, 0.9, since=2),
    "city": Kind(pictured.city, 0.8, since=2),
}
HELD_OUT: dict[str, Kind] = {
    "market": Kind(town.market),
    "lake": Kind(country.lake),
    "corridor": Kind(inside.corridor),
    "garden": Kind(close.garden),
}
"""Kinds that are never trained on: by them a training is stopped."""


def draw_kind(rng: np.random.Generator, generation: int) -> str:
    """A kind for training, by the shares of a generation."""
    rows = {name: kind.share for name, kind in WORLDS.items() if kind.since <= generation}
    total = sum(rows.values())
    return str(rng.choice(list(rows), p=[share / total for share in rows.values()]))


def make_world(kind: str, rng: np.random.Generator) -> World:
    """A world of a kind."""
    return (WORLDS | HELD_OUT)[kind].make(rng)
