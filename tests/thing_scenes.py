"""A room with two cards in it, which are things, and what is told of them: to be edited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.edits import Plane
from gen3d.products.things import things_told
from gen3d.splat.gaussians import Gaussians, joined
from tests.small_scenes import LENS, photo_scene, sheet, tinted

CARDS = {1: (-0.5, 0.2, 2.0), 2: (0.6, 0.3, 2.4)}
"""The middle of each, metres; the first is red, the second blue."""
GROUND = Plane(np.array([0.0, -1.0, 0.0]), -0.8)


def room_with_cards(camera: Camera = LENS, step: float = 0.02) -> Gaussians:
    """Their colours change with the direction; thing 0 is the room. step: metres between a card's Gaussians."""
    cards = [replace(sheet(at, (0.2, 0, 0.05), (0, 0.3, 0), step)) for at in CARDS.values()]
    colours = torch.tensor([[1.5, -1.2, -1.2], [-1.2, -1.0, 1.5]])
    cards = [replace(card, sh=card.sh + colour) for card, colour in zip(cards, colours, strict=True)]
    room = photo_scene(camera)
    things = [torch.full((len(part),), n, dtype=torch.int32) for n, part in enumerate((room, *cards))]
    return replace(tinted(joined(room, *cards)), things=torch.cat(things))


def told_of_cards(gaussians: Gaussians) -> dict[str, Any]:
    """What things.json would say."""
    return things_told(gaussians, LENS, GROUND, {1: "red card", 2: "blue card"})
