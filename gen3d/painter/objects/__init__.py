"""OBJECTS: every thing the painter can build, a row each; the words for it stand in `painter/words.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gen3d.painter.objects import buildings, creatures, furniture, household, outdoors, plants, solids
from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real

Home = Literal["in", "out", "table", "any"]
Stands = Literal["floor", "back", "wall", "flat", "small", "water", "air"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing."""

    build: Callable[[Model], None]
    home: Home
    """Where it is when no place was named."""
    stands: Stands = "floor"
    """On the floor, at the back wall, on a wall, flat on the floor, on something else where there is something, on
    water where there is water, in the air."""
    top: tuple[Real, Real, Real] | None = None
    """What can carry others: its height, half its width and half its depth, metres; None: nothing stands on it."""
    roomy: bool = False
    """Whether something fits under it."""
    turns_deg: Real = 18.0
    """How far it may be turned away from the eye, to either side."""


OBJECTS: dict[str, Kind] = {
    "sofa": Kind(furniture.sofa, "in", "back", (0.53, 0.6, 0.12), turns_deg=4),
    "armchair": Kind(furniture.armchair, "in", top=(0.53, 0.1, 0.1), turns_deg=38),
    "chair": Kind(furniture.chair, "in", top=(0.465, 0.1, 0.1), roomy=True, turns_deg=45),
    "table": Kind(furniture.table, "in", top=(0.737, 0.6, 0.3), roomy=True, turns_deg=8),
    "bench": Kind(furniture.bench, "out", top=(0.466, 0.6, 0.1), roomy=True, turns_deg=12),
    "bed": Kind(furniture.bed, "in", "back", (0.60, 0.5, 0.5), turns_deg=3),
    "shelf": Kind(furniture.shelf, "in", "back", (2.01, 0.5, 0.08), turns_deg=0),
    "wardrobe": Kind(furniture.wardrobe, "in", "back", (2.03, 0.5, 0.15), turns_deg=0),
    "lamp": Kind(furniture.lamp, "in"),
    "candle": Kind(furniture.candle, "in", "small"),
    "rug": Kind(furniture.rug, "in", "flat", (0.016, 1.3, 0.8), turns_deg=5),
    "painting": Kind(furniture.painting, "in", "wall", turns_deg=0),
    "clock": Kind(furniture.clock, "in", "wall", turns_deg=0),
    "mirror": Kind(furniture.mirror, "in", "wall", turns_deg=0),
    "fireplace": Kind(furniture.fireplace, "in", "back", (1.3, 0.8, 0.12), turns_deg=0),
    "stove": Kind(furniture.stove, "in", "back", (0.885, 0.25, 0.2), turns_deg=0),
    "fridge": Kind(furniture.fridge, "in", "back", (1.69, 0.25, 0.2), turns_deg=0),
    "piano": Kind(furniture.piano, "in", "back", (1.24, 0.6, 0.08), turns_deg=3),
    "television": Kind(furniture.television, "in", "back", turns_deg=4),
    "globe": Kind(furniture.globe, "in", "small"),
    "vase": Kind(household.vase, "table", "small", (0.27, 0.01, 0.01), turns_deg=180),
    "bowl": Kind(household.bowl, "table", "small", (0.074, 0.095, 0.095), turns_deg=180),
    "cup": Kind(household.cup, "table", "small", turns_deg=60),
    "bottle": Kind(household.bottle, "table", "small", turns_deg=180),
    "teapot": Kind(household.teapot, "table", "small", turns_deg=40),
    "jug": Kind(household.jug, "table", "small", (0.24, 0.01, 0.01), turns_deg=40),
    "plate": Kind(household.plate, "table", "small", (0.02, 0.07, 0.07), turns_deg=180),
    "apple": Kind(household.apple, "table", "small", turns_deg=180),
    "orange": Kind(household.orange, "table", "small", turns_deg=180),
    "lemon": Kind(household.lemon, "table", "small", turns_deg=180),
    "pear": Kind(household.pear, "table", "small", turns_deg=180),
    "pumpkin": Kind(household.pumpkin, "any", "small", turns_deg=180),
    "cake": Kind(household.cake, "table", "small", turns_deg=180),
    "bread": Kind(household.bread, "table", "small", turns_deg=30),
    "book": Kind(household.book, "table", "small", (0.04, 0.06, 0.08), turns_deg=30),
    "box": Kind(household.box, "any", top=(0.42, 0.2, 0.15), turns_deg=35),
    "barrel": Kind(household.barrel, "any", top=(0.8, 0.15, 0.15), turns_deg=180),
    "basket": Kind(household.basket, "any", "small", (0.1, 0.08, 0.08), turns_deg=50),
    "ball": Kind(solids.ball, "any"),
    "cube": Kind(solids.cube, "any", top=(0.44, 0.12, 0.12)),
    "cylinder": Kind(solids.cylinder, "any", top=(0.5, 0.1, 0.1)),
    "cone": Kind(solids.cone, "any"),
    "pyramid": Kind(solids.pyramid, "any"),
    "ring": Kind(solids.ring, "any"),
    "plant": Kind(plants.plant, "in", turns_deg=180),
    "flower": Kind(plants.flower, "any", "small", turns_deg=180),
    "tree": Kind(plants.tree, "out", turns_deg=180),
    "pine": Kind(plants.pine, "out", turns_deg=180),
    "palm": Kind(plants.palm, "out", turns_deg=180),
    "cypress": Kind(plants.cypress, "out", turns_deg=180),
    "bush": Kind(plants.bush, "out", turns_deg=180),
    "cactus": Kind(plants.cactus, "out", turns_deg=40),
    "mushroom": Kind(plants.mushroom, "out", turns_deg=180),
    "rock": Kind(plants.rock, "out", top=(0.75, 0.1, 0.1), turns_deg=180),
    "log": Kind(plants.log, "out", top=(0.42, 0.4, 0.03), turns_deg=40),
    "stump": Kind(plants.stump, "out", top=(0.462, 0.1, 0.1), turns_deg=180),
    "haystack": Kind(plants.haystack, "out", turns_deg=180),
    "house": Kind(buildings.house, "out", turns_deg=28),
    "tower": Kind(buildings.tower, "out"),
    "church": Kind(buildings.church, "out", turns_deg=22),
    "castle": Kind(buildings.castle, "out", turns_deg=16),
    "lighthouse": Kind(buildings.lighthouse, "out"),
    "windmill": Kind(buildings.windmill, "out", turns_deg=25),
    "barn": Kind(buildings.barn, "out", turns_deg=28),
    "tent": Kind(buildings.tent, "out", turns_deg=30),
    "well": Kind(buildings.well, "out"),
    "fountain": Kind(buildings.fountain, "out"),
    "fence": Kind(buildings.fence, "out", turns_deg=10),
    "column": Kind(buildings.column, "out", top=(3.8, 0.2, 0.2)),
    "arch": Kind(buildings.arch, "out", roomy=True),
    "statue": Kind(buildings.statue, "out", turns_deg=25),
    "lantern": Kind(buildings.lantern, "out", turns_deg=45),
    "campfire": Kind(outdoors.campfire, "out", turns_deg=180),
    "car": Kind(outdoors.car, "out", top=(1.40, 0.5, 0.3), turns_deg=32),
    "truck": Kind(outdoors.truck, "out", turns_deg=32),
    "bus": Kind(outdoors.bus, "out", turns_deg=30),
    "cart": Kind(outdoors.cart, "out", top=(0.68, 0.6, 0.25), roomy=True, turns_deg=30),
    "boat": Kind(outdoors.boat, "out", "water", (0.48, 0.4, 0.1), turns_deg=30),
    "sailboat": Kind(outdoors.sailboat, "out", "water", turns_deg=20),
    "balloon": Kind(outdoors.balloon, "out", "air"),
    "umbrella": Kind(outdoors.umbrella, "out", roomy=True),
    "snowman": Kind(outdoors.snowman, "out"),
    "person": Kind(creatures.person, "any", turns_deg=50),
    "cat": Kind(creatures.cat, "any", turns_deg=35),
    "dog": Kind(creatures.dog, "any", turns_deg=40),
    "horse": Kind(creatures.horse, "out", top=(1.45, 0.1, 0.05), roomy=True, turns_deg=35),
    "cow": Kind(creatures.cow, "out", roomy=True, turns_deg=35),
    "sheep": Kind(creatures.sheep, "out", turns_deg=60),
    "duck": Kind(creatures.duck, "out", "water", turns_deg=60),
    "bird": Kind(creatures.bird, "out", "small", turns_deg=60),
    "robot": Kind(outdoors.robot, "any"),
}  # fmt: skip
